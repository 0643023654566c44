#include "gateway/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/paths.h"
#include "conf/summary.h"
#include "gateway/resolve.h"
#include "network/facts.h"

enum { EXIT_CLEAN, EXIT_ERRORS, EXIT_USAGE, NAMES_MAX_S = 10 };

static void print_error_line(void *arg, const char *text)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", text);
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

static int check_dir(const char *dir, bool strict, bool names)
{
	static struct conf_set set;
	static struct conf_facts facts;
	static struct diag diag;
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;
	char summary[CONF_SUMMARY_LEN];

	if (dir_fd < 0) {
		(void)fprintf(stderr, "gateway check: %s: %s\n", dir, strerror(errno));
		return EXIT_ERRORS;
	}
	conf_set_load(&set, dir_fd, &diag);
	close(dir_fd);
	err = facts_collect(&facts);
	if (err < 0)
		(void)fprintf(stderr, "gateway check: routes of this host not known: %s\n", strerror(-err));
	conf_set_check(&set, &facts, strict, &diag);
	if (!diag.error_count && names)
		check_names(&set, &diag);
	diag_print(&diag, print_error_line, NULL);
	(void)fprintf(diag.error_count ? stderr : stdout, "%s\n", conf_set_summary(&set, &diag, summary));
	conf_set_wipe(&set);
	return diag.error_count ? EXIT_ERRORS : EXIT_CLEAN;
}

int check_main(int argc, char **argv)
{
	const char *dir = DATA_DIR;
	bool strict = false, names = true;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--strict")) {
			strict = true;
		} else if (!strcmp(argv[i], "--no-names")) {
			names = false;
		} else if (!strcmp(argv[i], "--conf") && i + 1 < argc) {
			dir = argv[++i];
		} else {
			(void)fprintf(stderr, "usage: gateway check [--conf DIR] [--strict] [--no-names]\n");
			return EXIT_USAGE;
		}
	}
	return check_dir(dir, strict, names);
}
