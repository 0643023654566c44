/* base/kept: the log as the partition has it. */
#include "base/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"

enum { AT = 1795894801 }; /* 2026-11-28 19:40:01 UTC */

TEST(kept_lines_are_read_as_they_were_written)
{
	char text[3 * KEPT_LINE_LEN] = "";
	struct slice rest;
	struct kept kept;
	size_t len = 0;

	len += kept_boot_line(text, AT, "4fb1-id");
	len += kept_line(text + len, AT + 60, 1234, "console: ttyS0: login");
	rest = (struct slice){ text, len };
	CHECK(!strncmp(text, "2026-11-28 19:40:01 boot 4fb1-id\n", 33));
	CHECK(kept_next(&rest, &kept) && kept.is_boot && kept.at == AT && slice_equal(kept.text, "4fb1-id"));
	CHECK(kept_next(&rest, &kept) && !kept.is_boot && kept.at == AT + 60 && kept.sequence == 1234);
	CHECK(slice_equal(kept.text, "console: ttyS0: login"));
	CHECK(!kept_next(&rest, &kept));
}

/* A power cut in the middle of a write, at each byte of it; and what a file system may leave in its place. */
TEST(kept_line_that_is_torn_takes_no_other_along)
{
	char line[KEPT_LINE_LEN], text[4 * KEPT_LINE_LEN], zeros[64] = "";
	size_t len = kept_line(line, AT, 7, "init: the second");

	for (size_t cut = 0; cut <= len; cut++) {
		size_t at = kept_line(text, AT, 6, "init: the first"), count = 0;
		struct slice rest;
		struct kept kept;

		memcpy(text + at, line, cut);
		at += cut;
		text[at++] = '\n';
		memcpy(text + at, zeros, cut % sizeof(zeros));
		at += cut % sizeof(zeros);
		text[at++] = '\n';
		at += kept_line(text + at, AT + 1, 8, "init: the third");
		rest = (struct slice){ text, at };
		while (kept_next(&rest, &kept)) {
			count++;
			CHECK(kept.sequence >= 6 && kept.sequence <= 8);
		}
		CHECK(kept.sequence == 8 && slice_equal(kept.text, "init: the third") && count >= 2 && count <= 3);
	}
}

TEST(kept_lines_are_bounded)
{
	char line[KEPT_LINE_LEN], text[2 * KEPT_LINE_LEN];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	CHECK(kept_line(line, AT, 1, text) < KEPT_LINE_LEN && line[kept_line(line, AT, 1, text) - 1] == '\n');
	CHECK(!kept_line(line, AT, 1, ""));
}

TEST(kept_at_once_is_who_changed_what_and_not_the_kernels_chatter)
{
	static const struct {
		unsigned facility, level;
		const char *text;
		enum kept_urgency urgency;
	} lines[] = {
		{ 0, LOG_INFO, "usb 1-1: new device", KEPT_NOT },
		{ 0, LOG_ERR, "EXT4-fs error", KEPT_LATER },
		{ 3, LOG_NOTICE, "console: ttyS0: reconfigure", KEPT_NOW },
		{ 3, LOG_INFO, "config: generation 12 runs", KEPT_NOW },
		{ 3, LOG_INFO, "gateway: peer ams1: handshake done, after 3 that failed", KEPT_LATER },
		{ 0, LOG_INFO, "console: of the kernel", KEPT_NOT },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const struct kmsg kmsg = { .facility = lines[i].facility, .level = lines[i].level, .text = lines[i].text };

		CHECK(kept_urgency(&kmsg) == lines[i].urgency);
	}
}

TEST(kept_file_that_is_too_long_is_read_from_its_end)
{
	static char text[KEPT_FILE_MAX + 1];
	char path[] = "/tmp/kept.XXXXXX", line[KEPT_LINE_LEN];
	int made = mkstemp(path), fd;
	size_t len = kept_line(line, AT, 7, "console: ttyS0: login"), size = 0;
	struct slice rest;
	struct kept kept;
	ssize_t n;

	CHECK(made >= 0);
	for (; size <= 2 * (size_t)KEPT_FILE_MAX; size += len)
		CHECK(write(made, line, len) == (ssize_t)len);
	len = kept_line(line, AT, 8, "console: ttyS0: the last");
	CHECK(write(made, line, len) == (ssize_t)len);
	close(made);
	fd = kept_open(path);
	CHECK(fd >= 0);
	n = file_read_fd(fd, text, sizeof(text));
	close(fd);
	CHECK_INT(n, KEPT_FILE_MAX);
	rest = (struct slice){ text, (size_t)n };
	while (kept_next(&rest, &kept))
		CHECK(kept.sequence == 7 || kept.sequence == 8);
	CHECK_INT((long long)kept.sequence, 8);
	CHECK_INT(unlink(path), 0);
	CHECK(kept_open(path) == -ENOENT);
}
