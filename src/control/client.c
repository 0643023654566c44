#include "control/client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/pass.h"
#include "base/paths.h"

enum { SILENCE_MAX_MS = CONTROL_SILENCE_MAX_S * 1000 };

static int connect_to(const char *path, unsigned silence_ms)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval silence = { .tv_sec = silence_ms / 1000, .tv_usec = (suseconds_t)(silence_ms % 1000) * 1000 };
	int fd, err = 0;

	if (snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path) >= (int)sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof(silence)) < 0 ||
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* pass_fd goes along, -1: none. */
static int send_words(int fd, int argc, char *const argv[], int pass_fd)
{
	char packet[CONTROL_REQUEST_MAX];
	size_t len = 0;

	if (argc > CONTROL_WORDS_MAX)
		return -E2BIG;
	for (int i = 0; i < argc; i++) {
		size_t word_len = strlen(argv[i]) + 1;

		if (word_len > sizeof(packet) - len)
			return -E2BIG;
		memcpy(packet + len, argv[i], word_len);
		len += word_len;
	}
	/* The first of this connection: there is room for it. */
	return pass_message(fd, packet, len, &pass_fd, pass_fd >= 0);
}

static int copy_out(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Until there is something to read. Ctrl-C asks the service for the end of its answer (what a ping has counted), and is the
 * client's own end when that does not come at once. */
static int await_packet(int fd, unsigned silence_ms)
{
	const struct timespec silence = { .tv_sec = silence_ms / 1000, .tv_nsec = (long)(silence_ms % 1000) * 1000000 };
	static const struct timespec moment = { .tv_sec = CONTROL_END_S };
	struct pollfd packet = { .fd = fd, .events = POLLIN };
	bool ending;
	int n;

	do {
		ending = interrupt_came();
		if (ending)
			shutdown(fd, SHUT_WR);
		n = interrupt_poll(&packet, 1, ending ? &moment : &silence);
	} while (n == -EINTR && !ending);
	if (n == 0)
		return ending ? -EINTR : -ETIMEDOUT;
	return n < 0 ? n : 0;
}

static int receive(int fd, unsigned silence_ms, int out_fd, int err_fd)
{
	for (;;) {
		char packet[CONTROL_PACKET_MAX];
		int err = await_packet(fd, silence_ms);
		ssize_t n;

		if (err < 0)
			return err;
		n = recv(fd, packet, sizeof(packet), 0);
		if (n < 0)
			return -errno;
		if (!n)
			return interrupt_came() ? -EINTR : -ECONNRESET;
		if (packet[0] == CONTROL_END)
			return n > 1 ? (unsigned char)packet[1] : 1;
		err = copy_out(packet[0] == CONTROL_ERR ? err_fd : out_fd, packet + 1, (size_t)n - 1);
		if (err < 0)
			return err;
	}
}

int control_request_with(const char *path, int argc, char *const argv[], int pass_fd, int out_fd, int err_fd)
{
	int fd = connect_to(path, SILENCE_MAX_MS), status;

	if (fd < 0)
		return fd;
	status = send_words(fd, argc, argv, pass_fd);
	if (!status)
		status = receive(fd, SILENCE_MAX_MS, out_fd, err_fd);
	close(fd);
	return status;
}

int control_request(const char *path, int argc, char *const argv[], int out_fd, int err_fd)
{
	int status;

	interrupt_hear();
	status = control_request_with(path, argc, argv, -1, out_fd, err_fd);
	interrupt_unhear();
	if (status == -EINTR)
		(void)raise(SIGINT);
	return status;
}

int control_begin(const char *path, int argc, char *const argv[], unsigned silence_ms)
{
	int fd = connect_to(path, silence_ms), err;

	if (fd < 0)
		return fd;
	err = send_words(fd, argc, argv, -1);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int control_finish(int fd, unsigned silence_ms, int out_fd, int err_fd)
{
	int status = receive(fd, silence_ms, out_fd, err_fd);

	close(fd);
	return status;
}

const char *control_words(int err)
{
	switch (-err) {
	case ENOENT:
	case ECONNREFUSED:
		return "the service does not run";
	case ETIMEDOUT:
	case EAGAIN:
		return "the service does not answer: it hangs, or has very much to do";
	case ECONNRESET:
	case EPIPE:
		return "the service ended before it had answered";
	case EACCES:
	case EPERM:
		return "only root may ask the service";
	case E2BIG:
		return "these are more words than a service takes";
	default:
		return "the service cannot be asked";
	}
}

const char *control_why(int err, const char *run_dir, const char *name, char why[static CONTROL_WHY_LEN])
{
	char path[CONTROL_PATH_LEN];

	if ((err == -ENOENT || err == -ECONNREFUSED) &&
	    snprintf(path, sizeof(path), "%s/%s" ABSENT_END, run_dir, name) < (int)sizeof(path) &&
	    file_read_begin(AT_FDCWD, path, why, CONTROL_WHY_LEN) > 0)
		return why;
	return control_words(err);
}
