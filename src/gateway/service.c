#include "gateway/service.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "conf/applied.h"
#include "network/facts.h"
#include "gateway/verbs.h"
#include "gateway/wanted.h"
#include "netlink/netns.h"
#include "tunnel/backend.h"

enum {
	SETTLE_MS = 200,           /* links and routes change in bursts */
	CARRIER_WAIT_S = 10,       /* then the interface comes up without it */
	RETRY_S = 10,              /* a path that could not come up is tried again */
};

#define SERVICE_OF(member_ptr, member) ((struct service *)((char *)(member_ptr)-offsetof(struct service, member)))

static void refresh_fires(struct loop_timer *timer, uint64_t now_ns);
static void repair_fires(struct loop_timer *timer, uint64_t now_ns);
static void retry_fires(struct loop_timer *timer, uint64_t now_ns);

static void due_in_ms(struct service *service, struct loop_timer *timer, uint64_t ms, loop_fire_fn *fire)
{
	if (!timer->armed)
		loop_timer_set(&service->loop, timer, clock_now_ns() + ms * NS_PER_MS, fire);
}

/* ---- where the inner interface lives ---- */

static void host_changed(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct service *service = SERVICE_OF(source, host_monitor);

	(void)events;
	(void)now_ns;
	/* Whatever it says, and also when something was lost: the answer is to look. */
	nl_monitor_read(source->fd, NULL, NULL);
	due_in_ms(service, &service->refresh, SETTLE_MS, refresh_fires);
}

static void inner_changed(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct service *service = SERVICE_OF(source, inner_monitor);

	(void)events;
	(void)now_ns;
	nl_monitor_read(source->fd, NULL, NULL);
	due_in_ms(service, &service->repair, SETTLE_MS, repair_fires);
}

static int open_inner_monitor(void *arg)
{
	(void)arg;
	return nl_monitor_open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
}

static void leave_place(struct service *service, bool remove)
{
	pinger_close(&service->pinger);
	if (service->inner_monitor.fd >= 0) {
		loop_remove(&service->loop, &service->inner_monitor);
		close(service->inner_monitor.fd);
		service->inner_monitor.fd = -1;
	}
	tunnel_close(&service->tunnel, remove);
	if (service->netns_fd >= 0)
		close(service->netns_fd);
	service->netns_fd = -1;
	/* One that was there before us is someone else's to remove. */
	if (remove && service->netns_created)
		netns_remove(service->netns);
	service->netns_created = service->placed = service->inner_up = service->has_applied = false;
}

/* The name of the namespace for set, "" for where the process is. */
static const char *wanted_netns(const struct service *service, const struct conf_set *set)
{
	if (service->options->netns)
		return strcmp(service->options->netns, "none") != 0 ? service->options->netns : "";
	return profile_isolated(service->profile, &set->env, &service->facts) ? service->profile->name : "";
}

static int enter_place(struct service *service, const char *netns)
{
	int fd;

	snprintf(service->netns, sizeof(service->netns), "%s", netns);
	if (netns[0]) {
		service->netns_fd = netns_open(netns, &service->netns_created);
		if (service->netns_fd < 0) {
			snprintf(service->down_reason, sizeof(service->down_reason),
				 "cannot open the network namespace %s: %s", netns, strerror(-service->netns_fd));
			return service->netns_fd;
		}
	}
	fd = netns_call(service->netns_fd, open_inner_monitor, NULL);
	if (fd < 0 || loop_add(&service->loop, &service->inner_monitor, fd, EPOLLIN, inner_changed) < 0)
		log_err("cannot watch the inner interface: changes from outside will not be mended");
	if (fd >= 0)
		service->inner_monitor.fd = fd;
	service->placed = true;
	return pinger_open(&service->pinger, &service->loop, service->netns_fd);
}

/* The namespace stays where it can: other programs of the appliance live in it. */
static int open_tunnel(struct service *service, const struct conf_set *set)
{
	const char *device = profile_device(service->profile, &set->env);
	const char *netns = wanted_netns(service, set);
	bool same_place = service->placed && !strcmp(service->netns, netns);
	int err;

	if (service->tunnel.ops && same_place && !strcmp(service->tunnel.device, device))
		return 0;
	if (same_place)
		tunnel_close(&service->tunnel, true);
	else if (service->placed)
		leave_place(service, true);
	err = same_place ? 0 : enter_place(service, netns);
	if (err < 0) {
		leave_place(service, false);
		return err;
	}
	err = backend_open(&service->tunnel, service->options->backend, device, service->netns_fd, &service->host,
			   &service->backend_reason);
	if (err < 0)
		snprintf(service->down_reason, sizeof(service->down_reason), "%s", service->tunnel.error);
	return err;
}

/* ---- the inner interface as the underlay is ---- */

/* A packet to every peer that has not shaken hands: show tells then whether a path works, and no one who needs it has
 * to wait for the handshake. */
static void probe_silent_peers(struct service *service)
{
	if (service_dump(service) < 0)
		return;
	for (size_t i = 0; i < service->running.peer_count; i++) {
		const struct tunnel_peer *peer = &service->running.peers[i];

		if (peer->endpoint.addr.family && !peer->handshake_s && peer->allowed_count)
			pinger_probe(&service->pinger, &service->running.allowed[peer->allowed_first].addr);
	}
}

static void bring_up(struct service *service)
{
	int err = link_set_up(&service->tunnel.inner, service->tunnel.index, true);

	if (err < 0) {
		log_err("cannot bring %s up: %s", service->tunnel.device, strerror(-err));
		return;
	}
	service->inner_up = true;
	loop_timer_clear(&service->loop, &service->settle);
	log_info("up: %s%s%s, MTU %u", service->tunnel.device, service->netns[0] ? " in namespace " : "",
		 service->netns, service->mtu_bytes);
}

static void settle_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct service *service = SERVICE_OF(timer, settle);

	(void)now_ns;
	if (!service->tunnel.ops || service->inner_up)
		return;
	log_info("no way to any peer has carrier after %d s: up without it", CARRIER_WAIT_S);
	bring_up(service);
	probe_silent_peers(service);
}

/* The MTU follows the underlay; the interface comes up once a first packet can leave, since WireGuard waits five
 * seconds before it tries again. */
static void follow_underlay(struct service *service)
{
	struct underlay underlay = underlay_look(&service->tunnel, &service->wanted);
	uint32_t mtu_bytes = inner_mtu(&underlay);

	if (mtu_bytes != service->mtu_bytes) {
		int err = link_set_mtu(&service->tunnel.inner, service->tunnel.index, mtu_bytes);

		if (err < 0)
			log_err("cannot set MTU %u on %s: %s", mtu_bytes, service->tunnel.device, strerror(-err));
		else
			service->mtu_bytes = mtu_bytes;
	}
	if (!service->inner_up && (underlay.ready || !service->wanted.peer_count))
		bring_up(service);
	if (service->inner_up)
		probe_silent_peers(service);
	else if (!service->settle.armed)
		loop_timer_set(&service->loop, &service->settle, clock_now_ns() + CARRIER_WAIT_S * NS_PER_S,
			       settle_fires);
}

static void refresh_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct service *service = SERVICE_OF(timer, refresh);

	(void)now_ns;
	if (service->tunnel.ops)
		follow_underlay(service);
}

/* ---- apply ---- */

/* What was applied last, for the next comparison: an endpoint whose name is not resolved yet was not applied. */
static void remember_applied(struct service *service)
{
	struct tunnel_config *wanted = &service->wanted;

	for (size_t i = 0; i < wanted->peer_count; i++) {
		struct tunnel_peer *peer = &wanted->peers[i];
		const struct tunnel_peer *before =
			service->has_applied ? tunnel_find(&service->applied, peer->public_key) : NULL;

		if (peer->endpoint_id && !peer->endpoint.addr.family)
			peer->endpoint_id = before ? before->endpoint_id : 0;
	}
	service->applied = *wanted;
	service->has_applied = true;
}

static int apply_tunnel(struct service *service, const struct conf_set *set, struct tunnel_report *report)
{
	struct link link;
	int err = open_tunnel(service, set);

	if (err < 0)
		return err;
	wanted_build(&service->wanted, service->profile, set, &service->resolver);
	err = tunnel_apply(&service->tunnel, &service->wanted, service->has_applied ? &service->applied : NULL,
			   &service->running, report);
	if (err < 0) {
		snprintf(service->down_reason, sizeof(service->down_reason), "%s", service->tunnel.error);
		return err;
	}
	err = inner_set_address(&service->tunnel, &set->env.vpn_address);
	if (!err)
		err = link_get_index(&service->tunnel.inner, service->tunnel.index, &link);
	if (err < 0) {
		snprintf(service->down_reason, sizeof(service->down_reason), "cannot set the address of %s: %s",
			 service->tunnel.device, strerror(-err));
		return err;
	}
	remember_applied(service);
	service->mtu_bytes = link.mtu_bytes;
	service->inner_up = link.up;
	follow_underlay(service);
	return 0;
}

int service_apply(struct service *service, struct conf_set *set, struct tunnel_report *report)
{
	int err = 0;

	service->down_reason[0] = '\0';
	loop_timer_clear(&service->loop, &service->retry);
	if (set->clustered) {
		err = apply_tunnel(service, set, report);
	} else {
		if (service->tunnel.ops && service_dump(service) == 0)
			report->count[TUNNEL_REMOVED] = service->running.peer_count;
		leave_place(service, true);
	}
	if (err < 0) {
		due_in_ms(service, &service->retry, RETRY_S * 1000, retry_fires);
		return err;
	}
	if (set == service->spare) {
		service->spare = service->set;
		service->set = set;
		conf_set_wipe(service->spare);
	}
	return 0;
}

int service_dump(struct service *service)
{
	int err;

	if (!service->tunnel.ops)
		return -ENETDOWN;
	err = service->tunnel.ops->dump(&service->tunnel, &service->running);
	if (err < 0)
		log_err("%s", service->tunnel.error);
	return err;
}

static void apply_again(struct service *service, const char *why)
{
	struct tunnel_report report = { 0 };
	int err;

	if (service->source == SERVICE_NOTHING)
		return;
	err = service_apply(service, service->set, &report);
	if (err < 0)
		log_err("%s: %s", why, service->down_reason);
	else if (report.count[TUNNEL_ADDED] || report.count[TUNNEL_UPDATED] || report.count[TUNNEL_REMOVED] ||
		 report.device_changed)
		log_info("%s: %zu peers added, %zu updated, %zu removed, %zu kept", why, report.count[TUNNEL_ADDED],
			 report.count[TUNNEL_UPDATED], report.count[TUNNEL_REMOVED], report.count[TUNNEL_KEPT]);
}

static void retry_fires(struct loop_timer *timer, uint64_t now_ns)
{
	(void)now_ns;
	apply_again(SERVICE_OF(timer, retry), "tried again");
}

/* Someone changed the inner interface: gone, down or with another address. */
static void repair_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct service *service = SERVICE_OF(timer, repair);
	bool was_up = service->inner_up;
	struct link link;
	int err;

	(void)now_ns;
	if (!service->tunnel.ops)
		return;
	err = link_get_index(&service->tunnel.inner, service->tunnel.index, &link);
	if (err == -ENODEV) {
		log_err("%s was removed by someone: made anew", service->tunnel.device);
		tunnel_close(&service->tunnel, false);
		service->has_applied = service->inner_up = false;
	} else if (!err && was_up && !link.up) {
		log_err("%s was set down by someone: brought up again", service->tunnel.device);
	}
	apply_again(service, "mended");
}

/* ---- the files ---- */

static int open_conf_dir(struct service *service)
{
	if (service->conf_dir_fd >= 0)
		close(service->conf_dir_fd);
	service->conf_dir_fd = open(service->options->conf_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return service->conf_dir_fd < 0 ? -errno : 0;
}

static bool load(struct service *service, int dir_fd)
{
	diag_clear(&service->diag);
	facts_collect(&service->facts);
	conf_set_load(service->spare, dir_fd, &service->diag);
	conf_set_check(service->spare, &service->facts, false, &service->diag);
	return service->diag.error_count == 0;
}

int service_load(struct service *service)
{
	int err = open_conf_dir(service);

	if (!err && !load(service, service->conf_dir_fd))
		err = -EINVAL;
	return err;
}

static void names_done(struct resolver *resolver, bool changed, uint64_t now_ns)
{
	struct service *service = SERVICE_OF(resolver, resolver);

	(void)now_ns;
	if (changed)
		apply_again(service, "names resolved");
	verbs_names_done(service);
}

/* service->set is what the service stands for from now on; true when names of it are being looked up. */
static bool adopted(struct service *service, enum service_source source)
{
	int err = 0;

	service->source = source;
	service->applied_s = time(NULL);
	if (source == SERVICE_FILES)
		err = applied_save(service->conf_dir_fd, service->profile->name, service->set);
	if (err < 0)
		log_err("cannot keep the configuration as a fallback: %s", strerror(-err));
	return resolver_follow(&service->resolver, &service->set->vpn);
}

int service_adopt(struct service *service, struct tunnel_report *report, bool *resolving)
{
	struct tunnel_report back = { 0 };
	char reason[SERVICE_REASON_LEN];
	int err = service_apply(service, service->spare, report);

	*resolving = false;
	if (!err) {
		*resolving = adopted(service, SERVICE_FILES);
		return 0;
	}
	if (service->source != SERVICE_NOTHING) {
		memcpy(reason, service->down_reason, sizeof(reason));
		if (service_apply(service, service->set, &back) == 0)
			memcpy(service->down_reason, reason, sizeof(reason));
	}
	return err;
}

static void log_finding(void *arg, const char *text)
{
	(void)arg;
	log_err("%s", text);
}

/* Brings what was applied before this process began, when there is any, into service->applied. */
static void recall_applied(struct service *service)
{
	int fd = applied_open(service->conf_dir_fd, service->profile->name);

	if (fd < 0)
		return;
	if (load(service, fd) && service->spare->clustered) {
		wanted_build(&service->applied, service->profile, service->spare, &service->resolver);
		service->has_applied = true;
	}
	close(fd);
}

static bool load_fallback(struct service *service)
{
	int fd = applied_open(service->conf_dir_fd, service->profile->name);
	bool good;

	if (fd < 0) {
		log_err("there is no configuration applied before to fall back to");
		return false;
	}
	good = load(service, fd);
	close(fd);
	if (!good) {
		diag_print(&service->diag, log_finding, NULL);
		log_err("the last applied configuration is not usable either");
		return false;
	}
	log_err("the last applied configuration runs instead: mend the files, then `reconfigure`");
	return true;
}

static int start_from(struct service *service, enum service_source source)
{
	struct tunnel_report report = { 0 };
	struct conf_set *set = service->spare;
	int err = service_apply(service, set, &report);

	if (err < 0) {
		log_err("%s", service->down_reason);
		if (service->options->ready_fd < 0)
			return err;
		/* It is what should run: retried until it does, or until reconfigure brings another. */
		service->spare = service->set;
		service->set = set;
	}
	adopted(service, source);
	if (!set->clustered)
		log_info("not clustered: no VPN");
	return 0;
}

static int start(struct service *service)
{
	int err = open_conf_dir(service);

	if (err < 0) {
		snprintf(service->down_reason, sizeof(service->down_reason), "cannot open %s: %s",
			 service->options->conf_dir, strerror(-err));
		log_err("%s", service->down_reason);
		return service->options->ready_fd < 0 ? err : 0;
	}
	recall_applied(service);
	err = service_load(service);
	diag_print(&service->diag, log_finding, NULL);
	if (!err)
		return start_from(service, SERVICE_FILES);
	service->file_errors = service->diag.error_count;
	log_err("%zu error%s in %s: nothing of it is applied", service->file_errors,
		service->file_errors == 1 ? "" : "s", service->options->conf_dir);
	if (load_fallback(service))
		return start_from(service, SERVICE_FALLBACK);
	snprintf(service->down_reason, sizeof(service->down_reason), "the files have errors, see `check`");
	return service->options->ready_fd < 0 ? err : 0;
}

/* ---- the process ---- */

static void signal_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct service *service = SERVICE_OF(source, signals);
	struct signalfd_siginfo info;

	(void)events;
	(void)now_ns;
	if (read(source->fd, &info, sizeof(info)) == sizeof(info))
		log_info("stopping: signal %u", info.ssi_signo);
	loop_stop(&service->loop);
}

static int watch(struct service *service)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	fd = loop_signal_fd(&set);
	if (fd < 0 || loop_add(&service->loop, &service->signals, fd, EPOLLIN, signal_came) < 0)
		return -errno;
	fd = nl_monitor_open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
			     RTMGRP_IPV6_ROUTE);
	return fd < 0 ? fd : loop_add(&service->loop, &service->host_monitor, fd, EPOLLIN, host_changed);
}

static int open_all(struct service *service)
{
	int err = loop_open(&service->loop);

	if (!err)
		err = watch(service);
	if (!err)
		err = nl_open(&service->host, NETLINK_ROUTE);
	if (!err)
		err = control_serve(&service->control, &service->loop, service->options->run_dir,
				    service->profile->name, verbs_request, service);
	if (err == -EADDRINUSE)
		log_err("%s already runs with --run %s", service->profile->name, service->options->run_dir);
	else if (err < 0)
		log_err("cannot start: %s", strerror(-err));
	return err;
}

int service_run(const struct profile *profile, const struct service_options *options)
{
	static struct conf_set sets[2];
	static struct service service;
	int err;

	service.profile = profile;
	service.options = options;
	service.set = &sets[0];
	service.spare = &sets[1];
	service.netns_fd = service.inner_monitor.fd = service.conf_dir_fd = -1;
	service.backend_reason = "";
	log_open(profile->name);
	if (open_all(&service) < 0)
		return 1;
	resolver_init(&service.resolver, &service.loop, names_done);
	err = start(&service);
	if (!err && options->ready_fd >= 0) {
		if (write(options->ready_fd, "\n", 1) < 0)
			log_err("cannot tell the supervisor that it is ready: %s", strerror(errno));
		close(options->ready_fd);
	}
	if (!err)
		err = loop_run(&service.loop);
	resolver_stop(&service.resolver);
	leave_place(&service, true);
	control_close(&service.control);
	conf_set_wipe(&sets[0]);
	conf_set_wipe(&sets[1]);
	tunnel_config_clear(&service.wanted);
	tunnel_config_clear(&service.applied);
	tunnel_config_clear(&service.running);
	return err < 0 ? 1 : 0;
}
