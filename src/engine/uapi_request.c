#include "engine/uapi_request.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "crypto/key.h"

static_assert((int)TUNNEL_KEY_LEN == (int)WG_KEY_LEN, "keys go in and out as they are");

enum { VERSION = 1 };

/* ---- answers ---- */

static void get_device(const struct uapi_request *request, struct line_out *out)
{
	const struct uapi_to to = { line_out_bytes, out };
	struct uapi_host *host = request->host;
	uint8_t private_key[WG_KEY_LEN];

	if (wg_private_key(host->device, private_key))
		uapi_put_key(&to, UAPI_PRIVATE_KEY, private_key);
	wipe(private_key, sizeof(private_key));
	uapi_put_number(&to, UAPI_LISTEN_PORT, host->port(host));
	if (host->fwmark)
		uapi_put_number(&to, UAPI_FWMARK, host->fwmark);
}

/* Of request->told, all but its allowed IPs. */
static void get_peer(struct uapi_request *request, struct line_out *out)
{
	const struct uapi_to to = { line_out_bytes, out };
	struct wg_peer_info info;

	wg_peer_info(request->host->device, request->told, &info);
	memcpy(request->public_key, info.public_key, sizeof(request->public_key));
	uapi_put_key(&to, UAPI_PUBLIC_KEY, info.public_key);
	uapi_put_key(&to, UAPI_PRESHARED_KEY, info.preshared_key);
	uapi_put_number(&to, UAPI_PROTOCOL_VERSION, VERSION);
	if (info.endpoint.addr.family)
		uapi_put_endpoint(&to, UAPI_ENDPOINT, &info.endpoint);
	uapi_put_signed(&to, UAPI_HANDSHAKE_S, info.handshake.s);
	uapi_put_number(&to, UAPI_HANDSHAKE_NS, info.handshake.ns);
	uapi_put_number(&to, UAPI_SENT, info.sent_bytes);
	uapi_put_number(&to, UAPI_RECEIVED, info.received_bytes);
	uapi_put_number(&to, UAPI_KEEPALIVE, info.keepalive_s);
	request->is_within = true;
	request->allowed_told = 0;
	wipe(&info, sizeof(info));
}

/* As many as make a piece. Between two pieces the peer may go, and its place may be another's; where its list changes, one may be told
 * twice or not at all, as of a dump of the kernel's. */
static void get_allowed(struct uapi_request *request, struct line_out *out)
{
	const struct wg_device *device = request->host->device;
	const struct uapi_to to = { line_out_bytes, out };
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
			uapi_put_prefix(&to, UAPI_ALLOWED, &prefix);
			request->allowed_told++;
		}
	}
	request->is_within = same && more;
}

bool uapi_request_more(struct uapi_request *request, struct line_out *out)
{
	const struct uapi_to to = { line_out_bytes, out };

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
		uapi_put_result(&to, 0);
		request->answers = false;
	}
	return request->answers;
}

/* ---- set: one function per key ---- */

typedef int set_fn(struct uapi_request *request, const struct uapi_value *value, uint64_t now_ns);

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

static int set_private_key(struct uapi_request *request, const struct uapi_value *value, uint64_t now_ns)
{
	wg_set_private_key(request->host->device, value->key, now_ns);
	return 0;
}

static int set_port(struct uapi_request *request, const struct uapi_value *value, uint64_t now_ns)
{
	(void)now_ns;
	return request->host->set_port(request->host, (uint16_t)value->number);
}

static int set_fwmark(struct uapi_request *request, const struct uapi_value *value, uint64_t now_ns)
{
	(void)now_ns;
	request->host->fwmark = (uint32_t)value->number;
	return 0;
}

static int set_replace_peers(struct uapi_request *request, const struct uapi_value *value, uint64_t now_ns)
{
	(void)value;
	(void)now_ns;
	wg_remove_peers(request->host->device);
	return 0;
}

static int set_public_key(struct uapi_request *request, const struct uapi_value *value, uint64_t now_ns)
{
	int err = finish_peer(request, now_ns);

	memcpy(request->public_key, value->key, sizeof(request->public_key));
	request->has_peer = !err;
	request->change = (struct wg_peer_change){ .public_key = request->public_key, .allowed = request->allowed };
	return err;
}

static int set_remove(struct uapi_request *request, const struct uapi_value *value, uint64_t now_ns)
{
	(void)value;
	(void)now_ns;
	request->remove = true;
	return 0;
}

static int set_update_only(struct uapi_request *request, const struct uapi_value *value, uint64_t now_ns)
{
	(void)value;
	(void)now_ns;
	request->change.flags |= WG_PEER_UPDATE_ONLY;
	return 0;
}

static int set_preshared_key(struct uapi_request *request, const struct uapi_value *value, uint64_t now_ns)
{
	(void)now_ns;
	memcpy(request->preshared_key, value->key, sizeof(request->preshared_key));
	request->change.preshared_key = request->preshared_key;
	return 0;
}

static int set_endpoint(struct uapi_request *request, const struct uapi_value *value, uint64_t now_ns)
{
	(void)now_ns;
	request->endpoint = value->endpoint;
	request->change.endpoint = &request->endpoint;
	if (value->scope[0])
		request->endpoint.scope_id = request->host->link_index(request->host, value->scope);
	return value->scope[0] && !request->endpoint.scope_id ? -EINVAL : 0;
}

static int set_keepalive(struct uapi_request *request, const struct uapi_value *value, uint64_t now_ns)
{
	(void)now_ns;
	request->change.flags |= WG_PEER_SET_KEEPALIVE;
	request->change.keepalive_s = (uint16_t)value->number;
	return 0;
}

static int set_replace_allowed(struct uapi_request *request, const struct uapi_value *value, uint64_t now_ns)
{
	(void)value;
	(void)now_ns;
	request->change.flags |= WG_PEER_REPLACE_ALLOWED;
	request->change.allowed_count = 0;
	return 0;
}

static int set_allowed(struct uapi_request *request, const struct uapi_value *value, uint64_t now_ns)
{
	(void)now_ns;
	if (request->change.allowed_count == TUNNEL_PREFIXES_MAX)
		return -ENOSPC;
	request->allowed[request->change.allowed_count++] = value->prefix;
	return 0;
}

static int set_version(struct uapi_request *request, const struct uapi_value *value, uint64_t now_ns)
{
	(void)request;
	(void)now_ns;
	return value->number == VERSION ? 0 : -EPROTONOSUPPORT;
}

static set_fn *const sets[UAPI_KEYS] = {
	[UAPI_PRIVATE_KEY] = set_private_key,
	[UAPI_LISTEN_PORT] = set_port,
	[UAPI_FWMARK] = set_fwmark,
	[UAPI_REPLACE_PEERS] = set_replace_peers,
	[UAPI_PUBLIC_KEY] = set_public_key,
	[UAPI_REMOVE] = set_remove,
	[UAPI_UPDATE_ONLY] = set_update_only,
	[UAPI_PRESHARED_KEY] = set_preshared_key,
	[UAPI_ENDPOINT] = set_endpoint,
	[UAPI_KEEPALIVE] = set_keepalive,
	[UAPI_REPLACE_ALLOWED] = set_replace_allowed,
	[UAPI_ALLOWED] = set_allowed,
	[UAPI_PROTOCOL_VERSION] = set_version,
};

static int set_line(struct uapi_request *request, struct slice line, uint64_t now_ns)
{
	struct uapi_value value;
	enum uapi_key key;
	int err = uapi_line_read(line, &key, &value);

	if (err == -ENOENT || (!err && (!sets[key] || (uapi_is_of_peer(key) && !request->has_peer))))
		err = -EPROTO;
	if (!err)
		err = sets[key](request, &value, now_ns);
	wipe(&value, sizeof(value));
	return err;
}

/* ---- requests ---- */

static void end_request(struct uapi_request *request, struct line_out *out, uint64_t now_ns)
{
	const struct uapi_to to = { line_out_bytes, out };

	if (request->kind == UAPI_SET && !request->err)
		request->err = finish_peer(request, now_ns);
	if (request->kind == UAPI_GET && !request->err) {
		get_device(request, out);
		request->answers = true;
		request->is_within = false;
		request->told = NULL;
	} else {
		/* wg(8) takes the number of a set as a result (negative), of a get as an errno. */
		uapi_put_result(&to, request->kind == UAPI_SET ? request->err : -request->err);
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
