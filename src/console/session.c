#include "console/session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/paths.h"
#include "base/terminal.h"
#include "base/text.h"
#include "console/audit.h"
#include "console/login.h"
#include "console/recovery.h"
#include "crypto/key.h"

enum { SECONDS_A_MINUTE = 60 };

static char entered[PASSWORD_HASH_LEN]; /* by which password: another one is asked for when it was changed elsewhere */

static bool is_in(const struct login *login)
{
	return login->state != LOGIN_ASKS || ct_equal(login->hash, entered, sizeof(entered));
}

static void come_in(const struct login *login, unsigned wrong)
{
	memcpy(entered, login->hash, sizeof(entered));
	audit_note("login");
	if (wrong)
		printf("%u wrong password%s before: `log login`\n", wrong, text_plural(wrong));
}

/* One password. */
static void judge(const char *typed, const struct login *login)
{
	unsigned wrong;
	int err = login_check(typed, &wrong);
	char words[64];

	if (!err) {
		come_in(login, wrong);
	} else if (err == -EACCES) {
		text_format(words, sizeof(words), "login failed, %u in a row", wrong);
		audit_note(words);
		printf("that is not the password\n");
		(void)fflush(stdout);
		(void)terminal_swallow(); /* the rest of a paste is not one either */
	} else if (err == -EINTR) {
		printf("^C\n");
	} else {
		printf("the password cannot be checked: %s\n", strerror(-err));
	}
	interrupt_clear();
}

bool session_begin(void)
{
	static bool told;
	char typed[PASSWORD_MAX + 1];
	struct login login;

	for (;;) {
		enum line_event event;
		size_t fed;

		login_look(&login);
		terminal_idle_after(0);
		if (login.damaged && !told)
			printf("The password on the partition is damaged, so none is asked for: set it anew (`password`).\n");
		told = login.damaged;
		if (is_in(&login))
			break;
		event = login_type("password: ", typed, &fed);
		if (event == LINE_GONE)
			return false;
		if (event == LINE_TOO_LONG)
			printf("a password has at most %d characters\n", (int)PASSWORD_MAX);
		else if (event == LINE_DONE && *typed && !recovery_taken(typed, fed))
			judge(typed, &login);
		explicit_bzero(typed, sizeof(typed));
	}
	if (login.state == LOGIN_ASKS)
		terminal_idle_after(login.idle_s);
	return true;
}

/* Until the partition was looked at, or Ctrl-C. What takes longer is told. */
static void wait_until_known(struct login *login)
{
	static const struct timespec moment = { .tv_sec = 1 };
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), n = 1;
	struct pollfd change = { .fd = fd, .events = POLLIN };
	const struct timespec *wait = &moment;
	char events[4096];

	if (fd < 0 || inotify_add_watch(fd, RUN_DIR, IN_CREATE | IN_MOVED_TO) < 0)
		n = -errno;
	for (login_look(login); login->state == LOGIN_UNKNOWN && n >= 0; login_look(login)) {
		n = interrupt_poll(&change, 1, wait);
		(void)!read(fd, events, sizeof(events));
		if (n)
			continue;
		wait = NULL;
		printf(login->stops ? "This waits until what runs has stopped (`boot`; Ctrl-C).\n"
				    : "This waits until the partition is mounted, which may have a password (`boot`; Ctrl-C).\n");
		(void)fflush(stdout);
	}
	if (n < 0 && n != -EINTR)
		printf("cannot wait for the boot steps: %s\n", strerror(-n));
	if (fd >= 0)
		close(fd);
	interrupt_clear();
}

bool session_allows(bool is_early)
{
	struct login login;

	login_look(&login);
	if (login.state == LOGIN_UNKNOWN && is_early)
		return true;
	if (login.state == LOGIN_UNKNOWN)
		wait_until_known(&login);
	if (login.state == LOGIN_UNKNOWN)
		return false;
	if (!is_in(&login))
		printf("There is a password, which is asked for now. That line was not obeyed.\n");
	return is_in(&login);
}

bool session_holds(void)
{
	struct login login;

	login_look(&login);
	return is_in(&login);
}

void session_renew(void)
{
	struct login login;

	login_look(&login);
	memcpy(entered, login.hash, sizeof(entered));
}

void session_idle(void)
{
	struct login login;

	login_look(&login);
	if (login.idle_s % SECONDS_A_MINUTE)
		printf("\nlogged out: nothing was typed for %u s\n", login.idle_s);
	else
		printf("\nlogged out: nothing was typed for %u min\n", login.idle_s / SECONDS_A_MINUTE);
	memset(entered, 0, sizeof(entered));
	audit_note("logout, no one typed");
}

int session_end(void)
{
	struct login login;

	login_look(&login);
	if (login.state != LOGIN_ASKS) {
		printf("no password is asked for here: `password` sets one\n");
		return 1;
	}
	memset(entered, 0, sizeof(entered));
	audit_note("logout");
	return 0;
}
