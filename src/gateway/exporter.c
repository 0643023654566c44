#include "gateway/exporter.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/servant.h"
#include "base/syscalls.h"
#include "gateway/metrics.h"
#include "gateway/scrape.h"

/* A client; the paths' control sockets, whose answers are kept in memory. */
static const struct syscall_row calls[] = {
	{ .number = SYS_accept4 },
	{ .number = SYS_recvfrom },
	{ .number = SYS_sendto },
	{ .number = SYS_shutdown },
	SYSCALLS_FAMILY(AF_UNIX),
	{ .number = SYS_setsockopt },
	{ .number = SYS_connect },
	{ .number = SYS_sendmsg },
	{ .number = SYS_memfd_create },
	{ .number = SYS_access },
};

/* One client at a time, and none for longer than this each way. */
enum { CLIENT_S = 5, PAUSE_MS = 1000 };

static bool wait_for(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd ready = { .fd = fd, .events = events };
	uint64_t now_ns = clock_now_ns();

	return now_ns < deadline_ns && poll(&ready, 1, (int)((deadline_ns - now_ns) / NS_PER_MS) + 1) == 1;
}

static enum scrape read_request(int fd)
{
	uint64_t deadline_ns = clock_now_ns() + CLIENT_S * NS_PER_S;
	char bytes[SCRAPE_REQUEST_MAX];
	enum scrape asked = SCRAPE_MORE;
	size_t len = 0;

	while (asked == SCRAPE_MORE && len < sizeof(bytes) && wait_for(fd, POLLIN, deadline_ns)) {
		ssize_t n = recv(fd, bytes + len, sizeof(bytes) - len, MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			break;
		len += n > 0 ? (size_t)n : 0;
		asked = scrape_read(bytes, len);
	}
	return asked;
}

static bool send_all(int fd, const char *bytes, size_t len, uint64_t deadline_ns)
{
	while (len && wait_for(fd, POLLOUT, deadline_ns)) {
		ssize_t n = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return !len;
}

static void answer(int fd, const char *run_dir, enum scrape asked)
{
	uint64_t deadline_ns;
	char header[256], *body = NULL;
	size_t body_len = 0;
	FILE *out = open_memstream(&body, &body_len);
	bool wanted = asked == SCRAPE_METRICS || asked == SCRAPE_HEAD;
	int n;

	if (!out)
		return;
	if (wanted)
		(void)metrics_collect(run_dir, out);
	else
		(void)fprintf(out, "%s: there is nothing but /metrics\n", scrape_status[asked]);
	if (fclose(out) == 0) {
		n = snprintf(header, sizeof(header),
			     "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: %zu\r\n"
			     "%sConnection: close\r\n\r\n",
			     scrape_status[asked], body_len, asked == SCRAPE_METHOD ? "Allow: GET, HEAD\r\n" : "");
		deadline_ns = clock_now_ns() + CLIENT_S * NS_PER_S;
		if (send_all(fd, header, (size_t)n, deadline_ns) && asked != SCRAPE_HEAD)
			(void)send_all(fd, body, body_len, deadline_ns);
	}
	free(body);
}

/* What was not read would have the answer thrown away with a reset. */
static void read_rest(int fd)
{
	uint64_t deadline_ns = clock_now_ns() + CLIENT_S * NS_PER_S;
	char rest[512];

	(void)shutdown(fd, SHUT_WR);
	while (wait_for(fd, POLLIN, deadline_ns) && recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0)
		continue;
}

static void serve(int fd, const char *run_dir)
{
	enum scrape asked = read_request(fd);

	answer(fd, run_dir, asked);
	/* One that was silent has had its time, and others wait. */
	if (asked != SCRAPE_MORE)
		read_rest(fd);
	close(fd);
}

int exporter_main(int argc, char **argv)
{
	int err = servant_bind();

	log_open("metrics");
	if (!err)
		err = servant_give_up();
	if (argc != 2 || err < 0) {
		log_err("the metrics are not served: %s", argc != 2 ? "no run directory" : strerror(-err));
		return 1;
	}
	/* Keys are in files of this user. It is not served worse where these cannot be had. */
	(void)servant_open_nothing();
	(void)syscalls_only(calls, sizeof(calls) / sizeof(calls[0]));
	for (;;) {
		int fd = accept4(STDIN_FILENO, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0) {
			serve(fd, argv[1]);
		} else if (errno == EINVAL || errno == ENOTSOCK || errno == EBADF) {
			return 1;
		} else if (errno != EINTR && errno != ECONNABORTED && errno != EAGAIN) {
			(void)poll(NULL, 0, PAUSE_MS); /* of descriptors or memory there is none now */
		} else if (errno == EAGAIN) {
			struct pollfd ready = { .fd = STDIN_FILENO, .events = POLLIN };

			(void)poll(&ready, 1, -1);
		}
	}
}
