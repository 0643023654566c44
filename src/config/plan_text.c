#include "config/plan_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/paths.h"
#include "base/text.h"

enum { LINE_LEN = 512 };

void plan_text_init(struct plan_text *plan)
{
	*plan = (struct plan_text){ .out_fd = -1, .err_fd = -1 };
}

void plan_text_close(struct plan_text *plan)
{
	if (plan->out_fd >= 0)
		close(plan->out_fd);
	if (plan->err_fd >= 0)
		close(plan->err_fd);
	plan->out_fd = plan->err_fd = -1;
}

int plan_text_begin(struct plan_text *plan)
{
	plan_text_close(plan);
	plan->out_fd = memfd_create("plan", MFD_CLOEXEC);
	plan->err_fd = memfd_create("plan", MFD_CLOEXEC);
	return plan->out_fd < 0 || plan->err_fd < 0 ? -errno : 0;
}

/* A line of a peer or of all of them, and no name of .env, which are written with "_"; what goes on in the next line begins further in. */
static bool is_of_peers(const char *line)
{
	return strspn(line, " ") == 2 && line[2 + strcspn(line + 2, "_ \n")] != '_';
}

/* How many lines. */
static size_t copy(int fd, FILE *to, bool *of_peers)
{
	char line[LINE_LEN];
	size_t lines = 0;
	FILE *from;

	(void)lseek(fd, 0, SEEK_SET);
	from = fdopen(dup(fd), "r");
	while (from && fgets(line, sizeof(line), from)) {
		*of_peers = *of_peers || is_of_peers(line);
		lines++;
		(void)fputs(line, to);
	}
	if (from)
		(void)fclose(from);
	(void)fflush(to);
	return lines;
}

static void add_cut(struct plan_text *plan, const char *path, struct slice words)
{
	bool is_other = path && strcmp(path, NAME_MANAGEMENT) != 0, is_session = path && memmem(words.ptr, words.len, " session", 8);

	/* The peers of both paths are the same ones, and their sessions are each path's own. */
	if (!words.len || plan->cut_count == PLAN_CUTS_MAX || (path && !is_session && plan->cuts_peers))
		return;
	plan->cuts_peers = plan->cuts_peers || (path && !is_session);
	text_format(plan->cut[plan->cut_count++], PLAN_CUT_LEN, "%.*s%s", SLICE_ARG(words),
		    is_other ? " of the dataplane" : is_session ? " of management" : "");
}

static void add_cuts(struct plan_text *plan, const char *path)
{
	char bytes[PLAN_CUTS_LEN];
	ssize_t n = pread(plan->err_fd, bytes, sizeof(bytes), 0);
	struct slice rest = { bytes, n > 0 ? (size_t)n : 0 }, line;

	while (slice_cut(&rest, '\n', &line))
		add_cut(plan, path, line);
}

const char *plan_text_cuts(const struct plan_text *plan, char words[static PLAN_CUTS_LEN])
{
	struct text text;

	text_init(&text, words, PLAN_CUTS_LEN);
	for (size_t i = 0; i < plan->cut_count; i++)
		text_add(&text, "%s%s", !i ? "" : i + 1 < plan->cut_count ? ", " : " and ", plan->cut[i]);
	return words;
}

void plan_text_end(struct plan_text *plan, const char *path, bool asked)
{
	bool of_peers = false, unused = false;
	size_t lines = copy(plan->out_fd, stdout, &of_peers);

	plan->lines += lines;
	plan->keys_told = plan->keys_told || path;
	plan->peers_told = plan->peers_told || (path && of_peers);
	if (asked)
		add_cuts(plan, path);
	else
		(void)copy(plan->err_fd, stderr, &unused);
}
