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

static enum pending_step read_step(struct slice word)
{
	size_t at = slice_among(word, step_words, PENDING_STEPS);

	return at < PENDING_STEPS ? (enum pending_step)at : PENDING_APPLIED;
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
	pending->step = slice_word(&line, &word) ? read_step(word) : PENDING_APPLIED;
	return true;
}

int pending_write(int run_fd, const struct pending *pending, const char *words)
{
	char text[TEXT_LEN];
	struct text out;

	text_init(&out, text, sizeof(text));
	text_add(&out, "%u %llu %s\n%s\n", pending->number, (unsigned long long)pending->due_ns, step_words[pending->step], words);
	return file_replace(run_fd, PENDING_FILE, text, out.len, 0600);
}

void pending_remove(int run_fd)
{
	(void)unlinkat(run_fd, PENDING_FILE, 0);
}
