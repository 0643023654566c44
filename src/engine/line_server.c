#include "engine/line_server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/pass.h"
#include "base/served.h"
#include "crypto/key.h"

enum { REST_MS = 1000 }; /* of a listener, when there is no descriptor for who comes */

static unsigned number_of(const struct line_client *client)
{
	return (unsigned)(client - client->server->clients);
}

static void drop_fd(struct line_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

static void client_close(struct line_client *client)
{
	struct line_server *server = client->server;

	server->service.left(server->service.arg, number_of(client));
	loop_remove(server->loop, &client->source);
	close(client->source.fd);
	drop_fd(client);
	line_out_clear(&client->out);
	wipe(client->in, client->in_len);
	client->in_len = client->out_sent = 0;
	client->skips = client->stays = client->answers = false;
	client->server = NULL;
}

/* ---- what comes in ---- */

/* Bytes, and a descriptor that may have come with them: as recv(2), or -errno. */
static ssize_t receive(struct line_client *client)
{
	char *in = client->in + client->in_len;
	size_t cap = sizeof(client->in) - client->in_len;
	struct passed passed;
	ssize_t n;
	int err;

	if (!client->server->service.takes_fds) {
		n = recv(client->source.fd, in, cap, MSG_DONTWAIT);
		return n < 0 ? -errno : n;
	}
	err = pass_receive(client->source.fd, in, cap, &passed);
	if (err < 0)
		return err;
	if (passed.count > 1) {
		pass_close(&passed);
		return -EBADMSG;
	}
	if (passed.count) {
		drop_fd(client);
		client->fd = passed.fd[0];
	}
	return (ssize_t)passed.len;
}

static void hand_on(struct line_client *client, struct slice line, uint64_t now_ns)
{
	const struct line_service *service = &client->server->service;

	service->line(service->arg, number_of(client), line, &client->fd, &client->out, now_ns);
	if (line.ptr && !line.len)
		drop_fd(client);
	client->answers = service->more && service->more(service->arg, number_of(client), &client->out, now_ns);
}

/* True while there was a line. */
static bool take_line(struct line_client *client, uint64_t now_ns)
{
	const char *end = memchr(client->in, '\n', client->in_len);
	size_t used = end ? (size_t)(end - client->in) + 1 : client->in_len;

	if (!end && client->in_len < sizeof(client->in))
		return false;
	if (!client->skips)
		hand_on(client, end ? (struct slice){ client->in, used - 1 } : (struct slice){ NULL, 0 }, now_ns);
	client->skips = !end;
	memmove(client->in, client->in + used, client->in_len - used);
	wipe(client->in + client->in_len - used, used);
	client->in_len -= used;
	return true;
}

/* ---- what goes out ---- */

static void wait_for(struct line_client *client, uint32_t events)
{
	if (client->events == events)
		return;
	client->events = events;
	loop_change(client->server->loop, &client->source, events);
}

/* True when all of it went, or the client did: then *gone. */
static bool flush(struct line_client *client, bool *gone)
{
	while (client->out_sent < client->out.len) {
		ssize_t n = send(client->source.fd, client->out.text + client->out_sent, client->out.len - client->out_sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0) {
			client_close(client);
			*gone = true;
			return true;
		}
		client->out_sent += (size_t)n;
	}
	line_out_clear(&client->out);
	client->out_sent = 0;
	return true;
}

/* One piece of an answer a turn of the loop: what more there is, or is asked, waits until that went. */
static void go_on(struct line_client *client, bool may_make, uint64_t now_ns)
{
	const struct line_service *service = &client->server->service;
	bool gone = false;

	if (client->answers && may_make && !client->out.len)
		client->answers = service->more(service->arg, number_of(client), &client->out, now_ns);
	while (flush(client, &gone) && !gone) {
		if (client->answers)
			break;
		if (!take_line(client, now_ns)) {
			wait_for(client, EPOLLIN);
			return;
		}
	}
	if (!gone)
		wait_for(client, EPOLLOUT);
}

static void client_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct line_client *client = container_of(source, struct line_client, source);
	ssize_t n;

	client->heard_ns = now_ns;
	if (client->out.len || client->answers) {
		if (events & (EPOLLHUP | EPOLLERR))
			client_close(client);
		else
			go_on(client, true, now_ns);
		return;
	}
	n = receive(client);
	if (n <= 0) {
		if (n != -EAGAIN)
			client_close(client);
		return;
	}
	client->in_len += (size_t)n;
	go_on(client, false, now_ns);
}

/* ---- who is served ---- */

/* A free place, or that of who has been quiet the longest; NULL: all are served. */
static struct line_client *make_room(struct line_server *server, uint64_t now_ns)
{
	struct line_client *quiet = NULL;

	for (size_t i = 0; i < LINE_CLIENTS_MAX; i++) {
		struct line_client *client = &server->clients[i];

		if (!client->server)
			return client;
		if (!client->stays && now_ns - client->heard_ns > LINE_QUIET_S * NS_PER_S &&
		    (!quiet || client->heard_ns < quiet->heard_ns))
			quiet = client;
	}
	if (quiet)
		client_close(quiet);
	return quiet;
}

static void listener_ready(struct loop_source *source, uint32_t events, uint64_t now_ns);

static void listener_rested(struct loop_timer *timer, uint64_t now_ns)
{
	struct line_server *server = container_of(timer, struct line_server, rest);

	if (loop_add(server->loop, &server->listener, server->listener.fd, EPOLLIN, listener_ready) < 0)
		loop_timer_set(server->loop, timer, now_ns + REST_MS * NS_PER_MS, listener_rested);
}

/* Who waits there keeps it ready: without a descriptor for him the loop would turn for nothing else. */
static void listener_rest(struct line_server *server, uint64_t now_ns)
{
	loop_remove(server->loop, &server->listener);
	loop_timer_set(server->loop, &server->rest, now_ns + REST_MS * NS_PER_MS, listener_rested);
}

static void listener_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct line_server *server = container_of(source, struct line_server, listener);
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct line_client *client;

	(void)events;
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			listener_rest(server, now_ns);
		return;
	}
	client = make_room(server, now_ns);
	if (client) {
		client->server = server;
		client->heard_ns = now_ns;
		client->fd = -1;
		client->events = EPOLLIN;
		if (loop_add(server->loop, &client->source, fd, EPOLLIN, client_ready) == 0)
			return;
		client->server = NULL;
	}
	close(fd);
}

int line_server_open(struct line_server *server, struct loop *loop, const char *dir, const char *name,
		     const struct line_service *service)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int err = 0;

	server->service = *service;
	if (strlen(dir) + strlen(name) + 2 > sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	text_format(server->path, sizeof(server->path), "%s/%s", dir, name);
	text_format(addr.sun_path, sizeof(addr.sun_path), "%s", server->path);
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	server->listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->listener.fd < 0)
		return -errno;
	/* Another instance's, or another program's, is left alone; one that a dead process left is not. */
	if (served(server->path))
		err = -EADDRINUSE;
	else
		unlink(server->path);
	mask = umask(0077);
	if (!err && (bind(server->listener.fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
		     listen(server->listener.fd, LINE_CLIENTS_MAX) < 0 || stat(server->path, &server->ours) < 0))
		err = -errno;
	umask(mask);
	if (!err)
		err = loop_add(loop, &server->listener, server->listener.fd, EPOLLIN, listener_ready);
	if (err < 0)
		close(server->listener.fd);
	server->loop = err < 0 ? NULL : loop;
	return err;
}

bool line_server_is_there(const struct line_server *server)
{
	struct stat now;

	return stat(server->path, &now) == 0 && now.st_ino == server->ours.st_ino && now.st_dev == server->ours.st_dev;
}

void line_server_close(struct line_server *server)
{
	if (!server->loop)
		return;
	for (size_t i = 0; i < LINE_CLIENTS_MAX; i++)
		if (server->clients[i].server)
			client_close(&server->clients[i]);
	loop_timer_clear(server->loop, &server->rest);
	loop_remove(server->loop, &server->listener);
	close(server->listener.fd);
	/* Someone may have put another in its place. */
	if (line_server_is_there(server))
		unlink(server->path);
	server->loop = NULL;
}

void line_server_keep(struct line_server *server, unsigned client)
{
	server->clients[client].stays = true;
}

void line_server_tell(struct line_server *server, unsigned number, const char *text)
{
	struct line_client *client = &server->clients[number];
	bool gone = false;

	if (!client->server || !client->stays)
		return;
	if (client->out.len || client->answers) {
		client_close(client);
		return;
	}
	line_out_add(&client->out, "%s", text);
	if (!flush(client, &gone) && !gone)
		wait_for(client, EPOLLOUT);
}
