#include "base/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/file.h"

#define BOOT "boot"
#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

enum { KERNEL = LOG_KERN >> 3, YEAR_MIN = 1970, YEAR_MAX = 2999, STAMP_LEN = sizeof("2026-11-28 19:40:01") - 1 };

int kept_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_size <= KEPT_FILE_MAX || lseek(fd, st.st_size - KEPT_FILE_MAX, SEEK_SET) >= 0))
		return fd;
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -errno : -EINVAL;
}

void kept_boot_id(char id[static KEPT_BOOT_ID_LEN + 1])
{
	if (file_read(AT_FDCWD, BOOT_ID_FILE, id, KEPT_BOOT_ID_LEN + 1) < 0)
		id[0] = '\0';
	id[strcspn(id, "\n")] = '\0';
}

static size_t line_of(char line[static KEPT_LINE_LEN], time_t at, const char *which, const char *text)
{
	struct text out;
	char when[32];
	struct tm tm;

	text_init(&out, line, KEPT_LINE_LEN);
	if (!*text || !gmtime_r(&at, &tm) || strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm) != STAMP_LEN)
		return 0;
	text_add(&out, "%s %s %s", when, which, text);
	/* What a record holds is one line of bytes: the end of it may go. */
	if (out.len > KEPT_LINE_LEN - 2)
		out.len = KEPT_LINE_LEN - 2;
	line[out.len++] = '\n';
	return out.len;
}

size_t kept_line(char line[static KEPT_LINE_LEN], time_t at, uint64_t sequence, const char *text)
{
	char which[24];

	text_format(which, sizeof(which), "%llu", (unsigned long long)sequence);
	return line_of(line, at, which, text);
}

size_t kept_boot_line(char line[static KEPT_LINE_LEN], time_t at, const char *boot_id)
{
	return line_of(line, at, BOOT, boot_id);
}

/* "2026-11-28" and "19:40:01" */
static bool read_numbers(struct slice text, char sep, size_t first_len, int values[static 3])
{
	for (size_t i = 0; i < 3; i++) {
		struct slice part;
		uint64_t value;

		if (!slice_cut(&text, sep, &part) || part.len != (i ? 2 : first_len) || text_uint(part, 9999, &value) < 0)
			return false;
		values[i] = (int)value;
	}
	return !text.ptr;
}

static bool read_line(struct slice line, struct kept *kept)
{
	struct slice date, clock, which;
	int day[3], time[3];
	struct tm tm = { 0 };

	if (!slice_cut(&line, ' ', &date) || !slice_cut(&line, ' ', &clock) || !slice_cut(&line, ' ', &which) || !line.ptr || !line.len ||
	    memchr(line.ptr, '\0', line.len))
		return false;
	if (!read_numbers(date, '-', 4, day) || !read_numbers(clock, ':', 2, time) || day[0] < YEAR_MIN || day[0] > YEAR_MAX ||
	    day[1] < 1 || day[1] > 12 || day[2] < 1 || day[2] > 31 || time[0] > 23 || time[1] > 59 || time[2] > 60)
		return false;
	tm.tm_year = day[0] - 1900;
	tm.tm_mon = day[1] - 1;
	tm.tm_mday = day[2];
	tm.tm_hour = time[0];
	tm.tm_min = time[1];
	tm.tm_sec = time[2];
	*kept = (struct kept){ .at = timegm(&tm), .is_boot = slice_equal(which, BOOT), .text = line };
	return kept->is_boot || !text_uint(which, UINT64_MAX, &kept->sequence);
}

bool kept_next(struct slice *rest, struct kept *kept)
{
	struct slice line;

	/* The last piece has no end: it is torn, or it is nothing. */
	while (slice_cut(rest, '\n', &line) && rest->ptr)
		if (line.len < KEPT_LINE_LEN && read_line(line, kept))
			return true;
	return false;
}

/* Who changed what, who came in; what runs is another one; the clock; the end. */
static const char *const urgent[] = { "console: ", "config: ", "clock: ", "init: reboot", "init: power off", "devices: the power button" };

enum kept_urgency kept_urgency(const struct kmsg *kmsg)
{
	if (kmsg->facility == KERNEL && kmsg->level > LOG_ERR)
		return KEPT_NOT;
	for (size_t i = 0; kmsg->facility != KERNEL && i < sizeof(urgent) / sizeof(urgent[0]); i++)
		if (!strncmp(kmsg->text, urgent[i], strlen(urgent[i])))
			return KEPT_NOW;
	return KEPT_LATER;
}
