#include "config/scheduled.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/text.h"
#include "conf/applied.h"
#include "conf/set_dir.h"

#define FILES_DIR "scheduled"
#define WHEN_FILE "scheduled.at" /* on the partition: without it, the files beside are of no one */

enum { TEXT_LEN = 256, S_PER_MIN = 60, S_PER_HOUR = 3600 };

static const char *const step_words[SCHEDULED_STEPS] = {
	[SCHEDULED_WAITS] = "waits",
	[SCHEDULED_BEGUN] = "begun",
};

/* ---- words ---- */

const char *scheduled_date(int64_t at_s, char dst[static SCHEDULED_TIME_LEN])
{
	time_t at = (time_t)at_s;
	struct tm tm;

	if (!gmtime_r(&at, &tm) || !strftime(dst, SCHEDULED_TIME_LEN, "%Y-%m-%d %H:%M:%S", &tm))
		text_format(dst, SCHEDULED_TIME_LEN, "?");
	return dst;
}

const char *scheduled_clock(int64_t at_s, char dst[static SCHEDULED_TIME_LEN])
{
	char date[SCHEDULED_TIME_LEN];
	const char *blank = strchr(scheduled_date(at_s, date), ' ');

	text_format(dst, SCHEDULED_TIME_LEN, "%s", blank ? blank + 1 : date);
	return dst;
}

const char *scheduled_span(int64_t seconds, char dst[static SCHEDULED_SPAN_LEN])
{
	long long s = seconds;

	if (s < S_PER_MIN)
		text_format(dst, SCHEDULED_SPAN_LEN, "%lld s", s);
	else if (s < S_PER_HOUR)
		text_format(dst, SCHEDULED_SPAN_LEN, "%lld min %lld s", s / S_PER_MIN, s % S_PER_MIN);
	else
		text_format(dst, SCHEDULED_SPAN_LEN, "%lld h %lld min", s / S_PER_HOUR, s % S_PER_HOUR / S_PER_MIN);
	return dst;
}

/* ---- as text ---- */

static bool read_step(struct slice word, enum scheduled_step *step)
{
	*step = (enum scheduled_step)slice_among(word, step_words, SCHEDULED_STEPS);
	return *step < SCHEDULED_STEPS;
}

static int parse(struct slice text, struct scheduled *scheduled)
{
	struct slice line, words[3];
	uint64_t at_s, confirm_min;

	*scheduled = (struct scheduled){ 0 };
	if (!slice_cut(&text, '\n', &line))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!slice_word(&line, &words[i]))
			return -EINVAL;
	if (text_uint(words[0], INT64_MAX, &at_s) || text_uint(words[1], UINT_MAX, &confirm_min) ||
	    !read_step(words[2], &scheduled->step))
		return -EINVAL;
	scheduled->at_s = (int64_t)at_s;
	scheduled->confirm_min = (unsigned)confirm_min;
	return 0;
}

static int load(int dir_fd, const char *name, struct scheduled *scheduled)
{
	char text[TEXT_LEN];
	ssize_t n = file_read(dir_fd, name, text, sizeof(text));

	return n < 0 ? (int)n : parse((struct slice){ text, (size_t)n }, scheduled);
}

static int save(int dir_fd, const char *name, const struct scheduled *scheduled)
{
	char text[TEXT_LEN], date[SCHEDULED_TIME_LEN];
	struct text out;

	text_init(&out, text, sizeof(text));
	text_add(&out, "%lld %u %s\n", (long long)scheduled->at_s, scheduled->confirm_min, step_words[scheduled->step]);
	text_add(&out, "`reconfigure` waits for %s UTC", scheduled_date(scheduled->at_s, date));
	if (scheduled->confirm_min)
		text_add(&out, ", then %u min for `confirm`", scheduled->confirm_min);
	text_add(&out, "; `undo` cancels it\n");
	return file_replace(dir_fd, name, text, out.len, 0600);
}

/* ---- in memory ---- */

bool scheduled_read(int run_fd, struct scheduled *scheduled)
{
	return load(run_fd, SCHEDULED_FILE, scheduled) == 0;
}

int scheduled_write(int run_fd, const struct scheduled *scheduled)
{
	return save(run_fd, SCHEDULED_FILE, scheduled);
}

int scheduled_put(int run_fd, const struct scheduled *scheduled, const struct conf_set *set)
{
	int err = applied_save(run_fd, FILES_DIR, set, ~0u, false);

	return err < 0 ? err : scheduled_write(run_fd, scheduled);
}

int scheduled_files(int run_fd)
{
	return applied_open(run_fd, FILES_DIR);
}

void scheduled_remove(int run_fd)
{
	(void)unlinkat(run_fd, SCHEDULED_FILE, 0);
	applied_remove(run_fd, FILES_DIR);
}

bool scheduled_trusts_clock(int run_fd)
{
	return faccessat(run_fd, CLOCK_TROUBLE_FILE, F_OK, 0) < 0;
}

/* ---- on the partition ---- */

static int forget_when(int store_fd)
{
	if (unlinkat(store_fd, WHEN_FILE, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return fsync(store_fd) < 0 ? -errno : 0;
}

/* No time is ever beside the files of another. */
static int write_all(int store_fd, const struct scheduled *scheduled, const struct conf_set *set)
{
	int err = forget_when(store_fd);

	if (!err)
		err = set_dir_write(store_fd, FILES_DIR, set, ~0u, true);
	return err < 0 ? err : save(store_fd, WHEN_FILE, scheduled);
}

int scheduled_keep(int store_fd, const struct scheduled *scheduled, const struct conf_set *set)
{
	int err = flock(store_fd, LOCK_EX) < 0 ? -errno : write_all(store_fd, scheduled, set);

	(void)flock(store_fd, LOCK_UN);
	return err;
}

int scheduled_begin(int store_fd, const struct scheduled *scheduled)
{
	struct scheduled there = { 0 };
	int err = load(store_fd, WHEN_FILE, &there);

	if (err < 0 || there.at_s != scheduled->at_s)
		return err == -ENOENT ? 0 : err; /* the partition did not take it, and no boot will find it */
	return save(store_fd, WHEN_FILE, scheduled);
}

static int remove_all(int store_fd, const struct scheduled *scheduled)
{
	struct scheduled there = { 0 };
	int err = load(store_fd, WHEN_FILE, &there);

	if (!err && there.at_s != scheduled->at_s)
		return 0;
	err = forget_when(store_fd);
	if (!err)
		set_dir_remove(store_fd, FILES_DIR);
	return err;
}

int scheduled_drop(int store_fd, const struct scheduled *scheduled)
{
	int err = flock(store_fd, LOCK_EX) < 0 ? -errno : remove_all(store_fd, scheduled);

	(void)flock(store_fd, LOCK_UN);
	return err;
}

/* As they are: who applies them checks them. */
static int copy_files(int store_fd, int run_fd)
{
	struct conf_set *set = calloc(1, sizeof(*set)); /* for a boot alone */
	int fd = set ? set_dir_open(store_fd, FILES_DIR) : -ENOMEM, err = fd;
	static struct diag diag;

	if (fd >= 0) {
		diag_clear(&diag, true);
		conf_set_load(set, fd, &diag);
		close(fd);
		err = applied_save(run_fd, FILES_DIR, set, ~0u, false);
		conf_set_wipe(set);
	}
	free(set);
	return err;
}

int scheduled_find(int store_fd, int run_fd)
{
	struct scheduled scheduled;
	int err = load(store_fd, WHEN_FILE, &scheduled);

	if (err == -ENOENT)
		return 0;
	if (!err)
		err = copy_files(store_fd, run_fd);
	return err < 0 ? err : scheduled_write(run_fd, &scheduled);
}

bool scheduled_is(int store_fd, const struct conf_set *set)
{
	struct scheduled scheduled;

	return !load(store_fd, WHEN_FILE, &scheduled) && set_dir_same(store_fd, FILES_DIR, set, ~0u);
}
