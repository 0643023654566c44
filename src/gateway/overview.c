#include "gateway/overview.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/paths.h"
#include "base/row.h"
#include "base/text.h"
#include "control/client.h"
#include "gateway/ask.h"
#include "gateway/files_state.h"
#include "gateway/host_state.h"
#include "gateway/profile.h"
#include "report/overview.h"

/* NOTES_MAX: of one kind; all of them are elsewhere. */
enum { EXIT_USAGE = 2, HEAD_LEN = 512, NOTES_LEN = 8192, NOTES_MAX = 3, WATCH_DEFAULT_S = 5, WATCH_MAX_S = 3600 };

/* ---- the screen ---- */

/* The lines of a file in memory, behind skip others; the whole of it is where more says. */
static void print_notes(const char *run_dir, const char *name, const char *before, int skip, const char *more)
{
	char path[CONTROL_PATH_LEN], text[NOTES_LEN], row[NOTES_LEN];
	int left = NOTES_MAX;
	struct slice rest, line;
	ssize_t n;

	text_format(path, sizeof(path), "%s/%s", run_dir, name);
	n = file_read_begin(AT_FDCWD, path, text, sizeof(text));
	rest = (struct slice){ text, n > 0 ? (size_t)n : 0 };
	while (slice_cut(&rest, '\n', &line)) {
		if (!line.len || skip-- > 0)
			continue;
		if (!left--) {
			printf("  and more like that: %s\n", more);
			return;
		}
		text_format(row, sizeof(row), "%s%.*s", before, SLICE_ARG(line));
		overview_wrap(row, row_print, NULL);
	}
}

/* What the services did not say, the file that the prompt comes from may. */
static void name_instance(struct overview *overview, const char *run_dir)
{
	char path[CONTROL_PATH_LEN], text[HEAD_LEN];
	struct slice rest, name;
	ssize_t n;

	if (overview->name[0])
		return;
	text_format(path, sizeof(path), "%s/" NAMES_FILE, run_dir);
	n = file_read_begin(AT_FDCWD, path, text, sizeof(text));
	rest = (struct slice){ text, n > 0 ? (size_t)n : 0 };
	(void)slice_cut(&rest, '\n', &name);
	if (n <= 0 || !name.len || slice_copy(name, overview->name, sizeof(overview->name)) < 0)
		text_format(overview->name, sizeof(overview->name), NAME_MANAGEMENT);
}

static const char *time_of_day(char text[static 32])
{
	time_t now = time(NULL);
	struct tm tm;

	if (!gmtime_r(&now, &tm) || !strftime(text, 32, "%H:%M:%S UTC", &tm))
		text[0] = '\0';
	return text;
}

static int show_all(const char *run_dir, const char *conf_dir)
{
	static struct overview overview;
	struct files_asked files;
	char head[HEAD_LEN], when[32], state[FILES_STATE_LEN];

	files_ask(&files, conf_dir, run_dir);
	ask_overview(&overview, run_dir);
	name_instance(&overview, run_dir);
	files_answer(&files, state);
	text_format(head, sizeof(head), "%s  %s%s%s   files: %s", overview.name, overview.address, overview.address[0] ? "  " : "",
		    time_of_day(when), state);
	overview_wrap(head, row_print, NULL);
	print_notes(run_dir, CLOCK_TROUBLE_FILE, "clock: ", 0, "`boot`");
	host_print_clock(row_print, NULL);
	print_notes(run_dir, CONFLICTS_FILE, "", 0, "`network`");
	print_notes(run_dir, LEASES_TROUBLE_FILE, "", 0, "`network`");
	print_notes(run_dir, PENDING_FILE, "", 1, "`log config`");
	print_notes(run_dir, SCHEDULED_FILE, "", 1, "`log config`");
	print_notes(run_dir, HELD_FILE, "", 0, "`log config`");
	host_print_nics(row_print, NULL);
	overview_print_paths(&overview, row_print, NULL);
	overview_print_peers(&overview, OVERVIEW_ROWS, row_print, NULL);
	return !overview_is_fine(&overview);
}

/* Ctrl-C ends it; what is on its way to the terminal then is not waited for. */
static int show_watch(const char *run_dir, uint64_t every_s)
{
	static struct overview now, before;
	uint64_t asked_ns = 0, before_ns;
	char when[32];

	for (;;) {
		struct timespec rest = { .tv_sec = (time_t)every_s };

		before = now;
		before_ns = asked_ns;
		asked_ns = clock_now_ns();
		ask_overview(&now, run_dir);
		name_instance(&now, run_dir);
		printf("%s  %s  each %llu s, Ctrl-C ends it\n", now.name, time_of_day(when), (unsigned long long)every_s);
		overview_print_paths(&now, row_print, NULL);
		overview_print_rates(&now, &before, before_ns ? (asked_ns - before_ns) / NS_PER_MS : 0, OVERVIEW_ROWS, row_print, NULL);
		printf("\n");
		if (fflush(stdout) == EOF)
			return 1;
		while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
			continue;
	}
}

static void print_lines(struct slice text)
{
	char row[HEAD_LEN];
	struct slice line;

	while (slice_cut(&text, '\n', &line) && (line.len || text.ptr)) {
		text_format(row, sizeof(row), "%.*s", SLICE_ARG(line));
		overview_wrap(row, row_print, NULL);
	}
}

static int show_peer(const char *run_dir, char *name)
{
	static char text[ASK_ANSWER_MAX];
	static char verb[] = "show", option[] = "--peer";
	char *const words[] = { verb, option, name, NULL };
	struct ask questions[PROFILES];
	char why[CONTROL_WHY_LEN], row[HEAD_LEN];
	bool found = false, silent = false;

	ask_both(run_dir, words, ASK_SILENCE_MS, questions);
	for (int i = 0; i < PROFILES; i++) {
		struct slice answer = ask_answer(&questions[i], text);

		if (questions[i].status < 0) {
			text_format(row, sizeof(row), "%s: %s", profiles[i].title,
				    control_why(questions[i].status, run_dir, profiles[i].name, why));
			overview_wrap(row, row_print, NULL);
			silent = true;
		} else if (answer.len) {
			puts(profiles[i].title);
			print_lines(answer);
			found = true;
		}
	}
	if (!found)
		ask_print_no_peer(name, silent);
	return !found;
}

int overview_main(const char *run_dir, int argc, char **argv)
{
	const char *conf_dir = DATA_DIR;
	uint64_t every_s = WATCH_DEFAULT_S;

	if (argc >= 2 && !strcmp(argv[argc - 2], "--conf")) {
		conf_dir = argv[argc - 1];
		argc -= 2;
	}
	if (!argc)
		return show_all(run_dir, conf_dir);
	if (!strcmp(argv[0], "watch") && (argc == 1 || (argc == 2 && !text_uint(slice_of(argv[1]), WATCH_MAX_S, &every_s) && every_s)))
		return show_watch(run_dir, every_s);
	if (argc == 1 && argv[0][0] != '-')
		return show_peer(run_dir, argv[0]);
	(void)fprintf(stderr, "usage: show [NAME | watch [SECONDS] | all | gateway | gateway-dataplane] [--json]\n");
	return EXIT_USAGE;
}
