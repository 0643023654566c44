#include "gateway/verbs.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/text.h"
#include "base/version.h"
#include "crypto/key.h"
#include "gateway/dial.h"
#include "gateway/plan_set.h"
#include "gateway/show.h"
#include "gateway/tree.h"
#include "network/filter.h"
#include "network/filter_inside.h"

enum { PROBED_MAX = 32 };

static void verb_show(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	const struct report_view *view = argc == 1 ? &report_as_text : NULL;

	(void)now_ns;
	if (argc == 2 && !strcmp(argv[1], "--json"))
		view = &report_as_json;
	else if (argc == 2 && !strcmp(argv[1], "--lines"))
		view = &report_as_lines;
	else if (argc == 3 && !strcmp(argv[1], "--peer"))
		view = &report_as_peer;
	if (view) {
		show(service_of(worker), call, view, argc == 3 ? argv[2] : "");
		return;
	}
	control_print(call, CONTROL_ERR, "usage: show [--json | --lines | --peer NAME]\n");
	control_end(call, 2);
}

/* ---- plan, apply, undo ---- */

static struct service *service_of_change(struct change *change)
{
	return service_of(change->worker);
}

/* What an operator is to know after a refusal: nothing happened, and what goes on. */
static void tell_refused(struct change *change, struct control_call *call)
{
	control_print(call, CONTROL_ERR, "%s: nothing was applied\n", change->worker->name);
	show_status(service_of_change(change), call);
}

/* The peer's name in the model that knows it; the one being applied first. */
static const char *name_of(const struct service *service, const uint8_t *public_key)
{
	const struct vpn_peer *peer = vpn_find_peer(&service->change.candidate->vpn, public_key);

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
	control_print(printer->call, CONTROL_OUT, "%s: %s peer %s", printer->service->path.profile->name,
		      words[change], *name ? name : key);
	for (size_t i = 0; change == TUNNEL_UPDATED && i < sizeof(field_words) / sizeof(field_words[0]); i++) {
		if (!(fields & 1u << i))
			continue;
		control_print(printer->call, CONTROL_OUT, "%s%s", separator, field_words[i]);
		separator = ", ";
	}
	control_print(printer->call, CONTROL_OUT, "\n");
}

static void print_applied(const struct service *service, struct control_call *call, const struct tunnel_report *report)
{
	const char *path = service->path.profile->name;
	char address[INET_PREFIX_STRLEN];

	if (!service->set->clustered)
		control_print(call, CONTROL_OUT, "%s: not clustered: no VPN\n", path);
	else if (service->path.did.moved)
		control_print(call, CONTROL_OUT, "%s: moved to %s on the %s backend: its sessions begin anew\n", path,
			      service->path.inner.tunnel.device, service->path.inner.tunnel.ops->name);
	else if (report->device_changed)
		control_print(call, CONTROL_OUT, "%s: private key or port set\n", path);
	if (service->set->clustered && service->path.did.address_set)
		control_print(call, CONTROL_OUT, "%s: address %s set\n", path,
			      inet_prefix_text(&service->set->env.vpn_address, address));
	control_print(call, CONTROL_OUT, "%s: %zu added, %zu updated, %zu removed, %zu kept\n", path,
		      report->count[TUNNEL_ADDED], report->count[TUNNEL_UPDATED], report->count[TUNNEL_REMOVED],
		      report->count[TUNNEL_KEPT]);
}

static int apply(struct change *change, struct control_call *call, bool undoes)
{
	struct service *service = service_of_change(change);
	struct change_printer printer = { service, call };
	struct tunnel_report report = { .peer = print_change, .arg = &printer };
	const struct conf_set *candidate = change->candidate;
	char why[PATH_REASON_LEN];
	bool put_back;

	(void)undoes;
	witness_clear(&service->witness);
	if (inner_dump(&service->path.inner) == 0)
		witness_choose(&service->witness, &service->path.inner.running, &service->set->vpn,
			       candidate->clustered ? &candidate->vpn : NULL, time(NULL));
	if (service_adopt(service, &report, why, &put_back) == 0) {
		if (inner_dump_anew(&service->path.inner) == 0)
			witness_begin(&service->witness, &service->path.inner.running, clock_now_ns());
		print_applied(service, call, &report);
		return 0;
	}
	change->as_before = put_back || service->replaced.reason[0];
	control_print(call, CONTROL_ERR, "%s: %s: %s\n", change->worker->name, why,
		      put_back ? "what was changed is put back" :
		      change->as_before ? "it did not run before either: there is nothing to put back" :
		      "what was there before does not come up either");
	show_status(service, call);
	return 1;
}

static int undo(struct change *change, struct control_call *call)
{
	struct service *service = service_of_change(change);
	struct change_printer printer = { service, call };
	struct tunnel_report report = { .peer = print_change, .arg = &printer };

	witness_clear(&service->witness);
	if (service_undo(service, &report) == 0) {
		control_print(call, CONTROL_OUT, "%s: what ran before is put back\n", change->worker->name);
		return 0;
	}
	control_print(call, CONTROL_ERR, "%s: what ran before does not come up: %s\n", change->worker->name,
		      service->path.down_reason);
	show_status(service, call);
	return 1;
}

/* Its names are looked up. */
static bool settled(struct change *change)
{
	return !service_of_change(change)->resolving;
}

static void print_finding(void *arg, const char *text)
{
	control_print(arg, CONTROL_ERR, "%s\n", text);
}

static void tell_rest(struct change *change, struct control_call *call)
{
	struct service *service = service_of_change(change);

	service->answered = true;
	service_each_unresolved(service, print_finding, call);
}

const struct change_ops path_changes = {
	.files = ~0u,
	.check = service_check,
	.plan = plan_set,
	.apply = apply,
	.undo = undo,
	.running = service_running,
	.settled = settled,
	.tell_rest = tell_rest,
	.refused = tell_refused,
};

static void verb_ping(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct service *service = service_of(worker);

	/* Outside of the tunnel, from where the service is. */
	if (argc > 1 && !strcmp(argv[1], "out")) {
		pinger_start(&service->path.outside, call, argc - 1, argv + 1, now_ns);
		return;
	}
	if (service->path.inner.tunnel.ops) {
		pinger_start(&service->path.pinger, call, argc, argv, now_ns);
		return;
	}
	control_print(call, CONTROL_ERR, "%s: the path is down%s%s\n", service->path.profile->name,
		      service->path.down_reason[0] ? ": " : "", service->path.down_reason);
	control_end(call, 1);
}

static void witness_answers(struct asked *asked, const struct inet_addr *from, uint64_t now_ns)
{
	witness_answered(&container_of(asked, struct service, path.asked)->witness, from, now_ns);
}

/* "COUNT HEARD SILENT_MS" of those that show whether the path still works after the last change; they are asked for an answer.
 * A process that made none fails. */
static void verb_heard(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct service *service = service_of(worker);
	struct witness *witness = &service->witness;
	const struct inet_addr *address;

	(void)argc;
	(void)argv;
	if (!witness->known) {
		control_print(call, CONTROL_ERR, "%s: it made no change since it began\n", service->path.profile->name);
		control_end(call, 1);
		return;
	}
	if (inner_dump(&service->path.inner) == 0)
		witness_look(witness, &service->path.inner.running, now_ns);
	for (size_t i = 0; i < witness->count && i < PROBED_MAX && (address = witness_next(witness, now_ns)); i++)
		asked_send(&service->path.asked, address, now_ns, witness_answers);
	control_print(call, CONTROL_OUT, "%u %d %llu\n", witness->count, witness->heard,
		      (unsigned long long)(witness_silent_ns(witness, now_ns) / NS_PER_MS));
	control_end(call, 0);
}

/* "KEY AGE" of each peer: how many seconds ago it shook hands, - when it did not. Fails where the path is to be up, and is not. */
static void verb_alive(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct service *service = service_of(worker);
	const struct tunnel_config *running = &service->path.inner.running;
	char key[KEY_BASE64_LEN], age[24];
	int64_t now_s = time(NULL);
	enum path_state state;
	size_t count;

	(void)argc;
	(void)argv;
	(void)now_ns;
	count = inner_dump(&service->path.inner) == 0 ? running->peer_count : 0;
	state = tree_state(service); /* of what was just asked */
	for (size_t i = 0; i < count; i++) {
		const struct tunnel_peer *peer = &running->peers[i];

		key_to_base64(peer->public_key, key);
		text_format(age, sizeof(age), "%lld", (long long)(now_s > peer->handshake_s ? now_s - peer->handshake_s : 0));
		control_print(call, CONTROL_OUT, "%s %s\n", key, peer->handshake_s ? age : "-");
	}
	control_end(call, state == PATH_DOWN || state == PATH_STARTING);
}

static void verb_version(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	char text[VERSION_TEXT_LEN];

	(void)worker;
	(void)argc;
	(void)argv;
	(void)now_ns;
	control_print(call, CONTROL_OUT, "%s\n", version_text(text));
	control_end(call, 0);
}

static void verb_wg(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct service *service = service_of(worker);
	(void)now_ns;
	show_wg(service, call, argc, argv);
}

static void verb_status(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct service *service = service_of(worker);
	(void)argc;
	(void)argv;
	(void)now_ns;
	show_status(service, call);
	control_end(call, 0);
}

static void print_rule(const struct nft_rule *rule, void *arg)
{
	control_print(arg, CONTROL_OUT, FILTER_ROW, (unsigned long long)rule->packets, (unsigned long long)rule->bytes, rule->comment);
}

/* Nothing where there is no filter. */
static void verb_filter(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	const struct place *place = &service_of(worker)->path.place;

	(void)argc;
	(void)argv;
	(void)now_ns;
	if (place->open && place->netns[0] && filter_inside_stands(place->netns_fd)) {
		control_print(call, CONTROL_OUT, "from the tunnel, in namespace %s\n", place->netns);
		(void)filter_inside_each(place->netns_fd, print_rule, call);
	}
	control_end(call, 0);
}

/* Exit status, for a container's health check. */
static void verb_health(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	enum { HEALTHY, UNHEALTHY, STARTING };
	static const int statuses[] = { [PATH_UP] = HEALTHY, [PATH_STARTING] = STARTING, [PATH_IDLE] = HEALTHY,
					[PATH_DEGRADED] = HEALTHY, [PATH_DOWN] = UNHEALTHY };
	struct service *service = service_of(worker);

	(void)argc;
	(void)argv;
	(void)now_ns;
	show_status(service, call);
	control_end(call, statuses[tree_state(service)]);
}

static void verb_metrics(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	(void)argc;
	(void)argv;
	(void)now_ns;
	show(service_of(worker), call, &report_as_metrics, "");
}

const struct worker_verb path_verbs[] = {
	{ "show", "[--json | --lines | --peer NAME]", "what runs, for people; --json: for programs; one peer", verb_show },
	{ "status", "", "the same in a line, and whose configuration it is", verb_status },
	{ "health", "", "status 0: up or not clustered, 1: down, 2: starting", verb_health },
	{ "metrics", "", "of this path, in Prometheus' text format", verb_metrics },
	CHANGE_VERBS,
	{ "ping", "[out] ADDRESS [-c COUNT] [-i SECONDS] [-s BYTES] [-D] [-q]",
	  "echo requests from inside the path; out: outside of the tunnel", verb_ping },
	{ "heard", "", "of the peers that were alive before the last change, how many are heard since", verb_heard },
	{ "filter", "", "what the host's filter let in for this path", verb_filter },
	{ "alive", "", "of each peer how many seconds ago it shook hands", verb_alive },
	{ "dial", "NAME", "a connection to a peer's cluster port, handed over as a descriptor", dial },
	{ "version", "", "of the program that runs, and of the kernel", verb_version },
	{ "wg", "show [INTERFACE | all] [dump | FIELD] | showconf", "as wg(8) shows it", verb_wg },
	{ 0 },
};
