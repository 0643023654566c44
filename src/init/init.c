#include "init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/paths.h"
#include "base/text.h"
#include "init/board.h"
#include "init/child.h"
#include "init/clockfloor.h"
#include "init/consoles.h"
#include "init/persist.h"
#include "init/steps.h"
#include "init/supervise.h"

enum {
	BOOT_SLOW_S = 60,     /* a word about it that often */
	NETWORK_WAIT_S = 12,  /* longer than the network service waits for carrier */
	SHUTDOWN_S = 15,      /* then it goes on without those that do not stop */
	UNMOUNT_S = 10,
	LAST_KILL_S = 2,
};

enum process_name {
	PROCESS_CONSOLE, /* the first of CONSOLES_MAX */
	PROCESS_DEVICES = PROCESS_CONSOLE + CONSOLES_MAX,
	PROCESS_NETWORK,
	PROCESS_GATEWAY,
	PROCESS_DATAPLANE,
	PROCESSES
};

/* What each needs as root, and no more. Files on the partition may be anyone's, as another Linux left them. */
#define CAPS_FILES (CONFINE_CAP(DAC_OVERRIDE) | CONFINE_CAP(FOWNER))
/* A helper of theirs may be another user. */
#define CAPS_HELPER (CONFINE_CAP(SETUID) | CONFINE_CAP(SETGID) | CONFINE_CAP(KILL))
/* SYS_ADMIN: namespaces are made, entered and mounted by name. */
#define CAPS_PATH                                                                                                       \
	(CAPS_FILES | CAPS_HELPER | CONFINE_CAP(NET_ADMIN) | CONFINE_CAP(NET_RAW) | CONFINE_CAP(NET_BIND_SERVICE) |     \
	 CONFINE_CAP(SYS_ADMIN))
#define CAPS_NETWORK (CAPS_FILES | CONFINE_CAP(NET_ADMIN))
/* Its commands: files, the log, names, the clock. */
#define CAPS_CONSOLE (CAPS_FILES | CAPS_HELPER | CONFINE_CAP(SYSLOG) | CONFINE_CAP(SYS_TIME))

/* The kernel spares PID 1 by itself. A path that goes takes its sessions along; the console's commands go first. */
enum { OOM_PATH = -900, OOM_NETWORK = -500, OOM_DEVICES = -100, OOM_CONSOLE = 0 };

struct process {
	const char *name;
	const char *const *argv;
	struct confinement confinement;
	bool tells_ready;
	bool after_network; /* started once that is ready, or its time is over */
	/* what follows changes */
	bool ready_open;
	bool told; /* its first readiness is in the boot report */
	pid_t pid; /* 0: none */
	const struct console_place *place; /* of its terminal, NULL: none */
	struct loop_source ready;
	struct loop_timer timer;
	struct supervised supervised;
};

static struct process processes[PROCESSES] = {
	[PROCESS_CONSOLE ... PROCESS_CONSOLE + CONSOLES_MAX - 1] = { .name = "console",
								     .argv = (const char *const[]){ "console", NULL },
								     .confinement = { CAPS_CONSOLE, OOM_CONSOLE } },
	[PROCESS_DEVICES] = { .name = "devices", .argv = (const char *const[]){ "devices", NULL },
			      /* Signed modules alone: the kernel takes no others. */
			      .confinement = { CONFINE_CAP(SYS_MODULE), OOM_DEVICES } },
	[PROCESS_NETWORK] = { .name = NAME_NETWORK,
			      .argv = (const char *const[]){ NAME_NETWORK, "run", "--ready-fd", "3", NULL },
			      .tells_ready = true,
			      .confinement = { CAPS_NETWORK, OOM_NETWORK } },
	[PROCESS_GATEWAY] = { .name = NAME_MANAGEMENT,
			      .argv = (const char *const[]){ NAME_MANAGEMENT, "run", "--ready-fd", "3", NULL },
			      .tells_ready = true,
			      .after_network = true,
			      .confinement = { CAPS_PATH, OOM_PATH } },
	[PROCESS_DATAPLANE] = { .name = NAME_DATAPLANE,
				.argv = (const char *const[]){ NAME_DATAPLANE, "run", "--ready-fd", "3", NULL },
				.tells_ready = true,
				.after_network = true,
				.confinement = { CAPS_PATH, OOM_PATH } },
};

static struct loop loop;
static struct loop_source signals;
static struct loop_timer boot_slow, network_wait, clock_timer, shutdown_timer;
static bool network_waited; /* for, and it is ready or late */
static int ending; /* how, as for reboot(2); 0: not at all */
static pid_t boot_pid; /* of the boot steps; 0: they are over */
static pid_t clock_pid; /* of who keeps the time; 0: none, or it could not be started */

static void happens(struct process *process, enum supervise_event event, uint64_t now_ns);

static struct consoles consoles;

static void ready_close(struct process *process)
{
	if (!process->ready_open)
		return;
	loop_remove(&loop, &process->ready);
	close(process->ready.fd);
	process->ready_open = false;
}

static void start_after_network(uint64_t now_ns)
{
	if (network_waited)
		return;
	network_waited = true;
	loop_timer_clear(&loop, &network_wait);
	for (size_t i = 0; i < PROCESSES && !ending; i++)
		if (processes[i].after_network)
			happens(&processes[i], SUPERVISE_START, now_ns);
}

static void network_wait_over(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	log_err("the network is not ready after %d s: the paths start without it", NETWORK_WAIT_S);
	start_after_network(now_ns);
}

static void ready_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct process *process = container_of(source, struct process, ready);
	char byte;
	bool ready = read(source->fd, &byte, 1) == 1;

	(void)events;
	ready_close(process);
	if (!ready)
		return;
	happens(process, SUPERVISE_IS_READY, now_ns);
	if (!process->told && byte == '\n')
		steps_tell(process->name, now_ns - process->supervised.started_ns, 0, "ready");
	else if (!process->told)
		steps_tell(process->name, now_ns - process->supervised.started_ns, -ENETDOWN,
			   process == &processes[PROCESS_NETWORK] ? "see `network`" : "see `show`");
	process->told = true;
	if (process == &processes[PROCESS_NETWORK])
		start_after_network(now_ns);
}

/* The child's end of a new pipe, or -errno. */
static int open_ready(struct process *process)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	if (loop_add(&loop, &process->ready, ends[0], EPOLLIN, ready_came) < 0) {
		close(ends[0]);
		close(ends[1]);
		return -EIO;
	}
	process->ready_open = true;
	return ends[1];
}

static void spawn(struct process *process, uint64_t now_ns)
{
	struct child_spec spec = { .argv = process->argv, .ready_fd = -1, .confinement = process->confinement };
	pid_t pid = 0;

	if (process->place) {
		spec.tty = process->place->tty;
		spec.tty_speed = process->place->speed;
	}
	if (process->tells_ready)
		pid = spec.ready_fd = open_ready(process);
	if (pid >= 0)
		pid = child_start(&spec);
	if (spec.ready_fd >= 0)
		close(spec.ready_fd);
	if (pid < 0) {
		log_err("%s: cannot start: %s", process->name, strerror(-pid));
		ready_close(process);
		happens(process, SUPERVISE_EXITED, now_ns);
		return;
	}
	process->pid = pid;
	if (!process->tells_ready)
		happens(process, SUPERVISE_IS_READY, now_ns);
}

static void timer_due(struct loop_timer *timer, uint64_t now_ns)
{
	happens(container_of(timer, struct process, timer), SUPERVISE_DUE, now_ns);
}

static void happens(struct process *process, enum supervise_event event, uint64_t now_ns)
{
	enum supervise_action action = supervise_step(&process->supervised, event, now_ns);

	loop_timer_clear(&loop, &process->timer);
	if (process->supervised.due_ns)
		loop_timer_set(&loop, &process->timer, process->supervised.due_ns, timer_due);
	if (action == SUPERVISE_SPAWN)
		spawn(process, now_ns);
	else if (action != SUPERVISE_NOTHING && process->pid)
		kill(process->pid, action == SUPERVISE_KILL ? SIGKILL : SIGTERM);
}

/* ---- the end ---- */

/* For child_call: it may hang on a disk that does not answer. */
static int put_away(void)
{
	clockfloor_keep_stopped();
	return persist_unmount();
}

static _Noreturn void end(void)
{
	uint64_t deadline_ns = clock_now_ns() + LAST_KILL_S * NS_PER_S;

	kill(-1, SIGKILL);
	while (clock_now_ns() < deadline_ns) {
		struct timespec wait = { .tv_nsec = 100 * (long)NS_PER_MS };
		sigset_t child;

		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			break;
		sigemptyset(&child);
		sigaddset(&child, SIGCHLD);
		sigtimedwait(&child, NULL, &wait);
	}
	if (child_call(put_away, UNMOUNT_S * NS_PER_S) != 0)
		log_err("the persistent partition was not unmounted cleanly");
	log_err("%s", ending == RB_POWER_OFF ? "power off" : "reboot");
	reboot(ending);
	/* No power switch: halted, or a machine that cannot reboot. */
	for (;;)
		pause();
}

static bool all_down(void)
{
	for (size_t i = 0; i < PROCESSES; i++)
		if (processes[i].supervised.state != SUPERVISE_DOWN)
			return false;
	return true;
}

static void shutdown_over(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	(void)now_ns;
	log_err("not everything stopped in %d s", SHUTDOWN_S);
	end();
}

static void begin_to_end(int how, uint64_t now_ns)
{
	if (ending)
		return;
	ending = how;
	loop_timer_clear(&loop, &network_wait);
	loop_timer_clear(&loop, &boot_slow);
	loop_timer_set(&loop, &shutdown_timer, now_ns + SHUTDOWN_S * NS_PER_S, shutdown_over);
	for (size_t i = 0; i < PROCESSES; i++)
		happens(&processes[i], SUPERVISE_STOP, now_ns);
	if (all_down())
		end();
}

/* ---- signals ---- */

static void report_exit(const struct process *process, int status)
{
	const char *how = WIFSIGNALED(status) ? "was killed by signal" : "ended with status";
	int number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);

	if (ending || process->place)
		log_info("%s %s %d", process->name, how, number);
	else
		log_err("%s %s %d: started again in %llu s", process->name, how, number,
			(unsigned long long)process->supervised.backoff_s);
}

static void keep_clock(struct loop_timer *timer, uint64_t now_ns)
{
	/* A disk that hangs holds one, and not one more every time. */
	if (clock_pid <= 0)
		clock_pid = child_begin(clockfloor_keep);
	loop_timer_set(&loop, timer, now_ns + CLOCKFLOOR_INTERVAL_S * NS_PER_S, keep_clock);
}

/* No one is waited for without a word: `show` has nothing to say yet. */
static void boot_is_slow(struct loop_timer *timer, uint64_t now_ns)
{
	log_err("the boot steps still run, and no service before they end: `boot` tells which one");
	loop_timer_set(&loop, timer, now_ns + BOOT_SLOW_S * NS_PER_S, boot_is_slow);
}

/* The steps are over, well or not: now the services. */
static void boot_ended(int status, uint64_t now_ns)
{
	boot_pid = 0;
	loop_timer_clear(&loop, &boot_slow);
	if (status)
		log_err("the boot steps ended with wait status %d", status);
	if (ending)
		return;
	loop_timer_set(&loop, &network_wait, now_ns + NETWORK_WAIT_S * NS_PER_S, network_wait_over);
	happens(&processes[PROCESS_DEVICES], SUPERVISE_START, now_ns);
	happens(&processes[PROCESS_NETWORK], SUPERVISE_START, now_ns);
	keep_clock(&clock_timer, now_ns);
}

static void reap(uint64_t now_ns)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == boot_pid)
			boot_ended(status, now_ns);
		if (pid == clock_pid)
			clock_pid = 0;
		for (size_t i = 0; i < PROCESSES; i++) {
			struct process *process = &processes[i];

			if (process->pid != pid)
				continue;
			process->pid = 0;
			/* It may have said that it is ready and died in the same moment: dead is what counts. */
			ready_close(process);
			happens(process, SUPERVISE_EXITED, now_ns);
			report_exit(process, status);
		}
	}
	if (ending && all_down())
		end();
}

/* As sysvinit and busybox have it: SIGUSR2 powers off, SIGTERM reboots; SIGINT is Ctrl-Alt-Del. */
static void signal_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct signalfd_siginfo info;

	(void)events;
	while (read(source->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(now_ns);
		else if (info.ssi_signo == SIGUSR2)
			begin_to_end(RB_POWER_OFF, now_ns);
		else
			begin_to_end(RB_AUTOBOOT, now_ns);
	}
}

static int watch_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR2);
	fd = loop_signal_fd(&set);
	return fd < 0 ? fd : loop_add(&loop, &signals, fd, EPOLLIN, signal_came);
}

static void start_consoles(uint64_t now_ns)
{
	char ttys[CONSOLES_MAX * CONSOLE_TTY_LEN];
	struct text text;
	uint64_t speed;
	bool started = false;

	if (text_uint(board_value("CONSOLE_SPEED"), 1 << 24, &speed) < 0)
		speed = 0;
	consoles_find(&consoles, board_value("CONSOLE_TTY"), (unsigned)speed);
	text_init(&text, ttys, sizeof(ttys));
	for (size_t i = 0; i < consoles.count; i++) {
		struct process *process = &processes[PROCESS_CONSOLE + i];

		process->place = &consoles.list[i];
		happens(process, SUPERVISE_START, now_ns);
		started = started || process->pid;
		text_add(&text, "%s%s", i ? " " : "", process->place->tty);
	}
	steps_tell("console", clock_now_ns() - now_ns, started ? 0 : -ECHILD, ttys);
}

/* Opened over and over until it works: PID 1 has nowhere to go. */
static void open_loop(void)
{
	while (loop_open(&loop) < 0 || watch_signals() < 0) {
		struct timespec wait = { .tv_sec = 1 };

		log_err("cannot watch for signals: %s", strerror(errno));
		nanosleep(&wait, NULL);
	}
}

static int boot_steps(void)
{
	steps_run_rest();
	return 0;
}

/* Whatever is opened later is not to be taken for standard input, output or error. */
static void fill_standard_fds(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0 && fd <= STDERR_FILENO)
		continue;
	if (fd >= 0)
		close(fd);
}

_Noreturn void init_main(void)
{
	const struct timespec second = { .tv_sec = 1 };

	reboot(RB_DISABLE_CAD);
	umask(022);
	fill_standard_fds();
	open_loop();
	steps_run_first();
	start_consoles(clock_now_ns());
	loop_timer_set(&loop, &boot_slow, clock_now_ns() + BOOT_SLOW_S * NS_PER_S, boot_is_slow);
	boot_pid = child_begin(boot_steps);
	if (boot_pid < 0)
		boot_ended(boot_pid, clock_now_ns());
	for (;;) {
		int err = loop_run(&loop);

		log_err("loop: %s", strerror(-err));
		nanosleep(&second, NULL);
	}
}
