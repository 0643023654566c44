#include "console/password.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/terminal.h"
#include "base/text.h"
#include "console/login.h"
#include "crypto/key.h"

#define LOCK_PATH RUN_DIR "/password.lock"

enum { CHARACTERS_MIN = 8 };

/* A descriptor of SYSTEM_DIR, which is made, or -errno. */
static int open_system(void)
{
	int data_fd = open(DATA_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1, err = 0;

	if (data_fd < 0)
		return -errno;
	if (!mkdirat(data_fd, SYSTEM_DIR, 0700) && fsync(data_fd) < 0)
		err = -errno;
	fd = openat(data_fd, SYSTEM_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && !err)
		err = -errno;
	close(data_fd);
	if (fd >= 0 && err) {
		close(fd);
		fd = -1;
	}
	return fd < 0 ? err : fd;
}

static bool is_there(int fd, const char *text)
{
	char kept[PASSWORD_HASH_LEN + 2];
	ssize_t n = file_read(fd, PASSWORD_FILE, kept, sizeof(kept));

	return *text ? n >= 0 && !strcmp(kept, text) : n == -ENOENT;
}

/* hash "": none. 0 or -errno; *written: it is there all the same, and the disk did not say that it has it. */
static int keep(const char *hash, bool *written)
{
	char text[PASSWORD_HASH_LEN + 1] = "";
	int fd = open_system(), err = fd < 0 ? fd : 0;

	if (*hash)
		text_format(text, sizeof(text), "%s\n", hash);
	if (!err && *hash)
		err = file_replace(fd, PASSWORD_FILE, text, strlen(text), 0600);
	else if (!err && ((unlinkat(fd, PASSWORD_FILE, 0) < 0 && errno != ENOENT) || fsync(fd) < 0))
		err = -errno;
	*written = err < 0 && fd >= 0 && is_there(fd, text);
	if (fd >= 0)
		close(fd);
	return err;
}

static bool type(const char *question, char typed[static PASSWORD_MAX + 1])
{
	size_t fed;
	enum line_event event = login_type(question, typed, &fed);

	if (event == LINE_TOO_LONG)
		printf("a password has at most %d characters: nothing was changed\n", (int)PASSWORD_MAX);
	return event == LINE_DONE;
}

/* Whoever sits here knows the one that there is. */
static bool knows_old(void)
{
	char typed[PASSWORD_MAX + 1];
	unsigned wrong;
	int err;

	err = type("old password: ", typed) ? login_check(typed, &wrong) : -ECANCELED;
	wipe(typed, sizeof(typed));
	if (err == -EACCES)
		printf("that is not the password: nothing was changed\n");
	else if (err == -EINTR)
		printf("^C\n");
	else if (err < 0 && err != -ECANCELED)
		printf("it cannot be checked: %s: nothing was changed\n", strerror(-err));
	return !err;
}

/* Typed twice. */
static bool ask_new(char typed[static PASSWORD_MAX + 1])
{
	char again[PASSWORD_MAX + 1] = "";
	bool typed_again, same;

	if (!type("new password: ", typed))
		return false;
	if (strlen(typed) < CHARACTERS_MIN) {
		printf("a password has %d characters or more: nothing was changed\n", CHARACTERS_MIN);
		return false;
	}
	if (strchr(typed, '\t')) {
		printf("a Tab is no part of a password: nothing was changed\n");
		return false;
	}
	typed_again = type("once more: ", again);
	same = typed_again && strlen(typed) == strlen(again) && ct_equal(typed, again, strlen(typed));
	wipe(again, sizeof(again));
	if (typed_again && !same)
		printf("those were two different ones: nothing was changed\n");
	return same;
}

static int put(const struct login *login, const char *hash)
{
	struct login now;
	bool written;
	int err;

	login_look(&now);
	if (now.state != login->state || !ct_equal(now.hash, login->hash, sizeof(now.hash))) {
		printf("another console has set it meanwhile: nothing was changed\n");
		return 1;
	}
	/* The partition first: no one is asked for what a reboot would not know. */
	err = keep(hash, &written);
	if (err < 0 && !written) {
		printf("the partition does not take it: %s: nothing was changed\n", strerror(-err));
		return 1;
	}
	if (err < 0)
		printf("it is written, and whether it survives a power cut is not known: %s\n", strerror(-err));
	err = login_set(login, hash);
	if (err < 0)
		printf("this counts from the next boot on: %s\n", strerror(-err));
	else if (*hash)
		printf("every console asks for it from now on, first of all and when no one types\n");
	else
		printf("no console asks for a password any more\n");
	return err < 0;
}

/* By one console at a time; a disk that hangs holds those that come behind it, until Ctrl-C. */
static int change(const struct login *login, const char *hash)
{
	int fd = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0600), err = fd < 0 || flock(fd, LOCK_EX) < 0 ? -errno : 0, status = 1;

	if (err < 0)
		printf("%s: %s: nothing was changed\n", LOCK_PATH, strerror(-err));
	else
		status = put(login, hash);
	if (fd >= 0)
		close(fd);
	return status;
}

static int set_new(const struct login *login)
{
	char typed[PASSWORD_MAX + 1] = "", hash[PASSWORD_HASH_LEN];
	int err = ask_new(typed) ? password_hash(typed, strlen(typed), hash) : -ECANCELED;

	wipe(typed, sizeof(typed));
	if (err == -ECANCELED)
		return 1;
	if (err < 0) {
		printf("it cannot be hashed: %s: nothing was changed\n", strerror(-err));
		return 1;
	}
	return change(login, hash);
}

int password_main(int argc, char **argv)
{
	bool none = argc == 2 && !strcmp(argv[1], "none");
	struct login login;
	int status = 1;

	if (argc > 2 || (argc == 2 && !none)) {
		printf("usage: password [none | reset]\n");
		return 2;
	}
	login_look(&login);
	terminal_open();
	if (login.elsewhere)
		printf("this is no appliance: no console of this host asks for a password\n");
	else if (login.state == LOGIN_UNKNOWN)
		printf("the partition is not mounted yet: see `boot`\n");
	else if (login.state == LOGIN_OPEN && none && !login.damaged)
		printf("there is no password\n");
	else if (login.state == LOGIN_OPEN || knows_old())
		status = none ? change(&login, "") : set_new(&login);
	terminal_restore();
	return status;
}
