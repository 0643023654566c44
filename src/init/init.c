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
#include "base/log.h"
#include "base/loop.h"
#include "base/paths.h"
#include "base/text.h"
#include "init/board.h"
#include "init/child.h"
#include "init/clockfloor.h"
#include "init/clockstep.h"
#include "init/consoles.h"
#include "init/ended.h"
#include "init/handover.h"
#include "init/keepers.h"
#include "init/next_root.h"
#include "init/password.h"
#include "init/persist.h"
#include "init/processes.h"
#include "init/pulse.h"
#include "init/recovery.h"
#include "init/sender.h"
#include "init/steps.h"
#include "init/steps_tell.h"
#include "init/trial.h"
#include "init/variables.h"
#include "init/watchdog.h"

enum {
	BOOT_SLOW_S = 60,     /* a word about it that often */
	NETWORK_WAIT_S = 12,  /* longer than the network service waits for carrier */
	SHUTDOWN_S = 15,      /* then it goes on without those that do not stop */
	UNMOUNT_S = 10,
	LAST_KILL_S = 2,
	TICK_S = PULSE_TICK_S,
	RECOVERY_S = 3,
	RECOVERY_SLOW_S = 30, /* then the consoles are opened, whatever does not stop */
	RECOVERY_MAX_S = 3600,
};

static struct loop loop;
static struct loop_source signals;
static struct loop_timer boot_slow, network_wait, shutdown_timer, recovery_slow, tick_timer;
static bool network_waited; /* for, and it is ready or late */
static int ending; /* how, as for reboot(2); 0: not at all */
static pid_t boot_pid; /* of the boot steps; 0: they are over */
static bool recovering, recovered; /* consoles alone: chosen, and so */
static bool stamped;    /* the paths were started: peers know of the time by them */
static bool lost;       /* packets stand still, and only a reset helps */

static struct consoles consoles;

/* From here on stamps are sent, and the clock is stepped no more. */
static void start_paths(uint64_t now_ns)
{
	if (ending || recovering)
		return;
	stamped = true;
	keepers_clock(now_ns);
	processes_start_after_network(now_ns);
}

static void start_after_network(uint64_t now_ns)
{
	if (network_waited)
		return;
	network_waited = true;
	loop_timer_clear(&loop, &network_wait);
	if (!ending && !recovering)
		clockstep_begin(&loop, start_paths, now_ns);
}

static void network_wait_over(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	log_err("the network is not ready after %d s: the paths start without it", NETWORK_WAIT_S);
	start_after_network(now_ns);
}

/* ---- the end ---- */

/* For child_call: it may hang on a disk that does not answer. */
static int put_away(void)
{
	/* A clock that no one believed yet, and no one goes by, is not written down. */
	if (stamped)
		clockfloor_keep_stopped();
	ended_keep();
	(void)next_root_unmount();
	return persist_unmount();
}

static const char *ending_words(void)
{
	return ending == RB_POWER_OFF ? "power off" : "reboot";
}

static _Noreturn void end(void)
{
	int status;

	watchdog_end(ending == RB_POWER_OFF);
	child_end_all(LAST_KILL_S * NS_PER_S, false);
	status = child_call(put_away, UNMOUNT_S * NS_PER_S);
	if (status && status != PERSIST_READ_ONLY)
		log_err("the persistent partition was not unmounted cleanly");
	log_err("%s", ended_words());
	reboot(ending);
	/* No power switch: halted, or a machine that cannot reboot. */
	for (;;)
		pause();
}

static void shutdown_over(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	(void)now_ns;
	log_err("not everything stopped in %d s", SHUTDOWN_S);
	end();
}

static void begin_to_end(int how, const char *why, uint64_t now_ns)
{
	if (ending)
		return;
	ending = how;
	ended_because("%s: %s", ending_words(), why);
	/* Before the recorder hears that it is to end. */
	log_info("%s; all that runs is stopped first", ended_words());
	/* In this order: what is given up is not to become what the next one is judged by. */
	handover_stop();
	keepers_stop();
	trial_stop();
	loop_timer_clear(&loop, &network_wait);
	loop_timer_clear(&loop, &boot_slow);
	loop_timer_clear(&loop, &recovery_slow);
	loop_timer_set(&loop, &shutdown_timer, now_ns + SHUTDOWN_S * NS_PER_S, shutdown_over);
	processes_stop(now_ns);
	if (processes_are_down())
		end();
}

/* ---- recovery ---- */

static int put_down(void)
{
	return (recovery_nics_down() != 0) | put_away();
}

/* A step of the boot that hangs, or a service that does not stop, leaves the consoles that there are. */
static void recovery_goes_on(uint64_t now_ns)
{
	struct stat data, root;
	bool mounted;
	int status;

	if (!recovering || recovered || ending || boot_pid || !processes_services_are_down())
		return;
	recovered = true;
	loop_timer_clear(&loop, &recovery_slow);
	mounted = stat(DATA_DIR, &data) == 0 && stat("/", &root) == 0 && data.st_dev != root.st_dev;
	status = mounted ? child_call(put_down, UNMOUNT_S * NS_PER_S) : 0;
	if (status == PERSIST_READ_ONLY)
		recovery_tell("RECOVERY: what ran was stopped, the NICs are off. The partition is in use still: it is read-only, and no one\n"
			      "writes to it. `reboot` starts as usual.\n");
	else if (status)
		recovery_tell("RECOVERY, but not all could be stopped or unmounted: see `log init`. `reboot` starts as usual.\n");
	else if (mounted)
		recovery_tell("RECOVERY: what ran was stopped, the NICs are off, the partition is unmounted, and nothing on it was mended\n"
			      "or made. `reboot` starts as usual.\n");
	else
		recovery_tell("RECOVERY: no path and no NIC was started, and nothing on the disk was changed.\n"
			      "`reboot` starts as usual.\n");
	steps_tell("recovery", clock_now_ns() - now_ns, 0, "consoles alone");
	processes_recover_consoles();
}

static void recovery_is_slow(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	(void)now_ns;
	recovery_tell("RECOVERY, but not all has stopped: see `boot` and `log init`. The partition may\n"
		      "be in use. `reboot` starts as usual.\n");
}

static void recovery_begins(uint64_t now_ns)
{
	if (ending || !recovery_choose())
		return;
	recovering = true;
	handover_stop();
	loop_timer_clear(&loop, &network_wait);
	loop_timer_set(&loop, &recovery_slow, now_ns + RECOVERY_SLOW_S * NS_PER_S, recovery_is_slow);
	keepers_stop();
	trial_stop();
	processes_stop_services(now_ns);
	recovery_goes_on(now_ns);
}

/* ---- the watchdog, and what else is looked at again and again ---- */

static void look_at_processes(void)
{
	const char *name = processes_tick();

	if (name && !lost) {
		ended_because("the packets of %s stand still, and its process cannot be killed", name);
		log_err("%s: the watchdog is fed no more, and resets the machine", ended_words());
		(void)child_begin(ended_keep);
	}
	lost = name;
}

static void tick(struct loop_timer *timer, uint64_t now_ns)
{
	look_at_processes();
	if (!lost)
		watchdog_feed();
	if (!ending)
		trial_tick(processes_restarts(), now_ns);
	handover_tick(now_ns);
	loop_timer_set(&loop, timer, clock_now_ns() + TICK_S * NS_PER_S, tick);
}

static void give_up_image(const char *why, uint64_t now_ns)
{
	char words[ENDED_LEN];

	text_format(words, sizeof(words), "this image was on trial and is given up: %s", why);
	log_err("%s", words);
	begin_to_end(RB_AUTOBOOT, words, now_ns);
}

/* ---- signals ---- */

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
	password_settle();
	if (ending)
		return;
	process_start(PROCESS_DEVICES, now_ns);
	if (recovering)
		return;
	loop_timer_set(&loop, &network_wait, now_ns + NETWORK_WAIT_S * NS_PER_S, network_wait_over);
	processes_wait(true);
	process_start(PROCESS_RECORDER, now_ns);
	process_start(PROCESS_SYSLOG, now_ns);
	process_start(PROCESS_CONFIG, now_ns);
	process_start(PROCESS_NETWORK, now_ns);
	keepers_begin(&loop, now_ns);
	trial_services(now_ns);
	handover_begin(&loop, now_ns);
}

static void reap(uint64_t now_ns)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == boot_pid)
			boot_ended(status, now_ns);
		clockstep_exited(pid, now_ns);
		keepers_exited(pid);
		watchdog_exited(pid);
		trial_exited(pid, status, now_ns);
		processes_exited(pid, status, now_ns);
		handover_exited(pid, status, now_ns);
	}
	if (ending && processes_are_down())
		end();
	recovery_goes_on(now_ns);
}

static void lend_variables(pid_t pid)
{
	int err = processes_is_at_console(pid) || trial_confirms(pid) ? variables_lend(pid) : -EPERM;

	if (err < 0)
		log_err("process %d may not write the firmware's variables: %s", (int)pid, strerror(-err));
}

static const char *who_asks(const struct signalfd_siginfo *info)
{
	static char words[48];

	if (info->ssi_signo == SIGINT)
		return "Ctrl-Alt-Del";
	if (processes_is_at_console(sender_of(info)))
		return "typed at a console";
	if (processes_is(PROCESS_DEVICES, sender_of(info)))
		return "the power button";
	text_format(words, sizeof(words), "asked for by process %u", info->ssi_pid);
	return words;
}

/* As sysvinit and busybox have it: SIGUSR2 powers off, SIGTERM reboots; SIGINT is Ctrl-Alt-Del. SIGUSR1 is a console
 * that was told `r`. */
static void signal_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct signalfd_siginfo info;

	(void)events;
	while (read(source->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(now_ns);
		else if (info.ssi_signo == SIGUSR1)
			recovery_begins(now_ns);
		else if ((int)info.ssi_signo == variables_signal())
			lend_variables(sender_of(&info));
		else if (info.ssi_signo == SIGUSR2)
			begin_to_end(RB_POWER_OFF, who_asks(&info), now_ns);
		else
			begin_to_end(RB_AUTOBOOT, who_asks(&info), now_ns);
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
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, variables_signal());
	fd = loop_signal_fd(&set);
	return fd < 0 ? fd : loop_add(&loop, &signals, fd, EPOLLIN, signal_came);
}

static void offer_recovery(uint64_t now_ns)
{
	uint64_t seconds;

	if (text_uint(board_value("RECOVERY_S"), RECOVERY_MAX_S, &seconds) < 0)
		seconds = RECOVERY_S;
	recovery_offer(&loop, (unsigned)seconds, now_ns);
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
		started = process_start_console(i, &consoles.list[i], now_ns) || started;
		text_add(&text, "%s%s", i ? " " : "", consoles.list[i].tty);
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
	processes_open(&loop, start_after_network);
	variables_open(&loop, VARIABLES_DIR);
	steps_run_first();
	processes_wait(false);
	offer_recovery(clock_now_ns());
	start_consoles(clock_now_ns());
	loop_timer_set(&loop, &boot_slow, clock_now_ns() + BOOT_SLOW_S * NS_PER_S, boot_is_slow);
	trial_open(&loop, give_up_image);
	loop_timer_set(&loop, &tick_timer, clock_now_ns(), tick);
	boot_pid = child_begin(boot_steps);
	if (boot_pid < 0)
		boot_ended(boot_pid, clock_now_ns());
	for (;;) {
		int err = loop_run(&loop);

		log_err("loop: %s", strerror(-err));
		nanosleep(&second, NULL);
	}
}
