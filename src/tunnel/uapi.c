#include "tunnel/uapi.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/container_of.h"
#include "crypto/key.h"

/* ---- answers ---- */

__attribute__((format(printf, 2, 3))) static void print(struct uapi_client *client, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n <= 0 || (size_t)n >= sizeof(text))
		return;
	if (client->out_len + (size_t)n > client->out_cap) {
		size_t cap = client->out_cap ? client->out_cap * 2 : 4096;
		char *out = malloc(cap);

		if (!out) {
			client->err = -ENOMEM;
			wipe(text, sizeof(text));
			return;
		}
		if (client->out_len)
			memcpy(out, client->out, client->out_len);
		/* Private keys are in it: not realloc, which would leave them behind. */
		if (client->out)
			wipe(client->out, client->out_len);
		free(client->out);
		client->out = out;
		client->out_cap = cap;
	}
	memcpy(client->out + client->out_len, text, (size_t)n);
	client->out_len += (size_t)n;
	wipe(text, sizeof(text));
}

static void print_key(struct uapi_client *client, const char *name, const uint8_t key[static WG_KEY_LEN])
{
	char hex[KEY_HEX_LEN];

	key_to_hex(key, hex);
	print(client, "%s=%s\n", name, hex);
	wipe(hex, sizeof(hex));
}

static void get_peer(struct uapi_client *client, const struct wg_peer *peer)
{
	const struct wg_device *device = client->uapi->host.device;
	char text[INET_ENDPOINT_STRLEN];
	struct inet_prefix prefix;
	struct wg_peer_info info;
	uint32_t cursor = 0;

	wg_peer_info(device, peer, &info);
	print_key(client, "public_key", info.public_key);
	print_key(client, "preshared_key", info.preshared_key);
	print(client, "protocol_version=1\n");
	if (info.endpoint.addr.family)
		print(client, "endpoint=%s\n", inet_endpoint_text(&info.endpoint, text));
	print(client, "last_handshake_time_sec=%" PRId64 "\nlast_handshake_time_nsec=%" PRIu32 "\n", info.handshake.s,
	      info.handshake.ns);
	print(client, "tx_bytes=%" PRIu64 "\nrx_bytes=%" PRIu64 "\npersistent_keepalive_interval=%u\n", info.sent_bytes,
	      info.received_bytes, info.keepalive_s);
	while (wg_peer_allowed(device, peer, &cursor, &prefix))
		print(client, "allowed_ip=%s\n", inet_prefix_text(&prefix, text));
	wipe(&info, sizeof(info));
}

static void get(struct uapi_client *client)
{
	struct uapi *uapi = client->uapi;
	uint8_t private_key[WG_KEY_LEN];

	if (wg_private_key(uapi->host.device, private_key))
		print_key(client, "private_key", private_key);
	wipe(private_key, sizeof(private_key));
	print(client, "listen_port=%u\n", uapi->host.port(uapi));
	if (uapi->fwmark)
		print(client, "fwmark=%" PRIu32 "\n", uapi->fwmark);
	for (const struct wg_peer *peer = wg_peer_next(uapi->host.device, NULL); peer;
	     peer = wg_peer_next(uapi->host.device, peer))
		get_peer(client, peer);
}

/* ---- set: one function per key ---- */

typedef int set_fn(struct uapi_client *client, struct slice value, uint64_t now_ns);

static int parse_key(struct slice value, uint8_t key[static WG_KEY_LEN])
{
	return key_from_hex(value.ptr, value.len, key);
}

static int parse_u16(struct slice value, uint16_t *number)
{
	uint64_t v;

	if (text_uint(value, UINT16_MAX, &v) < 0)
		return -EINVAL;
	*number = (uint16_t)v;
	return 0;
}

/* The peer of the lines so far is whole: now it is set. */
static int finish_peer(struct uapi_client *client, uint64_t now_ns)
{
	struct wg_device *device = client->uapi->host.device;
	int err = 0;

	if (client->has_peer && client->remove)
		wg_remove_peer(device, client->public_key); /* one that is not there is as good as removed */
	else if (client->has_peer)
		err = wg_set_peer(device, &client->change, now_ns);
	client->has_peer = client->remove = false;
	wipe(client->preshared_key, sizeof(client->preshared_key));
	return err == -ENOENT ? 0 : err;
}

static int set_private_key(struct uapi_client *client, struct slice value, uint64_t now_ns)
{
	uint8_t key[WG_KEY_LEN];
	int err = parse_key(value, key);

	if (!err)
		wg_set_private_key(client->uapi->host.device, key, now_ns);
	wipe(key, sizeof(key));
	return err;
}

static int set_port(struct uapi_client *client, struct slice value, uint64_t now_ns)
{
	uint16_t port;
	int err = parse_u16(value, &port);

	(void)now_ns;
	return err ? err : client->uapi->host.set_port(client->uapi, port);
}

static int set_fwmark(struct uapi_client *client, struct slice value, uint64_t now_ns)
{
	uint64_t mark = 0;

	(void)now_ns;
	if (value.len && text_uint(value, UINT32_MAX, &mark) < 0)
		return -EINVAL;
	client->uapi->fwmark = (uint32_t)mark;
	return 0;
}

static int set_replace_peers(struct uapi_client *client, struct slice value, uint64_t now_ns)
{
	(void)now_ns;
	if (!slice_equal(value, "true"))
		return -EINVAL;
	wg_remove_peers(client->uapi->host.device);
	return 0;
}

static int set_public_key(struct uapi_client *client, struct slice value, uint64_t now_ns)
{
	int err = finish_peer(client, now_ns);

	if (!err)
		err = parse_key(value, client->public_key);
	client->has_peer = !err;
	client->change = (struct wg_peer_change){ .public_key = client->public_key, .allowed = client->allowed };
	return err;
}

static int set_remove(struct uapi_client *client, struct slice value, uint64_t now_ns)
{
	(void)now_ns;
	client->remove = slice_equal(value, "true");
	return client->remove ? 0 : -EINVAL;
}

static int set_update_only(struct uapi_client *client, struct slice value, uint64_t now_ns)
{
	(void)now_ns;
	client->change.flags |= WG_PEER_UPDATE_ONLY;
	return slice_equal(value, "true") ? 0 : -EINVAL;
}

static int set_preshared_key(struct uapi_client *client, struct slice value, uint64_t now_ns)
{
	(void)now_ns;
	client->change.preshared_key = client->preshared_key;
	return parse_key(value, client->preshared_key);
}

/* The scope of a link-local address: wg writes the interface's name, getnameinfo(3) being what it is. */
static int parse_scope(struct slice scope, uint32_t *index)
{
	char name[IFNAMSIZ];
	uint64_t number;

	if (text_uint(scope, UINT32_MAX, &number) == 0)
		*index = (uint32_t)number;
	else
		*index = slice_copy(scope, name, sizeof(name)) < 0 ? 0 : if_nametoindex(name);
	return *index ? 0 : -EINVAL;
}

/* ADDRESS:PORT, [ADDRESS]:PORT or [ADDRESS%SCOPE]:PORT */
static int set_endpoint(struct uapi_client *client, struct slice value, uint64_t now_ns)
{
	struct inet_endpoint *endpoint = &client->endpoint;
	struct slice host = value, scope = { NULL, 0 };
	size_t colon = value.len;

	(void)now_ns;
	while (colon && value.ptr[colon - 1] != ':')
		colon--;
	if (!colon)
		return -EINVAL;
	host.len = colon - 1;
	*endpoint = (struct inet_endpoint){ 0 };
	if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
		scope = (struct slice){ host.ptr + 1, host.len - 2 };
		slice_cut(&scope, '%', &host);
	}
	if (scope.ptr && parse_scope(scope, &endpoint->scope_id) < 0)
		return -EINVAL;
	client->change.endpoint = endpoint;
	if (inet_addr_parse(host, &endpoint->addr) < 0)
		return -EINVAL;
	return parse_u16((struct slice){ value.ptr + colon, value.len - colon }, &endpoint->port);
}

static int set_keepalive(struct uapi_client *client, struct slice value, uint64_t now_ns)
{
	(void)now_ns;
	client->change.flags |= WG_PEER_SET_KEEPALIVE;
	return parse_u16(value, &client->change.keepalive_s);
}

static int set_replace_allowed(struct uapi_client *client, struct slice value, uint64_t now_ns)
{
	(void)now_ns;
	client->change.flags |= WG_PEER_REPLACE_ALLOWED;
	client->change.allowed_count = 0;
	return slice_equal(value, "true") ? 0 : -EINVAL;
}

static int set_allowed(struct uapi_client *client, struct slice value, uint64_t now_ns)
{
	bool has_len;

	(void)now_ns;
	if (client->change.allowed_count == UAPI_PREFIXES_MAX)
		return -ENOSPC;
	if (inet_prefix_parse(value, &client->allowed[client->change.allowed_count], &has_len) < 0)
		return -EINVAL;
	client->change.allowed_count++;
	return 0;
}

static int set_version(struct uapi_client *client, struct slice value, uint64_t now_ns)
{
	(void)client;
	(void)now_ns;
	return slice_equal(value, "1") ? 0 : -EPROTONOSUPPORT;
}

static const struct {
	const char *name;
	bool of_peer;
	set_fn *set;
} keys[] = {
	{ "private_key", false, set_private_key },
	{ "listen_port", false, set_port },
	{ "fwmark", false, set_fwmark },
	{ "replace_peers", false, set_replace_peers },
	{ "public_key", false, set_public_key },
	{ "remove", true, set_remove },
	{ "update_only", true, set_update_only },
	{ "preshared_key", true, set_preshared_key },
	{ "endpoint", true, set_endpoint },
	{ "persistent_keepalive_interval", true, set_keepalive },
	{ "replace_allowed_ips", true, set_replace_allowed },
	{ "allowed_ip", true, set_allowed },
	{ "protocol_version", true, set_version },
};

static int set_line(struct uapi_client *client, struct slice value, uint64_t now_ns)
{
	struct slice name;

	if (!slice_cut(&value, '=', &name) || !value.ptr)
		return -EPROTO;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!slice_equal(name, keys[i].name))
			continue;
		return keys[i].of_peer && !client->has_peer ? -EPROTO : keys[i].set(client, value, now_ns);
	}
	return -EPROTO;
}

/* ---- requests ---- */

static void end_request(struct uapi_client *client, uint64_t now_ns)
{
	if (client->request == UAPI_SET && !client->err)
		client->err = finish_peer(client, now_ns);
	if (client->request == UAPI_GET && !client->err)
		get(client);
	/* wg(8) takes the number of a set as a result (negative), of a get as an errno. */
	print(client, "errno=%d\n\n", client->request == UAPI_SET ? client->err : -client->err);
	wipe(client->preshared_key, sizeof(client->preshared_key));
	client->request = UAPI_IDLE;
	client->err = 0;
	client->has_peer = false;
	client->uapi->host.changed(client->uapi);
}

void uapi_line(struct uapi_client *client, struct slice line, uint64_t now_ns)
{
	int err = 0;

	if (!line.len) {
		if (client->request != UAPI_IDLE)
			end_request(client, now_ns);
		return;
	}
	if (client->request == UAPI_IDLE) {
		client->request = slice_equal(line, "get=1") ? UAPI_GET : UAPI_SET;
		client->err = client->request == UAPI_GET || slice_equal(line, "set=1") ? 0 : -EPROTO;
		return;
	}
	if (!client->err)
		err = client->request == UAPI_SET ? set_line(client, line, now_ns) : -EPROTO;
	if (err)
		client->err = err;
}

/* ---- sockets ---- */

static void client_close(struct uapi_client *client)
{
	loop_remove(client->uapi->loop, &client->source);
	close(client->source.fd);
	if (client->out)
		wipe(client->out, client->out_len);
	free(client->out);
	wipe(client->line, sizeof(client->line));
	wipe(client->preshared_key, sizeof(client->preshared_key));
	client->out = NULL;
	client->out_len = client->out_cap = client->out_sent = client->line_len = 0;
	client->request = UAPI_IDLE;
	client->has_peer = false;
	client->err = 0;
	client->uapi = NULL;
}

/* True while the client is there. */
static bool flush(struct uapi_client *client)
{
	while (client->out_sent < client->out_len) {
		ssize_t n = send(client->source.fd, client->out + client->out_sent, client->out_len - client->out_sent,
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
	if (client->out)
		wipe(client->out, client->out_len);
	client->out_sent = client->out_len = 0;
	loop_change(client->uapi->loop, &client->source, EPOLLIN);
	return true;
}

static void take_bytes(struct uapi_client *client, const char *bytes, size_t len, uint64_t now_ns)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n') {
			uapi_line(client, (struct slice){ client->line, client->line_len }, now_ns);
			client->line_len = 0;
		} else if (client->line_len < sizeof(client->line)) {
			client->line[client->line_len++] = bytes[i];
		} else if (!client->err) {
			client->err = -EPROTO;
		}
	}
}

static void client_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct uapi_client *client = (struct uapi_client *)source;
	char bytes[4096];
	ssize_t n;

	/* An answer that is not read yet holds further requests back. */
	if (client->out_len) {
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

static void listener_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct uapi *uapi = container_of(source, struct uapi, listener);
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	(void)now_ns;
	for (size_t i = 0; i < UAPI_CLIENTS_MAX && fd >= 0; i++) {
		struct uapi_client *client = &uapi->clients[i];

		if (client->uapi)
			continue;
		client->uapi = uapi;
		if (loop_add(uapi->loop, &client->source, fd, EPOLLIN, client_ready) == 0)
			return;
		client->uapi = NULL;
		break;
	}
	if (fd >= 0)
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
	uapi->fwmark = 0;
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
