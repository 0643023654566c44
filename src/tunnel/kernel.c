/* The kernel's WireGuard: rtnetlink makes the device, generic netlink (linux/wireguard.h) drives it. */
#include "tunnel/tunnel.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/sockaddr.h"
#include "base/text.h"
#include "crypto/key.h"
#include "netlink/attrs.h"
#include "netlink/netns.h"
#include "tunnel/threaded.h"
#include "tunnel/uapi_process.h"

#define KIND "wireguard"

/* One allowed IP: nested header, family, address, mask. */
enum { ALLOWED_ROOM = 64 };

/* One per process. */
static struct {
	struct nl genl;  /* of the namespace that the interface is in */
	uint16_t family; /* id of generic netlink family "wireguard" */
} kernel;

static int fail(struct tunnel *tunnel, int err, const char *kernel_words, const char *what)
{
	text_format(tunnel->error, sizeof(tunnel->error), "%s: %s%s%s", what, strerror(-err), *kernel_words ? ": " : "",
		 kernel_words);
	return err;
}

static int open_genl(void *arg)
{
	int err = nl_open(&kernel.genl, NETLINK_GENERIC);

	(void)arg;
	if (err < 0)
		return err;
	err = nl_family(&kernel.genl, WG_GENL_NAME, &kernel.family);
	if (err < 0)
		nl_close(&kernel.genl);
	return err;
}

/* It is born on the host and put into its namespace at once. The kernel looks for the name on the host first, where the other path may have
 * one that is called so: then it gets another name for that moment. */
static int create_device(struct tunnel *tunnel)
{
	char name[IFNAMSIZ];
	struct link link;
	int err = link_create(tunnel->host, tunnel->device, KIND, tunnel->netns_fd);

	if (err != -EEXIST || tunnel->netns_fd < 0)
		return err;
	text_format(name, sizeof(name), "wg-%u", (unsigned)getpid());
	err = link_create(tunnel->host, name, KIND, tunnel->netns_fd);
	if (err < 0)
		return err;
	err = link_get(&tunnel->inner, name, &link);
	if (!err)
		err = link_set_name(&tunnel->inner, link.index, tunnel->device);
	if (err < 0)
		(void)link_delete_name(&tunnel->inner, name);
	return err;
}

static int make_device(struct tunnel *tunnel, struct link *link)
{
	int err = create_device(tunnel);

	if (err == -EOPNOTSUPP) {
		text_format(tunnel->error, sizeof(tunnel->error), TUNNEL_NO_KERNEL);
		return err;
	}
	if (err < 0)
		return fail(tunnel, err, tunnel->host->error, "cannot create the interface");
	err = link_get(&tunnel->inner, tunnel->device, link);
	if (err < 0) {
		fail(tunnel, err, tunnel->inner.error, "cannot find the interface");
	} else {
		err = link_set_alias(&tunnel->inner, link->index, tunnel->alias);
		if (err < 0)
			fail(tunnel, err, tunnel->inner.error, "cannot mark the interface as ours");
	}
	/* Without the mark it is not ours to the next who looks. */
	if (err < 0)
		(void)link_delete_name(&tunnel->inner, tunnel->device);
	return err;
}

/* found: as threaded_stop says it. */
static void warn_of_threads(struct tunnel *tunnel, int found)
{
	if (found)
		text_format(tunnel->error, sizeof(tunnel->error), "%s took packets in by threads, and may stall so (CVE-2026-52945): %s%s",
			    tunnel->device, found > 0 ? "turned off" : "cannot be turned off: ", found > 0 ? "" : strerror(-found));
}

static int kernel_open(struct tunnel *tunnel)
{
	struct link link;
	int err = link_get(&tunnel->inner, tunnel->device, &link);

	/* Another backend's, of a service that was killed: with it goes who carries it, and has the port. */
	if (!err && !strcmp(link.alias, tunnel->alias) && strcmp(link.kind, KIND) != 0) {
		link_delete(&tunnel->inner, link.index);
		(void)uapi_process_kill(tunnel->alias);
		err = -ENODEV;
	}
	if (err == -ENODEV)
		err = make_device(tunnel, &link);
	else if (!err && strcmp(link.alias, tunnel->alias) != 0) {
		text_format(tunnel->error, sizeof(tunnel->error), TUNNEL_NOT_OURS, tunnel->device);
		err = -EEXIST;
	}
	if (err < 0)
		return err;
	tunnel->index = link.index;
	err = netns_call(tunnel->netns_fd, open_genl, NULL);
	if (err < 0)
		return fail(tunnel, err, kernel.genl.error, "cannot speak to the kernel's WireGuard");
	warn_of_threads(tunnel, threaded_stop(tunnel->netns_fd, tunnel->device));
	return 0;
}

static void kernel_close(struct tunnel *tunnel, bool remove)
{
	if (remove)
		link_delete(&tunnel->inner, tunnel->index);
	explicit_bzero(kernel.genl.request, sizeof(kernel.genl.request));
	explicit_bzero(kernel.genl.answer, sizeof(kernel.genl.answer));
	nl_close(&kernel.genl);
}

static struct nlmsghdr *begin(struct tunnel *tunnel, uint8_t command, uint16_t flags)
{
	struct nlmsghdr *message = nl_begin(&kernel.genl, kernel.family, flags, sizeof(struct genlmsghdr));
	struct genlmsghdr *header = mnl_nlmsg_get_payload(message);

	header->cmd = command;
	header->version = WG_GENL_VERSION;
	mnl_attr_put_u32(message, WGDEVICE_A_IFINDEX, tunnel->index);
	return message;
}

static int kernel_set_device(struct tunnel *tunnel, const struct tunnel_config *config)
{
	struct nlmsghdr *message = begin(tunnel, WG_CMD_SET_DEVICE, 0);
	int err;

	mnl_attr_put(message, WGDEVICE_A_PRIVATE_KEY, TUNNEL_KEY_LEN, config->private_key);
	mnl_attr_put_u16(message, WGDEVICE_A_LISTEN_PORT, config->listen_port);
	err = nl_request(&kernel.genl, message, NULL, NULL);
	if (err == -EADDRINUSE) {
		text_format(tunnel->error, sizeof(tunnel->error), "UDP port %u is in use by another program",
			 config->listen_port);
		return err;
	}
	return err < 0 ? fail(tunnel, err, kernel.genl.error, "cannot set key and port") : 0;
}

static void put_endpoint(struct nlmsghdr *message, const struct inet_endpoint *endpoint)
{
	union sockaddr_any addr;
	socklen_t len = sockaddr_from(&addr, endpoint);

	if (len)
		mnl_attr_put(message, WGPEER_A_ENDPOINT, len, &addr);
}

static void put_allowed(struct nlmsghdr *message, const struct inet_prefix *prefix)
{
	struct nlattr *nest = mnl_attr_nest_start(message, 0);

	mnl_attr_put_u16(message, WGALLOWEDIP_A_FAMILY, prefix->addr.family);
	mnl_attr_put(message, WGALLOWEDIP_A_IPADDR, inet_size(prefix->addr.family), prefix->addr.bytes);
	mnl_attr_put_u8(message, WGALLOWEDIP_A_CIDR_MASK, prefix->len);
	mnl_attr_nest_end(message, nest);
}

/* One message about one peer, with as many allowed IPs as fit, from *next on. */
static int send_peer(struct tunnel *tunnel, const struct tunnel_config *config, const struct tunnel_peer *peer,
		     unsigned fields, size_t *next)
{
	struct nlmsghdr *message = begin(tunnel, WG_CMD_SET_DEVICE, 0);
	struct nlattr *peers = mnl_attr_nest_start(message, WGDEVICE_A_PEERS);
	struct nlattr *entry = mnl_attr_nest_start(message, 0);
	bool first = *next == 0;
	uint32_t flags = 0;

	if (!(fields & TUNNEL_SET_NEW) || !first)
		flags |= WGPEER_F_UPDATE_ONLY;
	if (first && (fields & TUNNEL_SET_ALLOWED))
		flags |= WGPEER_F_REPLACE_ALLOWEDIPS;
	mnl_attr_put(message, WGPEER_A_PUBLIC_KEY, TUNNEL_KEY_LEN, peer->public_key);
	mnl_attr_put_u32(message, WGPEER_A_FLAGS, flags);
	if (first && (fields & TUNNEL_SET_PRESHARED_KEY))
		mnl_attr_put(message, WGPEER_A_PRESHARED_KEY, TUNNEL_KEY_LEN, peer->preshared_key);
	if (first && (fields & TUNNEL_SET_ENDPOINT))
		put_endpoint(message, &peer->endpoint);
	if (first && (fields & TUNNEL_SET_KEEPALIVE))
		mnl_attr_put_u16(message, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, peer->keepalive_s);
	if (fields & TUNNEL_SET_ALLOWED) {
		struct nlattr *allowed = mnl_attr_nest_start(message, WGPEER_A_ALLOWEDIPS);

		while (*next < peer->allowed_count && nl_room(&kernel.genl, message) > ALLOWED_ROOM)
			put_allowed(message, &config->allowed[peer->allowed_first + (*next)++]);
		mnl_attr_nest_end(message, allowed);
	}
	mnl_attr_nest_end(message, entry);
	mnl_attr_nest_end(message, peers);
	return nl_request(&kernel.genl, message, NULL, NULL);
}

static int kernel_set_peer(struct tunnel *tunnel, const struct tunnel_config *config, const struct tunnel_peer *peer,
			   unsigned fields)
{
	size_t next = 0;
	int err;

	do
		err = send_peer(tunnel, config, peer, fields, &next);
	while (!err && (fields & TUNNEL_SET_ALLOWED) && next < peer->allowed_count);
	return err < 0 ? fail(tunnel, err, kernel.genl.error, "cannot set a peer") : 0;
}

static int kernel_remove_peer(struct tunnel *tunnel, const uint8_t public_key[static TUNNEL_KEY_LEN])
{
	struct nlmsghdr *message = begin(tunnel, WG_CMD_SET_DEVICE, 0);
	struct nlattr *peers = mnl_attr_nest_start(message, WGDEVICE_A_PEERS);
	struct nlattr *entry = mnl_attr_nest_start(message, 0);
	int err;

	mnl_attr_put(message, WGPEER_A_PUBLIC_KEY, TUNNEL_KEY_LEN, public_key);
	mnl_attr_put_u32(message, WGPEER_A_FLAGS, WGPEER_F_REMOVE_ME);
	mnl_attr_nest_end(message, entry);
	mnl_attr_nest_end(message, peers);
	err = nl_request(&kernel.genl, message, NULL, NULL);
	return err < 0 ? fail(tunnel, err, kernel.genl.error, "cannot remove a peer") : 0;
}

#define RULE_U8 { MNL_TYPE_U8, 0 }
#define RULE_U64 { MNL_TYPE_U64, 0 }
#define RULE_KEY { MNL_TYPE_BINARY, TUNNEL_KEY_LEN }

static void read_key(uint8_t key[static TUNNEL_KEY_LEN], const struct nlattr *attr)
{
	if (attr)
		memcpy(key, mnl_attr_get_payload(attr), TUNNEL_KEY_LEN);
}

static int read_allowed(struct tunnel_config *running, struct tunnel_peer *peer, const struct nlattr *entry)
{
	enum { COUNT = WGALLOWEDIP_A_CIDR_MASK + 1 };
	static const struct nl_rule rules[COUNT] = {
		[WGALLOWEDIP_A_FAMILY] = NL_RULE_U16,
		[WGALLOWEDIP_A_CIDR_MASK] = RULE_U8,
	};
	const struct nlattr *attrs[COUNT];
	struct inet_prefix prefix = { 0 };
	int err = nl_attrs_read_nest(entry, rules, attrs, COUNT);

	if (err < 0)
		return err;
	if (!attrs[WGALLOWEDIP_A_FAMILY] || !attrs[WGALLOWEDIP_A_IPADDR] || !attrs[WGALLOWEDIP_A_CIDR_MASK])
		return -EBADMSG;
	if (running->allowed_count == TUNNEL_PREFIXES_MAX)
		return -ENOSPC;
	err = nl_attr_addr(attrs[WGALLOWEDIP_A_IPADDR], (uint8_t)mnl_attr_get_u16(attrs[WGALLOWEDIP_A_FAMILY]),
			   &prefix.addr);
	if (err < 0)
		return err;
	prefix.len = mnl_attr_get_u8(attrs[WGALLOWEDIP_A_CIDR_MASK]);
	running->allowed[running->allowed_count++] = prefix;
	peer->allowed_count++;
	return 0;
}

/* A peer with many allowed IPs comes in pieces: the next message goes on with the same public key. */
static struct tunnel_peer *peer_of(struct tunnel_config *running, const struct nlattr *public_key)
{
	struct tunnel_peer *last = running->peer_count ? &running->peers[running->peer_count - 1] : NULL;

	if (last && !memcmp(last->public_key, mnl_attr_get_payload(public_key), TUNNEL_KEY_LEN))
		return last;
	if (running->peer_count == TUNNEL_PEERS_MAX)
		return NULL;
	last = &running->peers[running->peer_count++];
	*last = (struct tunnel_peer){ .allowed_first = running->allowed_count };
	read_key(last->public_key, public_key);
	return last;
}

static void read_peer_values(struct tunnel_peer *peer, const struct nlattr *const *attrs)
{
	int64_t time[2]; /* struct __kernel_timespec */

	read_key(peer->preshared_key, attrs[WGPEER_A_PRESHARED_KEY]);
	if (attrs[WGPEER_A_ENDPOINT])
		(void)sockaddr_to(&peer->endpoint, mnl_attr_get_payload(attrs[WGPEER_A_ENDPOINT]),
				  mnl_attr_get_payload_len(attrs[WGPEER_A_ENDPOINT]));
	if (attrs[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL])
		peer->keepalive_s = mnl_attr_get_u16(attrs[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]);
	if (attrs[WGPEER_A_RX_BYTES])
		peer->received_bytes = mnl_attr_get_u64(attrs[WGPEER_A_RX_BYTES]);
	if (attrs[WGPEER_A_TX_BYTES])
		peer->sent_bytes = mnl_attr_get_u64(attrs[WGPEER_A_TX_BYTES]);
	if (!attrs[WGPEER_A_LAST_HANDSHAKE_TIME])
		return;
	memcpy(time, mnl_attr_get_payload(attrs[WGPEER_A_LAST_HANDSHAKE_TIME]), sizeof(time));
	peer->handshake_s = time[0];
	peer->handshake_ns = (uint32_t)time[1];
}

static int read_peer(struct tunnel_config *running, const struct nlattr *entry)
{
	enum { COUNT = WGPEER_A_ALLOWEDIPS + 1 };
	static const struct nl_rule rules[COUNT] = {
		[WGPEER_A_PUBLIC_KEY] = RULE_KEY,
		[WGPEER_A_PRESHARED_KEY] = RULE_KEY,
		[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL] = NL_RULE_U16,
		[WGPEER_A_LAST_HANDSHAKE_TIME] = { MNL_TYPE_UNSPEC, 16 },
		[WGPEER_A_RX_BYTES] = RULE_U64,
		[WGPEER_A_TX_BYTES] = RULE_U64,
		[WGPEER_A_ALLOWEDIPS] = NL_RULE_NEST,
	};
	const struct nlattr *attrs[COUNT], *allowed;
	struct tunnel_peer *peer;
	int err = nl_attrs_read_nest(entry, rules, attrs, COUNT);

	if (err < 0)
		return err;
	if (!attrs[WGPEER_A_PUBLIC_KEY])
		return -EBADMSG;
	peer = peer_of(running, attrs[WGPEER_A_PUBLIC_KEY]);
	if (!peer)
		return -ENOSPC;
	/* A later piece has the key and more allowed IPs, nothing else; a first one may have no allowed IP yet. */
	read_peer_values(peer, attrs);
	if (!attrs[WGPEER_A_ALLOWEDIPS])
		return 0;
	nl_for_each_nested(allowed, attrs[WGPEER_A_ALLOWEDIPS]) {
		err = read_allowed(running, peer, allowed);
		if (err < 0)
			return err;
	}
	return 0;
}

static int read_device(const struct nlmsghdr *message, void *arg)
{
	enum { COUNT = WGDEVICE_A_PEERS + 1 };
	static const struct nl_rule rules[COUNT] = {
		[WGDEVICE_A_PRIVATE_KEY] = RULE_KEY,
		[WGDEVICE_A_PUBLIC_KEY] = RULE_KEY,
		[WGDEVICE_A_LISTEN_PORT] = NL_RULE_U16,
		[WGDEVICE_A_FWMARK] = NL_RULE_U32,
		[WGDEVICE_A_PEERS] = NL_RULE_NEST,
	};
	struct tunnel_config *running = arg;
	const struct nlattr *attrs[COUNT], *entry;
	int err = nl_attrs_read(message, sizeof(struct genlmsghdr), rules, attrs, COUNT);

	if (err < 0)
		return err;
	/* The device's own values stand in the first message alone. */
	read_key(running->private_key, attrs[WGDEVICE_A_PRIVATE_KEY]);
	read_key(running->public_key, attrs[WGDEVICE_A_PUBLIC_KEY]);
	running->has_private_key = !key_is_zero(running->private_key);
	if (attrs[WGDEVICE_A_LISTEN_PORT])
		running->listen_port = mnl_attr_get_u16(attrs[WGDEVICE_A_LISTEN_PORT]);
	if (attrs[WGDEVICE_A_FWMARK])
		running->fwmark = mnl_attr_get_u32(attrs[WGDEVICE_A_FWMARK]);
	if (!attrs[WGDEVICE_A_PEERS])
		return 0;
	nl_for_each_nested(entry, attrs[WGDEVICE_A_PEERS]) {
		err = read_peer(running, entry);
		if (err < 0)
			return err;
	}
	return 0;
}

static int kernel_dump(struct tunnel *tunnel, struct tunnel_config *running)
{
	int err;

	tunnel_config_clear(running);
	err = nl_request(&kernel.genl, begin(tunnel, WG_CMD_GET_DEVICE, NLM_F_DUMP), read_device, running);
	if (err < 0)
		return fail(tunnel, err, kernel.genl.error, "cannot read the interface");
	tunnel_count_link(tunnel, running);
	return 0;
}

const struct tunnel_ops tunnel_kernel = {
	.name = "kernel",
	.kind = KIND,
	.open = kernel_open,
	.close = kernel_close,
	.set_device = kernel_set_device,
	.set_peer = kernel_set_peer,
	.remove_peer = kernel_remove_peer,
	.dump = kernel_dump,
};
