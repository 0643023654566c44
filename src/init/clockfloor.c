#include "init/clockfloor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "init/persist.h"

#define FLOOR_FILE PERSIST_DIR "/.clock"

static void text_of(time_t s, char *dst, size_t cap)
{
	struct tm tm;

	if (!gmtime_r(&s, &tm) || !strftime(dst, cap, "%Y-%m-%d %H:%M:%S UTC", &tm))
		dst[0] = '\0';
}

int clockfloor_raise(char *words, size_t cap)
{
	char now_text[64], floor_text[64];
	struct timespec floor = { 0 };
	time_t now_s = time(NULL);
	struct stat st;

	text_of(now_s, now_text, sizeof(now_text));
	text_format(words, cap, "%s", now_text);
	if (stat(FLOOR_FILE, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (now_s >= st.st_mtime)
		return 0;
	/* It may have run on for an interval after it was written down. */
	floor.tv_sec = st.st_mtime + CLOCKFLOOR_INTERVAL_S;
	if (clock_settime(CLOCK_REALTIME, &floor) < 0)
		return -errno;
	text_of(floor.tv_sec, floor_text, sizeof(floor_text));
	text_format(words, cap, "the clock said %s, which was before: set to %s", now_text, floor_text);
	return 0;
}

int clockfloor_keep(void)
{
	int fd = open(FLOOR_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), failed;

	if (fd < 0)
		return 1;
	failed = futimens(fd, NULL) < 0;
	close(fd);
	return failed;
}
