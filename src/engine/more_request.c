#include "engine/more_request.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "crypto/key.h"
#include "engine/lwip_counts.h"
#include "tunnel/uapi_line.h"

enum { VERSION = 1, PEERS_PER_PIECE = 64 }; /* that are looked at */

/* ---- get ---- */

static void put_drops(const struct uapi_to *to, const uint64_t *drops, enum tunnel_drop count)
{
	for (enum tunnel_drop drop = 0; drop < count; drop++)
		if (drops[drop])
			uapi_put_drop(to, drop, drops[drop]);
}

/* keys: of where it was, when, and its public key. */
static void put_stranger(const struct uapi_to *to, const enum uapi_key keys[static 3], const struct tunnel_stranger *stranger)
{
	if (!stranger->from.addr.family)
		return;
	uapi_put_endpoint(to, keys[0], &stranger->from);
	uapi_put_number(to, keys[1], stranger->age_s);
	if (!key_is_zero(stranger->public_key))
		uapi_put_key(to, keys[2], stranger->public_key);
}

static void get_device(struct more_request *request, struct line_out *out, uint64_t now_ns)
{
	static const enum uapi_key unknown[] = { UAPI_UNKNOWN_FROM, UAPI_UNKNOWN_AGE, UAPI_UNKNOWN_KEY };
	static const enum uapi_key misled[] = { UAPI_MISLED_FROM, UAPI_MISLED_AGE, UAPI_MISLED_KEY };
	const struct uapi_to to = { line_out_bytes, out };
	struct more_about about = { .trouble = "" };

	request->host->about(request->host, &about);
	request->counts = (struct tunnel_counts){ 0 };
	lwip_count_device(&request->counts, request->host->device, now_ns);
	uapi_put_number(&to, UAPI_VERSION, VERSION);
	uapi_put_number(&to, UAPI_INDEX, about.index);
	uapi_put_number(&to, UAPI_UNDER_LOAD, request->counts.under_load);
	uapi_put_text(&to, UAPI_OPENER, about.opener ? "1" : "0");
	if (about.trouble[0])
		uapi_put_text(&to, UAPI_TROUBLE, about.trouble);
	put_drops(&to, request->counts.drops, TUNNEL_DROPS);
	put_stranger(&to, unknown, &request->counts.unknown);
	put_stranger(&to, misled, &request->counts.misled);
}

static void get_peer(const struct more_request *request, struct line_out *out, uint64_t now_ns)
{
	const struct wg_device *device = request->host->device;
	const struct uapi_to to = { line_out_bytes, out };
	struct tunnel_peer peer = { .counts.known = true };
	const struct tunnel_peer_counts *counts = &peer.counts;
	struct wg_peer_info info;
	size_t begin = out->len, head;

	wg_peer_info(device, request->told, &info);
	wipe(info.preshared_key, sizeof(info.preshared_key));
	peer.endpoint = info.endpoint;
	peer.handshake_s = info.handshake.s;
	lwip_count_peer(&peer, wg_peer_counters(device, request->told), now_ns);
	lwip_blame(&peer, &request->counts);
	uapi_put_key(&to, UAPI_PUBLIC_KEY, info.public_key);
	head = out->len;
	if (counts->failing)
		uapi_put_number(&to, UAPI_FAILING, 1);
	if (counts->failure) {
		uapi_put_failure(&to, counts->failure);
		uapi_put_number(&to, UAPI_FAILURE_AGE, counts->failure_age_s);
	}
	if (counts->failures)
		uapi_put_number(&to, UAPI_FAILURES, counts->failures);
	put_drops(&to, counts->drops, TUNNEL_PEER_DROPS);
	if (out->len == head)
		out->len = begin;
}

bool more_request_more(struct more_request *request, struct line_out *out, uint64_t now_ns)
{
	const struct uapi_to to = { line_out_bytes, out };

	for (unsigned i = 0; request->answers && i < PEERS_PER_PIECE && !line_out_is_piece(out); i++) {
		request->told = wg_peer_next(request->host->device, request->told);
		if (request->told) {
			get_peer(request, out, now_ns);
			continue;
		}
		uapi_put_result(&to, 0);
		request->answers = false;
	}
	return request->answers;
}

/* ---- set: one function per key ---- */

typedef int set_fn(struct more_request *request, const struct uapi_value *value, int *fd);

static int fail(struct more_request *request, int err, const char *words)
{
	text_format(request->error, sizeof(request->error), "%s", words);
	return err;
}

static struct tunnel_nic *last_nic(struct more_request *request)
{
	return request->nic_count ? &request->nics[request->nic_count - 1] : NULL;
}

static struct tunnel_nic_route *last_route(struct more_request *request)
{
	struct tunnel_nic *nic = last_nic(request);

	return nic && nic->route_count ? &nic->routes[nic->route_count - 1] : NULL;
}

static int set_replace_nics(struct more_request *request, const struct uapi_value *value, int *fd)
{
	(void)value;
	(void)fd;
	request->replaces_nics = true;
	request->nic_count = 0;
	return 0;
}

static int set_nic(struct more_request *request, const struct uapi_value *value, int *fd)
{
	struct tunnel_nic *nic;

	(void)fd;
	if (!request->replaces_nics)
		return fail(request, -EPROTO, "nic: replace_nics=true comes before");
	if (request->nic_count == TUNNEL_NICS_MAX)
		return fail(request, -ENOSPC, "nic: there are too many");
	nic = &request->nics[request->nic_count++];
	*nic = (struct tunnel_nic){ .link = "" };
	/* A NUL would hide what is behind it. */
	if (slice_copy(value->text, nic->link, sizeof(nic->link)) < 0 || strlen(nic->link) != value->text.len)
		return fail(request, -EINVAL, "nic: a name of 1 to 15 characters");
	return 0;
}

static int set_mtu(struct more_request *request, const struct uapi_value *value, int *fd)
{
	struct tunnel_nic *nic = last_nic(request);

	(void)fd;
	if (!nic)
		return fail(request, -EPROTO, "mtu: of which nic?");
	nic->mtu_bytes = (uint32_t)value->number;
	return 0;
}

static int set_address(struct more_request *request, const struct uapi_value *value, int *fd)
{
	struct tunnel_nic *nic = last_nic(request);

	(void)fd;
	if (!nic)
		return fail(request, -EPROTO, "address: of which nic?");
	if (nic->address_count == TUNNEL_NIC_ADDRESSES)
		return fail(request, -ENOSPC, "address: the nic has too many");
	nic->addresses[nic->address_count++] = value->prefix;
	return 0;
}

static int set_route(struct more_request *request, const struct uapi_value *value, int *fd)
{
	struct tunnel_nic *nic = last_nic(request);

	(void)fd;
	if (!nic)
		return fail(request, -EPROTO, "route: of which nic?");
	if (nic->route_count == TUNNEL_NIC_ROUTES)
		return fail(request, -ENOSPC, "route: the nic has too many");
	nic->routes[nic->route_count++] = (struct tunnel_nic_route){ .destination = value->prefix };
	return 0;
}

static int set_gateway(struct more_request *request, const struct uapi_value *value, int *fd)
{
	struct tunnel_nic_route *route = last_route(request);

	(void)fd;
	if (!route)
		return fail(request, -EPROTO, "gateway: of which route?");
	route->gateway = value->addr;
	return 0;
}

static int set_route_mtu(struct more_request *request, const struct uapi_value *value, int *fd)
{
	struct tunnel_nic_route *route = last_route(request);

	(void)fd;
	if (!route)
		return fail(request, -EPROTO, "route_mtu: of which route?");
	route->mtu_bytes = (uint32_t)value->number;
	return 0;
}

static int set_opener(struct more_request *request, const struct uapi_value *value, int *fd)
{
	if (!slice_equal(value->text, "fd") || *fd < 0 || request->sets_opener)
		return fail(request, -EPROTO, "opener: fd, and one descriptor comes with it");
	request->opener_fd = *fd;
	request->sets_opener = true;
	*fd = -1;
	return 0;
}

static set_fn *const sets[UAPI_KEYS] = {
	[UAPI_REPLACE_NICS] = set_replace_nics,
	[UAPI_NIC] = set_nic,
	[UAPI_MTU] = set_mtu,
	[UAPI_ADDRESS] = set_address,
	[UAPI_ROUTE] = set_route,
	[UAPI_GATEWAY] = set_gateway,
	[UAPI_ROUTE_MTU] = set_route_mtu,
	[UAPI_OPENER] = set_opener,
};

static int set_line(struct more_request *request, struct slice line, int *fd)
{
	struct uapi_value value;
	enum uapi_key key;
	int err = uapi_line_read(line, &key, &value);

	if (err == -EPROTO || err == -ENOENT || !sets[key])
		return fail(request, -EPROTO, "a key that is not known here");
	if (!err)
		return sets[key](request, &value, fd);
	text_format(request->error, sizeof(request->error), "%s: that is no value of it", uapi_key_name(key));
	return err;
}

static int finish_set(struct more_request *request)
{
	struct more_host *host = request->host;
	int err = 0;

	if (request->sets_opener) {
		err = host->set_opener(host, request->opener_fd);
		request->sets_opener = false;
	}
	if (!err && request->replaces_nics)
		err = host->set_nics(host, request->nics, request->nic_count);
	return err;
}

/* ---- requests ---- */

static void begin_request(struct more_request *request, struct slice line)
{
	static const char *const first[] = { "get=1", "set=1", "watch=1" };
	static const enum more_kind kinds[] = { MORE_GET, MORE_SET, MORE_WATCH, MORE_UNKNOWN };

	more_request_clear(request);
	request->kind = kinds[slice_among(line, first, sizeof(first) / sizeof(first[0]))];
	if (request->kind == MORE_UNKNOWN)
		request->err = fail(request, -EPROTO, "a request begins with get=1, set=1 or watch=1");
}

static void end_request(struct more_request *request, struct line_out *out, uint64_t now_ns)
{
	const struct uapi_to to = { line_out_bytes, out };

	if (request->kind == MORE_GET && !request->err) {
		get_device(request, out, now_ns);
		request->answers = true;
		request->told = NULL;
		request->kind = MORE_IDLE;
		return;
	}
	if (request->kind == MORE_SET && !request->err)
		request->err = finish_set(request);
	if (request->kind == MORE_WATCH && !request->err)
		request->err = request->host->watch(request->host, request->client);
	if (request->error[0])
		uapi_put_text(&to, UAPI_ERROR, request->error);
	uapi_put_result(&to, request->err);
	more_request_clear(request);
}

void more_request_line(struct more_request *request, struct slice line, int *fd, struct line_out *out, uint64_t now_ns)
{
	int err = 0;

	if (line.ptr && !line.len) {
		if (request->kind != MORE_IDLE)
			end_request(request, out, now_ns);
		return;
	}
	if (request->kind == MORE_IDLE) {
		begin_request(request, line);
		return;
	}
	if (!request->err)
		err = request->kind == MORE_SET ? set_line(request, line, fd) : fail(request, -EPROTO, "nothing comes behind this");
	if (err)
		request->err = err;
}

void more_request_clear(struct more_request *request)
{
	if (request->sets_opener)
		close(request->opener_fd);
	request->sets_opener = request->replaces_nics = request->answers = false;
	request->kind = MORE_IDLE;
	request->nic_count = 0;
	request->err = 0;
	request->error[0] = '\0';
}
