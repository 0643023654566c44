#include "config/history.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/row.h"
#include "base/text.h"
#include "conf/applied.h"
#include "conf/diff.h"
#include "config/scheduled.h"
#include "crypto/key.h"

enum { TIME_LEN = 32, TITLE_LEN = 48 };

static const char *time_text(int64_t when_s, char text[static TIME_LEN])
{
	time_t when = when_s;
	struct tm tm;

	if (!gmtime_r(&when, &tm) || !strftime(text, TIME_LEN, "%Y-%m-%d %H:%M:%S", &tm))
		text_format(text, TIME_LEN, "?");
	return text;
}

static void print_waiting(const char *run_dir)
{
	int run_fd = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct scheduled scheduled;
	char when[SCHEDULED_TIME_LEN];

	if (run_fd < 0)
		return;
	if (scheduled_read(run_fd, &scheduled))
		printf("   at  %s UTC  %-12s  %s\n", scheduled_date(scheduled.at_s, when), "console", "waits for its time");
	close(run_fd);
}

int history_print(struct owner *owner)
{
	const struct store *store = &owner->store;
	char when[TIME_LEN];
	struct about about;

	if (owner->store_err < 0) {
		(void)fprintf(stderr, "%s/" GENERATIONS_DIR ": %s\n", owner->data_dir, strerror(-owner->store_err));
		return 1;
	}
	if (!store->count)
		printf("there is no generation yet: the first `reconfigure` makes one\n");
	for (size_t i = 0; i < store->count; i++) {
		unsigned number = store->numbers[i];

		if (store_about(store, number, &about) < 0)
			printf("%5u  what is said of it cannot be read\n", number);
		else
			printf("%5u  %s UTC  %-12s  %-13s  %s\n", number, time_text(about.when_s, when), about.by,
			       number == store->confirmed ? "in force" : about_state_words[about.state], about.summary);
	}
	print_waiting(owner->run_dir);
	return 0;
}

/* ---- one against another ---- */

/* Where each file of a set is: what runs is two directories. */
struct side {
	char title[TITLE_LEN];
	int fds[CONF_FILES];
	int own[2]; /* to be closed, -1: none */
};

static int open_generation(const struct owner *owner, unsigned number, struct side *side)
{
	int fd = owner->store_err < 0 ? owner->store_err : store_files(&owner->store, number);

	text_format(side->title, sizeof(side->title), "generation %u", number);
	side->own[0] = fd;
	for (enum conf_file file = 0; file < CONF_FILES; file++)
		side->fds[file] = fd;
	return fd;
}

static int open_running(const struct owner *owner, struct side *side)
{
	int run_fd = open(owner->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	text_format(side->title, sizeof(side->title), "what runs");
	if (run_fd < 0)
		return -errno;
	side->own[0] = applied_open(run_fd, NAME_MANAGEMENT);
	side->own[1] = applied_open(run_fd, NAME_NETWORK);
	close(run_fd);
	for (enum conf_file file = 0; file < CONF_FILES; file++)
		side->fds[file] = side->own[file == CONF_NETWORK];
	return 0; /* a path that does not run has no files */
}

static void open_files(const struct owner *owner, struct side *side)
{
	text_format(side->title, sizeof(side->title), "the files");
	for (enum conf_file file = 0; file < CONF_FILES; file++)
		side->fds[file] = owner->data_fd;
}

static void close_side(struct side *side)
{
	for (size_t i = 0; i < 2; i++)
		if (side->own[i] >= 0)
			close(side->own[i]);
}

static char before[CONF_PUBLIC_MAX + 1], after[CONF_PUBLIC_MAX + 1];

static_assert(CONF_PUBLIC_MAX >= CONF_ENV_MAX && CONF_PUBLIC_MAX >= CONF_OTHER_MAX, "any file fits");

static ssize_t read_side(const struct side *side, enum conf_file file, char *bytes, size_t cap)
{
	ssize_t n = side->fds[file] < 0 ? -ENOENT : file_read(side->fds[file], conf_file_name(file), bytes, cap);

	return n == -ENOENT ? 0 : n;
}

/* 1: they differ, 0, or -errno. */
static int diff_file(const struct side *from, const struct side *to, enum conf_file file)
{
	ssize_t len = read_side(from, file, before, sizeof(before)), other = read_side(to, file, after, sizeof(after));

	if (len < 0 || other < 0)
		return (int)(len < 0 ? len : other);
	return diff_print(file, (struct slice){ before, (size_t)len }, (struct slice){ after, (size_t)other }, row_print, NULL);
}

static int diff_sides(const struct side *from, const struct side *to)
{
	bool different = false;
	int status = 0;

	for (enum conf_file file = 0; status >= 0 && file < CONF_FILES; file++) {
		status = diff_file(from, to, file);
		different = different || status > 0;
		if (status < 0)
			(void)fprintf(stderr, "%s cannot be compared: %s\n", conf_file_name(file), strerror(-status));
	}
	wipe(before, sizeof(before));
	wipe(after, sizeof(after));
	if (status >= 0 && !different)
		printf("no difference: %s, %s\n", from->title, to->title);
	else if (status >= 0)
		printf("- %s   + %s\n", from->title, to->title);
	return status < 0;
}

/* The side that was opened last. */
static const char *missing(const struct side *from, const struct side *to)
{
	return to->title[0] ? to->title : from->title;
}

int history_diff(struct owner *owner, unsigned number, unsigned other)
{
	struct side from = { .own = { -1, -1 } }, to = { .own = { -1, -1 } };
	int err = number ? open_generation(owner, number, &from) : open_running(owner, &from), status = 1;

	if (err >= 0 && !number)
		open_files(owner, &to);
	else if (err >= 0)
		err = other ? open_generation(owner, other, &to) : open_running(owner, &to);
	if (err >= 0)
		status = diff_sides(&from, &to);
	else if (err == -ENOENT)
		(void)fprintf(stderr, "there is no %s: `history` lists the generations\n", missing(&from, &to));
	else
		(void)fprintf(stderr, "%s cannot be read: %s\n", missing(&from, &to), strerror(-err));
	close_side(&from);
	close_side(&to);
	return status;
}
