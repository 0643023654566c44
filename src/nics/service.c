#include "nics/service.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "conf/hostname.h"
#include "conf/set_pool.h"
#include "netlink/rdnss.h"
#include "netlink/rule.h"
#include "network/apply.h"
#include "network/conflict.h"
#include "network/facts.h"
#include "network/last.h"
#include "network/nics.h"
#include "network/plan.h"
#include "network/told.h"
#include "nics/carriers.h"
#include "nics/conflicts.h"
#include "nics/dhcp.h"
#include "nics/door.h"
#include "nics/identify.h"
#include "nics/lldp.h"
#include "nics/loss.h"
#include "nics/missing.h"
#include "nics/name_servers.h"
#include "nics/ntp.h"
#include "nics/show.h"
#include "worker/load.h"
#include "worker/plan_lines.h"

enum { SETTLE_MS = 100, CARRIER_WAIT_S = 10 };

struct nics_service {
	struct worker worker;
	struct change change;
	struct loop_source monitor;
	struct loop_timer follow, ready;
	struct nl nl;
	struct door door;
	struct lldp lldp;
	struct conf_set *set; /* what runs */
	bool has_set, fallback;                   /* there is one; it was applied last, since the files have errors */
	bool replaced_has_set, replaced_fallback; /* the same of what ran before, while that can be put back */
	struct told told;
	struct conflicts conflicts;
	struct carriers carriers;
	struct dhcp dhcp;
	struct name_servers name_servers;
};

static void log_change(void *arg, bool error, const char *text)
{
	struct nics_service *service = arg;

	if (!error)
		log_info("%s", text);
	else if (told_is_new(&service->told, text))
		log_err("%s", text);
}

static void tell_ready(struct nics_service *service)
{
	worker_tell_ready(&service->worker, service->has_set);
	loop_timer_clear(&service->worker.loop, &service->ready);
}

static void ready_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct nics_service *service = container_of(timer, struct nics_service, ready);

	(void)now_ns;
	missing_tell(&service->nl, &service->set->network, CARRIER_WAIT_S);
	tell_ready(service);
}

static int apply(struct nics_service *service, const struct network_conf *before, struct nics_report *report)
{
	static struct filter_nic asking[LEASES_MAX];
	const struct network_conf *conf = &service->set->network;
	const struct env_conf *env = &service->set->env;
	const uint64_t now_ns = clock_now_ns(); /* what a set brings comes without it */
	char text[TOLD_LEN];
	int err, door_err;

	told_begin(&service->told);
	/* Before there is an address that anyone could write to. */
	door_err = door_fit(&service->door, env->filter, report);
	dhcp_guard_tunnels(&service->dhcp, &service->nl, env->isolation == ENV_ISOLATION_OFF ? &env->vpn_address : NULL, now_ns);
	err = nics_apply(&service->nl, conf, &service->dhcp.leases, before, report);
	err = err ? err : door_err;
	if (err < 0 && !report->errors) {
		text_format(text, sizeof(text), "cannot read the NICs: %s", strerror(-err));
		report->say(report->arg, true, text);
	}
	dhcp_fit(&service->dhcp, &service->nl, conf, env->hostname, now_ns);
	door_dhcp(&service->door, asking, dhcp_nics(&service->dhcp, asking));
	name_servers_follow(&service->name_servers, conf, &service->dhcp, now_ns);
	if (report->matched && report->matched == report->with_carrier && !dhcp_waits(&service->dhcp))
		tell_ready(service);
	conflicts_follow(&service->conflicts, &service->nl);
	lldp_follow(&service->lldp, &service->set->network);
	return err;
}

static void conflicts_changed(struct conflicts *conflicts)
{
	conflicts_write(conflicts, container_of(conflicts, struct nics_service, conflicts)->worker.options->run_dir);
}

static void follow_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct nics_service *service = container_of(timer, struct nics_service, follow);
	struct nics_report report = { .say = log_change, .arg = service };

	carriers_follow(&service->carriers, now_ns);
	if (service->has_set)
		apply(service, NULL, &report);
}

static void leases_changed(struct dhcp *dhcp)
{
	struct nics_service *service = container_of(dhcp, struct nics_service, dhcp);

	loop_timer_set(&service->worker.loop, &service->follow, clock_now_ns(), follow_fires);
}

static void links_changed(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct nics_service *service = container_of(source, struct nics_service, monitor);

	(void)events;
	nl_monitor_read(source->fd, name_servers_message, &service->name_servers);
	if (!service->follow.armed)
		loop_timer_set(&service->worker.loop, &service->follow, now_ns + SETTLE_MS * NS_PER_MS, follow_fires);
}

/* ---- the files ---- */

static void nics_check(struct change *change)
{
	static struct conf_facts facts;
	struct env_conf env;

	facts_collect(&facts);
	conf_set_check(change->candidate, &facts, false, &change->diag);
	/* The VPN was looked at for the checks, and holds keys; .env's settings do not. */
	env = change->candidate->env;
	env.isolation = conf_isolated(&env, &facts) ? ENV_ISOLATION_ON : ENV_ISOLATION_OFF;
	hostname_of(change->candidate, env.hostname);
	conf_set_wipe_vpn(change->candidate);
	change->candidate->env = env;
}

/* The candidate becomes what runs, and what ran the candidate. */
static int swap_and_apply(struct nics_service *service, bool has_set, struct nics_report *report)
{
	const struct network_conf *before = service->has_set ? &service->set->network : NULL;
	struct conf_set *set = service->change.candidate;

	service->change.candidate = service->set;
	service->set = set;
	service->has_set = has_set;
	(has_set ? change_ran : change_forget)(&service->change);
	ntp_write(service->worker.options->run_dir, set->env.ntp, &set->network);
	return apply(service, before, report);
}

/* Files with errors: the last applied ones; before there are any with a NIC, network.conf all the same when it is not in what is
 * wrong, since no one could reach the machine to mend the rest. */
static void start_from_fallback(struct nics_service *service, int dir_fd)
{
	struct change *change = &service->change;
	struct nics_report report = { .say = log_change, .arg = service };
	const struct env_conf env = change->candidate->env;
	bool alone = change->candidate->network.has_file && diag_spares(&change->diag, NETWORK_FILE);

	diag_print(&change->diag, log_err_line, NULL);
	service->fallback = change_load_applied(change, dir_fd) && (!alone || change->candidate->network.nic_count);
	if (!service->fallback && alone) {
		(void)change_load(change, dir_fd, false);
		alone = diag_spares(&change->diag, NETWORK_FILE);
	}
	if (service->fallback)
		log_err("the files have errors: the NICs get the last applied configuration");
	else if (alone)
		log_err("the files have errors: the NICs get " NETWORK_FILE ", which has none");
	else
		log_err("the files have errors: no NIC is configured");
	/* The fallback of this service alone is network.conf without a .env. */
	if (!change->candidate->env.has_file)
		change->candidate->env = env;
	if (service->fallback || alone)
		swap_and_apply(service, true, &report);
}

/* The files when they are good, else the last applied ones. The path services say what is wrong with all files; here
 * only what network.conf has to do with is said. */
static void start_from_dir(struct nics_service *service, int dir_fd)
{
	struct nics_report report = { .say = log_change, .arg = service };

	if (change_load_held(&service->change)) {
		swap_and_apply(service, true, &report);
		return;
	}
	if (!change_load(&service->change, dir_fd, false)) {
		start_from_fallback(service, dir_fd);
		return;
	}
	if (!service->change.candidate->network.has_file)
		log_err("there is no %s: no NIC is configured", NETWORK_FILE);
	swap_and_apply(service, true, &report);
	change_keep(&service->change);
}

static void start(struct nics_service *service)
{
	struct nics_report report = { .say = log_change, .arg = service };
	const char *dir = service->worker.options->conf_dir;
	int dir_fd;

	if (change_load_running(&service->change)) {
		log_info("started again: what ran goes on");
		service->change.candidate->env.filter = door_now(&service->door);
		service->change.candidate->env.ntp = ntp_now(service->worker.options->run_dir);
		swap_and_apply(service, true, &report);
		return;
	}
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0) {
		log_err("cannot open %s: %s: no NIC is configured", dir, strerror(errno));
		return;
	}
	start_from_dir(service, dir_fd);
	close(dir_fd);
}

/* ---- plan, apply, undo ---- */

struct change_printer {
	struct nics_service *service;
	struct control_call *call;
	size_t new_errors; /* that are not there in what ran before as well */
};

static void print_change(void *arg, bool error, const char *text)
{
	struct change_printer *printer = arg;

	/* Said here, it need not be said in the log again. */
	if (error && told_is_new(&printer->service->told, text))
		printer->new_errors++;
	control_print(printer->call, error ? CONTROL_ERR : CONTROL_OUT, NAME_NETWORK ": %s\n", text);
}

static int nics_plan(struct change *change, struct control_call *call, bool force, enum change_say say)
{
	struct nics_service *service = container_of(change, struct nics_service, change);
	const struct network_conf *conf = &change->candidate->network, *before = service->has_set ? &service->set->network : NULL;
	struct plan_lines lines = { .call = call, .by_kind = say == CHANGE_SAY_LINES, .kind = PLAN_NICS };
	static struct claimed claimed;
	char loss[TOLD_LEN];
	bool last = last_address_goes(&service->nl, conf, before, loss, sizeof(loss));

	claimed.count = 0;
	if (say != CHANGE_SAY_NOTHING)
		claimed_find(&service->nl, conf, &claimed);
	if (say >= CHANGE_SAY_ALL) {
		nics_plan_lines(&service->nl, conf, &service->dhcp.leases, before, last, &claimed, plan_lines_put, &lines);
		door_plan(service->set->env.filter, change->candidate->env.filter, plan_lines_put, &lines);
		ntp_plan(before, service->set->env.ntp, conf, change->candidate->env.ntp, plan_lines_put, &lines);
	}
	if (force || (!last && !claimed.count))
		return 0;
	loss_print(call, lines.by_kind, last ? loss : "", &claimed);
	return EXIT_ASKED;
}

/* It runs from now on, whatever of it cannot be had yet. */
static int nics_change(struct change *change, struct control_call *call, bool undoes)
{
	struct nics_service *service = container_of(change, struct nics_service, change);
	struct change_printer printer = { .service = service, .call = call };
	struct nics_report report = { .say = print_change, .arg = &printer };
	int err;

	service->replaced_has_set = service->has_set;
	service->replaced_fallback = service->fallback;
	service->fallback = false;
	err = swap_and_apply(service, true, &report);
	change->undoable = true;
	control_print(call, CONTROL_OUT, NAME_NETWORK ": %zu change%s, %zu NIC%s matched\n", report.changes,
		      text_plural(report.changes), report.matched, text_plural(report.matched));
	return undoes ? printer.new_errors || (err < 0 && !report.errors) : err < 0;
}

static int nics_undo(struct change *change, struct control_call *call)
{
	struct nics_service *service = container_of(change, struct nics_service, change);
	struct change_printer printer = { .service = service, .call = call };
	struct nics_report report = { .say = print_change, .arg = &printer };
	int err = swap_and_apply(service, service->replaced_has_set, &report);

	service->fallback = service->replaced_fallback;
	if (report.changes)
		control_print(call, CONTROL_OUT, NAME_NETWORK ": what ran before is put back; the next reconfigure or boot applies " NETWORK_FILE
			      ": mend it\n");
	return err < 0;
}

static const struct conf_set *nics_running(struct change *change)
{
	const struct nics_service *service = container_of(change, struct nics_service, change);

	return service->has_set ? service->set : NULL;
}

static void nics_refused(struct change *change, struct control_call *call)
{
	(void)change;
	control_print(call, CONTROL_ERR, NAME_NETWORK ": nothing was applied; the NICs stay as they are\n");
}

static const struct change_ops changes = {
	.files = 1u << CONF_NETWORK,
	.undo_once_kept = true,
	.check = nics_check,
	.plan = nics_plan,
	.apply = nics_change,
	.undo = nics_undo,
	.running = nics_running,
	.refused = nics_refused,
};

/* ---- the other verbs ---- */

static void verb_show(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct nics_service *service = container_of(worker, struct nics_service, worker);
	const struct nics_shown shown = { service->has_set ? &service->set->network : NULL, &service->lldp, &service->dhcp,
					  &service->name_servers.others };

	if (!service->has_set)
		control_print(call, CONTROL_OUT, "no NIC is configured: `check` tells why\n");
	if (service->fallback)
		control_print(call, CONTROL_OUT, "the last applied configuration runs: the files have errors\n");
	door_tell_open(&service->door, call);
	conflicts_print(&service->conflicts, call);
	nics_show(&service->nl, &shown, argc > 1 ? argv[1] : NULL, call, now_ns);
}

static void verb_filter(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	(void)argc;
	(void)argv;
	(void)now_ns;
	door_show(&container_of(worker, struct nics_service, worker)->door, call);
}

const struct worker_verb nics_verbs[] = {
	{ "show", "[NIC]", "the NICs, or one in full", verb_show },
	{ "filter", "", "what comes in to the host, by rule", verb_filter },
	{ "identify", "NIC", "blink its light", identify_verb },
	CHANGE_VERBS,
	{ "revert", "", "an older name of `undo`", change_verb_undo },
	{ 0 },
};

/* ---- the process ---- */

static int nics_service_open(struct worker *worker)
{
	struct nics_service *service = container_of(worker, struct nics_service, worker);
	struct link lo;
	int fd = nl_monitor_open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
				 RTMGRP_IPV6_ROUTE | RULE_GROUPS | RDNSS_GROUP);
	int err = fd < 0 ? fd : loop_add(&worker->loop, &service->monitor, fd, EPOLLIN, links_changed);

	if (!err)
		err = nl_open(&service->nl, NETLINK_ROUTE);
	if (!err && link_get(&service->nl, "lo", &lo) == 0 && !lo.up)
		link_set_up(&service->nl, lo.index, true);
	if (!err)
		carriers_open(&service->carriers, &worker->loop, &service->nl);
	if (!err)
		lldp_open(&service->lldp, &worker->loop, &service->nl, worker->options->run_dir);
	door_begin(&service->door, worker->options->run_dir);
	dhcp_open(&service->dhcp, &worker->loop, worker->options->run_dir, worker->options->state_dir, leases_changed);
	service->conflicts.changed = conflicts_changed;
	if (!err && conflicts_open(&service->conflicts, &worker->loop) < 0)
		log_info("cannot see ARP: an address that another machine has as well will not be told of");
	return err;
}

static int nics_service_start(struct worker *worker)
{
	struct nics_service *service = container_of(worker, struct nics_service, worker);
	struct nics_report report = { .say = log_change, .arg = service };

	loop_timer_set(&worker->loop, &service->ready, clock_now_ns() + CARRIER_WAIT_S * NS_PER_S, ready_fires);
	start(service);
	/* Also when nothing could be read: IPv6 gives a NIC an address all the same. */
	if (!service->has_set)
		door_fit(&service->door, service->set->env.filter, &report);
	if (!service->has_set || !service->set->network.nic_count)
		tell_ready(service);
	return 0;
}

static void nics_service_close(struct worker *worker)
{
	dhcp_close(&container_of(worker, struct nics_service, worker)->dhcp);
	change_stop(worker->change);
	lldp_close(&container_of(worker, struct nics_service, worker)->lldp);
}

int nics_run(const struct worker_options *options, const char *dhcp_client)
{
	static const struct worker_ops ops = {
		.verbs = nics_verbs, .open = nics_service_open, .start = nics_service_start, .close = nics_service_close,
	};
	static struct nics_service service; /* large: with a value of its own it would be in the binary */
	int status;

	service.worker.name = NAME_NETWORK;
	service.worker.ops = &ops;
	service.worker.change = &service.change;
	service.change.worker = &service.worker;
	service.change.ops = &changes;
	service.worker.options = options;
	service.dhcp.program = dhcp_client;
	service.set = set_pool_take();
	service.change.candidate = set_pool_take();
	change_init(&service.change, service.set);
	status = worker_run(&service.worker);
	change_end(&service.change);
	set_pool_give_back(service.set);
	set_pool_give_back(service.change.candidate);
	return status;
}
