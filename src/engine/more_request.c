#include "engine/more_request.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "crypto/key.h"
#include "tunnel/lwip_counts.h"

enum { PEERS_PER_PIECE = 64 }; /* that are looked at */

/* ---- get ---- */

static void print_key(struct line_out *out, const char *name, const uint8_t key[static WG_KEY_LEN])
{
	char hex[KEY_HEX_LEN];

	key_to_hex(key, hex);
	line_out_add(out, "%s=%s\n", name, hex);
}

static void print_drops(struct line_out *out, const uint64_t *drops, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (drops[i])
			line_out_add(out, "drop_%s=%" PRIu64 "\n", tunnel_drop_words[i].name, drops[i]);
}

static void print_stranger(struct line_out *out, const char *name, const struct tunnel_stranger *stranger)
{
	char text[INET_ENDPOINT_STRLEN], key[64];

	if (!stranger->from.addr.family)
		return;
	line_out_add(out, "%s_from=%s\n%s_age_s=%" PRIu64 "\n", name, inet_endpoint_text(&stranger->from, text), name, stranger->age_s);
	text_format(key, sizeof(key), "%s_public_key", name);
	if (!key_is_zero(stranger->public_key))
		print_key(out, key, stranger->public_key);
}

static void get_device(struct more_request *request, struct line_out *out, uint64_t now_ns)
{
	struct more_about about = { .trouble = "" };

	request->host->about(request->host, &about);
	request->counts = (struct tunnel_counts){ 0 };
	lwip_count_device(&request->counts, request->host->device, now_ns);
	line_out_add(out, "version=1\nindex=%" PRIu32 "\npid=%d\nunder_load=%d\nopener=%d\n", about.index, about.pid,
		     request->counts.under_load, about.opener);
	if (about.trouble[0])
		line_out_add(out, "trouble=%.*s\n", (int)strcspn(about.trouble, "\n"), about.trouble);
	print_drops(out, request->counts.drops, TUNNEL_DROPS);
	print_stranger(out, "unknown", &request->counts.unknown);
	print_stranger(out, "misled", &request->counts.misled);
}

static void get_peer(const struct more_request *request, struct line_out *out, uint64_t now_ns)
{
	const struct wg_device *device = request->host->device;
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
	print_key(out, "public_key", info.public_key);
	head = out->len;
	if (counts->failing)
		line_out_add(out, "failing=1\n");
	if (counts->failure)
		line_out_add(out, "failure=%s\nfailure_age_s=%" PRIu64 "\n", tunnel_failure_words[counts->failure].name,
			     counts->failure_age_s);
	if (counts->failures)
		line_out_add(out, "failures=%" PRIu64 "\n", counts->failures);
	print_drops(out, counts->drops, TUNNEL_PEER_DROPS);
	if (out->len == head)
		out->len = begin;
}

bool more_request_more(struct more_request *request, struct line_out *out, uint64_t now_ns)
{
	for (unsigned i = 0; request->answers && i < PEERS_PER_PIECE && !line_out_is_piece(out); i++) {
		request->told = wg_peer_next(request->host->device, request->told);
		if (request->told) {
			get_peer(request, out, now_ns);
			continue;
		}
		line_out_add(out, "errno=0\n\n");
		request->answers = false;
	}
	return request->answers;
}

/* ---- set: one function per key ---- */

typedef int set_fn(struct more_request *request, struct slice value, int *fd);

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

static int set_replace_nics(struct more_request *request, struct slice value, int *fd)
{
	(void)fd;
	request->replaces_nics = true;
	request->nic_count = 0;
	return slice_equal(value, "true") ? 0 : -EINVAL;
}

static int set_nic(struct more_request *request, struct slice value, int *fd)
{
	struct tunnel_nic *nic;

	(void)fd;
	if (!request->replaces_nics)
		return fail(request, -EPROTO, "nic: replace_nics=true comes before");
	if (request->nic_count == TUNNEL_NICS_MAX)
		return fail(request, -ENOSPC, "nic: there are too many");
	nic = &request->nics[request->nic_count];
	*nic = (struct tunnel_nic){ .link = "" };
	if (!value.len || slice_copy(value, nic->link, sizeof(nic->link)) < 0)
		return fail(request, -EINVAL, "nic: a name of 1 to 15 characters");
	request->nic_count++;
	return 0;
}

static int parse_mtu(struct more_request *request, struct slice value, uint32_t *mtu_bytes)
{
	uint64_t mtu;

	if (text_uint(value, UINT16_MAX, &mtu) < 0)
		return fail(request, -EINVAL, "an MTU is a number up to 65535");
	*mtu_bytes = (uint32_t)mtu;
	return 0;
}

static int set_mtu(struct more_request *request, struct slice value, int *fd)
{
	struct tunnel_nic *nic = last_nic(request);

	(void)fd;
	return nic ? parse_mtu(request, value, &nic->mtu_bytes) : fail(request, -EPROTO, "mtu: of which nic?");
}

static int parse_prefix(struct more_request *request, struct slice value, struct inet_prefix *prefix)
{
	bool has_len;

	return inet_prefix_parse(value, prefix, &has_len) < 0 ? fail(request, -EINVAL, "no address with a prefix length") : 0;
}

static int set_address(struct more_request *request, struct slice value, int *fd)
{
	struct tunnel_nic *nic = last_nic(request);

	(void)fd;
	if (!nic)
		return fail(request, -EPROTO, "address: of which nic?");
	if (nic->address_count == TUNNEL_NIC_ADDRESSES)
		return fail(request, -ENOSPC, "address: the nic has too many");
	return parse_prefix(request, value, &nic->addresses[nic->address_count++]);
}

static int set_route(struct more_request *request, struct slice value, int *fd)
{
	struct tunnel_nic *nic = last_nic(request);

	(void)fd;
	if (!nic)
		return fail(request, -EPROTO, "route: of which nic?");
	if (nic->route_count == TUNNEL_NIC_ROUTES)
		return fail(request, -ENOSPC, "route: the nic has too many");
	return parse_prefix(request, value, &nic->routes[nic->route_count++].destination);
}

static int set_gateway(struct more_request *request, struct slice value, int *fd)
{
	struct tunnel_nic_route *route = last_route(request);

	(void)fd;
	if (!route)
		return fail(request, -EPROTO, "gateway: of which route?");
	return inet_addr_parse(value, &route->gateway) < 0 ? fail(request, -EINVAL, "gateway: no address") : 0;
}

static int set_route_mtu(struct more_request *request, struct slice value, int *fd)
{
	struct tunnel_nic_route *route = last_route(request);

	(void)fd;
	return route ? parse_mtu(request, value, &route->mtu_bytes) : fail(request, -EPROTO, "route_mtu: of which route?");
}

static int set_opener(struct more_request *request, struct slice value, int *fd)
{
	if (!slice_equal(value, "fd") || *fd < 0 || request->sets_opener)
		return fail(request, -EPROTO, "opener: fd, and one descriptor comes with it");
	request->opener_fd = *fd;
	request->sets_opener = true;
	*fd = -1;
	return 0;
}

static const struct {
	const char *name;
	set_fn *set;
} keys[] = {
	{ "replace_nics", set_replace_nics },
	{ "nic", set_nic },
	{ "mtu", set_mtu },
	{ "address", set_address },
	{ "route", set_route },
	{ "gateway", set_gateway },
	{ "route_mtu", set_route_mtu },
	{ "opener", set_opener },
};

static int set_line(struct more_request *request, struct slice value, int *fd)
{
	struct slice name;

	if (slice_cut(&value, '=', &name) && value.ptr)
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (slice_equal(name, keys[i].name))
				return keys[i].set(request, value, fd);
	return fail(request, -EPROTO, "a key that is not known here");
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
		line_out_add(out, "error=%s\n", request->error);
	line_out_add(out, "errno=%d\n\n", request->err);
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
