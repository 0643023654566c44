#include "tunnel/uapi.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "crypto/key.h"

static void client_close(struct uapi_client *client)
{
	loop_remove(client->uapi->loop, &client->source);
	close(client->source.fd);
	uapi_request_clear(&client->request);
	wipe(client->line, sizeof(client->line));
	client->out_sent = client->line_len = 0;
	client->uapi = NULL;
}

/* True while the client is there. */
static bool flush(struct uapi_client *client)
{
	const struct uapi_request *request = &client->request;

	while (client->out_sent < request->out_len) {
		ssize_t n = send(client->source.fd, request->out + client->out_sent, request->out_len - client->out_sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			/* What more it asks waits until it has read. */
			loop_change(client->uapi->loop, &client->source, EPOLLOUT);
			return true;
		}
		if (n < 0) {
			client_close(client);
			return false;
		}
		client->out_sent += (size_t)n;
	}
	uapi_request_sent(&client->request);
	client->out_sent = 0;
	loop_change(client->uapi->loop, &client->source, EPOLLIN);
	return true;
}

static void take_bytes(struct uapi_client *client, const char *bytes, size_t len, uint64_t now_ns)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n') {
			uapi_request_line(&client->request, (struct slice){ client->line, client->line_len }, now_ns);
			client->line_len = 0;
		} else if (client->line_len < sizeof(client->line)) {
			client->line[client->line_len++] = bytes[i];
		} else if (!client->request.err) {
			client->request.err = -EPROTO;
		}
	}
}

static void client_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct uapi_client *client = (struct uapi_client *)source;
	char bytes[4096];
	ssize_t n;

	client->heard_ns = now_ns;
	/* An answer that is not read yet holds further requests back. */
	if (client->request.out_len) {
		if (events & (EPOLLHUP | EPOLLERR))
			client_close(client);
		else
			flush(client);
		return;
	}
	n = recv(source->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			client_close(client);
		return;
	}
	take_bytes(client, bytes, (size_t)n, now_ns);
	wipe(bytes, sizeof(bytes));
	flush(client);
}

/* A free place, or that of who has been quiet the longest; NULL: all are served. */
static struct uapi_client *make_room(struct uapi *uapi, uint64_t now_ns)
{
	struct uapi_client *quiet = NULL;

	for (size_t i = 0; i < UAPI_CLIENTS_MAX; i++) {
		struct uapi_client *client = &uapi->clients[i];

		if (!client->uapi)
			return client;
		if (now_ns - client->heard_ns > UAPI_QUIET_S * NS_PER_S && (!quiet || client->heard_ns < quiet->heard_ns))
			quiet = client;
	}
	if (quiet)
		client_close(quiet);
	return quiet;
}

static void listener_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct uapi *uapi = container_of(source, struct uapi, listener);
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct uapi_client *client;

	(void)events;
	if (fd < 0)
		return;
	client = make_room(uapi, now_ns);
	if (client) {
		client->uapi = uapi;
		client->heard_ns = now_ns;
		client->request.host = &uapi->host;
		if (loop_add(uapi->loop, &client->source, fd, EPOLLIN, client_ready) == 0)
			return;
		client->uapi = NULL;
	}
	close(fd);
}

static bool is_served(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* EAGAIN: it lives and is busy. */
	bool served = fd >= 0 && (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return served;
}

int uapi_open(struct uapi *uapi, struct loop *loop, const char *name, const struct uapi_host *host)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int err = 0;

	uapi->loop = loop;
	uapi->host = *host;
	text_format(uapi->path, sizeof(uapi->path), UAPI_DIR "/%s.sock", name);
	text_format(addr.sun_path, sizeof(addr.sun_path), "%s", uapi->path);
	if (mkdir(UAPI_DIR, 0700) < 0 && errno != EEXIST)
		return -errno;
	uapi->listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (uapi->listener.fd < 0)
		return -errno;
	/* Another instance's, or another program's, is left alone; one that a dead process left is not. */
	if (is_served(&addr))
		err = -EADDRINUSE;
	else
		unlink(uapi->path);
	mask = umask(0077);
	if (!err && (bind(uapi->listener.fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
		     listen(uapi->listener.fd, UAPI_CLIENTS_MAX) < 0 || stat(uapi->path, &uapi->ours) < 0))
		err = -errno;
	umask(mask);
	if (!err)
		err = loop_add(loop, &uapi->listener, uapi->listener.fd, EPOLLIN, listener_ready);
	if (err < 0) {
		close(uapi->listener.fd);
		uapi->listener.fd = -1;
		uapi->loop = NULL;
	}
	return err;
}

void uapi_close(struct uapi *uapi)
{
	struct stat now;

	if (!uapi->loop)
		return;
	for (size_t i = 0; i < UAPI_CLIENTS_MAX; i++)
		if (uapi->clients[i].uapi)
			client_close(&uapi->clients[i]);
	loop_remove(uapi->loop, &uapi->listener);
	close(uapi->listener.fd);
	/* Someone may have put another in its place. */
	if (stat(uapi->path, &now) == 0 && now.st_ino == uapi->ours.st_ino && now.st_dev == uapi->ours.st_dev)
		unlink(uapi->path);
	uapi->loop = NULL;
}
