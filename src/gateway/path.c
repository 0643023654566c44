#include "gateway/path.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/log.h"
#include "gateway/needs.h"
#include "gateway/roamed.h"
#include "gateway/target.h"
#include "gateway/wanted.h"
#include "netlink/rule.h"

enum {
	RESTORE_S = 2,       /* between ends of what carries the tunnel that come one behind the other */
	SETTLE_MS = 200,     /* links and routes change in bursts */
	CARRIER_WAIT_S = 10, /* then the interface comes up without it */
};

#define PATH_OF(member_ptr, member) container_of(member_ptr, struct path, member)

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

static void leave_place(struct path *path, bool remove)
{
	pinger_close(&path->pinger);
	asked_close(&path->asked);
	clones_close(&path->silent.clones);
	loop_give_back(path->loop, &path->inner_monitor);
	tunnel_close(&path->inner.tunnel, remove);
	if (remove)
		fence_remove(&path->fence, &path->host);
	if (path->inner.tunnel.error[0])
		log_err("%s", path->inner.tunnel.error);
	path->inner.tunnel.error[0] = '\0';
	path->inner.up = path->applied = false;
	if (remove)
		admission_leave(&path->admission, path->place.netns_fd);
	place_close(&path->place, remove, path->alias, path->place_file);
}

/* Looks before it leaves: a name that is taken, or a namespace that cannot be opened, costs the tunnel that runs nothing. */
static int change_place(struct path *path, const char *netns, const char *device)
{
	struct place place;
	int err = place_open(&place, netns, path->down_reason, sizeof(path->down_reason));

	if (err < 0)
		return err;
	err = tunnel_look(place.netns_fd, device, path->alias, path->down_reason, sizeof(path->down_reason));
	if (err < 0) {
		place_close(&place, true, path->alias, NULL);
		return err;
	}
	if (path->place.open)
		leave_place(path, true);
	place_keep(&place, path->place_file);
	path->place = place;
	if (loop_take(path->loop, &path->inner_monitor, place_monitor(&place), inner_changed) < 0)
		log_err("cannot watch the inner interface: changes from outside will not be mended");
	pinger_open(&path->pinger, path->loop, place.netns_fd);
	asked_open(&path->asked, path->loop, place.netns_fd, path->inner.tunnel.device);
	return 0;
}

/* The NICs that network.conf gives to the dataplane alone; true when the tunnel is to look at others than before. */
static bool find_nics(struct path *path)
{
	if (!path->profile->dataplane || !path->network || !own_nics_follow(&path->nics, &path->host, path->network))
		return false;
	if (!path->inner.tunnel.ops || !path->inner.tunnel.ops->takes_nics)
		return false;
	path->inner.tunnel.nic_count = path->nics.count;
	path->inner.tunnel.nics_changed = true;
	return true;
}

static void tell_trouble(struct path *path)
{
	if (!strcmp(path->told_trouble, path->inner.tunnel.trouble))
		return;
	if (path->inner.tunnel.trouble[0])
		log_err("%s", path->inner.tunnel.trouble);
	else
		log_info("over: %s", path->told_trouble);
	text_format(path->told_trouble, sizeof(path->told_trouble), "%s", path->inner.tunnel.trouble);
}

static void troubled(struct tunnel *tunnel)
{
	tell_trouble(PATH_OF(tunnel, inner.tunnel));
}

/* The interface is gone. Its peers are looked for where they were last. */
static void tunnel_lost(struct path *path)
{
	roamed_read(path->roamed_file, &path->inner.running);
	path->moving = true;
	tunnel_close(&path->inner.tunnel, false);
	path->inner.up = path->applied = false;
}

static void restore_fires(struct loop_timer *timer, uint64_t now_ns)
{
	(void)now_ns;
	PATH_OF(timer, restore)->disturbed(PATH_OF(timer, restore));
}

static void ended(struct tunnel *tunnel)
{
	struct path *path = PATH_OF(tunnel, inner.tunnel);
	uint64_t now_ns = clock_now_ns(), due_ns = path->opened_ns + RESTORE_S * NS_PER_S;

	log_err("what carries %s has ended: it is started again", tunnel->device);
	tunnel_lost(path);
	loop_timer_set(path->loop, &path->restore, due_ns > now_ns ? due_ns : now_ns, restore_fires);
}

static int tunnel_fail(struct path *path, int err)
{
	text_format(path->down_reason, sizeof(path->down_reason), "%s",
		    path->inner.tunnel.error[0] ? path->inner.tunnel.error : strerror(-err));
	return err;
}

/* The namespace stays where it can: other programs of the appliance live in it. */
static int open_tunnel(struct path *path, const struct conf_set *set, const struct conf_facts *facts)
{
	const struct target target = target_of(path->profile, path->backend_option, path->netns_option, &set->env, facts);
	const char *backend = target.backend;
	struct tunnel_place place = { .device = target.device,
				      .alias = path->alias,
				      .uapi_name = profile_uapi_name(path->profile, &set->env),
				      .sockets_dir = path->sockets_dir,
				      .nics = path->nics.list,
				      .nic_count = path->nics.count,
				      .host = &path->host,
				      .loop = path->loop,
				      .troubled = troubled,
				      .ended = ended };
	struct backend_choice choice;
	unsigned differs;
	int err;

	path->did.backend = backend;
	path->lacks = path->contained && needs_look(backend, &path->host, path->down_reason, sizeof(path->down_reason)) < 0;
	if (path->lacks)
		return -EPERM;
	differs = target_differs(&target, &path->inner.tunnel, &path->place, &path->carrier, &path->host);
	if (!differs)
		return 0;
	err = inner_dump(&path->inner);
	if (err == -ETIMEDOUT)
		return tunnel_fail(path, err);
	/* Also when it is closed by now: what could not be moved is put back by the same way. */
	path->moving = path->moving || !err;
	/* What runs is not given up for what cannot be had. */
	err = path->moving ? backend_look(backend, &path->host, &choice, path->down_reason, sizeof(path->down_reason)) : 0;
	if (err < 0)
		return err;
	if (differs & TARGET_NETNS)
		err = change_place(path, target.netns, place.device);
	else
		err = tunnel_look(path->place.netns_fd, place.device, path->alias, path->down_reason, sizeof(path->down_reason));
	if (err < 0)
		return err;
	tunnel_close(&path->inner.tunnel, true);
	path->applied = false;
	place.netns_fd = path->place.netns_fd;
	err = backend_open(&path->inner.tunnel, backend, &place, &path->carrier.reason);
	path->opened_ns = clock_now_ns();
	if (err < 0)
		return tunnel_fail(path, err);
	if (path->inner.tunnel.error[0])
		log_err("%s", path->inner.tunnel.error);
	return 0;
}

/* Someone changed the inner interface, maybe we ourselves: what is it now? */
static void look_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct path *path = PATH_OF(timer, look);
	bool was_up = path->inner.up;
	struct link link;
	int err;

	(void)now_ns;
	if (!path->inner.tunnel.ops)
		return;
	err = link_get_index(&path->inner.tunnel.inner, path->inner.tunnel.index, &link);
	if (err == -ENODEV) {
		log_err("%s was removed by someone: made anew", path->inner.tunnel.device);
		tunnel_lost(path);
	} else if (!err && was_up && !link.up) {
		log_err("%s was set down by someone: brought up again", path->inner.tunnel.device);
		path->silent.sessions_lost = true;
	}
	path->disturbed(path);
}

/* ---- the inner interface as the underlay is ---- */

static int bring_up(struct path *path)
{
	int err = inner_bring_up(&path->inner, path->down_reason, sizeof(path->down_reason));

	if (err < 0)
		return err;
	loop_timer_clear(path->loop, &path->settle);
	log_info("up: %s%s%s, MTU %u", path->inner.tunnel.device, path->place.netns[0] ? " in namespace " : "",
		 path->place.netns, path->inner.mtu_bytes);
	return 0;
}

static void settle_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct path *path = PATH_OF(timer, settle);

	(void)now_ns;
	if (!path->applied || path->inner.up)
		return;
	log_info("no way to any peer has carrier after %d s: up without it", CARRIER_WAIT_S);
	if (bring_up(path) < 0)
		path->disturbed(path);
	else
		silent_probe(&path->silent);
}

/* The interface comes up once a first packet can leave, since WireGuard waits five seconds before it tries again. */
static int use_underlay(struct path *path, const struct underlay *underlay)
{
	int err = 0;

	if (!path->inner.up && underlay->ready)
		err = bring_up(path);
	if (path->inner.up)
		silent_probe(&path->silent);
	else if (!err && !path->settle.armed)
		loop_timer_set(path->loop, &path->settle, clock_now_ns() + CARRIER_WAIT_S * NS_PER_S, settle_fires);
	return err;
}

static int follow_underlay(struct path *path)
{
	struct underlay underlay = underlay_look(&path->inner.tunnel, &path->inner.wanted);
	int err = inner_set_mtu(&path->inner, &underlay, path->down_reason, sizeof(path->down_reason));

	return err < 0 ? err : use_underlay(path, &underlay);
}

static void refresh_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct path *path = PATH_OF(timer, refresh);

	(void)now_ns;
	if (!path->inner.tunnel.ops)
		return;
	fence_mend(&path->fence, &path->host);
	if (!path->applied)
		return;
	if (find_nics(path) || follow_underlay(path) < 0 || silent_address_is_due(&path->silent))
		path->disturbed(path);
}

/* ---- apply ---- */

int path_apply(struct path *path, const struct conf_set *set, const struct conf_facts *facts,
	       const struct resolver *resolver, struct tunnel_report *report)
{
	const struct wanted_pick pick = { silent_pick, &path->silent };
	struct underlay underlay;
	int err;

	path->down_reason[0] = '\0';
	path->network = &set->network;
	(void)find_nics(path);
	err = open_tunnel(path, set, facts);
	if (err < 0)
		return err;
	/* What its peers have of endpoints now; of a tunnel that is replaced it is known. */
	if (!path->moving && !path->recalled && (err = inner_dump(&path->inner)) < 0)
		return tunnel_fail(path, err);
	wanted_build(&path->inner.wanted, path->profile, set, resolver, &pick);
	path->did.moved = path->moving;
	if (path->moving || path->recalled)
		inner_carry_endpoints(&path->inner);
	path->moving = path->recalled = false;
	/* Before it listens there. */
	admission_widen(&path->admission, path->profile->name, path->inner.wanted.listen_port,
			path->place.netns[0] ? "" : path->inner.tunnel.device);
	path->applied = false;
	err = tunnel_apply(&path->inner.tunnel, &path->inner.wanted, path->inner.has_applied ? &path->inner.applied : NULL, &path->inner.running, report);
	/* Also what was applied in part, so that putting back undoes it. */
	inner_remember(&path->inner);
	if (err < 0)
		return tunnel_fail(path, err);
	err = inner_read(&path->inner, path->down_reason, sizeof(path->down_reason));
	if (err < 0)
		return err;
	path->inner.vpn_family = set->env.vpn_address.addr.family;
	path->inner.mtu_most_bytes = set->env.mtu_bytes[path->profile->env];
	/* Before the address: an interface of less than 1280 bytes takes none of IPv6. */
	underlay = underlay_look(&path->inner.tunnel, &path->inner.wanted);
	err = inner_set_mtu(&path->inner, &underlay, path->down_reason, sizeof(path->down_reason));
	if (err < 0)
		return err;
	/* Before there is an address that anyone could write to. */
	if (path->place.netns[0])
		fence_remove(&path->fence, &path->host);
	else
		fence_put(&path->fence, &path->host, &set->env.vpn_address, path->inner.tunnel.device);
	/* In the dataplane's live the packet processors, whose ports are theirs. */
	if (path->place.netns[0] && !path->profile->dataplane)
		admission_inside(&path->admission, path->place.netns_fd, path->inner.tunnel.device, &set->env);
	err = inner_set_address(&path->inner, &set->env.vpn_address, path->down_reason, sizeof(path->down_reason));
	if (err < 0)
		return err;
	path->did.address_set = err;
	path->applied = true;
	err = use_underlay(path, &underlay);
	/* The peers are there and send to a tunnel that is gone: no time for a knock. */
	if (err < 0)
		return err;
	if (path->did.moved)
		silent_probe_all(&path->silent);
	admission_settle(&path->admission);
	path->carrier.word = path->did.backend;
	path->carrier.ops = path->inner.tunnel.ops;
	tell_trouble(path);
	return 0;
}

void path_recall(struct path *path, const struct conf_set *set, const struct resolver *resolver)
{
	wanted_build(&path->inner.applied, path->profile, set, resolver, NULL);
	path->inner.has_applied = true;
}

void path_recall_endpoints(struct path *path)
{
	roamed_read(path->roamed_file, &path->inner.running);
	path->recalled = path->inner.running.peer_count > 0;
}

void path_down(struct path *path)
{
	if (path->place.open)
		leave_place(path, true);
	admission_end(&path->admission);
	path->inner.has_applied = path->moving = path->recalled = false;
	path->network = NULL;
	path->down_reason[0] = '\0';
}

const char *path_trouble(const struct path *path)
{
	if (path->silent.clones.trouble[0])
		return path->silent.clones.trouble;
	if (path->inner.tunnel.trouble[0])
		return path->inner.tunnel.trouble;
	return path->admission.trouble[0] ? path->admission.trouble : path->fence.trouble;
}

static void looked(struct silent *silent, uint64_t now_ns)
{
	struct path *path = PATH_OF(silent, silent);
	bool filtered_now = admission_mend(&path->admission);

	path->looked(path, now_ns);
	/* What comes out of the tunnel is not filtered yet. */
	if (filtered_now)
		path->disturbed(path);
}

static void elsewhere(struct silent *silent)
{
	PATH_OF(silent, silent)->disturbed(PATH_OF(silent, silent));
}

int path_open(struct path *path, struct loop *loop)
{
	int err = nl_open(&path->host, NETLINK_ROUTE);

	path->loop = loop;
	path->place.netns_fd = path->inner_monitor.fd = path->host_monitor.fd = -1;
	path->carrier = (struct carrier){ .word = "", .reason = "" };
	if (err < 0)
		return err;
	path->silent.loop = loop;
	path->silent.inner = &path->inner;
	path->silent.pinger = &path->pinger;
	path->silent.roamed_file = path->roamed_file;
	path->silent.looked = looked;
	path->silent.elsewhere = elsewhere;
	silent_watch(&path->silent);
	pinger_open(&path->outside, loop, -1);
	return loop_take(loop, &path->host_monitor,
			 nl_monitor_open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
					 RTMGRP_IPV6_ROUTE | RTMGRP_IPV6_IFINFO | RULE_GROUPS), host_changed);
}

void path_close(struct path *path)
{
	struct loop_timer *const timers[] = { &path->refresh, &path->settle, &path->look, &path->restore };

	if (path->place.open)
		leave_place(path, true);
	admission_end(&path->admission);
	pinger_close(&path->outside);
	silent_stop(&path->silent);
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		loop_timer_clear(path->loop, timers[i]);
	loop_give_back(path->loop, &path->host_monitor);
	nl_close(&path->host);
	inner_clear(&path->inner);
}
