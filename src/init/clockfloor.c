#include "init/clockfloor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/built.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"

const char *clockfloor_text(int64_t s, char dst[static CLOCK_TEXT_LEN])
{
	time_t time_s = s;
	struct tm tm;

	if (!gmtime_r(&time_s, &tm) || !strftime(dst, CLOCK_TEXT_LEN, "%Y-%m-%d %H:%M:%S UTC", &tm))
		dst[0] = '\0';
	return dst;
}

enum clock_verdict clockfloor_judge(int64_t now_s, const struct clock_mark *mark, int64_t built_s, int64_t *set_s)
{
	int64_t seen_s = mark->known && mark->at_s > built_s ? mark->at_s : built_s;

	*set_s = seen_s;
	/* The system may have run on for an interval after it was written down. */
	if (mark->known && !mark->stopped && mark->at_s + CLOCKFLOOR_INTERVAL_S > seen_s)
		*set_s = mark->at_s + CLOCKFLOOR_INTERVAL_S;
	if (now_s < seen_s)
		return CLOCK_BEHIND;
	return seen_s && now_s - seen_s > CLOCKFLOOR_AHEAD_MAX_S ? CLOCK_AHEAD : CLOCK_TRUSTED;
}

/* For whoever asks long after the boot. */
static void keep_trouble(const char *text)
{
	int dir_fd = open(RUN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = dir_fd < 0 ? -errno : file_replace(dir_fd, CLOCK_TROUBLE_FILE, text, strlen(text), 0600);

	if (err < 0)
		log_err("cannot write %s/%s: %s", RUN_DIR, CLOCK_TROUBLE_FILE, strerror(-err));
	if (dir_fd >= 0)
		close(dir_fd);
}

/* For who steps the clock before there are sessions. The mark stays as it was until then: no stamp is sent. */
static void keep_floor(int64_t floor_s)
{
	char text[32];
	int err;

	text_format(text, sizeof(text), "%lld\n", (long long)floor_s);
	err = file_put(RUN_DIR "/" CLOCK_FLOOR_FILE, text, strlen(text));
	if (err < 0)
		log_err("cannot write %s/%s: %s", RUN_DIR, CLOCK_FLOOR_FILE, strerror(-err));
}

int clockfloor_raise(char *words, size_t cap)
{
	static const char *const why[] = {
		[CLOCK_BEHIND] = "is before the last time known",
		[CLOCK_AHEAD] = "is more than two years after the last time known, and not trusted",
	};
	char now_text[CLOCK_TEXT_LEN], set_text[CLOCK_TEXT_LEN];
	struct timespec set = { 0 };
	struct clock_mark mark;
	int64_t now_s = time(NULL), set_s;
	enum clock_verdict verdict;
	int err = clockmark_read(&mark);

	verdict = clockfloor_judge(now_s, &mark, built_s(), &set_s);
	set.tv_sec = set_s;
	text_format(words, cap, "%s", clockfloor_text(now_s, now_text));
	if (verdict != CLOCK_TRUSTED) {
		text_format(words, cap, "the machine's clock said %s, which %s: set to %s; if that is wrong, `clock set`", now_text,
			    why[verdict], clockfloor_text(set_s, set_text));
		log_err("%s", words);
		keep_trouble(words);
		if (clock_settime(CLOCK_REALTIME, &set) < 0)
			err = -errno;
	}
	keep_floor(set_s);
	return err;
}

int clockfloor_keep(void)
{
	return clockmark_running() < 0;
}

int clockfloor_keep_stopped(void)
{
	return clockmark_stopped() < 0;
}
