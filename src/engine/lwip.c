/* WireGuard in user space: the protocol core of wg/, the outer network of outer/ and a TUN device, in one loop. There is
 * one per process, as there is one outer/. */
#include "engine/lwip.h"

#include <assert.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/packets.h"
#include "engine/tun.h"
#include "engine/uapi.h"
#include "engine/underlay.h"
#include "netlink/netns.h"
#include "outer/outer.h"
#include "tunnel/uapi_ask.h"
#include "wg/wg.h"

enum { STAGED_LEN_MAX = TUN_MTU_MAX };

static_assert((int)TUN_MTU_MAX == (int)TUNNEL_MTU_MAX, "of every backend");

static struct {
	struct tunnel *tunnel; /* NULL: closed */
	const struct engine_rights *rights; /* NULL: this process has them */
	struct wg_device *device;
	uint8_t *arena;
	size_t arena_len;
	bool outer_open;
	uint16_t port;
	uint32_t mtu_bytes;
	struct tun tun;
	struct uapi uapi;
	void (*gone)(void);
	struct loop_source inner_monitor;
} lwip;

static int set_port(struct tunnel *tunnel, uint16_t port);

/* No one deleted its interface. */
static bool has_tun(void)
{
	struct pollfd tun = { .fd = lwip.tun.fd };

	return poll(&tun, 1, 0) == 0;
}

/* ---- what the kernel says of the inner interface ---- */

static void follow_inner(uint64_t now_ns)
{
	struct link link;
	int err = link_get_index(&lwip.tunnel->inner, lwip.tunnel->index, &link);

	/* One that was moved to another namespace is up and has its MTU, as far as can be known here. */
	if (err == -ENODEV && has_tun())
		link = (struct link){ .up = true, .mtu_bytes = lwip.mtu_bytes };
	else if (err < 0)
		return;
	/* No port was set: any, as of the kernel's. */
	if (link.up && !lwip.outer_open && set_port(lwip.tunnel, 0) < 0)
		log_err("%s", lwip.tunnel->error);
	wg_set_up(lwip.device, link.up, now_ns);
	packets_arm();
	if (link.mtu_bytes == lwip.mtu_bytes)
		return;
	lwip.mtu_bytes = link.mtu_bytes;
	packets_set_mtu(link.mtu_bytes);
}

static void inner_changed(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	(void)events;
	nl_monitor_read(source->fd, NULL, NULL);
	follow_inner(now_ns);
}

static int open_inner_monitor(void *arg)
{
	(void)arg;
	return nl_monitor_open(RTMGRP_LINK);
}

void lwip_use(const struct engine_rights *rights)
{
	lwip.rights = rights;
}

/* ---- open and close ---- */

static int fail(struct tunnel *tunnel, int err, const char *what)
{
	text_format(tunnel->error, sizeof(tunnel->error), "%s: %s", what, strerror(-err));
	return err;
}

static int set_port(struct tunnel *tunnel, uint16_t port)
{
	const struct engine_rights *rights = lwip.rights;
	const struct outer_options options = { .loop = tunnel->loop,
					       .host = { .open_link = rights ? rights->open_link : NULL,
							 .open_port = rights ? rights->open_port : NULL,
							 .ask = underlay_ask,
							 .sent = packets_have_sent,
							 .neighbour = underlay_neighbour,
							 .receive = packets_came,
							 .received = packets_batch_over,
							 .rest = packets_rest },
					       .port = port,
					       .data_word = WG_DATA_WORD,
					       .no_super_frames_in = !lwip.tun.uso };
	uint64_t now_ns = clock_now_ns();
	int err;

	if (lwip.outer_open) {
		err = port == lwip.port ? 0 : outer_set_port(port);
	} else {
		err = outer_open(&options, now_ns);
		lwip.outer_open = !err;
		if (!err)
			underlay_read(now_ns);
	}
	if (err == -EADDRINUSE)
		text_format(tunnel->error, sizeof(tunnel->error), "UDP port %u is in use by another program", port);
	else if (err < 0)
		fail(tunnel, err, "cannot open the outer side");
	if (!err)
		lwip.port = outer_port();
	return err;
}

static int uapi_sets_port(struct uapi_host *host, uint16_t port)
{
	(void)host;
	return set_port(lwip.tunnel, port);
}

static uint32_t uapi_link_index(struct uapi_host *host, const char *name)
{
	struct link link;

	(void)host;
	return link_get(lwip.tunnel->host, name, &link) < 0 ? 0 : link.index;
}

static void uapi_expects(struct uapi_host *host, const struct inet_endpoint *endpoint, uint64_t now_ns)
{
	(void)host;
	if (lwip.outer_open)
		outer_expect(endpoint, now_ns);
}

static uint16_t uapi_port(struct uapi_host *host)
{
	(void)host;
	return lwip.port;
}

static void uapi_changed(struct uapi_host *host)
{
	struct nl *nl = lwip.tunnel->host;

	if (nl->mark != host->fwmark && lwip.outer_open)
		outer_reroute();
	nl->mark = host->fwmark;
	packets_arm();
}

static int open_core(void)
{
	const struct wg_limits limits = { .peers = TUNNEL_PEERS_MAX,
					  .prefixes = TUNNEL_PREFIXES_MAX,
					  .packet_len_max = STAGED_LEN_MAX };
	void *arena;

	lwip.arena_len = wg_arena_len(&limits);
	arena = mmap(NULL, lwip.arena_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED)
		return -errno;
	lwip.arena = arena;
	return wg_init(&lwip.device, arena, lwip.arena_len, &limits, &packets_host);
}

static void lwip_close(struct tunnel *tunnel, bool remove)
{
	/* A TUN device goes with its process, so there is nothing that could stay. */
	(void)remove;
	uapi_close(&lwip.uapi);
	underlay_close(tunnel);
	loop_give_back(tunnel->loop, &lwip.inner_monitor);
	if (lwip.outer_open)
		outer_close();
	lwip.outer_open = false;
	if (outer_pools_used())
		text_format(tunnel->error, sizeof(tunnel->error), "%zu elements of lwIP's pools in use when closed",
			    outer_pools_used());
	packets_close();
	if (lwip.tun.fd >= 0)
		tun_close(&lwip.tun);
	lwip.tun.fd = -1;
	if (lwip.device)
		wg_close(lwip.device);
	lwip.device = NULL;
	if (lwip.arena)
		munmap(lwip.arena, lwip.arena_len);
	lwip.arena = NULL;
	lwip.port = 0;
	lwip.mtu_bytes = 0;
	lwip.tunnel = NULL;
}

static void tun_gone(void)
{
	if (lwip.gone)
		lwip.gone();
}

static int open_tun(struct tunnel *tunnel)
{
	struct link link;
	int err = link_get(&tunnel->inner, tunnel->device, &link);

	if (!err)
		return -EEXIST;
	err = tun_open(&lwip.tun, tunnel->device, tunnel->netns_fd, 0);
	if (err < 0)
		return err;
	tunnel->index = lwip.tun.index;
	if (tunnel->alias[0])
		err = link_set_alias(&tunnel->inner, tunnel->index, tunnel->alias);
	if (!err)
		err = packets_open(tunnel->loop, lwip.device, &lwip.tun, tun_gone);
	if (err < 0) {
		tun_close(&lwip.tun);
		lwip.tun.fd = -1;
	}
	return err;
}

/* Sockets are found by name in all namespaces: who serves there may have an interface of that name in another. The index tells. */
static bool runs_here(struct tunnel *tunnel)
{
	static struct tunnel_config unused; /* large */
	struct uapi_program program = { .index = 0 };
	struct uapi_answer answer = { .running = &unused, .program = &program };
	struct uapi_lines lines = { .len = 0 };
	struct uapi_asker more;
	struct link link = { .index = 0 };
	int err = uapi_asker_init(&more, tunnel->sockets_dir, tunnel->uapi_name, UAPI_MORE_END);

	if (!err)
		err = link_get(&tunnel->inner, tunnel->device, &link);
	if (err < 0)
		return false;
	uapi_text_get(&lines);
	err = uapi_ask(&more, &lines, &answer, clock_now_ns() + UAPI_PATIENCE_MS * NS_PER_MS);
	uapi_lines_free(&lines);
	uapi_asker_close(&more);
	tunnel_config_clear(&unused);
	return !err && program.index == link.index;
}

/* What is open by then is closed by the caller. */
static int open_parts(struct tunnel *tunnel)
{
	int err = open_core();

	if (err < 0)
		return fail(tunnel, err, "cannot set up the WireGuard core (memory, random bytes)");
	err = open_tun(tunnel);
	if (err == -EEXIST && runs_here(tunnel)) {
		text_format(tunnel->error, sizeof(tunnel->error), "%s runs already: `ip link del %s` ends it", tunnel->device,
			    tunnel->device);
		return err;
	}
	if (err == -EEXIST) {
		text_format(tunnel->error, sizeof(tunnel->error), TUNNEL_NOT_OURS, tunnel->device);
		return err;
	}
	if (err < 0)
		return fail(tunnel, err, "cannot open the TUN device");
	err = underlay_open(tunnel, lwip.rights);
	if (!err)
		err = loop_take(tunnel->loop, &lwip.inner_monitor, netns_call(tunnel->netns_fd, open_inner_monitor, NULL),
				inner_changed);
	return err < 0 ? fail(tunnel, err, "cannot follow the links and routes of this host") : 0;
}

static int lwip_open(struct tunnel *tunnel)
{
	struct uapi_host host = { .set_port = uapi_sets_port,
				  .port = uapi_port,
				  .link_index = uapi_link_index,
				  .expect = uapi_expects,
				  .changed = uapi_changed };
	uint8_t stamp[WG_STAMP_LEN];
	int err;

	lwip.tunnel = tunnel;
	lwip.tun.fd = lwip.inner_monitor.fd = -1;
	err = open_parts(tunnel);
	if (err < 0) {
		lwip_close(tunnel, true);
		return err;
	}
	follow_inner(clock_now_ns());
	/* Whatever carried this path before, the kernel or a process that died, sent stamps up to now. */
	wg_stamp(stamp, packets_host.wall(NULL));
	wg_set_stamp_sent(lwip.device, stamp);
	host.device = lwip.device;
	err = uapi_open(&lwip.uapi, tunnel->loop, tunnel->sockets_dir, tunnel->uapi_name, &host);
	if (err < 0) {
		lwip_close(tunnel, true);
		text_format(tunnel->error, sizeof(tunnel->error), "cannot serve %s/%s.sock: %s", tunnel->sockets_dir,
			    tunnel->uapi_name, strerror(-err));
	}
	return err;
}

/* ---- what its program asks besides ---- */

struct wg_device *lwip_device(void)
{
	return lwip.device;
}

void lwip_when_gone(void (*gone)(void))
{
	lwip.gone = gone;
}

void lwip_set_nics(struct tunnel *tunnel, const struct tunnel_nic *nics, size_t count)
{
	tunnel->nics = nics;
	tunnel->nic_count = count;
	/* And what could not be opened before is tried again. */
	if (lwip.outer_open)
		underlay_read(clock_now_ns());
	else
		follow_inner(clock_now_ns());
}

const struct tunnel_ops tunnel_lwip = {
	.takes_nics = true,
	.name = "lwip",
	.open = lwip_open,
	.close = lwip_close,
};
