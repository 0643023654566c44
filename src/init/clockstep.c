#include "init/clockstep.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/built.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "init/child.h"
#include "init/clockfloor.h"
#include "init/rtc.h"
#include "init/steps_tell.h"
#include "ntp/chronyd.h"
#include "ntp/directives.h"
#include "ntp/measure.h"

/* A boot takes longer than this: a clock that is behind by less is ahead of all that peers heard before it. */
enum { US_PER_S = 1000000, SLEWED_US = US_PER_S, WORDS_LEN = 256 };

#define AHEAD_OF_TRUSTED_MAX_US (INT64_C(86400) * US_PER_S)

#define TROUBLE RUN_DIR "/" CLOCK_TROUBLE_FILE

/* Anyone on the way to a server can say anything, and peers that heard a time that is far ahead remember it. */
static bool is_too_far_ahead(int64_t now_us, int64_t says_us, int64_t first_s, bool trusted)
{
	if (trusted)
		return says_us - now_us > AHEAD_OF_TRUSTED_MAX_US;
	return first_s && says_us - first_s * US_PER_S > (int64_t)CLOCKFLOOR_AHEAD_MAX_S * US_PER_S;
}

enum clockstep clockstep_judge(int64_t now_us, int64_t offset_us, int64_t floor_s, int64_t built_s, bool trusted, int64_t *set_us)
{
	const int64_t says_us = now_us + offset_us, first_s = floor_s > built_s ? floor_s : built_s;

	if (offset_us < SLEWED_US && offset_us > -SLEWED_US)
		return CLOCKSTEP_NONE;
	/* Of the mark alone, which may be wrong itself, a server may know better; of when this was made, no one. */
	if (says_us < built_s * US_PER_S || is_too_far_ahead(now_us, says_us, first_s, trusted))
		return CLOCKSTEP_DISBELIEVED;
	*set_us = says_us;
	if (says_us >= floor_s * US_PER_S)
		return CLOCKSTEP_TO;
	*set_us = floor_s * US_PER_S;
	return now_us - *set_us > SLEWED_US ? CLOCKSTEP_TO_FLOOR : CLOCKSTEP_AT_FLOOR;
}

static int64_t floor_read(void)
{
	char text[32];
	ssize_t n = file_read(AT_FDCWD, RUN_DIR "/" CLOCK_FLOOR_FILE, text, sizeof(text));
	uint64_t s = 0;

	return n > 1 && text_uint((struct slice){ text, (size_t)n - 1 }, INT64_MAX / US_PER_S / 4, &s) == 0 ? (int64_t)s : 0;
}

static int set_clock(int64_t us)
{
	const struct timespec set = { .tv_sec = us / US_PER_S, .tv_nsec = (long)(us % US_PER_S) * 1000L };
	int err;

	if (clock_settime(CLOCK_REALTIME, &set) < 0)
		return -errno;
	err = rtc_write(set.tv_sec);
	if (err < 0)
		log_err("the machine's own clock cannot be set: %s; the next boot may be wrong again", strerror(-err));
	return 0;
}

/* "3 min 12 s ahead of" */
static void offset_words(int64_t offset_us, char dst[static 48])
{
	const int64_t s = (offset_us < 0 ? -offset_us : offset_us) / US_PER_S;

	if (s >= 2 * INT64_C(86400))
		text_format(dst, 48, "%lld days %s", (long long)(s / 86400), offset_us < 0 ? "ahead of" : "behind");
	else
		text_format(dst, 48, "%lld s %s", (long long)s, offset_us < 0 ? "ahead of" : "behind");
}

static int step(int64_t offset_us, char words[static WORDS_LEN])
{
	struct timespec now;
	char by[48], text[CLOCK_TEXT_LEN];
	int64_t set_us = 0;
	const bool trusted = access(TROUBLE, F_OK) < 0;
	enum clockstep verdict;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	verdict = clockstep_judge((int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000, offset_us, floor_read(), built_s(), trusted, &set_us);
	if (verdict == CLOCKSTEP_TO || verdict == CLOCKSTEP_TO_FLOOR)
		err = set_clock(set_us);
	offset_words(offset_us, by);
	switch (verdict) {
	case CLOCKSTEP_NONE:
		text_format(words, WORDS_LEN, "as time servers have it, to the second");
		break;
	case CLOCKSTEP_TO:
		text_format(words, WORDS_LEN, "%s time servers: set to %s", by, clockfloor_text(set_us / US_PER_S, text));
		break;
	case CLOCKSTEP_TO_FLOOR:
		text_format(words, WORDS_LEN, "%s time servers: set to %s, the last time that peers may know, and slewed from there", by,
			    clockfloor_text(set_us / US_PER_S, text));
		break;
	case CLOCKSTEP_AT_FLOOR:
		text_format(words, WORDS_LEN, "%s time servers, and peers may know this time: it is slewed", by);
		break;
	case CLOCKSTEP_DISBELIEVED:
		text_format(words, WORDS_LEN, "%s time servers, which are not believed: %s", by,
			    offset_us < 0 ? "that is before this system was made" : trusted ? "that is more than a day ahead of a clock that is" :
											       "that is more than two years after the last time known");
		break;
	}
	if (err >= 0 && (verdict == CLOCKSTEP_NONE || verdict == CLOCKSTEP_TO))
		(void)unlink(TROUBLE);
	if (verdict != CLOCKSTEP_NONE)
		log_info("the clock was %s", words);
	return err;
}

/* For child_begin, since servers and the disk are waited for. */
static int ask_and_step(void)
{
	static struct ntp_wanted wanted;
	const uint64_t start_ns = clock_now_ns();
	char words[WORDS_LEN] = "no one is asked";
	int64_t offset_us;
	int err = 0, mark_err;

	ntp_wanted_read(&wanted, RUN_DIR);
	if (ntp_asks(&wanted)) {
		err = ntp_measure(&wanted, NTP_CHRONYD, &offset_us);
		if (err == -ETIMEDOUT)
			text_format(words, sizeof(words), "no time server answers: the clock is as it was");
		else if (!err)
			err = step(offset_us, words);
	}
	/* Before anything sends a stamp: a power cut from now on is no orderly stop. */
	mark_err = clockmark_running();
	if (mark_err == -EROFS || mark_err == -ENOENT)
		mark_err = 0;
	err = err == -ETIMEDOUT ? 0 : err;
	steps_tell("time", clock_now_ns() - start_ns, err ? err : mark_err, words);
	return err || mark_err;
}

/* ---- PID 1's part ---- */

static struct {
	struct loop *loop;
	struct loop_timer late;
	pid_t pid; /* 0: none */
	void (*done)(uint64_t now_ns);
} asking;

static void step_over(uint64_t now_ns)
{
	asking.pid = 0;
	loop_timer_clear(asking.loop, &asking.late);
	asking.done(now_ns);
}

/* It is killed first, so that it steps nothing any more; a disk may hold it behind that. */
static void step_late(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	kill(asking.pid, SIGKILL);
	log_err("what the time is was not known after %d s: the paths start with the clock as it is", CLOCKSTEP_S);
	step_over(now_ns);
}

void clockstep_begin(struct loop *loop, void (*done)(uint64_t now_ns), uint64_t now_ns)
{
	asking.loop = loop;
	asking.done = done;
	asking.pid = child_begin(ask_and_step);
	if (asking.pid > 0)
		loop_timer_set(loop, &asking.late, now_ns + CLOCKSTEP_S * NS_PER_S, step_late);
	else
		step_over(now_ns);
}

void clockstep_exited(pid_t pid, uint64_t now_ns)
{
	if (asking.pid > 0 && pid == asking.pid)
		step_over(now_ns);
}
