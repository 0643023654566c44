#include "nics/service.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exit.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/applied.h"
#include "control/client.h"
#include "control/server.h"
#include "netlink/rule.h"
#include "network/facts.h"
#include "network/hardware.h"
#include "network/last.h"
#include "network/nics.h"
#include "network/told.h"
#include "nics/identify.h"

#define SERVICE_NAME "network"
#define VERBS "show | identify NIC | reconfigure [--quiet] [--dry-run] [--force] | revert"
#define RESOLV_DIR "/run"
#define RESOLV_FILE "resolv.conf"

enum { SETTLE_MS = 100, CARRIER_WAIT_S = 10 };

struct options {
	const char *conf_dir, *run_dir;
	int ready_fd; /* -1: no one waits */
};

struct netservice {
	const struct options *options;
	struct loop loop;
	struct control_server control;
	struct loop_source signals, monitor;
	struct loop_timer follow, ready;
	struct nl nl;
	struct conf_set *set, *spare; /* what runs, and room for a candidate */
	bool has_set, fallback;
	bool reverts, reverts_to_fallback; /* spare is what the last reconfigure replaced; it was the fallback */
	struct diag diag;
	struct told told;
	int ready_fd; /* -1 once the supervisor was told */
};

#define SERVICE_OF(member_ptr, member) \
	((struct netservice *)((char *)(member_ptr)-offsetof(struct netservice, member)))

static void log_change(void *arg, bool error, const char *text)
{
	struct netservice *service = arg;

	if (!error)
		log_info("%s", text);
	else if (told_is_new(&service->told, text))
		log_err("%s", text);
}

static void tell_ready(struct netservice *service)
{
	if (service->ready_fd < 0)
		return;
	/* As a path says it: there to answer, and nothing runs. */
	if (write(service->ready_fd, service->has_set ? "\n" : "d", 1) < 0)
		log_err("cannot tell the supervisor that it is ready: %s", strerror(errno));
	close(service->ready_fd);
	service->ready_fd = -1;
	loop_timer_clear(&service->loop, &service->ready);
}

/* What of network.conf is not there. */
static void tell_missing(struct netservice *service)
{
	const struct network_conf *conf = &service->set->network;
	bool fits[NETWORK_NICS_MAX] = { false };
	static struct nics nics;

	if (nics_find(&service->nl, &nics) < 0 || nics_match(&service->nl, &nics, conf) < 0)
		return;
	for (size_t i = 0; i < nics.count; i++) {
		const struct link *link = &nics.list[i];
		const struct network_nic *nic = nics.matches[i].section;

		if (!nic)
			continue;
		fits[nic - conf->nics] = true;
		if (!link->carrier && nics.matches[i].taker == link)
			log_err("%s has no carrier after %d s: cable, switch port?", link->name, CARRIER_WAIT_S);
	}
	for (size_t i = 0; i < conf->nic_count; i++)
		if (!fits[i])
			log_err(NETWORK_FILE ":%u: no NIC fits this [Match] after %d s: `network` lists them", conf->nics[i].line,
				CARRIER_WAIT_S);
}

static void ready_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct netservice *service = SERVICE_OF(timer, ready);

	(void)now_ns;
	tell_missing(service);
	tell_ready(service);
}

/* resolv.conf(5); the image's /etc/resolv.conf points to it. */
static void write_resolv(const struct network_conf *conf)
{
	char bytes[512], addr[INET_ADDR_STRLEN];
	struct text text;
	int fd = open(RESOLV_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	text_init(&text, bytes, sizeof(bytes));
	for (size_t i = 0; i < conf->dns_count; i++)
		text_add(&text, "nameserver %s%s%s\n", inet_addr_text(&conf->dns[i].addr, addr),
			 conf->dns[i].link[0] ? "%" : "", conf->dns[i].link);
	err = fd < 0 ? -errno : file_replace(fd, RESOLV_FILE, bytes, text.len, 0644);
	if (err < 0)
		log_err("cannot write %s/%s: %s", RESOLV_DIR, RESOLV_FILE, strerror(-err));
	if (fd >= 0)
		close(fd);
}

static int apply(struct netservice *service, const struct network_conf *before, struct nics_report *report)
{
	char text[TOLD_LEN];
	int err;

	told_begin(&service->told);
	err = nics_apply(&service->nl, &service->set->network, before, report);
	if (err < 0 && !report->errors) {
		text_format(text, sizeof(text), "cannot read the NICs: %s", strerror(-err));
		report->say(report->arg, true, text);
	}
	if (report->matched && report->matched == report->with_carrier)
		tell_ready(service);
	return err;
}

static void follow_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct netservice *service = SERVICE_OF(timer, follow);
	struct nics_report report = { .say = log_change, .arg = service };

	(void)now_ns;
	if (service->has_set)
		apply(service, NULL, &report);
}

static void links_changed(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct netservice *service = SERVICE_OF(source, monitor);

	(void)events;
	nl_monitor_read(source->fd, NULL, NULL);
	if (!service->follow.armed)
		loop_timer_set(&service->loop, &service->follow, now_ns + SETTLE_MS * NS_PER_MS, follow_fires);
}

/* ---- the files ---- */

static bool load(struct netservice *service, int dir_fd, bool ran_before)
{
	static struct conf_facts facts;

	diag_clear(&service->diag, ran_before);
	facts_collect(&facts);
	conf_set_load(service->spare, dir_fd, &service->diag);
	conf_set_check(service->spare, &facts, false, &service->diag);
	conf_set_wipe_vpn(service->spare); /* it was looked at for the checks, and holds keys */
	return service->diag.error_count == 0;
}

/* The candidate becomes what runs. */
static int adopt(struct netservice *service, struct nics_report *report)
{
	struct conf_set *set = service->spare;
	const struct network_conf *before = service->has_set ? &service->set->network : NULL;
	int err;

	service->spare = service->set;
	service->set = set;
	service->has_set = true;
	err = apply(service, before, report);
	write_resolv(&set->network);
	return err;
}

static void log_finding(void *arg, const char *text)
{
	(void)arg;
	log_err("%s", text);
}

static void keep(struct netservice *service, int dir_fd)
{
	int err = applied_save(dir_fd, SERVICE_NAME, service->set, 1u << CONF_NETWORK);

	if (err < 0)
		log_err("cannot keep the configuration as a fallback: %s", strerror(-err));
}

/* The files when they are good, else the last applied ones. The path services say what is wrong with all files; here
 * only what network.conf has to do with is said. */
static void start(struct netservice *service)
{
	struct nics_report report = { .say = log_change, .arg = service };
	const char *dir = service->options->conf_dir;
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	if (dir_fd < 0) {
		log_err("cannot open %s: %s: no NIC is configured", dir, strerror(errno));
		tell_ready(service);
		return;
	}
	if (load(service, dir_fd, false)) {
		if (!service->spare->network.has_file)
			log_err("there is no %s: no NIC is configured", NETWORK_FILE);
		adopt(service, &report);
		keep(service, dir_fd);
	} else {
		diag_print(&service->diag, log_finding, NULL);
		fd = applied_open(dir_fd, SERVICE_NAME);
		service->fallback = fd >= 0 && load(service, fd, true);
		log_err("the files have errors: %s", service->fallback ? "the NICs get the last applied configuration"
								       : "no NIC is configured");
		if (service->fallback)
			adopt(service, &report);
		if (fd >= 0)
			close(fd);
	}
	close(dir_fd);
	if (!service->has_set || !service->set->network.nic_count)
		tell_ready(service);
}

/* ---- verbs ---- */

static void print_finding(void *arg, const char *text)
{
	control_print(arg, CONTROL_ERR, "%s\n", text);
}

static void print_change(void *arg, bool error, const char *text)
{
	struct control_call *call = arg;
	struct netservice *service = call->server->arg;

	/* Said here, it need not be said in the log again. */
	if (error)
		(void)told_is_new(&service->told, text);
	control_print(call, error ? CONTROL_ERR : CONTROL_OUT, SERVICE_NAME ": %s\n", text);
}

struct reconfigure_words {
	bool quiet, dry, force;
};

static bool read_words(struct reconfigure_words *words, int argc, char **argv)
{
	const struct {
		const char *name;
		bool *set;
	} options[] = { { "--quiet", &words->quiet }, { "--dry-run", &words->dry }, { "--force", &words->force } };

	for (int i = 1; i < argc; i++) {
		size_t o = 0;

		while (o < sizeof(options) / sizeof(options[0]) && strcmp(argv[i], options[o].name) != 0)
			o++;
		if (o == sizeof(options) / sizeof(options[0]))
			return false;
		*options[o].set = true;
	}
	return true;
}

/* The candidate takes the place of what runs; what runs stays at hand, for revert. */
static void apply_candidate(struct netservice *service, struct control_call *call, int dir_fd)
{
	struct nics_report report = { .say = print_change, .arg = call };
	bool ran = service->has_set;
	int err = adopt(service, &report);

	service->reverts = ran;
	service->reverts_to_fallback = service->fallback;
	service->fallback = false;
	if (!err)
		keep(service, dir_fd);
	control_print(call, CONTROL_OUT, SERVICE_NAME ": %zu changes, %zu NICs matched\n", report.changes, report.matched);
	control_end(call, err < 0);
}

static void reconfigure(struct netservice *service, struct control_call *call, const struct reconfigure_words *words)
{
	const char *dir = service->options->conf_dir;
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = dir_fd >= 0 && load(service, dir_fd, false);
	char loss[TOLD_LEN];

	service->reverts = false;
	if (dir_fd < 0)
		control_print(call, CONTROL_ERR, "cannot open %s: %s\n", dir, strerror(errno));
	else if (!good || !words->quiet)
		diag_print(&service->diag, print_finding, call);
	if (!good) {
		control_print(call, CONTROL_ERR, SERVICE_NAME ": nothing was applied; the NICs stay as they are\n");
		control_end(call, words->dry ? EXIT_REFUSED : 1);
	} else if (!words->force && last_address_goes(&service->nl, &service->spare->network,
						      service->has_set ? &service->set->network : NULL, loss, sizeof(loss))) {
		control_print(call, CONTROL_ERR, SERVICE_NAME ": %s: nothing is applied without --force\n", loss);
		control_end(call, EXIT_ASKED);
	} else if (words->dry) {
		control_end(call, 0);
	} else {
		apply_candidate(service, call, dir_fd);
	}
	if (dir_fd >= 0)
		close(dir_fd);
}

/* What the last reconfigure replaced is put back: a path did not come up with what it brought. */
static void revert(struct netservice *service, struct control_call *call)
{
	struct nics_report report = { .say = print_change, .arg = call };
	int dir_fd = open(service->options->conf_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (!service->reverts) {
		control_print(call, CONTROL_ERR, SERVICE_NAME ": there is nothing to put back\n");
		control_end(call, 1);
	} else {
		err = adopt(service, &report);
		service->reverts = false;
		service->fallback = service->reverts_to_fallback;
		if (dir_fd >= 0)
			keep(service, dir_fd);
		if (report.changes)
			control_print(call, CONTROL_OUT, SERVICE_NAME ": what ran before is put back; the next reconfigure or boot applies " NETWORK_FILE
				      ": mend it\n");
		control_end(call, err < 0);
	}
	if (dir_fd >= 0)
		close(dir_fd);
}

struct printer {
	struct control_call *call;
	uint32_t index;
};

static void print_address(const struct link_address *address, void *arg)
{
	const struct printer *printer = arg;
	char text[INET_PREFIX_STRLEN];

	control_print(printer->call, CONTROL_OUT, "  address  %s\n", inet_prefix_text(&address->prefix, text));
}

static void print_route(const struct link_route *route, void *arg)
{
	const struct printer *printer = arg;
	char to[INET_PREFIX_STRLEN], via[INET_ADDR_STRLEN];

	if (route->index == printer->index && route->gateway.family)
		control_print(printer->call, CONTROL_OUT, "  route    %s via %s\n",
			      inet_prefix_text(&route->destination, to), inet_addr_text(&route->gateway, via));
}

static void print_hardware(const struct printer *printer, const char *nic)
{
	struct nic_hardware hardware;

	hardware_read(HARDWARE_CLASS_DIR, nic, &hardware);
	control_print(printer->call, CONTROL_OUT, "  hardware %s", hardware.driver[0] ? hardware.driver : "no driver");
	if (hardware.path[0])
		control_print(printer->call, CONTROL_OUT, ", %s, port %u", hardware.path, hardware.port);
	if (hardware.speed_mbit)
		control_print(printer->call, CONTROL_OUT, ", %u Mbit/s", hardware.speed_mbit);
	control_print(printer->call, CONTROL_OUT, "\n");
}

/* eth2 before eth10. */
static int compare_names(const void *a, const void *b)
{
	const struct link *one = a, *other = b;
	size_t len = strlen(one->name), other_len = strlen(other->name);

	if (len != other_len)
		return len < other_len ? -1 : 1;
	return strcmp(one->name, other->name);
}

static void show(struct netservice *service, struct control_call *call)
{
	static const struct network_conf none;
	static struct nics nics;
	int err = nics_find(&service->nl, &nics);

	qsort(nics.list, nics.count, sizeof(nics.list[0]), compare_names);
	if (!err)
		err = nics_match(&service->nl, &nics, service->has_set ? &service->set->network : &none);

	if (!service->has_set)
		control_print(call, CONTROL_OUT, "no NIC is configured: `check` tells why\n");
	if (service->fallback)
		control_print(call, CONTROL_OUT, "the last applied configuration runs: the files have errors\n");
	for (size_t i = 0; i < nics.count && !err; i++) {
		const struct link *link = &nics.list[i];
		struct printer printer = { call, link->index };
		const struct network_nic *nic = nics.matches[i].section;
		const struct link *taker = nics.matches[i].taker;

		control_print(call, CONTROL_OUT, "%s  %02x:%02x:%02x:%02x:%02x:%02x  %s, MTU %u, ", link->name,
			      link->mac[0], link->mac[1], link->mac[2], link->mac[3], link->mac[4], link->mac[5],
			      !link->up ? "down" : link->carrier ? "up" : "up, no carrier", link->mtu_bytes);
		if (nic)
			control_print(call, CONTROL_OUT, "[Match] at " NETWORK_FILE ":%u%s%s%s\n", nic->line,
				      nic->unmanaged ? ", unmanaged: the dataplane's alone" : "",
				      taker == link ? "" : ", whose addresses are ", taker == link ? "" : taker->name);
		else
			control_print(call, CONTROL_OUT, service->has_set ? "no [Match] fits\n" : "not configured\n");
		print_hardware(&printer, link->name);
		link_address_each(&service->nl, link->index, print_address, &printer);
		link_route_each(&service->nl, print_route, &printer);
	}
	if (!nics.count)
		control_print(call, CONTROL_OUT, "no NIC\n");
	control_end(call, err < 0);
}

static void request(struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct netservice *service = call->server->arg;
	struct reconfigure_words words = { 0 };

	(void)now_ns;
	if (argc >= 1 && !strcmp(argv[0], "show")) {
		show(service, call);
	} else if (argc >= 1 && !strcmp(argv[0], "reconfigure") && read_words(&words, argc, argv)) {
		reconfigure(service, call, &words);
	} else if (argc == 1 && !strcmp(argv[0], "revert")) {
		revert(service, call);
	} else if (argc == 2 && !strcmp(argv[0], "identify")) {
		identify_begin(call, &service->loop, argv[1]);
	} else {
		control_print(call, CONTROL_ERR, "usage: " SERVICE_NAME " " VERBS "\n");
		control_end(call, 2);
	}
}

/* ---- the process ---- */

static void signal_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	(void)events;
	(void)now_ns;
	loop_stop(&SERVICE_OF(source, signals)->loop);
}

static int open_all(struct netservice *service)
{
	struct link lo;
	sigset_t set;
	int err = loop_open(&service->loop), fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	fd = loop_signal_fd(&set);
	if (!err)
		err = fd < 0 ? fd : loop_add(&service->loop, &service->signals, fd, EPOLLIN, signal_came);
	fd = nl_monitor_open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
			     RTMGRP_IPV6_ROUTE | RULE_GROUPS);
	if (!err)
		err = fd < 0 ? fd : loop_add(&service->loop, &service->monitor, fd, EPOLLIN, links_changed);
	if (!err)
		err = nl_open(&service->nl, NETLINK_ROUTE);
	if (!err && link_get(&service->nl, "lo", &lo) == 0 && !lo.up)
		link_set_up(&service->nl, lo.index, true);
	if (!err)
		err = control_serve(&service->control, &service->loop, service->options->run_dir, SERVICE_NAME, request, service);
	return err;
}

static int run(const struct options *options)
{
	static struct conf_set sets[2];
	static struct netservice service;
	int err;

	service.set = &sets[0];
	service.spare = &sets[1];
	service.options = options;
	service.ready_fd = options->ready_fd;
	log_open(SERVICE_NAME);
	err = open_all(&service);
	if (!err) {
		loop_timer_set(&service.loop, &service.ready, clock_now_ns() + CARRIER_WAIT_S * NS_PER_S, ready_fires);
		start(&service);
		if (service.ready_fd < 0)
			loop_timer_clear(&service.loop, &service.ready);
		err = loop_run(&service.loop);
		control_close(&service.control);
	}
	if (err < 0)
		log_err("cannot run: %s", strerror(-err));
	conf_set_wipe(&sets[0]);
	conf_set_wipe(&sets[1]);
	return err < 0;
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: " SERVICE_NAME " run [--conf DIR] [--run DIR] [--ready-fd N]\n"
			      "       " SERVICE_NAME " [--run DIR] " VERBS "\n");
	return 2;
}

/* Takes NAME VALUE pairs off the front of argv: how many words, -1 for what is no option of these. */
static int read_options(struct options *options, int argc, char **argv)
{
	uint64_t fd;
	int i;

	for (i = 0; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (!strcmp(argv[i], "--conf"))
			options->conf_dir = argv[i + 1];
		else if (!strcmp(argv[i], "--run"))
			options->run_dir = argv[i + 1];
		else if (!strcmp(argv[i], "--ready-fd") && text_uint(slice_of(argv[i + 1]), 1 << 20, &fd) == 0)
			options->ready_fd = (int)fd;
		else
			return -1;
	}
	return i;
}

int nics_main(int argc, char **argv)
{
	static struct options options = { .conf_dir = "/srv/mitigator", .run_dir = CONTROL_DIR, .ready_fd = -1 };
	char path[CONTROL_PATH_LEN];
	int status, taken;

	if (argc > 1 && !strcmp(argv[1], "run"))
		return read_options(&options, argc - 2, argv + 2) == argc - 2 ? run(&options) : usage();
	taken = read_options(&options, argc - 1, argv + 1);
	if (taken < 0 || taken == argc - 1)
		return usage();
	status = control_path(path, options.run_dir, SERVICE_NAME);
	if (!status)
		status = control_request(path, argc - 1 - taken, argv + 1 + taken, STDOUT_FILENO, STDERR_FILENO);
	if (status < 0)
		(void)fprintf(stderr, SERVICE_NAME ": %s: %s\n", path, strerror(-status));
	return status < 0 ? 1 : status;
}
