#include "init/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/built.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/terminal.h"
#include "base/text.h"
#include "init/clockfloor.h"
#include "init/rtc.h"
#include "ntp/ask.h"

#define TROUBLE RUN_DIR "/" CLOCK_TROUBLE_FILE

static int usage(void)
{
	(void)fprintf(stderr, "usage: clock [set YYYY-MM-DD HH:MM:SS [--force]], in UTC\n");
	return 2;
}

static void print_line(void *arg, const char *text)
{
	(void)arg;
	printf("%s\n", text);
}

static int clock_show(void)
{
	char text[CLOCK_TEXT_LEN], trouble[512];
	int64_t made_s = built_s();
	static struct ntp_wanted wanted;
	int64_t rtc_s = 0;
	struct clock_mark mark;
	int err = rtc_read(&rtc_s);

	printf("time         %s\n", clockfloor_text(time(NULL), text));
	printf("machine      %s\n", err ? "it has no clock that can be read" : clockfloor_text(rtc_s, text));
	err = clockmark_read(&mark);
	printf("last kept    %s\n", err ? "the partition cannot be read" : mark.known ? clockfloor_text(mark.at_s, text) : "never");
	printf("system made  %s\n", made_s ? clockfloor_text(made_s, text) : "not known");
	ntp_wanted_read(&wanted, RUN_DIR);
	ntp_print(&wanted, RUN_DIR, print_line, NULL);
	if (file_read(AT_FDCWD, TROUBLE, trouble, sizeof(trouble)) > 0)
		printf("%s\n", trouble);
	return 0;
}

static bool confirmed(void)
{
	bool yes;

	terminal_open();
	yes = terminal_yes("set it (yes/no)?");
	terminal_restore();
	return yes;
}

static bool parse(const char *date, const char *hours, struct tm *tm)
{
	const char *end;

	*tm = (struct tm){ 0 };
	end = strptime(date, "%Y-%m-%d", tm);
	if (!end || *end)
		return false;
	end = strptime(hours, "%H:%M:%S", tm);
	return end && !*end;
}

/* The new time holds for the machine's clock and the mark too: nothing brings the old one back. */
static int set_all(int64_t s)
{
	const struct timespec set = { .tv_sec = s };
	char text[CLOCK_TEXT_LEN];
	int err;

	if (clock_settime(CLOCK_REALTIME, &set) < 0) {
		(void)fprintf(stderr, "cannot set the clock: %s\n", strerror(errno));
		return 1;
	}
	printf("time         %s\n", clockfloor_text(s, text));
	err = rtc_write(s);
	if (err < 0)
		(void)fprintf(stderr, "the machine's own clock cannot be set: %s; the next boot may be wrong again\n",
			      strerror(-err));
	err = clockmark_running();
	if (err < 0)
		(void)fprintf(stderr, "the time cannot be kept on the partition: %s\n", strerror(-err));
	(void)unlink(TROUBLE);
	return err < 0;
}

static int clock_set(const char *date, const char *hours, bool force)
{
	char now_text[CLOCK_TEXT_LEN], set_text[CLOCK_TEXT_LEN];
	int64_t now_s = time(NULL), made_s = built_s(), set_s;
	struct tm tm;

	if (!parse(date, hours, &tm))
		return usage();
	set_s = timegm(&tm);
	if (set_s < made_s) {
		(void)fprintf(stderr, "this system was made %s: it cannot be earlier\n", clockfloor_text(made_s, set_text));
		return 1;
	}
	printf("The time is %s and would be %s.\n", clockfloor_text(now_s, now_text), clockfloor_text(set_s, set_text));
	if (set_s < now_s)
		printf("Peers remember the latest time that they heard from us and take no handshake with an earlier one: each\n"
		       "session ends within three minutes, and none begins before that time has come again or the peers have\n"
		       "been restarted (README, \"Recovery\").\n");
	else if (set_s - now_s > CLOCKFLOOR_INTERVAL_S)
		printf("Peers will remember it: to go back later costs the sessions with them.\n");
	if (ntp_follows(RUN_DIR))
		printf("It follows time servers or the other instances again from there, if they are within an hour of it.\n");
	if (!force && !isatty(STDIN_FILENO)) {
		(void)fprintf(stderr, "not at a terminal: --force sets it without a question\n");
		return 1;
	}
	if (!force && !confirmed()) {
		printf("It is as it was.\n");
		return 1;
	}
	return set_all(set_s);
}

int clock_main(int argc, char **argv)
{
	bool force = argc == 5 && !strcmp(argv[4], "--force");

	if (argc == 1)
		return clock_show();
	if ((argc != 4 && !force) || strcmp(argv[1], "set") != 0)
		return usage();
	return clock_set(argv[2], argv[3], force);
}
