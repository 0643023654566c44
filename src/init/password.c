#include "init/password.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "crypto/password.h"
#include "init/board.h"
#include "init/child.h"
#include "init/recovery.h"

#define KEPT_PATH DATA_DIR "/" SYSTEM_DIR "/" PASSWORD_FILE
#define LOGIN_PATH RUN_DIR "/" LOGIN_FILE

enum { IDLE_S = 900, IDLE_MAX_S = 1000000, KEPT_LEN = 256, READ_S = 10, THERE_IS_ONE = 16, IS_DAMAGED = 17 };

/* kept: the file's line or "". */
static int tell_consoles(struct slice kept)
{
	char text[KEPT_LEN + 16];
	uint64_t idle_s;

	if (text_uint(board_value("LOGIN_IDLE_S"), IDLE_MAX_S, &idle_s) < 0)
		idle_s = IDLE_S;
	text_format(text, sizeof(text), "%llu\n%.*s\n", (unsigned long long)idle_s, SLICE_ARG(kept));
	return file_put(LOGIN_PATH, text, strlen(text));
}

static bool is_hash(struct slice line)
{
	char hash[PASSWORD_HASH_LEN];

	return slice_copy(line, hash, sizeof(hash)) >= 0 && password_is_hash(hash);
}

/* A process of its own: the disk may hang. */
static int take(void)
{
	char text[KEPT_LEN];
	ssize_t n = file_read(AT_FDCWD, KEPT_PATH, text, sizeof(text));
	struct slice rest = { text, n > 0 ? (size_t)n : 0 }, line = { "", 0 };

	if (n < 0 && n != -ENOENT)
		log_err("%s cannot be read: %s: no console asks for a password", KEPT_PATH, strerror((int)-n));
	(void)slice_cut(&rest, '\n', &line);
	if (n >= 0 && !is_hash(line))
		line = slice_of("damaged"); /* no hash either, whatever it was */
	if (tell_consoles(line) < 0 || (n < 0 && n != -ENOENT))
		return 1;
	return n < 0 ? 0 : is_hash(line) ? THERE_IS_ONE : IS_DAMAGED;
}

int password_take(char *words, size_t cap)
{
	int status;

	if (recovery_is_on()) {
		text_format(words, cap, "recovery: not asked for");
		return 0;
	}
	status = child_call(take, READ_S * NS_PER_S);
	password_settle();
	if (status == THERE_IS_ONE)
		text_format(words, cap, "asked for at each console");
	else if (status == IS_DAMAGED)
		text_format(words, cap, "it is damaged: asked for at no console; `password` sets it anew");
	else if (status)
		text_format(words, cap, "it cannot be read: asked for at no console");
	else
		text_format(words, cap, "none");
	return status && status != THERE_IS_ONE ? -EIO : 0;
}

void password_settle(void)
{
	if (faccessat(AT_FDCWD, LOGIN_PATH, F_OK, 0) < 0 && !recovery_is_on())
		(void)tell_consoles((struct slice){ "", 0 });
}
