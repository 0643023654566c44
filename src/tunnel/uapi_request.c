#include "tunnel/uapi_request.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <string.h>

#include "crypto/key.h"

/* ---- answers ---- */

static void print_key(struct line_out *out, const char *name, const uint8_t key[static WG_KEY_LEN])
{
	char hex[KEY_HEX_LEN];

	key_to_hex(key, hex);
	line_out_add(out, "%s=%s\n", name, hex);
	wipe(hex, sizeof(hex));
}

static void get_device(const struct uapi_request *request, struct line_out *out)
{
	struct uapi_host *host = request->host;
	uint8_t private_key[WG_KEY_LEN];

	if (wg_private_key(host->device, private_key))
		print_key(out, "private_key", private_key);
	wipe(private_key, sizeof(private_key));
	line_out_add(out, "listen_port=%u\n", host->port(host));
	if (host->fwmark)
		line_out_add(out, "fwmark=%" PRIu32 "\n", host->fwmark);
}

/* Of request->told, all but its allowed IPs. */
static void get_peer(struct uapi_request *request, struct line_out *out)
{
	char text[INET_ENDPOINT_STRLEN];
	struct wg_peer_info info;

	wg_peer_info(request->host->device, request->told, &info);
	memcpy(request->public_key, info.public_key, sizeof(request->public_key));
	print_key(out, "public_key", info.public_key);
	print_key(out, "preshared_key", info.preshared_key);
	line_out_add(out, "protocol_version=1\n");
	if (info.endpoint.addr.family)
		line_out_add(out, "endpoint=%s\n", inet_endpoint_text(&info.endpoint, text));
	line_out_add(out, "last_handshake_time_sec=%" PRId64 "\nlast_handshake_time_nsec=%" PRIu32 "\n", info.handshake.s,
		     info.handshake.ns);
	line_out_add(out, "tx_bytes=%" PRIu64 "\nrx_bytes=%" PRIu64 "\npersistent_keepalive_interval=%u\n", info.sent_bytes,
		     info.received_bytes, info.keepalive_s);
	request->is_within = true;
	request->allowed_told = 0;
	wipe(&info, sizeof(info));
}

/* As many as make a piece. Between two pieces the peer may go, and its place may be another's; where its list changes, one may be told
 * twice or not at all, as of a dump of the kernel's. */
static void get_allowed(struct uapi_request *request, struct line_out *out)
{
	const struct wg_device *device = request->host->device;
	char text[INET_PREFIX_STRLEN];
	struct inet_prefix prefix;
	struct wg_peer_info info;
	uint32_t cursor = 0;
	bool same, more = true;

	wg_peer_info(device, request->told, &info);
	same = !memcmp(info.public_key, request->public_key, sizeof(info.public_key));
	wipe(&info, sizeof(info));
	for (size_t i = 0; i < request->allowed_told && more; i++)
		more = wg_peer_allowed(device, request->told, &cursor, &prefix);
	while (same && more && !line_out_is_piece(out)) {
		more = wg_peer_allowed(device, request->told, &cursor, &prefix);
		if (more) {
			line_out_add(out, "allowed_ip=%s\n", inet_prefix_text(&prefix, text));
			request->allowed_told++;
		}
	}
	request->is_within = same && more;
}

bool uapi_request_more(struct uapi_request *request, struct line_out *out)
{
	while (request->answers && !line_out_is_piece(out)) {
		if (request->is_within) {
			get_allowed(request, out);
			continue;
		}
		request->told = wg_peer_next(request->host->device, request->told);
		if (request->told) {
			get_peer(request, out);
			continue;
		}
		line_out_add(out, "errno=0\n\n");
		request->answers = false;
	}
	return request->answers;
}

/* ---- set: one function per key ---- */

typedef int set_fn(struct uapi_request *request, struct slice value, uint64_t now_ns);

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
static int finish_peer(struct uapi_request *request, uint64_t now_ns)
{
	struct uapi_host *host = request->host;
	int err = 0;

	if (request->has_peer && request->remove) {
		wg_remove_peer(host->device, request->public_key); /* one that is not there is as good as removed */
	} else if (request->has_peer) {
		if (request->change.endpoint && host->expect)
			host->expect(host, request->change.endpoint, now_ns);
		err = wg_set_peer(host->device, &request->change, now_ns);
	}
	request->has_peer = request->remove = false;
	wipe(request->preshared_key, sizeof(request->preshared_key));
	return err == -ENOENT ? 0 : err;
}

static int set_private_key(struct uapi_request *request, struct slice value, uint64_t now_ns)
{
	uint8_t key[WG_KEY_LEN];
	int err = parse_key(value, key);

	if (!err)
		wg_set_private_key(request->host->device, key, now_ns);
	wipe(key, sizeof(key));
	return err;
}

static int set_port(struct uapi_request *request, struct slice value, uint64_t now_ns)
{
	uint16_t port;
	int err = parse_u16(value, &port);

	(void)now_ns;
	return err ? err : request->host->set_port(request->host, port);
}

static int set_fwmark(struct uapi_request *request, struct slice value, uint64_t now_ns)
{
	uint64_t mark = 0;

	(void)now_ns;
	if (value.len && text_uint(value, UINT32_MAX, &mark) < 0)
		return -EINVAL;
	request->host->fwmark = (uint32_t)mark;
	return 0;
}

static int set_replace_peers(struct uapi_request *request, struct slice value, uint64_t now_ns)
{
	(void)now_ns;
	if (!slice_equal(value, "true"))
		return -EINVAL;
	wg_remove_peers(request->host->device);
	return 0;
}

static int set_public_key(struct uapi_request *request, struct slice value, uint64_t now_ns)
{
	int err = finish_peer(request, now_ns);

	if (!err)
		err = parse_key(value, request->public_key);
	request->has_peer = !err;
	request->change = (struct wg_peer_change){ .public_key = request->public_key, .allowed = request->allowed };
	return err;
}

static int set_remove(struct uapi_request *request, struct slice value, uint64_t now_ns)
{
	(void)now_ns;
	request->remove = slice_equal(value, "true");
	return request->remove ? 0 : -EINVAL;
}

static int set_update_only(struct uapi_request *request, struct slice value, uint64_t now_ns)
{
	(void)now_ns;
	request->change.flags |= WG_PEER_UPDATE_ONLY;
	return slice_equal(value, "true") ? 0 : -EINVAL;
}

static int set_preshared_key(struct uapi_request *request, struct slice value, uint64_t now_ns)
{
	(void)now_ns;
	request->change.preshared_key = request->preshared_key;
	return parse_key(value, request->preshared_key);
}

/* The scope of a link-local address: wg writes the interface's name, getnameinfo(3) being what it is. */
static int parse_scope(struct uapi_host *host, struct slice scope, uint32_t *index)
{
	char name[IFNAMSIZ];
	uint64_t number;

	if (text_uint(scope, UINT32_MAX, &number) == 0)
		*index = (uint32_t)number;
	else
		*index = slice_copy(scope, name, sizeof(name)) < 0 ? 0 : host->link_index(host, name);
	return *index ? 0 : -EINVAL;
}

/* ADDRESS:PORT, [ADDRESS]:PORT or [ADDRESS%SCOPE]:PORT */
static int set_endpoint(struct uapi_request *request, struct slice value, uint64_t now_ns)
{
	struct inet_endpoint *endpoint = &request->endpoint;
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
	if (scope.ptr && parse_scope(request->host, scope, &endpoint->scope_id) < 0)
		return -EINVAL;
	request->change.endpoint = endpoint;
	if (inet_addr_parse(host, &endpoint->addr) < 0)
		return -EINVAL;
	return parse_u16((struct slice){ value.ptr + colon, value.len - colon }, &endpoint->port);
}

static int set_keepalive(struct uapi_request *request, struct slice value, uint64_t now_ns)
{
	(void)now_ns;
	request->change.flags |= WG_PEER_SET_KEEPALIVE;
	return parse_u16(value, &request->change.keepalive_s);
}

static int set_replace_allowed(struct uapi_request *request, struct slice value, uint64_t now_ns)
{
	(void)now_ns;
	request->change.flags |= WG_PEER_REPLACE_ALLOWED;
	request->change.allowed_count = 0;
	return slice_equal(value, "true") ? 0 : -EINVAL;
}

static int set_allowed(struct uapi_request *request, struct slice value, uint64_t now_ns)
{
	bool has_len;

	(void)now_ns;
	if (request->change.allowed_count == UAPI_PREFIXES_MAX)
		return -ENOSPC;
	if (inet_prefix_parse(value, &request->allowed[request->change.allowed_count], &has_len) < 0)
		return -EINVAL;
	request->change.allowed_count++;
	return 0;
}

static int set_version(struct uapi_request *request, struct slice value, uint64_t now_ns)
{
	(void)request;
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

static int set_line(struct uapi_request *request, struct slice value, uint64_t now_ns)
{
	struct slice name;

	if (!slice_cut(&value, '=', &name) || !value.ptr)
		return -EPROTO;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!slice_equal(name, keys[i].name))
			continue;
		return keys[i].of_peer && !request->has_peer ? -EPROTO : keys[i].set(request, value, now_ns);
	}
	return -EPROTO;
}

/* ---- requests ---- */

static void end_request(struct uapi_request *request, struct line_out *out, uint64_t now_ns)
{
	if (request->kind == UAPI_SET && !request->err)
		request->err = finish_peer(request, now_ns);
	if (request->kind == UAPI_GET && !request->err) {
		get_device(request, out);
		request->answers = true;
		request->is_within = false;
		request->told = NULL;
	} else {
		/* wg(8) takes the number of a set as a result (negative), of a get as an errno. */
		line_out_add(out, "errno=%d\n\n", request->kind == UAPI_SET ? request->err : -request->err);
	}
	wipe(request->preshared_key, sizeof(request->preshared_key));
	request->kind = UAPI_IDLE;
	request->err = 0;
	request->has_peer = false;
	request->host->changed(request->host);
}

void uapi_request_line(struct uapi_request *request, struct slice line, struct line_out *out, uint64_t now_ns)
{
	int err = 0;

	if (line.ptr && !line.len) {
		if (request->kind != UAPI_IDLE)
			end_request(request, out, now_ns);
		return;
	}
	if (request->kind == UAPI_IDLE) {
		request->kind = slice_equal(line, "get=1") ? UAPI_GET : UAPI_SET;
		request->err = request->kind == UAPI_GET || slice_equal(line, "set=1") ? 0 : -EPROTO;
		return;
	}
	if (!request->err)
		err = request->kind == UAPI_SET ? set_line(request, line, now_ns) : -EPROTO;
	if (err)
		request->err = err;
}

void uapi_request_clear(struct uapi_request *request)
{
	wipe(request->preshared_key, sizeof(request->preshared_key));
	request->kind = UAPI_IDLE;
	request->has_peer = request->remove = request->answers = false;
	request->err = 0;
}
