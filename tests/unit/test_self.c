/* This binary as another process: what it is handed is what it has. The other process is this test, run again. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/self.h"

enum { LEFT = 40, RIGHT = 41 }; /* none of ours */

static const char *const argv[] = { "unit", "u", "self_has_what_it_is_handed", NULL };
extern char **environ;

/* A file of that letter, as that number. */
static bool put_file(char letter, int number)
{
	int fd = memfd_create("letter", MFD_CLOEXEC);
	bool good = write(fd, &letter, 1) == 1 && dup3(fd, number, O_CLOEXEC) == number;

	close(fd);
	return good;
}

static char letter_of(int fd)
{
	char letter = '?';

	return pread(fd, &letter, 1, 0) == 1 ? letter : '?';
}

/* In that process: the two have changed places, and no copy of them came along. */
static void check_handed(void)
{
	sigset_t blocked;

	CHECK_INT(letter_of(LEFT), 'r');
	CHECK_INT(letter_of(RIGHT), 'l');
	for (int fd = RIGHT + 1; fd <= RIGHT + 3; fd++)
		CHECK(fcntl(fd, F_GETFD) < 0);
	CHECK(!environ[0]);
	CHECK_INT(sigprocmask(SIG_SETMASK, NULL, &blocked), 0);
	CHECK(!sigismember(&blocked, SIGTERM));
}

static int status_of(pid_t pid)
{
	int status = -1;

	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

TEST(self_has_what_it_is_handed)
{
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const struct self_fd fds[] = { { LEFT, RIGHT }, { RIGHT, LEFT }, { nothing, STDOUT_FILENO } };
	sigset_t blocked, before;
	pid_t pid;

	if (fcntl(LEFT, F_GETFD) >= 0) {
		check_handed();
		return;
	}
	CHECK(put_file('l', LEFT) && put_file('r', RIGHT));
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	CHECK_INT(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
	CHECK_INT(self_spawn(argv, NULL, fds, 3, &pid), 0);
	CHECK_INT(status_of(pid), 0);
	pid = fork();
	if (pid == 0)
		self_become(argv, fds, 3);
	CHECK_INT(status_of(pid), 0);
	CHECK_INT(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	close(RIGHT);
	/* One that is none starts nothing. */
	CHECK_INT(self_spawn(argv, NULL, fds, 3, &pid), -EBADF);
	close(LEFT);
	close(nothing);
}
