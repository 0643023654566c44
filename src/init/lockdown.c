#include "init/lockdown.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "init/board.h"

#define LEVEL_FILE "/sys/kernel/security/lockdown"
#define SIGNED_FILE "/sys/module/module/parameters/sig_enforce"
#define ENDED_FILE "/proc/sys/kernel/modules_disabled"

enum { LEVEL_LEN = 64 };

/* The file has all levels, the one that holds in brackets: "none [integrity] confidentiality". */
const char *lockdown_level(void)
{
	static char text[LEVEL_LEN];
	char *begin, *end;

	if (file_read(AT_FDCWD, LEVEL_FILE, text, sizeof(text)) < 0 || !(begin = strchr(text, '[')) ||
	    !(end = strchr(begin, ']')))
		return "";
	*end = '\0';
	return begin + 1;
}

int lockdown_raise(char *words, size_t cap)
{
	char wanted[LEVEL_LEN];
	int err;

	if (slice_copy(board_value("LOCKDOWN"), wanted, sizeof(wanted)) < 0)
		return -EINVAL;
	text_format(words, cap, "%s", lockdown_level());
	/* The kernel's command line may have said it; the same level again is refused. */
	if (!wanted[0] || !strcmp(wanted, "none") || !strcmp(wanted, lockdown_level()))
		return 0;
	err = file_poke(LEVEL_FILE, wanted);
	text_format(words, cap, err < 0 ? "LOCKDOWN = %s in board.conf, this kernel says %s" : "%s", wanted,
		    lockdown_level()[0] ? lockdown_level() : "nothing");
	return err;
}

int lockdown_end_modules(char *words, size_t cap)
{
	struct slice wanted = board_value("MODULES_DISABLED");
	bool ends = slice_equal(wanted, "1");

	if (!ends && wanted.len && !slice_equal(wanted, "0"))
		return -EINVAL;
	text_format(words, cap, ends ? "no module is loaded any more" : "hardware that comes later gets its driver");
	return ends ? file_poke(ENDED_FILE, "1") : 0;
}

static bool file_starts(const char *path, char c)
{
	char text[LEVEL_LEN];

	return file_read(AT_FDCWD, path, text, sizeof(text)) > 0 && text[0] == c;
}

bool lockdown_modules_are_signed(void)
{
	return file_starts(SIGNED_FILE, 'Y') || lockdown_modules_ended();
}

bool lockdown_modules_ended(void)
{
	return file_starts(ENDED_FILE, '1');
}
