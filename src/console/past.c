#include "console/past.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/kept.h"
#include "base/paths.h"

/* In memory: one reads at a time. */
#define LOCK_PATH RUN_DIR "/log.read"

enum { ANSWER_MS = 3000, TURN_S = 4, PIECE_LEN = 4096 };

_Static_assert(TURN_S * 1000 > ANSWER_MS, "no one takes the end of who waits for its turn for an answer");

/* Nothing is there to be read where it was never written. */
static void pass_on(const char *path, int out)
{
	int fd = kept_open(path);
	char piece[PIECE_LEN];
	ssize_t n;

	while (fd >= 0 && (n = read(fd, piece, sizeof(piece))) > 0 && write(out, piece, (size_t)n) == n)
		continue;
	if (fd >= 0)
		close(fd);
}

/* A disk that hangs holds the first one that reads, however often it is asked for: who waits behind that ends. Where there is no such
 * directory there is no disk either. */
static void take_turn(void)
{
	int fd = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0600); /* it goes with the process */

	(void)signal(SIGALRM, SIG_DFL);
	(void)alarm(TURN_S);
	if (fd >= 0)
		(void)flock(fd, LOCK_EX);
	(void)alarm(0);
}

/* Of no one's: PID 1 takes its end, whenever that is. */
static int begin(int out)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		if (!fork()) {
			take_turn();
			pass_on(DATA_DIR "/" SYSTEM_DIR "/" KEPT_OLD_FILE, out);
			pass_on(DATA_DIR "/" SYSTEM_DIR "/" KEPT_FILE, out);
		}
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return 0;
}

int past_read(struct slice *text)
{
	static char bytes[2 * KEPT_FILE_MAX + KEPT_LINE_LEN];
	struct pollfd in = { .events = POLLIN };
	int ends[2], err = pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0;
	ssize_t n = 1;

	*text = (struct slice){ bytes, 0 };
	if (err < 0)
		return err;
	err = begin(ends[1]);
	close(ends[1]);
	in.fd = ends[0];
	while (!err && n > 0 && text->len < sizeof(bytes)) {
		if (poll(&in, 1, ANSWER_MS) < 1)
			err = errno == EINTR ? -EINTR : -ETIMEDOUT;
		else if ((n = read(ends[0], bytes + text->len, sizeof(bytes) - text->len)) > 0)
			text->len += (size_t)n;
	}
	close(ends[0]);
	return err;
}
