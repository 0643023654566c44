#include "init/ended.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "init/clockmark.h"
#include "init/pstore.h"
#include "init/system_dir.h"
#include "init/watchdog.h"

#define ENDED_FILE "ended"

static char why[ENDED_LEN];

void ended_because(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
}

const char *ended_words(void)
{
	return why;
}

int ended_keep(void)
{
	int dir_fd = system_dir_open();
	int err = dir_fd < 0 ? dir_fd : file_replace(dir_fd, ENDED_FILE, why, strlen(why), 0600);

	if (dir_fd >= 0)
		close(dir_fd);
	return err < 0;
}

bool ended_next_root_died(const struct ended_signs *signs)
{
	return slice_starts(slice_of(signs->written), ENDED_HANDED_OVER) && (signs->by_watchdog || signs->panic[0]);
}

void ended_judge(const struct ended_signs *signs, char *words, size_t cap)
{
	if (signs->by_watchdog)
		text_format(words, cap, "the watchdog reset the machine%s%s", signs->written[0] ? ": " : "", signs->written);
	else if (signs->panic[0])
		text_format(words, cap, "the kernel: %s (`log last-words`)", signs->panic);
	else if (signs->written[0])
		text_format(words, cap, "%s", signs->written);
	else if (signs->ordered)
		text_format(words, cap, "it was stopped in order");
	else
		text_format(words, cap, "%s", signs->known ? "no one said why: a power cut, or a reset" : "none is known");
	/* Of a disk and a firmware, which may hold anything: it goes to screens. */
	text_make_printable(words);
}

int ended_tell(char *words, size_t cap)
{
	char written[ENDED_LEN] = "", panic[PSTORE_LINE_LEN] = "";
	struct ended_signs signs = { .written = written, .panic = panic };
	struct clock_mark mark;
	int dir_fd = system_dir_open(), err;

	/* For good: after a power cut it would tell of a boot that it is not of. */
	if (dir_fd >= 0 && file_read_begin(dir_fd, ENDED_FILE, written, sizeof(written)) > 0 && unlinkat(dir_fd, ENDED_FILE, 0) == 0)
		(void)fsync(dir_fd);
	written[strcspn(written, "\n")] = '\0';
	err = pstore_take(dir_fd, panic, sizeof(panic));
	if (dir_fd >= 0)
		close(dir_fd);
	signs.by_watchdog = watchdog_did_reset();
	signs.known = clockmark_read(&mark) == 0 && mark.known;
	signs.ordered = signs.known && mark.stopped;
	ended_judge(&signs, words, cap);
	if (ended_next_root_died(&signs))
		(void)file_put(RUN_DIR "/" NEXT_ROOT_DIED_FILE, words, strlen(words));
	if (!signs.by_watchdog && !panic[0] && (written[0] || signs.ordered || !signs.known))
		return err;
	log_err("the boot before: %s", words);
	return err;
}
