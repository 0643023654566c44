#include "gateway/path.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gateway/inner.h"
#include "gateway/knock.h"
#include "gateway/wanted.h"
#include "netlink/netns.h"
#include "tunnel/backend.h"

enum {
	SETTLE_MS = 200,     /* links and routes change in bursts */
	CARRIER_WAIT_S = 10, /* then the interface comes up without it */
};

#define PATH_OF(member_ptr, member) ((struct path *)((char *)(member_ptr)-offsetof(struct path, member)))

static void refresh_fires(struct loop_timer *timer, uint64_t now_ns);
static void look_fires(struct loop_timer *timer, uint64_t now_ns);

static void due_soon(struct path *path, struct loop_timer *timer, loop_fire_fn *fire)
{
	if (!timer->armed)
		loop_timer_set(path->loop, timer, clock_now_ns() + SETTLE_MS * NS_PER_MS, fire);
}

/* ---- where the inner interface lives ---- */

static void host_changed(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct path *path = PATH_OF(source, host_monitor);

	(void)events;
	(void)now_ns;
	/* Whatever it says, and also when something was lost: the answer is to look. */
	nl_monitor_read(source->fd, NULL, NULL);
	due_soon(path, &path->refresh, refresh_fires);
}

static void inner_changed(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct path *path = PATH_OF(source, inner_monitor);

	(void)events;
	(void)now_ns;
	nl_monitor_read(source->fd, NULL, NULL);
	due_soon(path, &path->look, look_fires);
}

static int open_inner_monitor(void *arg)
{
	(void)arg;
	return nl_monitor_open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
}

static void leave_place(struct path *path, bool remove)
{
	pinger_close(&path->pinger);
	if (path->inner_monitor.fd >= 0) {
		loop_remove(path->loop, &path->inner_monitor);
		close(path->inner_monitor.fd);
		path->inner_monitor.fd = -1;
	}
	tunnel_close(&path->tunnel, remove);
	if (path->netns_fd >= 0)
		close(path->netns_fd);
	path->netns_fd = -1;
	/* One that was there before us is someone else's to remove. */
	if (remove && path->netns_created)
		netns_remove(path->netns);
	path->netns_created = path->placed = path->inner_up = path->has_applied = false;
}

/* The name of the namespace for set, "" for where the process is. */
static const char *wanted_netns(const struct path *path, const struct conf_set *set, const struct conf_facts *facts)
{
	if (path->netns_option)
		return strcmp(path->netns_option, "none") != 0 ? path->netns_option : "";
	return profile_isolated(path->profile, &set->env, facts) ? path->profile->name : "";
}

static int enter_place(struct path *path, const char *netns)
{
	int fd;

	text_format(path->netns, sizeof(path->netns), "%s", netns);
	if (netns[0]) {
		path->netns_fd = netns_open(netns, &path->netns_created);
		if (path->netns_fd < 0) {
			text_format(path->down_reason, sizeof(path->down_reason),
				 "cannot open the network namespace %s: %s", netns, strerror(-path->netns_fd));
			return path->netns_fd;
		}
	}
	fd = netns_call(path->netns_fd, open_inner_monitor, NULL);
	if (fd < 0 || loop_add(path->loop, &path->inner_monitor, fd, EPOLLIN, inner_changed) < 0)
		log_err("cannot watch the inner interface: changes from outside will not be mended");
	if (fd >= 0)
		path->inner_monitor.fd = fd;
	path->placed = true;
	return pinger_open(&path->pinger, path->loop, path->netns_fd);
}

/* The namespace stays where it can: other programs of the appliance live in it. */
static int open_tunnel(struct path *path, const struct conf_set *set, const struct conf_facts *facts)
{
	const char *device = profile_device(path->profile, &set->env);
	const char *netns = wanted_netns(path, set, facts);
	bool same_place = path->placed && !strcmp(path->netns, netns);
	int err;

	if (path->tunnel.ops && same_place && !strcmp(path->tunnel.device, device))
		return 0;
	if (same_place)
		tunnel_close(&path->tunnel, true);
	else if (path->placed)
		leave_place(path, true);
	err = same_place ? 0 : enter_place(path, netns);
	if (err < 0) {
		leave_place(path, false);
		return err;
	}
	err = backend_open(&path->tunnel, path->backend, device, path->netns_fd, &path->host,
			   &path->backend_reason);
	if (err < 0)
		text_format(path->down_reason, sizeof(path->down_reason), "%s", path->tunnel.error);
	return err;
}

/* Someone changed the inner interface, maybe we ourselves: what is it now? */
static void look_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct path *path = PATH_OF(timer, look);
	bool was_up = path->inner_up;
	struct link link;
	int err;

	(void)now_ns;
	if (!path->tunnel.ops)
		return;
	err = link_get_index(&path->tunnel.inner, path->tunnel.index, &link);
	if (err == -ENODEV) {
		log_err("%s was removed by someone: made anew", path->tunnel.device);
		tunnel_close(&path->tunnel, false);
		path->has_applied = path->inner_up = false;
	} else if (!err && was_up && !link.up) {
		log_err("%s was set down by someone: brought up again", path->tunnel.device);
	}
	path->disturbed(path);
}

/* ---- the inner interface as the underlay is ---- */

static bool is_silent(const struct tunnel_peer *peer)
{
	return peer->endpoint.addr.family && !peer->handshake_s && peer->allowed_count;
}

static void probe_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct path *path = PATH_OF(timer, probe);

	(void)now_ns;
	if (!path->tunnel.ops || path_dump(path) < 0)
		return;
	for (size_t i = 0; i < path->running.peer_count; i++)
		if (is_silent(&path->running.peers[i]))
			pinger_probe(&path->pinger, &path->running.allowed[path->running.peers[i].allowed_first].addr);
}

/* A packet to every peer that has not shaken hands, after a knock: show tells then whether a path works, and no one
 * who needs it has to wait for the handshake. */
static void probe_silent_peers(struct path *path)
{
	bool any = false;

	if (path->probe.armed || path_dump(path) < 0)
		return;
	for (size_t i = 0; i < path->running.peer_count; i++) {
		if (!is_silent(&path->running.peers[i]))
			continue;
		knock(&path->running.peers[i].endpoint);
		any = true;
	}
	if (any)
		loop_timer_set(path->loop, &path->probe, clock_now_ns() + KNOCK_WAIT_MS * NS_PER_MS, probe_fires);
}

static void bring_up(struct path *path)
{
	int err = link_set_up(&path->tunnel.inner, path->tunnel.index, true);

	if (err < 0) {
		log_err("cannot bring %s up: %s", path->tunnel.device, strerror(-err));
		return;
	}
	path->inner_up = true;
	loop_timer_clear(path->loop, &path->settle);
	log_info("up: %s%s%s, MTU %u", path->tunnel.device, path->netns[0] ? " in namespace " : "",
		 path->netns, path->mtu_bytes);
}

static void settle_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct path *path = PATH_OF(timer, settle);

	(void)now_ns;
	if (!path->tunnel.ops || path->inner_up)
		return;
	log_info("no way to any peer has carrier after %d s: up without it", CARRIER_WAIT_S);
	bring_up(path);
	probe_silent_peers(path);
}

/* The MTU follows the underlay; the interface comes up once a first packet can leave, since WireGuard waits five
 * seconds before it tries again. */
static void follow_underlay(struct path *path)
{
	struct underlay underlay = underlay_look(&path->tunnel, &path->wanted);
	uint32_t mtu_bytes = inner_mtu(&underlay);

	if (mtu_bytes != path->mtu_bytes) {
		int err = link_set_mtu(&path->tunnel.inner, path->tunnel.index, mtu_bytes);

		if (err < 0)
			log_err("cannot set MTU %u on %s: %s", mtu_bytes, path->tunnel.device, strerror(-err));
		else
			path->mtu_bytes = mtu_bytes;
	}
	if (!path->inner_up && (underlay.ready || !path->wanted.peer_count))
		bring_up(path);
	if (path->inner_up)
		probe_silent_peers(path);
	else if (!path->settle.armed)
		loop_timer_set(path->loop, &path->settle, clock_now_ns() + CARRIER_WAIT_S * NS_PER_S,
			       settle_fires);
}

static void refresh_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct path *path = PATH_OF(timer, refresh);

	(void)now_ns;
	if (path->tunnel.ops)
		follow_underlay(path);
}

/* ---- apply ---- */

/* What was applied last, for the next comparison: an endpoint whose name is not resolved yet was not applied. */
static void remember_applied(struct path *path)
{
	struct tunnel_config *wanted = &path->wanted;

	for (size_t i = 0; i < wanted->peer_count; i++) {
		struct tunnel_peer *peer = &wanted->peers[i];
		const struct tunnel_peer *before =
			path->has_applied ? tunnel_find(&path->applied, peer->public_key) : NULL;

		if (peer->endpoint_id && !peer->endpoint.addr.family)
			peer->endpoint_id = before ? before->endpoint_id : 0;
	}
	tunnel_config_copy(&path->applied, wanted);
	path->has_applied = true;
}

static int fail(struct path *path, int err, const char *what)
{
	text_format(path->down_reason, sizeof(path->down_reason), "%s %s: %s", what, path->tunnel.device,
		    strerror(-err));
	return err;
}

int path_apply(struct path *path, const struct conf_set *set, const struct conf_facts *facts,
	       const struct resolver *resolver, struct tunnel_report *report)
{
	struct link link;
	int err;

	path->down_reason[0] = '\0';
	err = open_tunnel(path, set, facts);
	if (err < 0)
		return err;
	wanted_build(&path->wanted, path->profile, set, resolver);
	err = tunnel_apply(&path->tunnel, &path->wanted, path->has_applied ? &path->applied : NULL, &path->running,
			   report);
	if (err < 0) {
		text_format(path->down_reason, sizeof(path->down_reason), "%s", path->tunnel.error);
		return err;
	}
	err = inner_set_address(&path->tunnel, &set->env.vpn_address);
	if (err < 0)
		return fail(path, err, "cannot set the address of");
	err = link_get_index(&path->tunnel.inner, path->tunnel.index, &link);
	if (err < 0)
		return fail(path, err, "cannot read");
	remember_applied(path);
	path->mtu_bytes = link.mtu_bytes;
	path->inner_up = link.up;
	follow_underlay(path);
	return 0;
}

void path_recall(struct path *path, const struct conf_set *set, const struct resolver *resolver)
{
	wanted_build(&path->applied, path->profile, set, resolver);
	path->has_applied = true;
}

void path_down(struct path *path)
{
	if (path->placed)
		leave_place(path, true);
	path->down_reason[0] = '\0';
}

int path_dump(struct path *path)
{
	int err;

	if (!path->tunnel.ops)
		return -ENETDOWN;
	err = path->tunnel.ops->dump(&path->tunnel, &path->running);
	if (err < 0)
		log_err("%s", path->tunnel.error);
	return err;
}

int path_open(struct path *path, struct loop *loop)
{
	int err = nl_open(&path->host, NETLINK_ROUTE), fd;

	path->loop = loop;
	path->netns_fd = path->inner_monitor.fd = path->host_monitor.fd = -1;
	path->backend_reason = "";
	if (err < 0)
		return err;
	fd = nl_monitor_open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
			     RTMGRP_IPV6_ROUTE);
	return fd < 0 ? fd : loop_add(loop, &path->host_monitor, fd, EPOLLIN, host_changed);
}

void path_close(struct path *path)
{
	struct loop_timer *const timers[] = { &path->refresh, &path->settle, &path->probe, &path->look };

	if (path->placed)
		leave_place(path, true);
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		loop_timer_clear(path->loop, timers[i]);
	if (path->host_monitor.fd >= 0) {
		loop_remove(path->loop, &path->host_monitor);
		close(path->host_monitor.fd);
	}
	nl_close(&path->host);
	tunnel_config_clear(&path->wanted);
	tunnel_config_clear(&path->applied);
	tunnel_config_clear(&path->running);
}
