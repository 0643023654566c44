#include "nics/conflicts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "base/wrap.h"

static void add_sentence(void *arg, const char *sentence)
{
	text_add(arg, "%s\n", sentence);
}

void conflicts_write(const struct conflicts *conflicts, const char *run_dir)
{
	static char bytes[CONFLICTS_MAX * CONFLICT_WORDS_LEN];
	int fd = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = fd < 0 ? -errno : 0;
	struct text text;

	text_init(&text, bytes, sizeof(bytes));
	conflicts_each(conflicts, add_sentence, &text);
	if (!err)
		err = file_replace(fd, CONFLICTS_FILE, bytes, text.len, 0600);
	if (err < 0)
		log_err("cannot write %s/" CONFLICTS_FILE ": %s", run_dir, strerror(-err));
	if (fd >= 0)
		close(fd);
}

static void print_sentence(void *arg, const char *sentence)
{
	wrap_text(sentence, 2, control_print_line, arg);
}

void conflicts_print(const struct conflicts *conflicts, struct control_call *call)
{
	conflicts_each(conflicts, print_sentence, call);
}
