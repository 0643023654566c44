#include "config/plan_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/paths.h"
#include "base/text.h"

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

/* How many lines. */
static size_t copy(int fd, FILE *to)
{
	char bytes[4096];
	size_t lines = 0;
	ssize_t n;

	(void)lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			lines += bytes[i] == '\n';
		(void)fwrite(bytes, 1, (size_t)n, to);
	}
	(void)fflush(to);
	return lines;
}

static void add_cut(struct plan_text *plan, const char *path)
{
	size_t len = strlen(plan->cuts);
	char words[PLAN_CUTS_LEN / 3];
	ssize_t n = pread(plan->err_fd, words, sizeof(words) - 1, 0);
	bool is_other = path && strcmp(path, NAME_MANAGEMENT) != 0;

	words[n > 0 ? n : 0] = '\0';
	words[strcspn(words, "\n")] = '\0';
	/* The peers of both paths are the same ones. */
	if (!*words || (path && plan->cuts_peers))
		return;
	plan->cuts_peers = plan->cuts_peers || path;
	text_format(plan->cuts + len, sizeof(plan->cuts) - len, "%s%s%s", len ? " and " : "", words,
		    is_other ? " of the dataplane" : "");
}

void plan_text_end(struct plan_text *plan, const char *path, bool asked)
{
	size_t lines = copy(plan->out_fd, stdout);

	plan->lines += lines;
	plan->of_both = plan->of_both || (path && lines);
	if (asked)
		add_cut(plan, path);
	else
		(void)copy(plan->err_fd, stderr);
}
