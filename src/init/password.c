#include "init/password.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
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

enum { IDLE_S = 900, IDLE_MAX_S = 1000000, KEPT_LEN = 256, LOGIN_LEN = KEPT_LEN + 16, READ_S = 10, THERE_IS_ONE = 16, IS_DAMAGED = 17 };

/* kept: the file's line or "". */
static void login_text(struct slice kept, char text[static LOGIN_LEN])
{
	uint64_t idle_s;

	if (text_uint(board_value("LOGIN_IDLE_S"), IDLE_MAX_S, &idle_s) < 0)
		idle_s = IDLE_S;
	text_format(text, LOGIN_LEN, "%llu\n%.*s\n", (unsigned long long)idle_s, SLICE_ARG(kept));
}

static int tell_consoles(struct slice kept)
{
	char text[LOGIN_LEN];

	login_text(kept, text);
	return file_put(LOGIN_PATH, text, strlen(text));
}

static bool is_hash(struct slice line)
{
	char hash[PASSWORD_HASH_LEN];

	return slice_copy(line, hash, sizeof(hash)) >= 0 && password_is_hash(hash);
}

/* A process of its own: the disk may hang. Whenever it answers, the consoles ask from then on. */
static int take(void)
{
	uint64_t begun_ns = clock_now_ns();
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
	if (clock_now_ns() - begun_ns > READ_S * NS_PER_S)
		log_err("the partition has answered: %s", n < 0 ? "there is no password"
			: is_hash(line) ? "each console asks for the password from now on" : "the password on it is damaged");
	return n < 0 ? 0 : is_hash(line) ? THERE_IS_ONE : IS_DAMAGED;
}

int password_take(char *words, size_t cap)
{
	pid_t pid;
	int status;

	if (recovery_is_on()) {
		text_format(words, cap, "recovery: not asked for");
		return 0;
	}
	pid = child_begin(take);
	status = pid < 0 ? pid : child_await(pid, READ_S * NS_PER_S);
	password_settle();
	if (status == -ETIMEDOUT) {
		text_format(words, cap, "the partition does not answer: asked for at no console until it does");
		return status;
	}
	status = status < 0 || !WIFEXITED(status) ? -EIO : WEXITSTATUS(status);
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

/* What was told stays, also when it is told at this moment. */
void password_settle(void)
{
	char text[LOGIN_LEN];
	int fd = recovery_is_on() ? -1 : open(LOGIN_PATH, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	login_text((struct slice){ "", 0 }, text);
	(void)!write(fd, text, strlen(text));
	close(fd);
}
