#include "base/pending.h"

#include <limits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/text.h"

enum { TEXT_LEN = PENDING_WORDS_LEN + 64 };

static const char *const step_words[PENDING_STEPS] = {
	[PENDING_APPLIED] = "applied",
	[PENDING_CONFIRMING] = "confirming",
	[PENDING_CONFIRMED] = "confirmed",
};

static const char *const cause_names[PENDING_CAUSES] = {
	[PENDING_CUT_OFF] = "cut-off",
	[PENDING_FAILED] = "failed",
	[PENDING_LATE] = "late",
	[PENDING_LOST] = "lost",
	[PENDING_UNDONE] = "undone",
};

const char *const pending_cause_words[PENDING_CAUSES] = {
	[PENDING_CUT_OFF] = "were being applied when that was cut off",
	[PENDING_FAILED] = "could not be applied",
	[PENDING_LATE] = "were not confirmed in time",
	[PENDING_LOST] = "cut management: no peer was heard for a minute",
	[PENDING_UNDONE] = "were applied, and undone",
};

/* The place of the next word among names, 0: of none, or of one that is none of them. */
static size_t read_place(struct slice *line, const char *const names[], size_t count)
{
	struct slice word;
	size_t at = slice_word(line, &word) ? slice_among(word, names, count) : 0;

	return at < count ? at : 0;
}

/* Its first line is for this reader, the second for people. */
bool pending_read(int run_fd, struct pending *pending)
{
	char text[TEXT_LEN];
	ssize_t n = file_read(run_fd, PENDING_FILE, text, sizeof(text));
	struct slice rest = { text, n > 0 ? (size_t)n : 0 }, line, word;
	uint64_t number;

	*pending = (struct pending){ 0 };
	if (!slice_cut(&rest, '\n', &line) || !slice_word(&line, &word) || text_uint(word, UINT_MAX - 1, &number) ||
	    !slice_word(&line, &word) || text_uint(word, UINT64_MAX, &pending->due_ns))
		return false;
	pending->number = (unsigned)number;
	pending->step = (enum pending_step)read_place(&line, step_words, PENDING_STEPS);
	pending->cause = (enum pending_cause)read_place(&line, cause_names, PENDING_CAUSES);
	return true;
}

int pending_write(int run_fd, const struct pending *pending, const char *words)
{
	char text[TEXT_LEN];
	struct text out;

	text_init(&out, text, sizeof(text));
	text_add(&out, "%u %llu %s %s\n%s\n", pending->number, (unsigned long long)pending->due_ns, step_words[pending->step],
		 cause_names[pending->cause], words);
	return file_replace(run_fd, PENDING_FILE, text, out.len, 0600);
}

void pending_remove(int run_fd)
{
	(void)unlinkat(run_fd, PENDING_FILE, 0);
}
