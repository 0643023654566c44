#include "init/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lockfile.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "init/board.h"
#include "init/child.h"
#include "init/clockfloor.h"
#include "init/ended.h"
#include "init/handover_judge.h"
#include "init/keepers.h"
#include "init/mend.h"
#include "init/mounts.h"
#include "init/next_root.h"
#include "init/processes.h"
#include "init/recovery.h"
#include "init/steps_tell.h"
#include "init/switch_root.h"
#include "init/trial.h"
#include "init/watchdog.h"

#define STATE_PATH RUN_DIR "/" HANDOVER_FILE

enum { LEAVE_S = 15 /* longer than supervise takes to kill */, KEEP_S = 10, LAST_KILL_S = 2, MORE_S = 20, CMDLINE_LEN = 4096 };

static const struct stage {
	const char *words; /* of the label, when it takes too long */
	int (*run)(void);
	unsigned limit_s;
} stages[] = {
	{ "was not found", next_root_find, NEXT_ROOT_FIND_S },
	{ "was not mended", next_root_mend, MEND_MAX_S + MORE_S },
	{ "was not mounted", next_root_mount, NEXT_ROOT_MOUNT_S },
	{ "was not looked at", next_root_look, NEXT_ROOT_LOOK_S },
};

enum { STAGES = sizeof(stages) / sizeof(stages[0]) };

static enum handover_state {
	HANDOVER_OFF,     /* no one asked for it, or this stays the appliance */
	HANDOVER_WAITING, /* as handover_decide says */
	HANDOVER_LOOKING, /* stage by stage */
	HANDOVER_LEAVING, /* what runs under PID 1 ends */
} state;

static struct loop *loop;
static struct loop_timer deadline;
static struct next_root *next; /* shared with who looks */
static uint64_t began_ns, waits_ns;
static size_t stage;
static pid_t looker; /* 0: none */
static char told[HANDOVER_WORDS_LEN];

/* ---- what is said ---- */

/* For `boot`; the log has each once. */
static void tell_waiting(const char *words)
{
	char line[sizeof(told) + 128];

	if (!strcmp(told, words))
		return;
	text_format(told, sizeof(told), "%s", words);
	text_format(line, sizeof(line), "hand-over to %s waits: %s", next->label, words);
	(void)file_put(STATE_PATH, line, strlen(line));
	log_info("%s", line);
}

static void over(void)
{
	state = HANDOVER_OFF;
	loop_timer_clear(loop, &deadline);
	(void)unlink(STATE_PATH);
}

static void tell_end(const char *words, int err)
{
	char line[sizeof(told) + 128];

	text_format(line, sizeof(line), "%s%s", err ? "this stays the appliance until a `reboot`: " : "", words);
	steps_tell("hand-over", clock_now_ns() - began_ns, err, line);
}

static void stay(const char *words)
{
	over();
	(void)child_begin(next_root_unmount); /* a disk may hold it */
	tell_end(words, -ECANCELED);
}

static void return_from(const char *words, uint64_t now_ns)
{
	stay(words);
	processes_return(now_ns);
	keepers_begin(loop, now_ns);
	keepers_clock(now_ns);
	mounts_close_run();
}

/* ---- the end of this program ---- */

static int keep(void)
{
	return clockfloor_keep() | ended_keep();
}

/* Before the point from which there is no way back nothing is left that could be refused. */
static void go(uint64_t now_ns)
{
	char words[HANDOVER_WORDS_LEN];

	loop_timer_clear(loop, &deadline);
	log_err("%s", ended_words()); /* no console of ours is left to keep the kernel from saying it there */
	if (!watchdog_leave())
		log_err("the watchdog cannot be switched off: %s has to feed it within %d s", next->label, WATCHDOG_END_S);
	child_end_all(LAST_KILL_S * NS_PER_S, true);
	if (child_call(keep, KEEP_S * NS_PER_S))
		log_err("the time and this hand-over could not be kept on the partition");
	text_format(words, sizeof(words), "to %s, %s", next->label, next->path);
	tell_end(words, 0);
	(void)unlink(STATE_PATH);
	mounts_open_run();
	switch_root(NEXT_ROOT_DIR, NEXT_ROOT_INIT, words, sizeof(words));
	ended_because("a hand-over failed, and this stayed: %s", words);
	(void)child_begin(ended_keep);
	return_from(words, now_ns);
}

static void leave_is_over(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	return_from("not everything here could be stopped: see `log init`", now_ns);
}

static void leave(uint64_t now_ns)
{
	state = HANDOVER_LEAVING;
	ended_because(ENDED_HANDED_OVER "%s, %s", next->label, next->path);
	log_info("%s; all that runs is stopped first", ended_words());
	keepers_stop();
	loop_timer_set(loop, &deadline, now_ns + LEAVE_S * NS_PER_S, leave_is_over);
	processes_leave(now_ns);
	if (processes_are_down())
		go(now_ns);
}

/* ---- the next root ---- */

static void stage_is_late(struct loop_timer *timer, uint64_t now_ns)
{
	char words[HANDOVER_WORDS_LEN];

	(void)timer;
	(void)now_ns;
	kill(looker, SIGKILL);
	looker = 0;
	text_format(words, sizeof(words), "%s %s in %u s: does its disk answer?", next->label, stages[stage].words, stages[stage].limit_s);
	stay(words);
}

static void stage_begin(uint64_t now_ns)
{
	pid_t pid = child_begin(stages[stage].run);

	if (pid < 0) {
		stay("no process can be made");
		return;
	}
	looker = pid;
	loop_timer_set(loop, &deadline, now_ns + stages[stage].limit_s * NS_PER_S, stage_is_late);
}

/* ---- whether, and when ---- */

static bool is_there(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, 0) == 0;
}

static bool is_locked(void)
{
	int run_fd = open(RUN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool locked = run_fd >= 0 && (lockfile_holder(run_fd, COMMIT_LOCK_FILE) || lockfile_holder(run_fd, ESP_LOCK_FILE));

	if (run_fd >= 0)
		close(run_fd);
	return locked;
}

static void look_around(struct handover_seen *seen, uint64_t now_ns)
{
	static const enum process_name names[HANDOVER_SERVICES] = { PROCESS_NETWORK, PROCESS_GATEWAY, PROCESS_DATAPLANE };

	*seen = (struct handover_seen){ .offered = recovery_is_offered(),
					.tried = trial_is_on(),
					.pending = is_there(RUN_DIR "/" PENDING_FILE),
					.scheduled = is_there(RUN_DIR "/" SCHEDULED_FILE),
					.busy = is_locked() };
	for (size_t i = 0; i < HANDOVER_SERVICES; i++)
		processes_look(names[i], &seen->services[i]);
	if (seen->tried)
		waits_ns = now_ns;
	seen->waited_s = (now_ns - waits_ns) / NS_PER_S;
}

/* Before the next root is looked at, and again behind that: e2fsck may take long, and no one is to be cut off in a change. */
static void decide(uint64_t now_ns)
{
	char words[HANDOVER_WORDS_LEN];
	struct handover_seen seen;
	enum handover_decision decision;

	look_around(&seen, now_ns);
	decision = handover_decide(&seen, words);
	if (decision == HANDOVER_STAY) {
		stay(words);
	} else if (decision == HANDOVER_WAIT) {
		state = HANDOVER_WAITING;
		tell_waiting(words);
	} else if (stage == STAGES) {
		leave(now_ns);
	} else {
		state = HANDOVER_LOOKING;
		stage_begin(now_ns);
	}
}

static void stage_ended(int status, uint64_t now_ns)
{
	char words[HANDOVER_WORDS_LEN];

	loop_timer_clear(loop, &deadline);
	text_format(words, sizeof(words), "%s", next->words);
	if (status) {
		stay(words[0] ? words : "who looks at it ended");
	} else if (++stage == STAGES) {
		waits_ns = now_ns;
		decide(now_ns);
	} else {
		stage_begin(now_ns);
	}
}

void handover_tick(uint64_t now_ns)
{
	if (state == HANDOVER_WAITING)
		decide(now_ns);
}

void handover_exited(pid_t pid, int status, uint64_t now_ns)
{
	if (pid == looker) {
		looker = 0;
		if (state == HANDOVER_LOOKING)
			stage_ended(status, now_ns);
	}
	if (state == HANDOVER_LEAVING && processes_are_down())
		go(now_ns);
}

void handover_begin(struct loop *of, uint64_t now_ns)
{
	char command_line[CMDLINE_LEN], label[HANDOVER_LABEL_LEN], words[HANDOVER_WORDS_LEN], died[ENDED_LEN + 64];
	ssize_t n = file_read_begin(AT_FDCWD, "/proc/cmdline", command_line, sizeof(command_line));
	bool wanted = handover_label((struct slice){ command_line, n > 0 ? (size_t)n : 0 }, board_value("HANDOVER"), label, words);

	loop = of;
	began_ns = waits_ns = now_ns;
	if (words[0])
		tell_end(words, -EINVAL);
	if (!wanted)
		return;
	if (slice_equal(board_value("DATA_LABEL"), label)) {
		tell_end("that is the persistent partition itself", -EINVAL);
		return;
	}
	if (file_read_begin(AT_FDCWD, RUN_DIR "/" NEXT_ROOT_DIED_FILE, died, sizeof(died)) > 0) {
		text_format(words, sizeof(words), "what was handed over to died: %s", died);
		tell_end(words, -ECANCELED);
		return;
	}
	next = next_root_begin(label);
	if (next)
		state = HANDOVER_WAITING;
	else
		tell_end("no memory", -ENOMEM);
}

void handover_stop(void)
{
	if (state == HANDOVER_OFF)
		return;
	over();
	if (looker)
		kill(looker, SIGKILL);
}
