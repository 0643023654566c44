#include "gateway/verbs.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/text.h"
#include "base/clock.h"
#include "base/version.h"
#include "crypto/key.h"
#include "gateway/show.h"
#include "gateway/wgshow.h"

/* A reconfigure waits so long for names before it answers; they are looked up on. */
enum { NAMES_WAIT_S = 5 };

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
static void refuse(struct service *service, struct control_call *call)
{
	control_print(call, CONTROL_ERR, "%s: nothing was applied\n", service->path.profile->name);
	show_status(service, call);
	control_end(call, 1);
}

/* The peer's name in the model that knows it; the one being applied first. */
static const char *name_of(const struct service *service, const uint8_t *public_key)
{
	const struct vpn_peer *peer = vpn_find_peer(&service->spare->vpn, public_key);

	if (!peer)
		peer = vpn_find_peer(&service->set->vpn, public_key);
	return peer ? peer->name : "";
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
	const struct vpn_conf *vpn = &service->set->vpn;

	for (size_t i = 0; i < vpn->peer_count && status == 0; i++) {
		const struct vpn_peer *peer = &vpn->peers[i];

		if (peer->host[0] && !peer->addr.family && (int)i != vpn->own &&
		    !resolver_address(&service->resolver, peer->host))
			control_print(call, CONTROL_ERR,
				      "%s:%u: warning: Endpoint %s does not resolve: tried again in the background\n",
				      VPN_PUBLIC_FILE, peer->endpoint_line, peer->host);
	}
	if (status == 0 && service->keep_err < 0)
		control_print(call, CONTROL_ERR,
			      "%s: warning: this configuration runs, but cannot be kept as the fallback: %s\n",
			      service->path.profile->name, strerror(-service->keep_err));
	control_end(call, status);
}

void verbs_names_done(struct service *service)
{
	struct control_call *call = service->pending;

	if (!call)
		return;
	service->pending = NULL;
	loop_timer_clear(&service->loop, &service->pending_over);
	end_reconfigure(service, call, 0);
}

static void pending_over(struct loop_timer *timer, uint64_t now_ns)
{
	(void)now_ns;
	verbs_names_done((struct service *)((char *)timer - offsetof(struct service, pending_over)));
}

static void pending_cancelled(struct control_call *call)
{
	struct service *service = call->job;

	service->pending = NULL;
	loop_timer_clear(&service->loop, &service->pending_over);
}

static void apply_candidate(struct service *service, struct control_call *call)
{
	struct change_printer printer = { service, call };
	struct tunnel_report report = { .peer = print_change, .arg = &printer };
	const char *path = service->path.profile->name;
	char why[PATH_REASON_LEN];
	int resolving = service_adopt(service, &report, why);

	if (resolving < 0) {
		control_print(call, CONTROL_ERR, "%s: %s: what was changed is put back\n", path, why);
		show_status(service, call);
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
	control_flush(call);
	loop_timer_set(&service->loop, &service->pending_over, clock_now_ns() + NAMES_WAIT_S * NS_PER_S, pending_over);
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
		refuse(service, call);
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

static void verb_status(struct service *service, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	(void)argc;
	(void)argv;
	(void)now_ns;
	show_status(service, call);
	control_end(call, 0);
}

static const struct {
	const char *name, *words;
	verb_fn *run;
} verbs[] = {
	{ "show", "[--json]", verb_show },
	{ "status", "", verb_status },
	{ "reconfigure", "[--force] [--quiet]", verb_reconfigure },
	{ "ping", "ADDRESS [-c COUNT] [-i SECONDS] [-q]", verb_ping },
	{ "version", "", verb_version },
	{ "wg", "show [dump] | showconf", verb_wg },
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
