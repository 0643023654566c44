#include "nics/service.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "conf/applied.h"
#include "control/client.h"
#include "netlink/rule.h"
#include "network/facts.h"
#include "network/last.h"
#include "network/nics.h"
#include "network/told.h"
#include "nics/identify.h"
#include "nics/resolv.h"
#include "nics/show.h"
#include "worker/worker.h"

#define SERVICE_NAME "network"

enum { SETTLE_MS = 100, CARRIER_WAIT_S = 10, EXIT_USAGE = 2 };

struct nics_service {
	struct worker worker;
	struct loop_source monitor;
	struct loop_timer follow, ready;
	struct nl nl;
	struct conf_set *set, *spare; /* what runs, and room for a candidate */
	bool has_set, fallback;
	bool reverts, reverts_to_fallback; /* spare is what the last reconfigure replaced; it was the fallback */
	struct diag diag;
	struct told told;
};

#define SERVICE_OF(member_ptr, member) \
	((struct nics_service *)((char *)(member_ptr)-offsetof(struct nics_service, member)))

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

/* What of network.conf is not there. */
static void tell_missing(struct nics_service *service)
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
	struct nics_service *service = SERVICE_OF(timer, ready);

	(void)now_ns;
	tell_missing(service);
	tell_ready(service);
}

static int apply(struct nics_service *service, const struct network_conf *before, struct nics_report *report)
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
	struct nics_service *service = SERVICE_OF(timer, follow);
	struct nics_report report = { .say = log_change, .arg = service };

	(void)now_ns;
	if (service->has_set)
		apply(service, NULL, &report);
}

static void links_changed(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct nics_service *service = SERVICE_OF(source, monitor);

	(void)events;
	nl_monitor_read(source->fd, NULL, NULL);
	if (!service->follow.armed)
		loop_timer_set(&service->worker.loop, &service->follow, now_ns + SETTLE_MS * NS_PER_MS, follow_fires);
}

/* ---- the files ---- */

static bool load(struct nics_service *service, int dir_fd, bool ran_before)
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
static int adopt(struct nics_service *service, struct nics_report *report)
{
	struct conf_set *set = service->spare;
	const struct network_conf *before = service->has_set ? &service->set->network : NULL;
	int err;

	service->spare = service->set;
	service->set = set;
	service->has_set = true;
	err = apply(service, before, report);
	resolv_write(&set->network);
	return err;
}

static void log_finding(void *arg, const char *text)
{
	(void)arg;
	log_err("%s", text);
}

static void keep(struct nics_service *service, int dir_fd)
{
	int err = applied_save(dir_fd, SERVICE_NAME, service->set, 1u << CONF_NETWORK);

	if (err < 0)
		log_err("cannot keep the configuration as a fallback: %s", strerror(-err));
}

/* The files when they are good, else the last applied ones. The path services say what is wrong with all files; here
 * only what network.conf has to do with is said. */
static void start(struct nics_service *service)
{
	struct nics_report report = { .say = log_change, .arg = service };
	const char *dir = service->worker.options->conf_dir;
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
	struct nics_service *service = SERVICE_OF(call->server->arg, worker);

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
static void apply_candidate(struct nics_service *service, struct control_call *call, int dir_fd)
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

static void reconfigure(struct nics_service *service, struct control_call *call, const struct reconfigure_words *words)
{
	const char *dir = service->worker.options->conf_dir;
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
static void revert(struct nics_service *service, struct control_call *call)
{
	struct nics_report report = { .say = print_change, .arg = call };
	int dir_fd = open(service->worker.options->conf_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

static void verb_show(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct nics_service *service = SERVICE_OF(worker, worker);

	(void)argc;
	(void)argv;
	(void)now_ns;
	if (!service->has_set)
		control_print(call, CONTROL_OUT, "no NIC is configured: `check` tells why\n");
	if (service->fallback)
		control_print(call, CONTROL_OUT, "the last applied configuration runs: the files have errors\n");
	nics_show(&service->nl, service->has_set ? &service->set->network : NULL, call);
}

static void verb_identify(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	(void)now_ns;
	if (argc == 2) {
		identify_begin(call, &worker->loop, argv[1]);
		return;
	}
	control_print(call, CONTROL_ERR, "usage: " SERVICE_NAME " identify NIC\n");
	control_end(call, EXIT_USAGE);
}

static void verb_reconfigure(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct reconfigure_words words = { 0 };

	(void)now_ns;
	if (read_words(&words, argc, argv)) {
		reconfigure(SERVICE_OF(worker, worker), call, &words);
		return;
	}
	control_print(call, CONTROL_ERR, "usage: " SERVICE_NAME " reconfigure [--quiet] [--dry-run] [--force]\n");
	control_end(call, EXIT_USAGE);
}

static void verb_revert(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	(void)argc;
	(void)argv;
	(void)now_ns;
	revert(SERVICE_OF(worker, worker), call);
}

static const struct worker_verb verbs[] = {
	{ "show", "", verb_show },
	{ "identify", "NIC", verb_identify },
	{ "reconfigure", "[--quiet] [--dry-run] [--force]", verb_reconfigure },
	{ "revert", "", verb_revert },
	{ 0 },
};

/* ---- the process ---- */

static int nics_service_open(struct worker *worker)
{
	struct nics_service *service = SERVICE_OF(worker, worker);
	struct link lo;
	int fd = nl_monitor_open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
				 RTMGRP_IPV6_ROUTE | RULE_GROUPS);
	int err = fd < 0 ? fd : loop_add(&worker->loop, &service->monitor, fd, EPOLLIN, links_changed);

	if (!err)
		err = nl_open(&service->nl, NETLINK_ROUTE);
	if (!err && link_get(&service->nl, "lo", &lo) == 0 && !lo.up)
		link_set_up(&service->nl, lo.index, true);
	return err;
}

static int nics_service_start(struct worker *worker)
{
	struct nics_service *service = SERVICE_OF(worker, worker);

	loop_timer_set(&worker->loop, &service->ready, clock_now_ns() + CARRIER_WAIT_S * NS_PER_S, ready_fires);
	start(service);
	return 0;
}

static void nics_service_close(struct worker *worker)
{
	struct nics_service *service = SERVICE_OF(worker, worker);

	conf_set_wipe(service->set);
	conf_set_wipe(service->spare);
}

static int run(const struct worker_options *options)
{
	static const struct worker_ops ops = {
		.verbs = verbs, .open = nics_service_open, .start = nics_service_start, .close = nics_service_close,
	};
	static struct conf_set sets[2];
	static struct nics_service service = { .worker = { .name = SERVICE_NAME, .ops = &ops }, .set = &sets[0], .spare = &sets[1] };

	service.worker.options = options;
	return worker_run(&service.worker);
}

static void print_usage(void *arg, const char *text)
{
	(void)arg;
	(void)fprintf(stderr, "       " SERVICE_NAME " [--run DIR] %s\n", text);
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: " SERVICE_NAME " run [--conf DIR] [--run DIR] [--ready-fd N]\n");
	worker_usage(verbs, print_usage, NULL);
	return EXIT_USAGE;
}

/* Takes NAME VALUE pairs off the front of argv: how many words, -1 for what is no option of these. */
static int read_options(struct worker_options *options, int argc, char **argv)
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
	static struct worker_options options = { .conf_dir = "/srv/mitigator", .run_dir = CONTROL_DIR, .ready_fd = -1 };
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
