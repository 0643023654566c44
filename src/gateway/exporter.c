#include "gateway/exporter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/servant.h"
#include "base/sockaddr.h"
#include "base/syscalls.h"
#include "gateway/metrics.h"
#include "gateway/scrape.h"

/* Clients; the paths' control sockets, whose answers are kept in memory. */
static const struct syscall_row calls[] = {
	{ .number = SYS_epoll_wait },
	{ .number = SYS_epoll_pwait },
	{ .number = SYS_epoll_ctl },
	{ .number = SYS_epoll_create1 },
	{ .number = SYS_fcntl, .arg = 2, .mask = UINT32_MAX, .value = F_SETFL },
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

/* Clients are read and written side by side, and none for longer than this each way; the services are asked for one at a time. */
enum { CLIENTS_MAX = 8, CLIENT_S = 5, PAUSE_MS = 1000 };

enum client_state { CLIENT_FREE, CLIENT_ASKS, CLIENT_IS_SENT, CLIENT_ENDS };

struct client {
	struct loop_source source;
	struct loop_timer timer;
	enum client_state state;
	struct inet_addr from;
	uint64_t since_ns;
	char request[SCRAPE_REQUEST_MAX];
	size_t request_len;
	enum scrape asked;
	char *answer; /* client_close frees it */
	size_t answer_len, sent;
};

static struct {
	struct loop loop;
	struct loop_source listener;
	struct client clients[CLIENTS_MAX];
	const char *run_dir;
} exporter;

static void client_close(struct client *client)
{
	loop_timer_clear(&exporter.loop, &client->timer);
	loop_remove(&exporter.loop, &client->source);
	close(client->source.fd);
	free(client->answer);
	client->answer = NULL;
	client->state = CLIENT_FREE;
}

static void client_is_late(struct loop_timer *timer, uint64_t now_ns);

static void give_time(struct client *client, uint64_t now_ns)
{
	loop_timer_clear(&exporter.loop, &client->timer);
	loop_timer_set(&exporter.loop, &client->timer, now_ns + CLIENT_S * NS_PER_S, client_is_late);
}

/* ---- what it gets ---- */

static void put_answer(FILE *out, enum scrape asked)
{
	char *body = NULL;
	size_t body_len = 0;
	FILE *to = open_memstream(&body, &body_len);

	if (!to)
		return;
	if (asked == SCRAPE_METRICS || asked == SCRAPE_HEAD)
		(void)metrics_collect(exporter.run_dir, to);
	else
		(void)fprintf(to, "%s: there is nothing but /metrics\n", scrape_status[asked]);
	if (fclose(to) == 0) {
		(void)fprintf(out,
			      "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: %zu\r\n"
			      "%sConnection: close\r\n\r\n",
			      scrape_status[asked], body_len, asked == SCRAPE_METHOD ? "Allow: GET, HEAD\r\n" : "");
		(void)fwrite(body, 1, asked == SCRAPE_HEAD ? 0 : body_len, out);
	}
	free(body);
}

static void client_answer(struct client *client, enum scrape asked)
{
	FILE *out = open_memstream(&client->answer, &client->answer_len);

	if (out)
		put_answer(out, asked);
	if (!out || fclose(out) != 0 || !client->answer_len) {
		client_close(client);
		return;
	}
	client->asked = asked;
	client->sent = 0;
	client->state = CLIENT_IS_SENT;
	give_time(client, clock_now_ns()); /* the services took theirs */
	(void)loop_change(&exporter.loop, &client->source, EPOLLOUT);
}

static void client_send(struct client *client, uint64_t now_ns)
{
	ssize_t n = send(client->source.fd, client->answer + client->sent, client->answer_len - client->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	client->sent += n > 0 ? (size_t)n : 0;
	if (n > 0 && client->sent < client->answer_len)
		return;
	/* What it said and was not read would have the answer thrown away with a reset; one that was silent has had its time. */
	if (n < 0 || client->asked == SCRAPE_MORE || shutdown(client->source.fd, SHUT_WR) < 0) {
		client_close(client);
		return;
	}
	client->state = CLIENT_ENDS;
	give_time(client, now_ns);
	(void)loop_change(&exporter.loop, &client->source, EPOLLIN);
}

/* ---- what it says ---- */

static void client_read(struct client *client)
{
	char rest[512], *to = client->state == CLIENT_ASKS ? client->request + client->request_len : rest;
	size_t room = client->state == CLIENT_ASKS ? sizeof(client->request) - client->request_len : sizeof(rest);
	ssize_t n = recv(client->source.fd, to, room, MSG_DONTWAIT);
	enum scrape asked;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (client->state != CLIENT_ASKS) {
		if (n <= 0)
			client_close(client);
		return;
	}
	client->request_len += n > 0 ? (size_t)n : 0;
	asked = scrape_read(client->request, client->request_len);
	if (n <= 0 || asked != SCRAPE_MORE)
		client_answer(client, asked);
}

static void client_is_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct client *client = container_of(source, struct client, source);

	(void)events;
	if (client->state == CLIENT_IS_SENT)
		client_send(client, now_ns);
	else
		client_read(client);
}

static void client_is_late(struct loop_timer *timer, uint64_t now_ns)
{
	struct client *client = container_of(timer, struct client, timer);

	(void)now_ns;
	if (client->state == CLIENT_ASKS)
		client_answer(client, SCRAPE_MORE);
	else
		client_close(client);
}

/* ---- all of them ---- */

static size_t places_of(const struct inet_addr *from)
{
	size_t count = 0;

	for (size_t i = 0; i < CLIENTS_MAX; i++)
		count += exporter.clients[i].state != CLIENT_FREE && inet_addr_equal(&exporter.clients[i].from, from);
	return count;
}

/* When there is none, the oldest of the address that has most of them yields: silent ones keep no one else out. */
static struct client *client_place(void)
{
	struct client *victim = NULL;
	size_t most = 0;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &exporter.clients[i];
		size_t places;

		if (client->state == CLIENT_FREE)
			return client;
		places = places_of(&client->from);
		if (!victim || places > most || (places == most && client->since_ns < victim->since_ns)) {
			victim = client;
			most = places;
		}
	}
	client_close(victim);
	return victim;
}

static void client_begin(int fd, const struct inet_addr *from, uint64_t now_ns)
{
	struct client *client = client_place();

	*client = (struct client){ .from = *from, .since_ns = now_ns };
	if (loop_add(&exporter.loop, &client->source, fd, EPOLLIN, client_is_ready) < 0) {
		close(fd);
		return;
	}
	client->state = CLIENT_ASKS;
	give_time(client, now_ns);
}

static void someone_connects(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct inet_endpoint from = { .port = 0 };
	union sockaddr_any addr;
	socklen_t len = sizeof(addr);
	int fd = accept4(source->fd, &addr.any, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd >= 0) {
		(void)sockaddr_to(&from, &addr, len);
		client_begin(fd, &from.addr, now_ns);
	} else if (errno == EINVAL || errno == ENOTSOCK || errno == EBADF) {
		loop_stop(&exporter.loop);
	} else if (errno != EINTR && errno != ECONNABORTED && errno != EAGAIN) {
		(void)poll(NULL, 0, PAUSE_MS); /* of descriptors or memory there is none now */
	}
}

static int serve(void)
{
	int err = loop_open(&exporter.loop);

	/* Before: who connects may be gone again. */
	if (!err && fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) < 0)
		err = -errno;
	if (!err)
		err = loop_add(&exporter.loop, &exporter.listener, STDIN_FILENO, EPOLLIN, someone_connects);
	return err ? err : loop_run(&exporter.loop);
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
	exporter.run_dir = argv[1];
	err = serve();
	if (err < 0)
		log_err("the metrics are not served: %s", strerror(-err));
	return 1;
}
