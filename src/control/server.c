#include "control/server.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/container_of.h"
#include "base/pass.h"

enum {
	LENGTH_LEN = sizeof(uint32_t),
	SERVED_AFTER_MS = 2000,
};

static void call_close(struct control_call *call)
{
	struct control_server *server = call->server;

	if (!call->ended && call->cancelled)
		call->cancelled(call);
	loop_remove(server->loop, &call->source);
	close(call->source.fd);
	if (call->passed_fd >= 0)
		close(call->passed_fd);
	/* What was shown may hold a private key (wg showconf). */
	if (call->out)
		explicit_bzero(call->out, call->out_len);
	free(call->out);
	*call = (struct control_call){ 0 };
}

/* Room for len more bytes of output; false when the client would hold more than it may. */
static bool reserve(struct control_call *call, size_t len)
{
	size_t cap = call->out_cap ? call->out_cap : 4096;
	char *out;

	if (len > CONTROL_OUTPUT_MAX - call->out_len)
		return false;
	while (cap < call->out_len + len)
		cap *= 2;
	if (cap == call->out_cap)
		return true;
	/* Not realloc, which would leave a private key behind. */
	out = calloc(1, cap);
	if (!out)
		return false;
	if (call->out) {
		memcpy(out, call->out, call->out_len);
		explicit_bzero(call->out, call->out_len);
		free(call->out);
	}
	call->out = out;
	call->out_cap = cap;
	return true;
}

static uint32_t packet_len(const struct control_call *call, size_t at)
{
	return load_le32((const uint8_t *)call->out + at);
}

/* The packet that more of kind may join: the last one, unless it was sent, is of another kind or full. */
static bool can_join(const struct control_call *call, enum control_kind kind)
{
	return call->out_last >= call->out_sent && call->out_len > call->out_last + LENGTH_LEN &&
	       call->out[call->out_last + LENGTH_LEN] == (char)kind &&
	       packet_len(call, call->out_last) < CONTROL_PACKET_MAX;
}

static void append(struct control_call *call, enum control_kind kind, const char *bytes, size_t len)
{
	while (len) {
		uint32_t packet;
		size_t part;

		if (!reserve(call, LENGTH_LEN + 1 + CONTROL_PACKET_MAX))
			return;
		if (!can_join(call, kind)) {
			call->out_last = call->out_len;
			store_le32((uint8_t *)call->out + call->out_last, 1);
			call->out[call->out_len + LENGTH_LEN] = (char)kind;
			call->out_len += LENGTH_LEN + 1;
		}
		packet = packet_len(call, call->out_last);
		part = CONTROL_PACKET_MAX - packet < len ? CONTROL_PACKET_MAX - packet : len;
		memcpy(call->out + call->out_len, bytes, part);
		call->out_len += part;
		store_le32((uint8_t *)call->out + call->out_last, packet + (uint32_t)part);
		bytes += part;
		len -= part;
	}
}

/* Once it has had enough, only its leaving is news. */
static void listen_for(struct control_call *call)
{
	uint32_t events = call->ended || call->stopping ? 0 : EPOLLIN;

	loop_change(call->server->loop, &call->source, events | (call->waiting_to_send ? EPOLLOUT : 0));
}

/* Sends what the socket takes. Closes the call only once an ended answer is out: whoever still answers must not find
 * it gone, so a client that left is seen to when the loop says so. */
static void flush(struct control_call *call)
{
	while (call->out_sent < call->out_len) {
		size_t len = packet_len(call, call->out_sent);

		if (send(call->source.fd, call->out + call->out_sent + LENGTH_LEN, len, MSG_NOSIGNAL) < 0) {
			if (errno == EAGAIN) {
				call->waiting_to_send = true;
				listen_for(call);
				return;
			}
			call->out_sent = call->out_len;
			break;
		}
		call->out_sent += LENGTH_LEN + len;
		call->idle_s = 0;
	}
	if (call->ended) {
		call_close(call);
		return;
	}
	call->out_sent = call->out_len = call->out_last = 0;
	if (call->waiting_to_send) {
		call->waiting_to_send = false;
		listen_for(call);
	}
}

void control_print(struct control_call *call, enum control_kind kind, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	append(call, kind, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
	explicit_bzero(text, sizeof(text));
	/* A stream such as ping's goes out line by line; a long answer gathers until it would fill a packet. */
	if (!call->waiting_to_send && call->job)
		flush(call);
}

void control_print_line(void *call, const char *text)
{
	control_print(call, CONTROL_OUT, "%s\n", text);
}

void control_flush(struct control_call *call)
{
	if (!call->waiting_to_send)
		flush(call);
}

/* Some of what waits in the socket was read since the last look: the loop is not told before three quarters of it are. */
static bool was_read(struct control_call *call)
{
	int before = call->unread_bytes;

	return ioctl(call->source.fd, SIOCOUTQ, &call->unread_bytes) == 0 && call->unread_bytes < before;
}

static bool is_over(const struct control_call *call)
{
	return call->waiting_to_send ? call->idle_s > CONTROL_UNREAD_MAX_S : !call->asked && call->idle_s > CONTROL_ASK_MAX_S;
}

static void alive_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct control_server *server = container_of(timer, struct control_server, alive);
	bool any = false;

	for (size_t i = 0; i < CONTROL_CALLS_MAX; i++) {
		struct control_call *call = &server->calls[i];

		if (call->server) {
			call->idle_s = was_read(call) ? 0 : call->idle_s + CONTROL_ALIVE_S;
			if (is_over(call))
				call_close(call);
		}
		any = any || call->server;
		if (call->server && call->job && !call->ended)
			(void)send(call->source.fd, &(char){ CONTROL_OUT }, 1, MSG_NOSIGNAL);
	}
	if (any)
		loop_timer_set(server->loop, timer, now_ns + CONTROL_ALIVE_S * NS_PER_S, alive_fires);
}

void control_end(struct control_call *call, int status)
{
	char byte = (char)status;

	call->ended = true;
	append(call, CONTROL_END, &byte, 1);
	flush(call);
}

/* One packet, and the descriptor that came with it: its length, 0 at the end, or -errno. */
static ssize_t receive(struct control_call *call, char *packet, size_t cap)
{
	struct passed passed;
	int err = pass_receive(call->source.fd, packet, cap, &passed);

	if (err < 0)
		return err == -EPIPE ? 0 : err;
	if (passed.count == 1) {
		if (call->passed_fd >= 0)
			close(call->passed_fd);
		call->passed_fd = passed.fd[0];
	} else {
		pass_close(&passed);
	}
	return (ssize_t)passed.len;
}

static void call_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct control_call *call = (struct control_call *)source;
	char packet[CONTROL_REQUEST_MAX + 1];
	char *argv[CONTROL_WORDS_MAX];
	int argc = 0;
	ssize_t n;

	if (events & EPOLLOUT) {
		flush(call);
		return;
	}
	n = receive(call, packet, sizeof(packet));
	/* One request per connection: anything more, or the end of it, is the client leaving. */
	if (n <= 0 || n > CONTROL_REQUEST_MAX || packet[n - 1] != '\0' || call->ended || call->job || call->out_len) {
		if (n == -EAGAIN)
			return;
		if (n || events & EPOLLHUP || call->ended || !call->job || !call->stop) {
			call_close(call);
			return;
		}
		call->stopping = true;
		listen_for(call);
		call->stop(call);
		return;
	}
	for (char *word = packet; word < packet + n; word += strlen(word) + 1) {
		if (argc == CONTROL_WORDS_MAX) {
			call_close(call);
			return;
		}
		argv[argc++] = word;
	}
	call->asked = true;
	call->server->request(call, argc, argv, now_ns);
}

static bool peer_may(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) && (cred.uid == 0 || cred.uid == geteuid());
}

/* Nothing came from it yet. What is on its way is not. */
static bool asks_nothing(const struct control_call *call)
{
	char byte;

	return !call->asked && recv(call->source.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}

/* A free place for one who comes; where there is none, that of the first who asks nothing or else does not read. NULL: all are
 * answered. */
static struct control_call *make_room(struct control_server *server)
{
	struct control_call *mute = NULL, *deaf = NULL;

	for (size_t i = 0; i < CONTROL_CALLS_MAX; i++) {
		struct control_call *call = &server->calls[i];

		if (!call->server)
			return call;
		if ((!mute || call->number < mute->number) && asks_nothing(call))
			mute = call;
		if ((!deaf || call->number < deaf->number) && call->waiting_to_send)
			deaf = call;
	}
	mute = mute ? mute : deaf;
	if (mute)
		call_close(mute);
	return mute;
}

static void listener_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct control_server *server = container_of(source, struct control_server, listener);
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct control_call *call;

	(void)events;
	if (fd < 0)
		return;
	if (!server->alive.armed)
		loop_timer_set(server->loop, &server->alive, now_ns + CONTROL_ALIVE_S * NS_PER_S, alive_fires);
	call = peer_may(fd) ? make_room(server) : NULL;
	if (call) {
		*call = (struct control_call){ .server = server, .passed_fd = -1, .number = server->count++ };
		if (loop_add(server->loop, &call->source, fd, EPOLLIN, call_ready) == 0)
			return;
		call->server = NULL;
	}
	close(fd);
}

/* Whether someone serves what probe is connected to. A process that died can have left a child behind that holds its listening
 * socket until it closes what it does not need: such a connection is hung up on, one to a server stands. */
static bool is_served(int probe)
{
	struct pollfd hangup = { .fd = probe };

	return poll(&hangup, 1, SERVED_AFTER_MS) == 0;
}

/* Binds addr; a socket file that is left over from a process that died is in the way and is removed. */
static int bind_fresh(int fd, const struct sockaddr_un *addr)
{
	bool alive;
	int probe;

	if (!bind(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return -errno;
	alive = !connect(probe, (const struct sockaddr *)addr, sizeof(*addr)) && is_served(probe);
	close(probe);
	if (alive)
		return -EADDRINUSE;
	unlink(addr->sun_path);
	return bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 ? -errno : 0;
}

int control_serve(struct control_server *server, struct loop *loop, const char *dir, const char *name,
		  control_request_fn *request, void *arg)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;
	mode_t mask;

	server->loop = loop;
	server->request = request;
	server->arg = arg;
	err = control_path(server->path, dir, name);
	if (err < 0)
		return err;
	memcpy(addr.sun_path, server->path, sizeof(addr.sun_path));
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0177);
	err = bind_fresh(fd, &addr);
	umask(mask);
	if (!err && listen(fd, CONTROL_CALLS_MAX) < 0)
		err = -errno;
	if (!err)
		err = loop_add(loop, &server->listener, fd, EPOLLIN, listener_ready);
	if (err)
		close(fd);
	return err;
}

void control_close(struct control_server *server)
{
	for (size_t i = 0; i < CONTROL_CALLS_MAX; i++)
		if (server->calls[i].server)
			call_close(&server->calls[i]);
	loop_timer_clear(server->loop, &server->alive);
	loop_remove(server->loop, &server->listener);
	close(server->listener.fd);
	unlink(server->path);
}
