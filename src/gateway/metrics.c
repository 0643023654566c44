#include "gateway/metrics.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.h"
#include "control/client.h"
#include "gateway/ask.h"

#define HELP "# HELP "
#define UP "mitigator_gateway_up"

/* What a service said; mapped, "" when it said nothing. */
struct told {
	struct slice text;
	bool answered, expected;
};

/* It has run here, or its supervisor says why it does not. */
static bool is_expected(const char *run_dir, const char *name)
{
	char path[CONTROL_PATH_LEN];

	if (control_path(path, run_dir, name) == 0 && access(path, F_OK) == 0)
		return true;
	text_format(path, sizeof(path), "%s/%s" ABSENT_END, run_dir, name);
	return access(path, F_OK) == 0;
}

static void told_map(struct told *told, struct ask *asked)
{
	struct stat st;
	void *text;

	if (asked->answer < 0)
		return;
	if (!asked->status && fstat(asked->answer, &st) == 0 && st.st_size > 0) {
		text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, asked->answer, 0);
		told->answered = text != MAP_FAILED;
		if (told->answered)
			told->text = (struct slice){ text, (size_t)st.st_size };
	}
	close(asked->answer);
}

static void told_unmap(struct told *told)
{
	if (told->answered)
		(void)munmap((void *)(uintptr_t)told->text.ptr, told->text.len);
}

/* Takes the lines of one name off *rest: its name, its two lines of header and its series. */
static bool cut_family(struct slice *rest, struct slice *name, struct slice *header, struct slice *series)
{
	const char *end;
	struct slice words, lines = *rest;

	if (!slice_starts(*rest, HELP))
		return false;
	end = memmem(rest->ptr + 1, rest->len - 1, "\n" HELP, sizeof("\n" HELP) - 1);
	*series = (struct slice){ rest->ptr, end ? (size_t)(end + 1 - rest->ptr) : rest->len };
	words = (struct slice){ rest->ptr + sizeof(HELP) - 1, rest->len - (sizeof(HELP) - 1) };
	*rest = (struct slice){ rest->ptr + series->len, rest->len - series->len };
	if (!slice_word(&words, name) || !slice_cut(&lines, '\n', &words) || !slice_cut(&lines, '\n', &words) || !lines.ptr)
		return false;
	*header = (struct slice){ series->ptr, (size_t)(lines.ptr - series->ptr) };
	*series = (struct slice){ lines.ptr, series->len - header->len };
	return true;
}

static void put(FILE *out, struct slice text)
{
	(void)fwrite(text.ptr, 1, text.len, out);
}

/* The series of that name in what another service said. */
static void put_series_of(FILE *out, struct slice text, struct slice wanted)
{
	struct slice name, header, series;

	while (cut_family(&text, &name, &header, &series))
		if (name.len == wanted.len && !memcmp(name.ptr, wanted.ptr, name.len))
			put(out, series);
}

static void put_silent(FILE *out, const struct told told[static PROFILES])
{
	for (size_t i = 0; i < PROFILES; i++)
		if (told[i].expected && !told[i].answered)
			(void)fprintf(out, UP "{path=\"%s\"} 0\n", profiles[i].name);
}

/* All names are in what either of them says. */
static void put_all(FILE *out, const struct told told[static PROFILES])
{
	size_t first = 0;
	struct slice rest, name, header, series;

	while (first < PROFILES && !told[first].answered)
		first++;
	if (first == PROFILES) {
		(void)fputs(HELP UP " 1: the path is up\n# TYPE " UP " gauge\n", out);
		put_silent(out, told);
		return;
	}
	rest = told[first].text;
	while (cut_family(&rest, &name, &header, &series)) {
		put(out, header);
		put(out, series);
		for (size_t i = first + 1; i < PROFILES; i++)
			put_series_of(out, told[i].text, name);
		if (slice_equal(name, UP))
			put_silent(out, told);
	}
}

bool metrics_collect(const char *run_dir, FILE *out)
{
	static char verb[] = "metrics";
	char *const words[] = { verb, NULL };
	struct told told[PROFILES] = { { .text = { "", 0 } } };
	struct ask asked[PROFILES];
	bool any = false;

	ask_both(run_dir, words, ASK_SILENCE_MS, asked);
	for (size_t i = 0; i < PROFILES; i++) {
		told_map(&told[i], &asked[i]);
		told[i].expected = is_expected(run_dir, profiles[i].name);
		any = any || told[i].answered || told[i].expected;
	}
	if (any)
		put_all(out, told);
	for (size_t i = 0; i < PROFILES; i++)
		told_unmap(&told[i]);
	return any;
}

int metrics_main(const char *run_dir)
{
	if (metrics_collect(run_dir, stdout))
		return 0;
	(void)fprintf(stderr, "metrics: no service runs here (%s)\n", run_dir);
	return 1;
}
