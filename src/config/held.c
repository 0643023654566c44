#include "config/held.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"

enum { WORDS_LEN = 256 };

void held_tell(int run_fd, unsigned confirmed, const char *why)
{
	char words[WORDS_LEN];
	struct text out;

	text_init(&out, words, sizeof(words));
	text_add(&out, "the files %s: ", why);
	if (confirmed)
		text_add(&out, "generation %u runs, which was confirmed last", confirmed);
	else
		text_add(&out, "what ran before runs");
	text_add(&out, "; `diff` tells the difference, `reconfigure` applies the files\n");
	log_err("%.*s", (int)strlen(words) - 1, words);
	(void)file_replace(run_fd, HELD_FILE, words, strlen(words), 0600);
}

bool held_is(int run_fd)
{
	return !faccessat(run_fd, HELD_FILE, F_OK, 0);
}
