#include "gateway/inner.h"

#include <assert.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "gateway/way.h"
#include "worker/helper.h"

enum {
	OVERHEAD_BYTES = 40 + 8 + 32,
	MTU_DEFAULT_BYTES = 1420, /* of 1500 */
	MTU_MIN_BYTES = ENV_VPN_MTU_MIN, /* RFC 791: what every host takes */
	MTU_MIN6_BYTES = ENV_VPN_MTU_MIN6, /* RFC 8200 5; below it the kernel takes IPv6 off the interface */
	MTU_MAX_BYTES = TUNNEL_MTU_MAX, /* the same on both backends */
};

static_assert((int)TUNNEL_MTU_MAX == (int)ENV_VPN_MTU_MAX, "what .env may ask for");

static int inner_dump_by(struct inner *inner, int (*dump)(struct tunnel *tunnel, struct tunnel_config *running))
{
	int err;

	if (!inner->tunnel.ops)
		return -ENETDOWN;
	err = dump(&inner->tunnel, &inner->running);
	if (err < 0)
		log_err("%s", inner->tunnel.error);
	return err;
}

int inner_dump(struct inner *inner)
{
	return inner_dump_by(inner, tunnel_dump);
}

int inner_dump_anew(struct inner *inner)
{
	return inner_dump_by(inner, tunnel_dump_anew);
}

void inner_spare(struct inner *inner)
{
	helper_spare(&inner->wanted, sizeof(inner->wanted));
	helper_spare(&inner->applied, sizeof(inner->applied));
	helper_spare(&inner->running, sizeof(inner->running));
}

void inner_clear(struct inner *inner)
{
	tunnel_config_clear(&inner->wanted);
	tunnel_config_clear(&inner->applied);
	tunnel_config_clear(&inner->running);
}

void inner_remember(struct inner *inner)
{
	struct tunnel_config *wanted = &inner->wanted;

	for (size_t i = 0; i < wanted->peer_count; i++) {
		struct tunnel_peer *peer = &wanted->peers[i];
		const struct tunnel_peer *before = inner->has_applied ? tunnel_find(&inner->applied, peer->public_key) : NULL;

		if (peer->endpoint_id && !peer->endpoint.addr.family)
			peer->endpoint_id = before ? before->endpoint_id : 0;
	}
	tunnel_config_copy(&inner->applied, wanted);
	inner->has_applied = true;
}

void inner_carry_endpoints(struct inner *inner)
{
	for (size_t i = 0; i < inner->wanted.peer_count; i++) {
		struct tunnel_peer *peer = &inner->wanted.peers[i];
		const struct tunnel_peer *was = tunnel_find(&inner->running, peer->public_key);
		const struct tunnel_peer *before = inner->has_applied ? tunnel_find(&inner->applied, peer->public_key) : NULL;

		if (was && was->endpoint.addr.family && before && before->endpoint_id == peer->endpoint_id &&
		    (!peer->resolved.addr.family || inet_addr_equal(&before->resolved.addr, &peer->resolved.addr)))
			peer->endpoint = was->endpoint;
	}
}

/* ---- the interface ---- */

static int inner_fail(const struct inner *inner, int err, const char *what, char *words, size_t cap)
{
	text_format(words, cap, "%s %s: %s", what, inner->tunnel.device, strerror(-err));
	return err;
}

int inner_read(struct inner *inner, char *words, size_t cap)
{
	struct link link;
	int err = link_get_index(&inner->tunnel.inner, inner->tunnel.index, &link);

	if (err < 0)
		return inner_fail(inner, err, "cannot read", words, cap);
	inner->mtu_bytes = link.mtu_bytes;
	inner->up = link.up;
	return 0;
}

/* Only now the kernel binds the port, so this is where one in use shows. */
int inner_bring_up(struct inner *inner, char *words, size_t cap)
{
	int err = link_set_up(&inner->tunnel.inner, inner->tunnel.index, true);

	if (err == -EADDRINUSE) {
		text_format(words, cap, "UDP port %u is in use by another program", inner->wanted.listen_port);
		return err;
	}
	if (err < 0)
		return inner_fail(inner, err, "cannot bring up", words, cap);
	inner->up = true;
	return 0;
}

int inner_set_mtu(struct inner *inner, const struct underlay *underlay, char *words, size_t cap)
{
	uint32_t mtu_bytes = inner_mtu(underlay, inner->vpn_family, inner->mtu_most_bytes);
	int err;

	if (mtu_bytes == inner->mtu_bytes)
		return 0;
	err = link_set_mtu(&inner->tunnel.inner, inner->tunnel.index, mtu_bytes);
	if (err < 0)
		return inner_fail(inner, err, "cannot set the MTU of", words, cap);
	inner->mtu_bytes = mtu_bytes;
	return 0;
}

enum { STALE_MAX = 16 };

struct stale_addresses {
	const struct inet_prefix *wanted;
	struct inet_prefix list[STALE_MAX];
	size_t count;
	bool found;
};

static void sort_out(const struct link_address *address, void *arg)
{
	struct stale_addresses *stale = arg;

	if (inet_prefix_equal(&address->prefix, stale->wanted))
		stale->found = true;
	else if (address->scope != RT_SCOPE_LINK && stale->count < STALE_MAX)
		stale->list[stale->count++] = address->prefix;
}

static int add_address(struct tunnel *tunnel, const struct inet_prefix *address)
{
	int err = link_address_add(&tunnel->inner, tunnel->index, address);

	return err == -EEXIST ? 0 : err;
}

int inner_set_address(struct inner *inner, const struct inet_prefix *address, char *words, size_t cap)
{
	struct stale_addresses stale = { .wanted = address };
	struct tunnel *tunnel = &inner->tunnel;
	int err = link_address_each(&tunnel->inner, tunnel->index, sort_out, &stale);

	/* Before the old ones go, so that one with another prefix length is never without; and once more behind it,
	 * since one in the same network goes along with the address it was second to. */
	if (!err && !stale.found)
		err = add_address(tunnel, address);
	for (size_t i = 0; i < stale.count && !err; i++)
		err = link_address_remove(&tunnel->inner, tunnel->index, &stale.list[i]);
	if (!err && stale.count)
		err = add_address(tunnel, address);
	if (err < 0)
		return inner_fail(inner, err, "cannot set the address of", words, cap);
	return !stale.found || stale.count;
}

/* ---- MTU ---- */

struct underlay underlay_look(const struct tunnel *tunnel, const struct tunnel_config *config)
{
	struct underlay underlay = { 0 };
	struct link link = { 0 };
	bool any = false;

	for (size_t i = 0; i < config->peer_count; i++) {
		const struct inet_addr *addr = &config->peers[i].endpoint.addr;
		struct way way = way_find(tunnel, addr, &link);

		any = any || addr->family;
		underlay.ready = underlay.ready || way.state == WAY_READY;
		if (way.state != WAY_NONE && (!underlay.mtu_bytes || way.mtu_bytes < underlay.mtu_bytes))
			underlay.mtu_bytes = way.mtu_bytes;
	}
	underlay.ready = underlay.ready || !any;
	return underlay;
}

static uint32_t clamp(uint32_t mtu_bytes, uint32_t least, uint32_t most)
{
	return mtu_bytes < least ? least : mtu_bytes > most ? most : mtu_bytes;
}

uint32_t inner_mtu(const struct underlay *underlay, uint8_t family, uint32_t most_bytes)
{
	uint32_t least = family == AF_INET6 ? MTU_MIN6_BYTES : MTU_MIN_BYTES;
	uint32_t most = most_bytes ? clamp(most_bytes, least, MTU_MAX_BYTES) : MTU_MAX_BYTES;

	if (!underlay->mtu_bytes)
		return clamp(MTU_DEFAULT_BYTES, least, most);
	return clamp(underlay->mtu_bytes, OVERHEAD_BYTES + least, OVERHEAD_BYTES + most) - OVERHEAD_BYTES;
}
