#include "gateway/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/text.h"
#include "base/version.h"
#include "crypto/key.h"
#include "gateway/show.h"
#include "gateway/wgshow.h"

typedef void verb_fn(struct service *service, struct control_call *call, int argc, char **argv, uint64_t now_ns);

static void print_finding(void *arg, const char *text)
{
	control_print(arg, CONTROL_ERR, "%s\n", text);
}

static void verb_show(struct service *service, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	bool json = argc == 2 && !strcmp(argv[1], "--json");

	(void)now_ns;
	if (argc > 1 && !json) {
		control_print(call, CONTROL_ERR, "usage: show [--json]\n");
		control_end(call, 2);
		return;
	}
	control_end(call, json ? show_json(service, call) : show_text(service, call));
}

/* ---- reconfigure ---- */

/* What an operator is to know after a refusal: nothing happened, and what goes on. */
static void conclude(struct service *service, struct control_call *call)
{
	char when[64] = "";
	time_t applied = service->applied_s;
	struct tm tm;

	if (service->source == SERVICE_NOTHING) {
		control_print(call, CONTROL_ERR, "%s: nothing was applied; no configuration runs\n",
			      service->path.profile->name);
		return;
	}
	if (gmtime_r(&applied, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	control_print(call, CONTROL_ERR, "%s: nothing was applied; the configuration of %s keeps running (%s)\n",
		      service->path.profile->name, when,
		      service->source == SERVICE_FALLBACK ? "the last applied one, taken as fallback"
		      : service->set->clustered		  ? "applied from the files"
							  : "not clustered: no VPN");
}

/* The peer's name in the model that knows it; the one being applied first. */
static const char *name_of(const struct service *service, const uint8_t *public_key)
{
	const struct conf_set *sets[] = { service->spare, service->set };

	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < sets[i]->vpn.peer_count; j++)
			if (!memcmp(sets[i]->vpn.peers[j].public_key, public_key, VPN_KEY_LEN))
				return sets[i]->vpn.peers[j].name;
	return "";
}

static const char *const field_words[] = { "endpoint", "keepalive", "preshared key", "allowed IPs" };

struct change_printer {
	struct service *service;
	struct control_call *call;
};

static void print_change(void *arg, enum tunnel_change change, const uint8_t public_key[static TUNNEL_KEY_LEN],
			 unsigned fields)
{
	static const char *const words[TUNNEL_CHANGES] = { "added", "updated", "removed", NULL };
	const struct change_printer *printer = arg;
	const char *name = name_of(printer->service, public_key);
	char key[KEY_BASE64_LEN];
	const char *separator = ": ";

	if (!words[change])
		return;
	key_to_base64(public_key, key);
	control_print(printer->call, CONTROL_OUT, "%s: %s peer %s%s%s", printer->service->path.profile->name,
		      words[change], name, *name ? " " : "", key);
	for (size_t i = 0; change == TUNNEL_UPDATED && i < sizeof(field_words) / sizeof(field_words[0]); i++) {
		if (!(fields & 1u << i))
			continue;
		control_print(printer->call, CONTROL_OUT, "%s%s", separator, field_words[i]);
		separator = ", ";
	}
	control_print(printer->call, CONTROL_OUT, "\n");
}

/* Peers run, and none of them would be left. */
static bool every_peer_goes(struct service *service)
{
	const struct vpn_conf *vpn = &service->spare->vpn;

	if (path_dump(&service->path) < 0 || !service->path.running.peer_count)
		return false;
	for (size_t i = 0; i < vpn->peer_count && service->spare->clustered; i++)
		if ((int)i != vpn->own && tunnel_find(&service->path.running, vpn->peers[i].public_key))
			return false;
	return true;
}

static void end_reconfigure(struct service *service, struct control_call *call, int status)
{
	for (size_t i = 0; i < service->resolver.count && status == 0; i++)
		if (!service->resolver.names[i].addr.family)
			control_print(call, CONTROL_ERR,
				      "%s: warning: Endpoint %s does not resolve: tried again in the background\n",
				      VPN_PUBLIC_FILE, service->resolver.names[i].host);
	control_end(call, status);
}

void verbs_names_done(struct service *service)
{
	struct control_call *call = service->pending;

	if (!call)
		return;
	service->pending = NULL;
	end_reconfigure(service, call, 0);
}

static void pending_cancelled(struct control_call *call)
{
	struct service *service = call->job;

	service->pending = NULL;
}

static void apply_candidate(struct service *service, struct control_call *call)
{
	struct change_printer printer = { service, call };
	struct tunnel_report report = { .peer = print_change, .arg = &printer };
	const char *path = service->path.profile->name;
	char why[PATH_REASON_LEN];
	int resolving = service_adopt(service, &report, why);

	if (resolving < 0) {
		control_print(call, CONTROL_ERR, "%s: %s\n", path, why);
		conclude(service, call);
		control_end(call, 1);
		return;
	}
	if (report.device_changed)
		control_print(call, CONTROL_OUT, "%s: private key or port set\n", path);
	if (!service->set->clustered)
		control_print(call, CONTROL_OUT, "%s: not clustered: no VPN\n", path);
	control_print(call, CONTROL_OUT, "%s: %zu added, %zu updated, %zu removed, %zu kept\n", path,
		      report.count[TUNNEL_ADDED], report.count[TUNNEL_UPDATED], report.count[TUNNEL_REMOVED],
		      report.count[TUNNEL_KEPT]);
	if (!resolving) {
		end_reconfigure(service, call, 0);
		return;
	}
	service->pending = call;
	call->job = service;
	call->cancelled = pending_cancelled;
}

static void verb_reconfigure(struct service *service, struct control_call *call, int argc, char **argv,
			     uint64_t now_ns)
{
	bool force = false, quiet = false;
	int err;

	(void)now_ns;
	for (int i = 1; i < argc; i++) {
		force = force || !strcmp(argv[i], "--force");
		quiet = quiet || !strcmp(argv[i], "--quiet");
		if (strcmp(argv[i], "--force") != 0 && strcmp(argv[i], "--quiet") != 0) {
			control_print(call, CONTROL_ERR, "usage: reconfigure [--force] [--quiet]\n");
			control_end(call, 2);
			return;
		}
	}
	if (service->pending) {
		control_print(call, CONTROL_ERR, "%s: another reconfigure is under way\n", service->path.profile->name);
		control_end(call, 1);
		return;
	}
	err = service_load(service);
	if (err < 0 && err != -EINVAL)
		control_print(call, CONTROL_ERR, "cannot open %s: %s\n", service->options->conf_dir, strerror(-err));
	else if (err < 0 || !quiet)
		diag_print(&service->diag, print_finding, call);
	if (!err && !force && every_peer_goes(service)) {
		control_print(call, CONTROL_ERR,
			      "%s: none of the %u peers that run is in the files: `reconfigure --force` if that is meant\n",
			      service->path.profile->name, service->path.running.peer_count);
		err = -EINVAL;
	}
	if (err < 0) {
		conclude(service, call);
		control_end(call, 1);
		return;
	}
	apply_candidate(service, call);
}

static void verb_ping(struct service *service, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	if (service->path.tunnel.ops) {
		pinger_start(&service->path.pinger, call, argc, argv, now_ns);
		return;
	}
	control_print(call, CONTROL_ERR, "%s: the path is down%s%s\n", service->path.profile->name,
		      service->path.down_reason[0] ? ": " : "", service->path.down_reason);
	control_end(call, 1);
}

static void verb_version(struct service *service, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct utsname system;

	(void)service;
	(void)argc;
	(void)argv;
	(void)now_ns;
	uname(&system);
	control_print(call, CONTROL_OUT, "MITIGATOR gateway %s, %s %s\n", GATEWAY_VERSION, system.sysname,
		      system.release);
	control_end(call, 0);
}

static void verb_wg(struct service *service, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	(void)now_ns;
	control_end(call, wgshow(service, call, argc, argv));
}

static const struct {
	const char *name, *words, *help;
	verb_fn *run;
} verbs[] = {
	{ "show", "[--json]", "what the path is and does", verb_show },
	{ "reconfigure", "[--force] [--quiet]", "apply the files; --quiet: say nothing of warnings", verb_reconfigure },
	{ "ping", "ADDRESS [-c COUNT] [-i SECONDS] [-q]", "echo requests from inside the path", verb_ping },
	{ "version", "", "of the program and the kernel", verb_version },
	{ "wg", "show [dump] | showconf", "as wg(8) prints it", verb_wg },
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

void verbs_usage(void (*line)(void *arg, const char *text), void *arg)
{
	char text[128];

	for (size_t i = 0; i < VERBS; i++) {
		text_format(text, sizeof(text), "%s %s", verbs[i].name, verbs[i].words);
		line(arg, text);
	}
}

void verbs_request(struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct service *service = call->server->arg;

	for (size_t i = 0; i < VERBS && argc; i++) {
		if (strcmp(verbs[i].name, argv[0]) != 0)
			continue;
		verbs[i].run(service, call, argc, argv, now_ns);
		return;
	}
	control_print(call, CONTROL_ERR, "unknown verb\n");
	control_end(call, 2);
}
