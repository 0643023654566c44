#include "cluster/server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/pass.h"
#include "base/servant.h"
#include "base/sockaddr.h"
#include "base/syscalls.h"
#include "base/users.h"
#include "cluster/exchange.h"
#include "cluster/shelf.h"
#include "crypto/sha256.h"

enum { PART_LEN = 1 << 17, TOLD_S = 60, PAUSE_MS = 200 };

enum client_state { CLIENT_FREE, CLIENT_ASKS, CLIENT_WAITS, CLIENT_IS_SENT, CLIENT_ENDS };

struct client {
	struct loop_source source;
	struct loop_timer timer;
	enum client_state state;
	struct inet_addr from;
	uint64_t end_ns; /* of its life */
	uint8_t bytes[EXCHANGE_LEN]; /* its request, then its answer */
	size_t done;                 /* of them */
	struct exchange_request request;
	uint64_t begin, at, end; /* of the bundle */
};

static struct server {
	struct loop loop;
	struct loop_source listener, shelf;
	struct loop_timer kept;
	struct inet_prefix network;
	struct client clients[CLUSTER_CLIENTS_MAX];
	unsigned count;
	bool asked_shelf;
	int bundle; /* -1: not in memory */
	uint64_t bundle_len;
	uint8_t bundle_id[EXCHANGE_ID_LEN];
	uint64_t told_ns;
} server = { .bundle = -1 };

/* ---- one client ---- */

static void kept_long_enough(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	(void)now_ns;
	close(server.bundle);
	server.bundle = -1;
}

static void client_close(struct client *client, uint64_t now_ns)
{
	loop_timer_clear(&server.loop, &client->timer);
	loop_remove(&server.loop, &client->source);
	close(client->source.fd);
	client->state = CLIENT_FREE;
	if (server.count-- == CLUSTER_CLIENTS_MAX)
		(void)loop_change(&server.loop, &server.listener, EPOLLIN);
	if (!server.count && server.bundle >= 0)
		loop_timer_set(&server.loop, &server.kept, now_ns + CLUSTER_KEPT_S * NS_PER_S, kept_long_enough);
}

static void client_is_late(struct loop_timer *timer, uint64_t now_ns)
{
	client_close(container_of(timer, struct client, timer), now_ns);
}

static void give_time(struct client *client, uint64_t now_ns, uint64_t seconds)
{
	uint64_t due_ns = now_ns + seconds * NS_PER_S;

	loop_timer_clear(&server.loop, &client->timer);
	loop_timer_set(&server.loop, &client->timer, due_ns < client->end_ns ? due_ns : client->end_ns, client_is_late);
}

/* Peers may ask all day. */
static void tell_served(const struct client *client, uint64_t now_ns)
{
	char from[INET_ADDR_STRLEN];

	if (client->begin == client->end || (server.told_ns && now_ns < server.told_ns + TOLD_S * NS_PER_S))
		return;
	server.told_ns = now_ns;
	log_info("%s fetched the update that runs here, from byte %llu of %llu on", inet_addr_text(&client->from, from),
		 (unsigned long long)client->begin, (unsigned long long)client->end);
}

static void client_answer(struct client *client, uint64_t now_ns)
{
	const struct exchange_request *asked = &client->request;
	struct exchange_answer answer = { .status = asked->what == EXCHANGE_BUNDLE ? EXCHANGE_NONE : EXCHANGE_UNKNOWN };

	if (asked->what == EXCHANGE_BUNDLE && server.bundle >= 0) {
		bool same = !memcmp(asked->id, server.bundle_id, sizeof(asked->id)) && asked->offset <= server.bundle_len;

		answer = (struct exchange_answer){ EXCHANGE_OK, same ? asked->offset : 0, server.bundle_len };
	}
	exchange_write_answer(client->bytes, &answer);
	client->done = 0;
	client->begin = client->at = answer.offset;
	client->end = answer.len;
	client->state = CLIENT_IS_SENT;
	give_time(client, now_ns, CLUSTER_STALL_S);
	(void)loop_change(&server.loop, &client->source, EPOLLIN | EPOLLOUT);
}

/* False: it is closed. */
static bool client_send(struct client *client, uint64_t now_ns)
{
	ssize_t n;

	if (client->done < sizeof(client->bytes)) {
		n = send(client->source.fd, client->bytes + client->done, sizeof(client->bytes) - client->done, MSG_NOSIGNAL);
		client->done += n > 0 ? (size_t)n : 0;
	} else if (client->at < client->end) {
		off_t at = (off_t)client->at;
		uint64_t left = client->end - client->at;

		n = sendfile(client->source.fd, server.bundle, &at, left < PART_LEN ? (size_t)left : PART_LEN);
		client->at += n > 0 ? (uint64_t)n : 0;
	} else {
		/* Closed once the client has closed: what it did not read would be lost by a reset. */
		tell_served(client, now_ns);
		client->state = CLIENT_ENDS;
		n = shutdown(client->source.fd, SHUT_WR) < 0 ? -1 : 1;
		(void)loop_change(&server.loop, &client->source, EPOLLIN);
	}
	if (n > 0)
		give_time(client, now_ns, CLUSTER_STALL_S);
	else if (!n || (errno != EAGAIN && errno != EINTR))
		client_close(client, now_ns);
	return client->state != CLIENT_FREE;
}

/* False: it is none. */
static bool bundle_take(int fd)
{
	uint8_t head[EXCHANGE_HEAD_LEN];
	off_t len = lseek(fd, 0, SEEK_END);

	if (len <= (off_t)sizeof(head) || pread(fd, head, sizeof(head), 0) != sizeof(head))
		return false;
	server.bundle = fd;
	server.bundle_len = (uint64_t)len;
	sha256(server.bundle_id, head, sizeof(head));
	return true;
}

static void shelf_answers(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	char word;
	int fd, err = pass_take(source->fd, &word, &fd);

	(void)events;
	if (err == -EAGAIN || err == -EINTR)
		return;
	if (err < 0)
		loop_stop(&server.loop);
	server.asked_shelf = false;
	if (fd >= 0 && !bundle_take(fd))
		close(fd);
	for (size_t i = 0; i < CLUSTER_CLIENTS_MAX; i++)
		if (server.clients[i].state == CLIENT_WAITS)
			client_answer(&server.clients[i], now_ns);
	/* Who asked may be gone. */
	if (!server.count && server.bundle >= 0)
		loop_timer_set(&server.loop, &server.kept, now_ns + CLUSTER_KEPT_S * NS_PER_S, kept_long_enough);
}

static void client_asked(struct client *client, uint64_t now_ns)
{
	int err = exchange_read_request(client->bytes, &client->request);

	if (err == -EPROTONOSUPPORT) {
		exchange_write_answer(client->bytes, &(struct exchange_answer){ .status = EXCHANGE_OTHER });
		client->done = 0;
		client->begin = client->at = client->end = 0;
		client->state = CLIENT_IS_SENT;
		(void)loop_change(&server.loop, &client->source, EPOLLIN | EPOLLOUT);
		return;
	}
	if (err < 0) {
		client_close(client, now_ns);
		return;
	}
	loop_timer_clear(&server.loop, &server.kept);
	if (server.bundle >= 0 || client->request.what != EXCHANGE_BUNDLE) {
		client_answer(client, now_ns);
		return;
	}
	client->state = CLIENT_WAITS;
	loop_timer_clear(&server.loop, &client->timer); /* the other half has a time of its own */
	if (!server.asked_shelf && pass_send(server.shelf.fd, 'b', -1) == 0)
		server.asked_shelf = true;
	if (!server.asked_shelf)
		client_close(client, now_ns);
}

/* False: it is closed. It has nothing to say behind its request. */
static bool client_read(struct client *client, uint64_t now_ns)
{
	size_t room = client->state == CLIENT_ASKS ? sizeof(client->bytes) - client->done : 0;
	uint8_t more;
	ssize_t n = recv(client->source.fd, room ? client->bytes + client->done : &more, room ? room : sizeof(more), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0 || !room) {
		client_close(client, now_ns);
		return false;
	}
	client->done += (size_t)n;
	if (client->done == sizeof(client->bytes))
		client_asked(client, now_ns);
	return client->state != CLIENT_FREE;
}

static void client_is_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct client *client = container_of(source, struct client, source);

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !client_read(client, now_ns))
		return;
	if (events & EPOLLOUT && client->state == CLIENT_IS_SENT)
		(void)client_send(client, now_ns);
}

/* ---- all of them ---- */

/* Cryptokey routing lets a peer send from its own addresses alone: one inside the VPN is a peer's, and ours is none. */
static bool is_peer(const struct inet_addr *from)
{
	return inet_contains(&server.network, from) && !inet_addr_equal(&server.network.addr, from);
}

static void client_begin(int fd, const struct inet_addr *from, uint64_t now_ns)
{
	unsigned int rate = CLUSTER_RATE;
	struct client *client = server.clients;

	while (client < server.clients + CLUSTER_CLIENTS_MAX - 1 && client->state != CLIENT_FREE)
		client++;
	*client = (struct client){ .from = *from, .end_ns = now_ns + CLUSTER_LIFE_S * NS_PER_S };
	if (setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof(rate)) < 0 ||
	    loop_add(&server.loop, &client->source, fd, EPOLLIN, client_is_ready) < 0) {
		close(fd);
		return;
	}
	client->state = CLIENT_ASKS;
	if (++server.count == CLUSTER_CLIENTS_MAX)
		(void)loop_change(&server.loop, &server.listener, 0);
	give_time(client, now_ns, CLUSTER_ASK_S);
}

static void someone_connects(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	union sockaddr_any addr;
	struct inet_endpoint from = { .port = 0 };
	socklen_t len = sizeof(addr);
	int fd = accept4(source->fd, &addr.any, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0) {
		if (errno == EINVAL || errno == ENOTSOCK || errno == EBADF)
			loop_stop(&server.loop);
		else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			(void)poll(NULL, 0, PAUSE_MS); /* of descriptors or memory there is none now */
		return;
	}
	if (!sockaddr_to(&from, &addr, len) || !is_peer(&from.addr)) {
		close(fd);
		return;
	}
	/* Who comes again has lost its connection. */
	for (size_t i = 0; i < CLUSTER_CLIENTS_MAX; i++)
		if (server.clients[i].state != CLIENT_FREE && inet_addr_equal(&server.clients[i].from, &from.addr))
			client_close(&server.clients[i], now_ns);
	client_begin(fd, &from.addr, now_ns);
}

/* ---- the two halves ---- */

/* A new user id takes back that it dies with its parent: that comes behind. */
static int give_up(void)
{
	int err = servant_become(USER_CLUSTER);

	if (!err && prctl(PR_SET_DUMPABLE, 0) < 0)
		err = -errno;
	if (!err)
		err = servant_bind();
	if (!err)
		err = servant_give_up();
	/* It is not served worse where that cannot be had. */
	(void)servant_open_nothing();
	return err;
}

static const struct syscall_row calls[] = {
	{ .number = SYS_epoll_pwait },
	{ .number = SYS_epoll_wait },
	{ .number = SYS_accept4 },
	{ .number = SYS_recvfrom },
	{ .number = SYS_sendto },
	{ .number = SYS_sendfile },
	{ .number = SYS_epoll_ctl },
	{ .number = SYS_shutdown },
	{ .number = SYS_setsockopt },
	/* the other half, and what it hands over */
	{ .number = SYS_sendmsg },
	{ .number = SYS_recvmsg },
	{ .number = SYS_pread64 },
};

static int serve(int shelf)
{
	int err = give_up();

	if (!err)
		err = loop_open(&server.loop);
	/* Before: who connects may be gone again. */
	if (!err && fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) < 0)
		err = -errno;
	if (!err)
		err = loop_add(&server.loop, &server.listener, STDIN_FILENO, EPOLLIN, someone_connects);
	if (!err)
		err = loop_add(&server.loop, &server.shelf, shelf, EPOLLIN, shelf_answers);
	(void)syscalls_only(calls, sizeof(calls) / sizeof(calls[0])); /* the same */
	if (!err)
		err = loop_run(&server.loop);
	if (err < 0)
		log_err("peers are not answered: %s", strerror(-err));
	return 1;
}

int cluster_main(int argc, char **argv)
{
	bool has_len;
	int ends[2], err;
	pid_t pid;

	log_open(CLUSTER_APPLET);
	if (argc != 2 || inet_prefix_parse(slice_of(argv[1]), &server.network, &has_len) < 0) {
		log_err("peers are not answered: no VPN network");
		return 1;
	}
	err = servant_bind();
	if (!err && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		err = -errno;
	if (err) {
		log_err("peers are not answered: %s", strerror(-err));
		return 1;
	}
	pid = fork();
	if (!pid) {
		close(ends[1]);
		_exit(serve(ends[0]));
	}
	close(ends[0]);
	/* What it starts has no use for who connects. */
	if (pid > 0 && dup2(ends[1], STDIN_FILENO) >= 0 && servant_give_up() == 0)
		shelf_run(ends[1]);
	return 1;
}
