#include "config/pending.h"

#include <limits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/text.h"

enum { TEXT_LEN = 320 };

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
	return true;
}

int pending_write(int run_fd, const struct pending *pending, const char *words)
{
	char text[TEXT_LEN];
	struct text out;

	text_init(&out, text, sizeof(text));
	text_add(&out, "%u %llu\n%s\n", pending->number, (unsigned long long)pending->due_ns, words);
	return file_replace(run_fd, PENDING_FILE, text, out.len, 0600);
}

void pending_remove(int run_fd)
{
	(void)unlinkat(run_fd, PENDING_FILE, 0);
}
