#include "tunnel/tunnel.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/text.h"
#include "crypto/key.h"
#include "netlink/netns.h"

struct nl_opening {
	struct nl *nl;
	int protocol;
};

static int open_nl(void *arg)
{
	struct nl_opening *opening = arg;

	return nl_open(opening->nl, opening->protocol);
}

int tunnel_open(struct tunnel *tunnel, const struct tunnel_ops *ops, const struct tunnel_place *place)
{
	struct nl_opening inner = { &tunnel->inner, NETLINK_ROUTE };
	int err;

	memset(tunnel, 0, offsetof(struct tunnel, inner.request));
	text_format(tunnel->device, sizeof(tunnel->device), "%s", place->device);
	text_format(tunnel->alias, sizeof(tunnel->alias), "%s", place->alias);
	tunnel->uapi_name = place->uapi_name;
	tunnel->sockets_dir = place->sockets_dir;
	tunnel->nics = place->nics;
	tunnel->nic_count = ops->takes_nics ? place->nic_count : 0;
	tunnel->netns_fd = place->netns_fd;
	tunnel->host = place->host;
	tunnel->loop = place->loop;
	tunnel->troubled = place->troubled;
	tunnel->ended = place->ended;
	err = netns_call(place->netns_fd, open_nl, &inner);
	if (err < 0)
		return err;
	err = ops->open(tunnel);
	if (err < 0) {
		nl_close(&tunnel->inner);
		return err;
	}
	tunnel->ops = ops;
	return 0;
}

int tunnel_find_link(int netns_fd, const char *device, const char *alias, struct link *link)
{
	static struct nl nl;
	struct nl_opening opening = { &nl, NETLINK_ROUTE };
	int err = netns_call(netns_fd, open_nl, &opening);

	if (!err)
		err = link_get(&nl, device, link);
	nl_close(&nl);
	return !err && strcmp(link->alias, alias) != 0 ? -EEXIST : err;
}

int tunnel_look(int netns_fd, const char *device, const char *alias, char *words, size_t cap)
{
	struct link link;
	int err = tunnel_find_link(netns_fd, device, alias, &link);

	if (err == -EEXIST)
		text_format(words, cap, TUNNEL_NOT_OURS, device);
	else if (err < 0 && err != -ENODEV)
		text_format(words, cap, "cannot look for %s: %s", device, strerror(-err));
	return err == -ENODEV ? 0 : err;
}

void tunnel_close(struct tunnel *tunnel, bool remove)
{
	if (!tunnel->ops)
		return;
	tunnel->error[0] = '\0';
	tunnel->ops->close(tunnel, remove);
	nl_close(&tunnel->inner);
	tunnel->ops = NULL;
	tunnel->dumped = NULL;
	tunnel->dump_err = 0;
}

int tunnel_dump(struct tunnel *tunnel, struct tunnel_config *running)
{
	int err;

	if (tunnel->dumped == running && tunnel->dumped_turn == tunnel->loop->turn)
		return 0;
	if (tunnel->dump_err && tunnel->dumped_turn == tunnel->loop->turn)
		return tunnel->dump_err;
	err = tunnel->ops->dump(tunnel, running);
	tunnel->dump_err = err == -ETIMEDOUT ? err : 0;
	tunnel->dumped = err < 0 ? NULL : running;
	tunnel->dumped_turn = tunnel->loop->turn;
	return err;
}

int tunnel_dump_anew(struct tunnel *tunnel, struct tunnel_config *running)
{
	tunnel->dumped = NULL;
	return tunnel_dump(tunnel, running);
}

const struct tunnel_peer *tunnel_find(const struct tunnel_config *config,
				      const uint8_t public_key[static TUNNEL_KEY_LEN])
{
	/* Lists of the same peers are mostly in the same order, and one is gone through to find each in another: what is looked for is
	 * where the last one was, or next to it. */
	static size_t last;

	for (size_t i = 0; i < config->peer_count; i++) {
		size_t at = (last + i) % config->peer_count;

		if (memcmp(config->peers[at].public_key, public_key, TUNNEL_KEY_LEN) != 0)
			continue;
		last = at;
		return &config->peers[at];
	}
	return NULL;
}

void tunnel_config_copy(struct tunnel_config *to, const struct tunnel_config *from)
{
	tunnel_config_clear(to);
	to->has_private_key = from->has_private_key;
	memcpy(to->private_key, from->private_key, sizeof(to->private_key));
	memcpy(to->public_key, from->public_key, sizeof(to->public_key));
	to->listen_port = from->listen_port;
	to->fwmark = from->fwmark;
	to->peer_count = from->peer_count;
	memcpy(to->peers, from->peers, from->peer_count * sizeof(from->peers[0]));
	to->counts = from->counts;
	to->allowed_count = from->allowed_count;
	memcpy(to->allowed, from->allowed, from->allowed_count * sizeof(from->allowed[0]));
}

void tunnel_count_link(struct tunnel *tunnel, struct tunnel_config *running)
{
	running->counts.link_known = !link_counters_get(&tunnel->inner, tunnel->index, &running->counts.link);
}

void tunnel_config_clear(struct tunnel_config *config)
{
	wipe(config->peers, config->peer_count * sizeof(config->peers[0]));
	wipe(config->private_key, sizeof(config->private_key));
	config->has_private_key = false;
	config->listen_port = 0;
	config->fwmark = 0;
	config->peer_count = config->allowed_count = 0;
	config->counts = (struct tunnel_counts){ 0 };
}
