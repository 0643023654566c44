#include "console/login.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/paths.h"
#include "base/recovery.h"
#include "base/terminal.h"
#include "base/text.h"
#include "console/delay.h"

#define LOGIN_PATH RUN_DIR "/" LOGIN_FILE
#define LOCK_PATH RUN_DIR "/login.lock"
#define WRONG_PATH RUN_DIR "/login.wrong"

enum { TEXT_LEN = 512, IDLE_MAX_S = 1000000 };

/* begins: not before what ran has stopped, and the partition is no one's. */
static bool is_recovery(bool *begins)
{
	char text[sizeof(RECOVERY_BEGINS)];
	ssize_t n = file_read(AT_FDCWD, RUN_DIR "/" RECOVERY_FILE, text, sizeof(text));

	*begins = n >= 0 && slice_equal((struct slice){ text, (size_t)n }, RECOVERY_BEGINS);
	return (n >= 0 || n == -EFBIG) && !*begins;
}

void login_look(struct login *login)
{
	char text[TEXT_LEN];
	ssize_t n = file_read(AT_FDCWD, LOGIN_PATH, text, sizeof(text));
	struct slice rest = { text, n > 0 ? (size_t)n : 0 }, line;
	uint64_t idle_s;

	*login = (struct login){ .state = LOGIN_UNKNOWN };
	/* No boot step of PID 1 will look: this is no appliance, but a host or a container. */
	login->elsewhere = faccessat(AT_FDCWD, RUN_DIR "/" BOOT_FILE, F_OK, 0) < 0;
	if (is_recovery(&login->stops) || login->elsewhere)
		login->state = LOGIN_OPEN;
	if (n < 0 || login->state == LOGIN_OPEN)
		return;
	login->state = LOGIN_OPEN;
	if (slice_cut(&rest, '\n', &line) && !text_uint(line, IDLE_MAX_S, &idle_s))
		login->idle_s = (unsigned)idle_s;
	(void)slice_cut(&rest, '\n', &line);
	if (!line.len)
		return;
	login->damaged = slice_copy(line, login->hash, sizeof(login->hash)) < 0 || !password_is_hash(login->hash);
	if (login->damaged)
		login->hash[0] = '\0';
	else
		login->state = LOGIN_ASKS;
}

int login_set(const struct login *login, const char *hash)
{
	char text[TEXT_LEN];

	text_format(text, sizeof(text), "%u\n%s\n", login->idle_s, hash);
	return file_put(LOGIN_PATH, text, strlen(text));
}

enum line_event login_type(const char *question, char typed[static PASSWORD_MAX + 1], size_t *fed)
{
	enum line_event event;
	struct line line;

	printf("%s", question);
	(void)fflush(stdout);
	line_init(&line, typed, PASSWORD_MAX + 1, terminal_echo_end, NULL);
	event = terminal_read(&line);
	*fed = line.fed;
	if (event == LINE_END || event == LINE_GONE)
		printf("\n");
	return event;
}

static void read_wrong(struct delay *delay)
{
	char text[DELAY_TEXT_LEN];
	ssize_t n = file_read(AT_FDCWD, WRONG_PATH, text, sizeof(text));

	delay_read(delay, (struct slice){ text, n > 0 ? (size_t)n : 0 });
}

static void note_wrong(struct delay *delay)
{
	char text[DELAY_TEXT_LEN];

	delay_wrong(delay, clock_now_ns());
	delay_write(delay, text);
	(void)file_put(WRONG_PATH, text, strlen(text)); /* in memory: what cannot be kept costs the delay */
}

/* 0, or -EINTR when Ctrl-C came. */
static int wait_until(uint64_t due_ns)
{
	uint64_t now_ns = clock_now_ns();

	while (now_ns < due_ns) {
		struct timespec wait = { .tv_sec = (time_t)((due_ns - now_ns) / NS_PER_S), .tv_nsec = (long)((due_ns - now_ns) % NS_PER_S) };

		if (interrupt_poll(NULL, 0, &wait) < 0)
			return -EINTR;
		now_ns = clock_now_ns();
	}
	return 0;
}

static int verify(const char *typed, unsigned *wrong)
{
	struct login login;
	struct delay delay;
	int err;

	read_wrong(&delay);
	err = wait_until(delay_due_ns(&delay));
	login_look(&login);
	if (!err && login.state == LOGIN_ASKS)
		err = password_verify(login.hash, typed, strlen(typed));
	if (err == -EACCES)
		note_wrong(&delay);
	else if (!err)
		(void)unlink(WRONG_PATH);
	*wrong = delay.wrong;
	return err;
}

int login_check(const char *typed, unsigned *wrong)
{
	int fd = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0600), err;

	*wrong = 0;
	if (fd < 0)
		return -errno;
	/* It waits here for its turn, and behind the lock for its time: who types on and on at one console keeps no one else out. */
	err = flock(fd, LOCK_EX) < 0 ? -errno : verify(typed, wrong);
	close(fd);
	return err;
}
