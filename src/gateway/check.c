#include "gateway/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/here.h"
#include "base/paths.h"
#include "base/row.h"
#include "base/text.h"
#include "conf/set_pool.h"
#include "conf/shown.h"
#include "conf/summary.h"
#include "gateway/host_state.h"
#include "gateway/operands.h"
#include "gateway/resolve.h"
#include "netlink/link.h"
#include "network/facts.h"
#include "report/overview.h"

enum { EXIT_CLEAN, EXIT_ERRORS, EXIT_USAGE, NAMES_MAX_S = 10 };

enum { SCREEN_LEN = DIAG_TEXT_LEN + 64 };

/* ---- for a screen: each finding with the line that it is about, no secret in it ---- */

static struct slice line_of(const struct conf_text *text, uint64_t number)
{
	struct slice rest = { text->bytes, text->len }, line = { "", 0 };

	if (!text->present)
		return line;
	while (number-- && slice_cut(&rest, '\n', &line))
		continue;
	return line;
}

/* "FILE:LINE: sentence" is how diag_print has it. */
static void print_on_screen(void *arg, const char *finding)
{
	const struct conf_set *set = arg;
	struct slice rest = slice_of(finding), name, number;
	char shown[SHOWN_LEN], label[SCREEN_LEN];
	uint64_t line;

	overview_wrap(finding, row_print_error, NULL);
	if (!slice_cut(&rest, ':', &name) || !slice_cut(&rest, ':', &number) || text_uint(number, UINT32_MAX, &line) < 0)
		return;
	for (enum conf_file file = 0; file < CONF_FILES; file++) {
		struct slice bytes = line_of(&set->texts[file], line);

		if (!slice_equal(name, conf_file_name(file)) || !slice_trim(bytes).len)
			continue;
		shown_line(file, bytes, shown);
		text_format(label, sizeof(label), "  > %.*s  ", SLICE_ARG(number));
		shown_rows(label, shown, row_print_error, NULL);
	}
}

/* ---- the way ---- */

/* What the kernel would do with a packet to there now; not over NICs that are the dataplane's alone. */
static void check_endpoints(const struct conf_set *set)
{
	const struct vpn_conf *vpn = &set->vpn;
	const struct vpn_peer *first = NULL;
	const char *routes;
	struct nl nl;
	int count = 0;

	if (nl_open(&nl, NETLINK_ROUTE) < 0)
		return;
	for (int i = 0; i < vpn->peer_count; i++) {
		const struct inet_flow to = { .remote.addr = vpn->peers[i].addr };
		struct link_route route;

		if (i == vpn->own || !to.remote.addr.family || link_route_get(&nl, &to, &route) == 0)
			continue;
		first = first ? first : &vpn->peers[i];
		count++;
	}
	nl_close(&nl);
	routes = here_is_appliance() ? "network" : "ip route";
	if (count == 1)
		(void)fprintf(stderr, "host: nothing leads to Endpoint %s now: `%s`\n", first->host, routes);
	else if (count)
		(void)fprintf(stderr, "host: nothing leads to Endpoint %s and %d more now: `%s`\n", first->host, count - 1, routes);
}

static void print_host_line(void *arg, const char *text)
{
	char line[SCREEN_LEN];

	(void)arg;
	text_format(line, sizeof(line), "host: %s", text);
	overview_wrap(line, row_print_error, NULL);
}

static void check_host(const struct conf_set *set)
{
	host_print_clock(print_host_line, NULL);
	if (host_print_nics(print_host_line, NULL))
		check_endpoints(set);
}

struct names {
	struct loop loop;
	struct resolver resolver;
	struct loop_timer over;
};

static void names_found(struct resolver *of)
{
	(void)of;
}

static void names_done(struct resolver *of)
{
	loop_stop(of->loop);
}

static void names_over(struct loop_timer *timer, uint64_t now_ns)
{
	(void)now_ns;
	loop_stop(&container_of(timer, struct names, over)->loop);
}

/* Names are looked up here and not in conf/, which asks nobody. Dead name servers cost seconds a name: after
 * NAMES_MAX_S the rest is left. */
static int look_up_names(struct names *names, const struct conf_set *set)
{
	int err = loop_open(&names->loop);

	if (err < 0)
		return err;
	resolver_init(&names->resolver, &names->loop, names_found, names_done);
	if (resolver_follow(&names->resolver, &set->vpn, &set->env.vpn_address)) {
		loop_timer_set(&names->loop, &names->over, clock_now_ns() + NAMES_MAX_S * NS_PER_S, names_over);
		err = loop_run(&names->loop);
	}
	resolver_stop(&names->resolver);
	loop_close(&names->loop);
	return err;
}

static void check_names(const struct conf_set *set, struct diag *diag)
{
	const struct vpn_conf *vpn = &set->vpn;
	static struct names names;
	const struct vpn_peer *unasked = NULL;
	size_t unasked_count = 0;
	int err = look_up_names(&names, set);

	if (err < 0)
		diag_warning(diag, VPN_PUBLIC_FILE, 1, "the names were not looked up: %s", strerror(-err));
	for (int i = 0; i < vpn->peer_count && !err; i++) {
		const struct vpn_peer *peer = &vpn->peers[i];

		if (i == vpn->own || !peer->host[0] || peer->addr.family || resolver_find(&names.resolver, peer->host))
			continue;
		if (resolver_asked(&names.resolver, peer->host)) {
			diag_warning(diag, VPN_PUBLIC_FILE, peer->endpoint_line, "Endpoint %s %s: this peer is reached once %s",
				     peer->host, resolver_words(&names.resolver, peer->host),
				     resolver_inside(&names.resolver, peer->host) ? "it has another" : "it does");
			continue;
		}
		unasked = unasked ? unasked : peer;
		unasked_count++;
	}
	if (unasked)
		diag_warning(diag, VPN_PUBLIC_FILE, unasked->endpoint_line,
			     "Endpoint %s and %zu more were not looked up within %d s", unasked->host, unasked_count - 1,
			     NAMES_MAX_S);
}

struct check_options {
	const char *dir;
	bool strict, names, host, screen;
};

static int check_dir(const struct check_options *options)
{
	static struct conf_facts facts;
	static struct diag diag;
	int dir_fd = operand_open(options->dir, "check"), err;
	char summary[CONF_SUMMARY_LEN];
	struct conf_set *set;

	if (dir_fd < 0)
		return EXIT_ERRORS;
	set = set_pool_take();
	conf_set_load(set, dir_fd, &diag);
	close(dir_fd);
	err = facts_collect(&facts);
	if (err < 0)
		(void)fprintf(stderr, "gateway check: routes of this host not known: %s\n", strerror(-err));
	conf_set_check(set, &facts, options->strict, &diag);
	if (!diag.error_count && options->names)
		check_names(set, &diag);
	diag_print(&diag, options->screen ? print_on_screen : row_print_error, set);
	if (set->clustered && options->host)
		check_host(set);
	(void)fprintf(diag.error_count ? stderr : stdout, "%s\n", conf_set_summary(set, &diag, summary));
	set_pool_give_back(set);
	return diag.error_count ? EXIT_ERRORS : EXIT_CLEAN;
}

int check_main(int argc, char **argv)
{
	struct check_options options = { .dir = DATA_DIR, .names = true, .host = true };

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--strict")) {
			options.strict = true;
		} else if (!strcmp(argv[i], "--no-names")) {
			options.names = false;
		} else if (!strcmp(argv[i], "--no-host")) {
			options.host = false;
		} else if (!strcmp(argv[i], "--screen")) {
			options.screen = true;
		} else if (!strcmp(argv[i], "--conf") && i + 1 < argc) {
			options.dir = argv[++i];
		} else {
			(void)fprintf(stderr, "usage: check [--conf DIR] [--strict] [--no-names] [--no-host] [--screen]\n");
			return EXIT_USAGE;
		}
	}
	return check_dir(&options);
}
