#include "console/syslog.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/kmsg.h"
#include "base/log.h"
#include "base/servant.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "console/syslog_line.h"

/* UDP tells of a way that is not there by an error behind the packet: at once, or once no neighbour has answered for three seconds.
 * So a first line goes alone; when no error came for TRIAL_S, the rest follows, and what an error comes behind of is sent once more. */
enum { TRIAL_S = 4, RETRY_S = 5, QUEUE_MAX = 128, BURST_MAX = 16, BURST_PAUSE_MS = 20, US_PER_S = 1000000 };

enum { FD_SOURCE, FD_FILE, FD_SOCKET, FDS };

static struct {
	const char *file;  /* who the server is */
	char host[256], port[8], name[256];
	int socket_fd;     /* -1: none */
	uint64_t due_ns;   /* not before */
	bool tried, works; /* the first line is under way; it arrived, as far as that can be known */
	/* lines, the first sent of them being `sent` behind the first */
	char lines[QUEUE_MAX][SYSLOG_LINE_MAX];
	size_t lens[QUEUE_MAX], first, count, sent;
	bool kernels;      /* the source is /dev/kmsg */
	uint64_t sequence; /* of the last record that was taken from it */
	char rest[4096];   /* of standard input: a line that has not come whole */
	size_t rest_len;
} sender; /* no values here: all of it would be in the binary */

/* ---- lines ---- */

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

/* By the clock as it goes now. */
static int64_t boot_us(void)
{
	struct timespec up;

	clock_gettime(CLOCK_MONOTONIC, &up);
	return now_us() - ((int64_t)up.tv_sec * US_PER_S + up.tv_nsec / 1000);
}

static bool has_room(void)
{
	return sender.count < QUEUE_MAX;
}

static void add(unsigned priority, int64_t at_us, const char *app, const char *text, size_t len)
{
	size_t at = (sender.first + sender.count) % QUEUE_MAX;

	sender.lens[at] = syslog_line(sender.lines[at], priority, at_us, sender.name, app, text, len);
	sender.count++;
}

/* What finds no room stays in the kernel's buffer. */
static void drain_kernel(int fd)
{
	static char record[KMSG_RECORD_LEN];
	struct kmsg kmsg;
	ssize_t n;

	while (has_room() && ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && (errno == EPIPE || errno == EINTR)))) {
		if (n <= 0)
			continue;
		record[n] = '\0';
		if (!kmsg_parse(record, &kmsg) || kmsg.sequence < sender.sequence)
			continue;
		sender.sequence = kmsg.sequence + 1;
		add(kmsg.facility << 3 | kmsg.level, boot_us() + (int64_t)kmsg.at_us, "kernel", kmsg.text, strlen(kmsg.text));
	}
}

/* "<30>gateway: words", as base/log copies it. */
static void add_copied(struct slice line)
{
	struct slice number;
	uint64_t priority = LOG_DAEMON | LOG_INFO;

	if (slice_starts(line, "<") && slice_cut(&line, '>', &number) && line.ptr)
		(void)text_uint((struct slice){ number.ptr + 1, number.len - 1 }, LOG_FACMASK | LOG_PRIMASK, &priority);
	add((unsigned)priority, now_us(), "gateway", line.ptr ? line.ptr : "", line.len);
}

static void take_lines(void)
{
	struct slice left = { sender.rest, sender.rest_len };

	while (has_room()) {
		const char *end = memchr(left.ptr, '\n', left.len);
		size_t len = end ? (size_t)(end - left.ptr) : left.len;

		/* A line that fills it all has no end that could come. */
		if (!end && left.len < sizeof(sender.rest))
			break;
		add_copied((struct slice){ left.ptr, len });
		left.ptr += end ? len + 1 : len;
		left.len -= end ? len + 1 : len;
	}
	memmove(sender.rest, left.ptr, left.len);
	sender.rest_len = left.len;
}

/* False once the service is gone. */
static bool drain_input(void)
{
	ssize_t n;

	take_lines();
	if (sender.rest_len == sizeof(sender.rest))
		return true;
	n = read(STDIN_FILENO, sender.rest + sender.rest_len, sizeof(sender.rest) - sender.rest_len);
	if (n > 0)
		sender.rest_len += (size_t)n;
	take_lines();
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* ---- the server ---- */

static void disconnect(uint64_t due_ns)
{
	if (sender.socket_fd >= 0)
		close(sender.socket_fd);
	sender.socket_fd = -1;
	sender.tried = sender.works = false;
	sender.sent = 0;
	sender.due_ns = due_ns;
}

/* True when it is another than before. */
static bool read_server(void)
{
	char text[sizeof(sender.host) + sizeof(sender.port) + sizeof(sender.name)];
	ssize_t n = file_read(AT_FDCWD, sender.file, text, sizeof(text));
	struct slice rest = { text, n > 0 ? (size_t)n : 0 }, line, host, port;
	char before[sizeof(sender.host)], before_port[sizeof(sender.port)];

	memcpy(before, sender.host, sizeof(before));
	memcpy(before_port, sender.port, sizeof(before_port));
	sender.host[0] = '\0';
	if (slice_cut(&rest, '\n', &line) && slice_cut(&line, ' ', &host) && slice_cut(&line, ' ', &port) && line.ptr &&
	    !slice_copy(host, sender.host, sizeof(sender.host)) && !slice_copy(port, sender.port, sizeof(sender.port)))
		(void)slice_copy(line, sender.name, sizeof(sender.name));
	return strcmp(before, sender.host) != 0 || strcmp(before_port, sender.port) != 0;
}

/* The name is asked for anew each time: a server may move. */
static void connect_server(uint64_t now_ns)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct addrinfo *list = NULL;
	int fd = -1;

	if (getaddrinfo(sender.host, sender.port, &hints, &list))
		list = NULL;
	for (const struct addrinfo *entry = list; entry && fd < 0; entry = entry->ai_next) {
		fd = socket(entry->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd >= 0 && connect(fd, entry->ai_addr, entry->ai_addrlen) < 0) {
			close(fd);
			fd = -1;
		}
	}
	if (list)
		freeaddrinfo(list);
	sender.socket_fd = fd;
	if (fd < 0)
		sender.due_ns = now_ns + RETRY_S * NS_PER_S;
}

/* After a restart of this process those go on that were not sent. */
static void remember(void)
{
	char path[160], text[32];

	if (!sender.kernels)
		return;
	text_format(path, sizeof(path), "%s.sent", sender.file);
	text_format(text, sizeof(text), "%llu\n", (unsigned long long)(sender.sequence - sender.count));
	(void)file_put(path, text, strlen(text));
}

static void recall(void)
{
	char path[160], text[32];
	ssize_t n;

	text_format(path, sizeof(path), "%s.sent", sender.file);
	n = file_read(AT_FDCWD, path, text, sizeof(text));
	if (n > 1 && text_uint((struct slice){ text, (size_t)n - 1 }, UINT64_MAX, &sender.sequence) < 0)
		sender.sequence = 0;
}

static bool send_next(void)
{
	size_t at = (sender.first + sender.sent) % QUEUE_MAX;

	if (send(sender.socket_fd, sender.lines[at], sender.lens[at], MSG_NOSIGNAL) < 0 && errno != EMSGSIZE)
		return false;
	sender.sent++;
	return true;
}

/* Those that went out, and that no error came behind of. */
static void let_go(void)
{
	sender.first = (sender.first + sender.sent) % QUEUE_MAX;
	sender.count -= sender.sent;
	sender.sent = 0;
	remember();
}

static void send_some(uint64_t now_ns)
{
	bool ok = true;

	if (sender.tried && !sender.works) {
		sender.works = true;
		let_go();
	} else if (sender.works) {
		let_go();
	}
	for (size_t i = 0; i < (sender.works ? BURST_MAX : 1) && sender.sent < sender.count && ok; i++)
		ok = send_next();
	if (!ok) {
		disconnect(now_ns + RETRY_S * NS_PER_S);
		return;
	}
	sender.tried = sender.sent;
	sender.due_ns = now_ns + (sender.works ? BURST_PAUSE_MS * NS_PER_MS : sender.tried ? TRIAL_S * NS_PER_S : 0);
}

/* ---- the process ---- */

/* The server's name; its file, and the one of what was sent, which is written anew and renamed. */
static const struct syscall_row calls[] = {
	SYSCALLS_NAMES,
	{ .number = SYS_open },
	{ .number = SYS_openat },
	{ .number = SYS_unlink },
	{ .number = SYS_rename },
};

static int watch_file(void)
{
	char dir[160];
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	text_format(dir, sizeof(dir), "%s", sender.file);
	if (strrchr(dir, '/'))
		*strrchr(dir, '/') = '\0';
	if (fd >= 0 && inotify_add_watch(fd, dir, IN_MOVED_TO | IN_DELETE | IN_CLOSE_WRITE) >= 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -errno;
}

static bool has_work(void)
{
	return sender.host[0] && sender.count;
}

static int wait_ms(uint64_t now_ns)
{
	if (!has_work())
		return -1;
	return sender.due_ns > now_ns ? (int)((sender.due_ns - now_ns) / NS_PER_MS) + 1 : 0;
}

static void serve(struct pollfd fds[static FDS])
{
	char events[4096];

	for (bool goes_on = true; goes_on;) {
		uint64_t now_ns = clock_now_ns();

		fds[FD_SOURCE].events = sender.host[0] && has_room() ? POLLIN : 0;
		fds[FD_SOCKET].fd = sender.socket_fd;
		if (poll(fds, FDS, wait_ms(now_ns)) < 0 && errno != EINTR)
			return;
		now_ns = clock_now_ns();
		if (fds[FD_FILE].revents) {
			while (read(fds[FD_FILE].fd, events, sizeof(events)) > 0)
				continue;
			if (read_server())
				disconnect(now_ns);
		}
		if (sender.socket_fd >= 0 && fds[FD_SOCKET].revents)
			disconnect(now_ns + RETRY_S * NS_PER_S);
		if (sender.host[0] && sender.kernels)
			drain_kernel(fds[FD_SOURCE].fd);
		else if (fds[FD_SOURCE].revents)
			goes_on = drain_input();
		if (!has_work() || now_ns < sender.due_ns)
			continue;
		if (sender.socket_fd < 0)
			connect_server(now_ns);
		if (sender.socket_fd >= 0)
			send_some(now_ns);
	}
}

/* The last words of a service, where they can be sent at once. */
static void send_rest(void)
{
	while (sender.works && sender.sent < sender.count && send_next())
		continue;
}

int syslog_main(int argc, char **argv)
{
	struct pollfd fds[FDS] = { { .events = POLLIN }, { .events = POLLIN }, { .events = 0 } };
	struct stat st;
	int err = 0;

	log_open("syslog");
	sender.socket_fd = -1;
	text_format(sender.name, sizeof(sender.name), "-");
	sender.kernels = fstat(STDIN_FILENO, &st) < 0 || !S_ISFIFO(st.st_mode);
	sender.file = argc == 2 ? argv[1] : "";
	if (!sender.kernels)
		err = servant_bind();
	if (!err) {
		fds[FD_FILE].fd = watch_file();
		fds[FD_SOURCE].fd = sender.kernels ? open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC) : STDIN_FILENO;
		err = fds[FD_FILE].fd < 0 ? fds[FD_FILE].fd : fds[FD_SOURCE].fd < 0 ? -errno : 0;
	}
	if (!err)
		err = servant_give_up(); /* behind the kernel's buffer, which takes a capability to open */
	if (err < 0) {
		log_err("the log goes to no server: %s", strerror(-err));
		return 1;
	}
	(void)syscalls_only(calls, sizeof(calls) / sizeof(calls[0])); /* it is sent where that cannot be had, too */
	if (sender.kernels)
		recall();
	(void)read_server();
	serve(fds);
	send_rest();
	return 0;
}
