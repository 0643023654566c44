#include "init/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/container_of.h"
#include "base/log.h"
#include "base/paths.h"
#include "init/absent.h"
#include "init/child.h"
#include "init/console_level.h"
#include "init/pulse.h"
#include "init/stands.h"
#include "init/steps_tell.h"
#include "init/supervise.h"

/* What each needs as root, and no more. Files on the partition may be anyone's, as another Linux left them. */
#define CAPS_FILES (CONFINE_CAP(DAC_OVERRIDE) | CONFINE_CAP(FOWNER))
/* A helper of theirs may be another user. */
#define CAPS_HELPER (CONFINE_CAP(SETUID) | CONFINE_CAP(SETGID) | CONFINE_CAP(KILL))
/* SYS_ADMIN: namespaces are made, entered and mounted by name. SYS_CHROOT: the process that packets come to, and its opener, get an empty
 * root. */
#define CAPS_PATH                                                                                                       \
	(CAPS_FILES | CAPS_HELPER | CONFINE_CAP(NET_ADMIN) | CONFINE_CAP(NET_RAW) | CONFINE_CAP(NET_BIND_SERVICE) |     \
	 CONFINE_CAP(SYS_CHROOT) | CONFINE_CAP(SYS_ADMIN))
/* NET_RAW: ARP tells whether another machine has an address of ours; LLDP, which a user of its own sends and hears.
 * NET_BIND_SERVICE: its DHCP clients'. */
#define CAPS_NETWORK (CAPS_FILES | CAPS_HELPER | CONFINE_CAP(NET_ADMIN) | CONFINE_CAP(NET_RAW) | CONFINE_CAP(NET_BIND_SERVICE))
/* SYS_TIME is chronyd's, which is another user and gets nothing else; SYS_ADMIN: where it serves the time is a namespace; CHOWN and
 * DAC_OVERRIDE: its command socket is in a directory of that user's. */
#define CAPS_TIME                                                                                                       \
	(CAPS_HELPER | CONFINE_CAP(SYS_TIME) | CONFINE_CAP(SYS_ADMIN) | CONFINE_CAP(NET_BIND_SERVICE) | CONFINE_CAP(CHOWN) | \
	 CONFINE_CAP(DAC_OVERRIDE))
/* Its commands: files, the log, names, the clock. */
#define CAPS_CONSOLE (CAPS_FILES | CAPS_HELPER | CONFINE_CAP(SYSLOG) | CONFINE_CAP(SYS_TIME))
/* Where nothing else runs, and nothing comes in by a network: the partition is mounted for one command. */
#define CAPS_RECOVERY (CAPS_CONSOLE | CONFINE_CAP(SYS_ADMIN))

/* CHILD_READY_FD and CHILD_SECOND_FD */
#define RUN "run", "--ready-fd", "3", "--pulse-fd", "4"

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
	bool down; /* it is ready, and what it stands for is not up */
	pid_t pid; /* 0: none */
	const struct console_place *place; /* of its terminal, NULL: none */
	struct loop_source ready, pulse_source; /* the latter's fd is 0: none */
	struct pulse pulse;
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
	/* It reads the kernel's buffer, and writes to the partition. */
	[PROCESS_RECORDER] = { .name = "recorder", .argv = (const char *const[]){ "recorder", NULL },
			       .confinement = { CAPS_FILES | CONFINE_CAP(SYSLOG), OOM_DEVICES } },
	/* It reads the kernel's buffer, and what the management service says of where to send it. */
	[PROCESS_SYSLOG] = { .name = SYSLOG_APPLET,
			     .argv = (const char *const[]){ SYSLOG_APPLET, RUN_DIR "/" NAME_MANAGEMENT SYSLOG_END, NULL },
			     .confinement = { CONFINE_CAP(SYSLOG), OOM_DEVICES } },
	[PROCESS_CONFIG] = { .name = NAME_CONFIG,
			     .argv = (const char *const[]){ NAME_CONFIG, "watch", NULL },
			     .confinement = { CAPS_FILES, OOM_NETWORK } },
	[PROCESS_NETWORK] = { .name = NAME_NETWORK,
			      .argv = (const char *const[]){ NAME_NETWORK, RUN, NULL },
			      .tells_ready = true,
			      .confinement = { CAPS_NETWORK, OOM_NETWORK } },
	/* Not before: its like may have stepped the clock until then. */
	[PROCESS_TIME] = { .name = NAME_TIME,
			   .argv = (const char *const[]){ NAME_TIME, NULL },
			   .after_network = true,
			   .confinement = { CAPS_TIME, OOM_DEVICES } },
	[PROCESS_GATEWAY] = { .name = NAME_MANAGEMENT,
			      .argv = (const char *const[]){ NAME_MANAGEMENT, RUN, NULL },
			      .tells_ready = true,
			      .after_network = true,
			      .confinement = { CAPS_PATH, OOM_PATH } },
	[PROCESS_DATAPLANE] = { .name = NAME_DATAPLANE,
				.argv = (const char *const[]){ NAME_DATAPLANE, RUN, NULL },
				.tells_ready = true,
				.after_network = true,
				.confinement = { CAPS_PATH, OOM_PATH } },
};

static struct loop *loop;
static void (*network_ready)(uint64_t now_ns);
static bool stopping, leaving;

static void happens(struct process *process, enum supervise_event event, uint64_t now_ns);

static void ready_close(struct process *process)
{
	if (!process->ready_open)
		return;
	loop_remove(loop, &process->ready);
	close(process->ready.fd);
	process->ready_open = false;
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
	process->down = byte != '\n';
	happens(process, SUPERVISE_IS_READY, now_ns);
	absent_end(process->name);
	if (!process->told && !process->down)
		steps_tell(process->name, now_ns - process->supervised.started_ns, 0, "ready");
	else if (!process->told)
		steps_tell(process->name, now_ns - process->supervised.started_ns, -ENETDOWN,
			   process == &processes[PROCESS_NETWORK] ? "see `network`" : "see `show`");
	process->told = true;
	if (process == &processes[PROCESS_NETWORK])
		network_ready(now_ns);
}

/* The child's end of a new pipe, or -errno. */
static int open_pipe(struct loop_source *source, int flags, loop_ready_fn *came)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | flags) < 0)
		return -errno;
	if (loop_add(loop, source, ends[0], EPOLLIN, came) < 0) {
		close(ends[0]);
		close(ends[1]);
		return -EIO;
	}
	return ends[1];
}

static int open_ready(struct process *process)
{
	int fd = open_pipe(&process->ready, 0, ready_came);

	process->ready_open = fd >= 0;
	return fd;
}

static void pulse_close(struct process *process)
{
	if (!process->pulse_source.fd)
		return;
	loop_remove(loop, &process->pulse_source);
	close(process->pulse_source.fd);
	process->pulse_source.fd = 0;
}

static void pulse_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct process *process = container_of(source, struct process, pulse_source);
	char bytes[64];
	ssize_t n = read(source->fd, bytes, sizeof(bytes));

	(void)events;
	(void)now_ns;
	if (n > 0)
		pulse_told(&process->pulse, bytes[n - 1]);
	else if (!n)
		pulse_close(process);
}

/* One that cannot be watched runs all the same: 0. */
static int open_pulse(struct process *process)
{
	int fd = open_pipe(&process->pulse_source, O_NONBLOCK, pulse_came);

	pulse_begin(&process->pulse);
	if (fd >= 0)
		return fd;
	log_err("%s: whether its loop turns is not known: %s", process->name, strerror(-fd));
	process->pulse_source.fd = 0;
	return 0;
}

/* Whoever sits at one sees the log's errors there. */
static void consoles_changed(void)
{
	bool any = false;

	for (size_t i = PROCESS_CONSOLE; i < PROCESS_CONSOLE + CONSOLES_MAX; i++)
		any = any || processes[i].pid;
	console_level_set(any);
}

static void spawn(struct process *process, uint64_t now_ns)
{
	struct child_spec spec = { .argv = process->argv, .ready_fd = -1, .confinement = process->confinement };
	pid_t pid = 0;

	if (process->place) {
		spec.tty = process->place->tty;
		spec.tty_speed = process->place->speed;
		spec.ready_fd = console_level_log();
	}
	if (process->tells_ready)
		pid = spec.ready_fd = open_ready(process);
	if (process->tells_ready && pid >= 0)
		spec.second_fd = open_pulse(process);
	if (pid >= 0)
		pid = child_start(&spec);
	if (spec.ready_fd >= 0)
		close(spec.ready_fd);
	if (spec.second_fd)
		close(spec.second_fd);
	if (pid < 0) {
		log_err("%s: cannot start: %s", process->name, strerror(-pid));
		ready_close(process);
		pulse_close(process);
		happens(process, SUPERVISE_EXITED, now_ns);
		return;
	}
	process->pid = pid;
	consoles_changed();
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

	loop_timer_clear(loop, &process->timer);
	if (process->supervised.due_ns)
		loop_timer_set(loop, &process->timer, process->supervised.due_ns, timer_due);
	if (action == SUPERVISE_SPAWN)
		spawn(process, now_ns);
	else if (action != SUPERVISE_NOTHING && process->pid)
		kill(process->pid, action == SUPERVISE_KILL || (leaving && process->tells_ready) ? SIGKILL : SIGTERM);
}

void process_start(enum process_name name, uint64_t now_ns)
{
	if (processes[name].tells_ready)
		absent_tell(processes[name].name, "the service is starting");
	happens(&processes[name], SUPERVISE_START, now_ns);
}

bool process_start_console(size_t number, const struct console_place *place, uint64_t now_ns)
{
	struct process *process = &processes[PROCESS_CONSOLE + number];

	process->place = place;
	happens(process, SUPERVISE_START, now_ns);
	return process->pid;
}

void processes_start_after_network(uint64_t now_ns)
{
	for (enum process_name name = 0; name < PROCESSES; name++)
		if (processes[name].after_network)
			process_start(name, now_ns);
}

void processes_wait(bool for_nics)
{
	for (size_t i = 0; i < PROCESSES; i++)
		if (processes[i].tells_ready && processes[i].after_network >= for_nics)
			absent_tell(processes[i].name, for_nics ? "the service is not started yet: the NICs come first" :
								  "the service is not started yet: the boot steps come first (`boot`)");
}

static bool is_service(enum process_name name)
{
	return name == PROCESS_RECORDER || name == PROCESS_SYSLOG || name == PROCESS_CONFIG || name == PROCESS_NETWORK || name == PROCESS_TIME ||
	       name == PROCESS_GATEWAY || name == PROCESS_DATAPLANE;
}

void processes_stop_services(uint64_t now_ns)
{
	for (enum process_name name = 0; name < PROCESSES; name++) {
		if (!is_service(name))
			continue;
		if (processes[name].tells_ready)
			absent_tell(processes[name].name, "the service does not run in recovery");
		happens(&processes[name], SUPERVISE_STOP, now_ns);
	}
}

bool processes_services_are_down(void)
{
	for (enum process_name name = 0; name < PROCESSES; name++)
		if (is_service(name) && processes[name].supervised.state != SUPERVISE_DOWN)
			return false;
	return true;
}

bool processes_is_at_console(pid_t pid)
{
	pid_t session = getsid(pid);

	for (size_t i = PROCESS_CONSOLE; i < PROCESS_CONSOLE + CONSOLES_MAX; i++)
		if (session > 0 && processes[i].pid == session)
			return true;
	return false;
}

bool processes_is(enum process_name name, pid_t pid)
{
	return pid > 0 && processes[name].pid == pid;
}

void processes_look(enum process_name name, struct handover_service *seen)
{
	const struct process *process = &processes[name];

	*seen = (struct handover_service){ .name = process->name, .ready = process->supervised.state == SUPERVISE_READY,
					   .down = process->down, .told = process->pulse.begun };
}

unsigned processes_restarts(void)
{
	unsigned restarts = 0;

	for (enum process_name name = 0; name < PROCESSES; name++)
		if (is_service(name))
			restarts += processes[name].supervised.restarts;
	return restarts;
}

void processes_recover_consoles(void)
{
	for (size_t i = PROCESS_CONSOLE; i < PROCESS_CONSOLE + CONSOLES_MAX; i++) {
		processes[i].confinement.capabilities = CAPS_RECOVERY;
		if (processes[i].pid)
			kill(processes[i].pid, SIGKILL);
	}
}

void processes_stop(uint64_t now_ns)
{
	stopping = true;
	for (size_t i = 0; i < PROCESSES; i++)
		happens(&processes[i], SUPERVISE_STOP, now_ns);
}

void processes_leave(uint64_t now_ns)
{
	leaving = true;
	processes_stop(now_ns);
}

void processes_return(uint64_t now_ns)
{
	stopping = leaving = false;
	for (enum process_name name = 0; name < PROCESSES; name++)
		if (name >= PROCESS_DEVICES || processes[name].place)
			process_start(name, now_ns);
}

bool processes_are_down(void)
{
	for (size_t i = 0; i < PROCESSES; i++)
		if (processes[i].supervised.state != SUPERVISE_DOWN)
			return false;
	return true;
}

static void report_exit(const struct process *process, int status)
{
	const char *how = WIFSIGNALED(status) ? "was killed by signal" : "ended with status";
	int number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);

	if (process->tells_ready && process->supervised.state == SUPERVISE_WAITING)
		absent_tell(process->name, "the service does not run: it %s %d (%u time%s by now), and is started again in %llu s", how,
			    number, process->supervised.restarts + 1, process->supervised.restarts ? "s" : "",
			    (unsigned long long)process->supervised.backoff_s);
	if (stopping || process->place)
		log_info("%s %s %d", process->name, how, number);
	else
		log_err("%s %s %d: started again in %llu s", process->name, how, number,
			(unsigned long long)process->supervised.backoff_s);
}

void processes_exited(pid_t pid, int status, uint64_t now_ns)
{
	for (size_t i = 0; i < PROCESSES; i++) {
		struct process *process = &processes[i];

		if (process->pid != pid)
			continue;
		process->pid = 0;
		consoles_changed();
		/* It may have said that it is ready and died in the same moment: dead is what counts. */
		ready_close(process);
		pulse_close(process);
		happens(process, SUPERVISE_EXITED, now_ns);
		report_exit(process, status);
	}
}

const char *processes_tick(void)
{
	const char *lost = NULL;

	for (size_t i = 0; i < PROCESSES && !stopping; i++)
		if (processes[i].pulse_source.fd && processes[i].supervised.state != SUPERVISE_STOPPING &&
		    !stands_tick(&processes[i].pulse, processes[i].name, processes[i].pid))
			lost = processes[i].name;
	return lost;
}

void processes_open(struct loop *of, void (*ready)(uint64_t now_ns))
{
	loop = of;
	network_ready = ready;
}
