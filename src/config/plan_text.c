#include "config/plan_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/paths.h"
#include "base/plan_line.h"
#include "base/text.h"

enum { LINE_LEN = 512 };

void plan_text_init(struct plan_text *plan, const char *typed)
{
	*plan = (struct plan_text){ .out_fd = -1, .err_fd = -1, .refusals_fd = memfd_create("refusals", MFD_CLOEXEC), .typed = typed };
}

static void close_answer(struct plan_text *plan)
{
	if (plan->out_fd >= 0)
		close(plan->out_fd);
	if (plan->err_fd >= 0)
		close(plan->err_fd);
	plan->out_fd = plan->err_fd = -1;
}

void plan_text_close(struct plan_text *plan)
{
	close_answer(plan);
	if (plan->refusals_fd >= 0)
		close(plan->refusals_fd);
	plan->refusals_fd = -1;
}

int plan_text_begin(struct plan_text *plan)
{
	close_answer(plan);
	plan->out_fd = memfd_create("plan", MFD_CLOEXEC);
	plan->err_fd = memfd_create("plan", MFD_CLOEXEC);
	return plan->out_fd < 0 || plan->err_fd < 0 || plan->refusals_fd < 0 ? -errno : 0;
}

/* The peers of both paths are the same ones, and so are names of .env that both have. */
static bool was_said(unsigned kinds, enum plan_kind kind)
{
	return (kind == PLAN_PEER || kind == PLAN_ENV) && kinds & 1u << kind;
}

/* Calls each with what a service said, line by line. */
static void each_line(struct plan_text *plan, int fd, const char *path,
		      void (*each)(struct plan_text *plan, const char *path, enum plan_kind kind, struct slice words))
{
	char line[LINE_LEN];
	FILE *from;

	(void)lseek(fd, 0, SEEK_SET);
	from = fdopen(dup(fd), "r");
	while (from && fgets(line, sizeof(line), from)) {
		struct slice words;
		enum plan_kind kind = plan_line_read((struct slice){ line, strcspn(line, "\n") }, &words);

		each(plan, path, kind, words);
	}
	if (from)
		(void)fclose(from);
}

static void add_refusal(struct plan_text *plan, const char *path, enum plan_kind kind, struct slice words)
{
	if (kind == PLAN_KINDS)
		(void)dprintf(plan->refusals_fd, "%.*s\n", SLICE_ARG(words));
	else
		(void)dprintf(plan->refusals_fd, "%s: %.*s: `%s --force` if that is meant\n", path, SLICE_ARG(words), plan->typed);
}

/* What is no change is what goes on where it is refused. */
static void tell_line(struct plan_text *plan, const char *path, enum plan_kind kind, struct slice words)
{
	if (kind == PLAN_KINDS) {
		add_refusal(plan, path, kind, words);
		return;
	}
	if (was_said(plan->told_before, kind))
		return;
	plan->told |= 1u << kind;
	plan->lines++;
	printf("%.*s\n", SLICE_ARG(words));
}

static void add_cut(struct plan_text *plan, const char *path, enum plan_kind kind, struct slice words)
{
	bool is_other = path && strcmp(path, NAME_MANAGEMENT) != 0;

	if (plan->cut_count == PLAN_CUTS_MAX || was_said(plan->cut_before, kind))
		return;
	plan->cut_kinds |= 1u << kind;
	text_format(plan->cut[plan->cut_count++], PLAN_CUT_LEN, "%.*s%s", SLICE_ARG(words),
		    is_other ? " of the dataplane" : kind == PLAN_PATH ? " of management" : "");
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
	plan->told_before = plan->told;
	plan->cut_before = plan->cut_kinds;
	each_line(plan, plan->err_fd, path, asked ? add_cut : add_refusal);
	each_line(plan, plan->out_fd, path, tell_line);
	(void)fflush(stdout);
}

void plan_text_tell_refusals(const struct plan_text *plan)
{
	char bytes[LINE_LEN];
	ssize_t n;

	(void)lseek(plan->refusals_fd, 0, SEEK_SET);
	while ((n = read(plan->refusals_fd, bytes, sizeof(bytes))) > 0)
		(void)fwrite(bytes, 1, (size_t)n, stderr);
}
