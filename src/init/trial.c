#include "init/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "init/board.h"
#include "init/child.h"
#include "init/slots.h"
#include "init/steps_tell.h"
#include "init/verdict.h"

#define TRIAL_PATH RUN_DIR "/" TRIAL_FILE

enum { LOOKER_OOM = -100, SECONDS_MAX = 86400, AGAIN_S = 5, CONFIRM_AGAIN_S = 60, STATE_LEN = VERDICT_WHY_LEN + 64 };

enum trial_state {
	TRIAL_UNKNOWN, /* the loader was not asked yet */
	TRIAL_OFF,     /* this image is confirmed, or was never to be; or no one judges it any more */
	TRIAL_ON,
	TRIAL_GOOD,    /* and the loader is to know it */
};

static enum trial_state state;
static struct loop *loop;
static void (*give_up)(const char *why, uint64_t now_ns);
static struct verdict verdict;
static struct loop_source told; /* by who looks; fd 0: none */
static pid_t looker, confirmer; /* 0: none */
static uint64_t look_ns, confirm_ns; /* not before */
static unsigned restarts;
static bool confirm_failed;

/* ---- the boot step ---- */

int trial_ask(char *words, size_t cap)
{
	struct slot slot;
	int err = slots_running(&slot);
	bool counted = !err && slot.counted;

	if (counted)
		text_format(words, cap, "%s, %u %s left: good, or given up", slot.version, slot.left, slot_tries(slot.left));
	else if (!err)
		text_format(words, cap, "%s, not on trial", slot.version);
	/* Without a loader that counts there is nothing to go back to. */
	if (err == -ENOENT) {
		text_format(words, cap, "none: no loader counts the boots");
		err = 0;
	}
	return file_put(TRIAL_PATH, counted ? words : TRIAL_NONE, counted ? strlen(words) : strlen(TRIAL_NONE)) < 0 ? -EIO : err;
}

/* ---- who looks ---- */

static void told_close(void)
{
	if (!told.fd)
		return;
	loop_remove(loop, &told);
	close(told.fd);
	told.fd = 0;
}

static void tell_state(const char *words)
{
	(void)file_put(TRIAL_PATH, words, strlen(words));
}

static void decide(const struct verdict_seen *seen, uint64_t now_ns)
{
	enum verdict_decision decision = verdict_step(&verdict, seen, now_ns);
	char why[VERDICT_WHY_LEN], line[STATE_LEN];

	verdict_why(&verdict, why);
	if (decision == VERDICT_WAIT) {
		text_format(line, sizeof(line), "on trial: %s", why);
		tell_state(line);
		return;
	}
	if (decision == VERDICT_GOOD) {
		state = TRIAL_GOOD;
		confirm_ns = now_ns;
		log_info("trial: this image is good: %s", why);
		return;
	}
	trial_stop();
	give_up(why, now_ns);
}

/* One line at a time: who writes them is ours, and none is longer than a pipe takes at once. */
static void told_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	char bytes[512];
	ssize_t n = read(source->fd, bytes, sizeof(bytes));
	struct slice rest = { bytes, n > 0 ? (size_t)n : 0 }, line;
	struct verdict_seen seen;

	(void)events;
	if (n <= 0) {
		told_close();
		return;
	}
	while (state == TRIAL_ON && slice_cut(&rest, '\n', &line) && rest.ptr)
		if (verdict_parse(line, &seen)) {
			seen.restarts = restarts;
			decide(&seen, now_ns);
		}
}

static void look(uint64_t now_ns)
{
	static const char *const argv[] = { NAME_CONFIG, "trial", NULL };
	/* It reads what the services keep in memory. */
	struct child_spec spec = { .argv = argv, .confinement = { 0, LOOKER_OOM } };
	int ends[2];

	look_ns = now_ns + AGAIN_S * NS_PER_S;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	if (loop_add(loop, &told, ends[0], EPOLLIN, told_came) < 0) {
		close(ends[0]);
		close(ends[1]);
		told.fd = 0;
		return;
	}
	spec.ready_fd = ends[1];
	looker = child_start(&spec);
	close(ends[1]);
	if (looker > 0)
		return;
	looker = 0;
	told_close();
}

/* ---- what comes of it ---- */

static int confirm(void)
{
	int err = slots_confirm();

	/* Once: it is tried again and again. */
	if (err < 0 && !confirm_failed)
		log_err("trial: this image is good, and the loader cannot be told: %s", strerror(-err));
	return err < 0;
}

static void confirm_begin(uint64_t now_ns)
{
	pid_t pid = child_begin(confirm);

	confirm_ns = now_ns + CONFIRM_AGAIN_S * NS_PER_S;
	confirmer = pid < 0 ? 0 : pid;
}

static void confirmed(int status, uint64_t now_ns)
{
	if (status) {
		confirm_failed = true;
		return;
	}
	state = TRIAL_OFF;
	tell_state(TRIAL_NONE);
	steps_tell("trial", now_ns - verdict.began_ns, 0, "this image is good and confirmed");
	if (confirm_failed)
		log_info("trial: the loader knows it now");
}

/* By the boot step, in memory. */
static void learn(void)
{
	char text[STATE_LEN];
	ssize_t n = file_read_begin(AT_FDCWD, TRIAL_PATH, text, sizeof(text));

	if (n <= 0)
		return;
	state = strcmp(text, TRIAL_NONE) != 0 ? TRIAL_ON : TRIAL_OFF;
}

static unsigned seconds_of(const char *name, unsigned otherwise)
{
	uint64_t seconds;

	return text_uint(board_value(name), SECONDS_MAX, &seconds) < 0 || !seconds ? otherwise : (unsigned)seconds;
}

void trial_open(struct loop *of, void (*bad)(const char *why, uint64_t now_ns))
{
	loop = of;
	give_up = bad;
	verdict_begin(&verdict, seconds_of("BOOT_GOOD_S", BOOT_GOOD_S), seconds_of("BOOT_CARRIER_S", BOOT_CARRIER_S), clock_now_ns());
}

void trial_services(uint64_t now_ns)
{
	verdict_services(&verdict, now_ns);
}

void trial_tick(unsigned restarts_by_now, uint64_t now_ns)
{
	restarts = restarts_by_now;
	if (state == TRIAL_UNKNOWN)
		learn();
	if (state == TRIAL_ON && verdict.services && !looker && now_ns >= look_ns)
		look(now_ns);
	if (state == TRIAL_ON)
		decide(NULL, now_ns);
	if (state == TRIAL_GOOD && !confirmer && now_ns >= confirm_ns)
		confirm_begin(now_ns);
}

void trial_exited(pid_t pid, int status, uint64_t now_ns)
{
	if (pid == looker) {
		looker = 0;
		told_close();
	}
	if (pid == confirmer) {
		confirmer = 0;
		confirmed(status, now_ns);
	}
}

void trial_stop(void)
{
	state = TRIAL_OFF;
	told_close();
	if (looker)
		kill(looker, SIGTERM);
}

bool trial_is_on(void)
{
	return state != TRIAL_OFF;
}

bool trial_confirms(pid_t pid)
{
	return pid > 0 && pid == confirmer;
}
