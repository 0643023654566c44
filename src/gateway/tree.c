#include "gateway/tree.h"

#include <assert.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/here.h"
#include "base/paths.h"
#include "base/text.h"
#include "conf/environment.h"
#include "crypto/key.h"
#include "report/overview.h"

enum { CONFIRMED_TEXT_LEN = 128 };

static_assert((int)WATCH_VERDICTS == OVERVIEW_VERDICTS && (int)WATCH_DOWN == OVERVIEW_DOWN, "from best to worst, in both");

#define FALLBACK_WORDS(check) "the last applied one: the files had errors at start, see `" check "`"

static const char *const source_words[] = {
	[SERVICE_NOTHING] = "none",
	[SERVICE_FILES] = "from the files",
	[SERVICE_RESUMED] = "what ran before the service was started again",
	[SERVICE_HELD] = "the one confirmed last: the files were not committed, see `diff`",
};

const char *tree_source_words(enum service_source source)
{
	if (source == SERVICE_FALLBACK)
		return here_is_appliance() ? FALLBACK_WORDS("check") : FALLBACK_WORDS(NAME_MANAGEMENT " check");
	return source_words[source];
}

static const char *const state_words[] = {
	[PATH_UP] = "up",
	[PATH_STARTING] = "waiting for carrier",
	[PATH_IDLE] = "not clustered: no VPN",
	[PATH_DEGRADED] = "up, but not as configured",
	[PATH_DOWN] = "down",
};

#define STARTING_WORDS "no way to a peer has one: up in 10 s anyway"

bool tree_is_silent(const struct service *service)
{
	return service->path.inner.tunnel.ops && service->path.inner.tunnel.silent;
}

const char *tree_reason(const struct service *service)
{
	return tree_is_silent(service) ? "what carries it does not answer: it is ended if it goes on so" : service->path.down_reason;
}

enum path_state tree_state(const struct service *service)
{
	if (tree_is_silent(service))
		return PATH_DOWN;
	if (service->path.inner.tunnel.ops && service->path.inner.up)
		return service->path.down_reason[0] || path_trouble(&service->path)[0] ? PATH_DEGRADED : PATH_UP;
	if (service->path.inner.tunnel.ops && !service->path.down_reason[0])
		return PATH_STARTING;
	return service->source != SERVICE_NOTHING && !service->set->clustered ? PATH_IDLE : PATH_DOWN;
}

const char *tree_state_words(enum path_state state)
{
	return state_words[state];
}

static void isolation_words(const struct service *service, char *dst, size_t cap)
{
	char reason[160];

	profile_isolation_reason(service->path.profile, &service->set->env, service->facts, reason, sizeof(reason));
	if (service->options->netns)
		text_format(reason, sizeof(reason), "--netns %s", service->options->netns);
	if (!service->options->netns && service->options->contained)
		text_format(dst, cap, "off, in the network that the container has");
	else if (service->path.place.netns[0])
		text_format(dst, cap, "on, namespace %s (%s)", service->path.place.netns, reason);
	else
		text_format(dst, cap, "off, on the host (%s)", reason);
}

static void add_key(struct report_tree *tree, uint32_t parent, const char *name, const uint8_t key[static KEY_LEN])
{
	char text[KEY_BASE64_LEN] = "";

	if (!key_is_zero(key))
		key_to_base64(key, text);
	(void)report_add_text(tree, parent, name, text);
	wipe(text, sizeof(text));
}

static void add_endpoint(struct report_tree *tree, uint32_t parent, const char *name, const struct inet_endpoint *endpoint)
{
	char text[INET_ENDPOINT_STRLEN];

	(void)report_add_text(tree, parent, name, endpoint->addr.family ? inet_endpoint_text(endpoint, text) : "");
}

static void add_drops(struct report_tree *tree, uint32_t parent, const uint64_t *drops, unsigned count)
{
	uint32_t dropped = report_add(tree, parent, "dropped", REPORT_OBJECT);
	uint32_t words = report_add(tree, parent, ".dropped_words", REPORT_LIST);

	for (unsigned i = 0; i < count && dropped && words; i++) {
		(void)report_add_count(tree, dropped, tunnel_drop_words[i].name, drops[i]);
		(void)report_add_text(tree, words, NULL, tunnel_drop_words[i].words);
	}
}

static void add_drop_causes(struct report_tree *tree)
{
	uint32_t causes = report_add(tree, 0, ".drop_causes", REPORT_LIST);

	for (unsigned i = 0; i < TUNNEL_DROPS && causes; i++)
		(void)report_add_text(tree, causes, NULL, tunnel_drop_words[i].name);
}

/* Where each name of .env has its value from. */
static void add_settings(struct report_tree *tree, const struct env_conf *env)
{
	static const char *const sources[ENV_SOURCES] = { "default", ENV_FILE, ENVIRONMENT };
	uint32_t settings = report_add(tree, 0, "settings", REPORT_OBJECT);

	for (enum env_key key = 0; key < ENV_KEYS && settings; key++)
		(void)report_add_text(tree, settings, env_key_name(key), sources[env->source[key]]);
}

static void add_stranger(struct report_tree *tree, const char *name, const struct tunnel_stranger *stranger)
{
	uint32_t node;

	if (!stranger->from.addr.family)
		return;
	node = report_add(tree, 0, name, REPORT_OBJECT);
	if (!node)
		return;
	add_key(tree, node, "public_key", stranger->public_key);
	add_endpoint(tree, node, "from", &stranger->from);
	(void)report_add_count(tree, node, "age_s", stranger->age_s);
}

static void add_link(struct report_tree *tree, const struct tunnel_counts *counts)
{
	const struct {
		const char *name;
		uint64_t count;
	} counters[] = {
		{ "rx_errors", counts->link.rx_errors },
		{ "rx_length_errors", counts->link.rx_length_errors },
		{ "rx_frame_errors", counts->link.rx_frame_errors },
		{ "rx_dropped", counts->link.rx_dropped },
		{ "tx_errors", counts->link.tx_errors },
		{ "tx_dropped", counts->link.tx_dropped },
	};
	enum report_kind kind = counts->link_known ? REPORT_OBJECT : REPORT_UNKNOWN;
	uint32_t packets = report_add(tree, 0, "interface_packets", kind);
	uint32_t node = report_add(tree, 0, "interface_counters", kind);

	if (packets && counts->link_known) {
		(void)report_add_count(tree, packets, "rx", counts->link.rx_packets);
		(void)report_add_count(tree, packets, "tx", counts->link.tx_packets);
	}
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]) && node && counts->link_known; i++)
		(void)report_add_count(tree, node, counters[i].name, counters[i].count);
}

static void add_device(struct report_tree *tree, const struct service *service, const struct tunnel_config *running)
{
	static const uint8_t none[KEY_LEN];
	const struct path *path = &service->path;
	const struct vpn_conf *vpn = &service->set->vpn;
	char isolation[256], address[INET_PREFIX_STRLEN];

	isolation_words(service, isolation, sizeof(isolation));
	(void)report_add_text(tree, 0, "backend", path->inner.tunnel.ops->name);
	(void)report_add_text(tree, 0, "backend_reason", path->carrier.reason);
	(void)report_add_bool(tree, 0, ".backend_asked_for", service->options->backend);
	(void)report_add_text(tree, 0, "trouble", path_trouble(path));
	(void)report_add_bool(tree, 0, "isolated", path->place.netns[0]);
	(void)report_add_text(tree, 0, "isolation", isolation);
	(void)report_add_text(tree, 0, "namespace", path->place.netns);
	(void)report_add_text(tree, 0, "interface", path->inner.tunnel.device);
	(void)report_add_text(tree, 0, "address", inet_prefix_text(&service->set->env.vpn_address, address));
	(void)report_add_text(tree, 0, ".own_name", vpn->own >= 0 ? vpn->peers[vpn->own].name : "");
	add_key(tree, 0, "public_key", running->public_key);
	add_key(tree, 0, ".private_key", running->has_private_key ? running->private_key : none);
	(void)report_add_number(tree, 0, "port", running->listen_port);
	(void)report_add_number(tree, 0, ".fwmark", running->fwmark);
	(void)report_add_number(tree, 0, "mtu_bytes", path->inner.mtu_bytes);
	if (running->counts.known) {
		(void)report_add_bool(tree, 0, "under_load", running->counts.under_load);
		add_drops(tree, 0, running->counts.drops, TUNNEL_DROPS);
		add_stranger(tree, "unknown_peer", &running->counts.unknown);
		add_stranger(tree, "not_for_our_key", &running->counts.misled);
	} else {
		(void)report_add(tree, 0, "under_load", REPORT_UNKNOWN);
		(void)report_add(tree, 0, "dropped", REPORT_UNKNOWN);
	}
	add_link(tree, &running->counts);
}

/* Of the appliance: the one that is confirmed, as its owner tells it in memory. */
static void add_generation(struct report_tree *tree, const char *run_dir)
{
	char path[CONTROL_PATH_LEN], text[CONFIRMED_TEXT_LEN];
	struct slice rest, word;
	uint64_t number;
	ssize_t n;

	text_format(path, sizeof(path), "%s/" CONFIRMED_FILE, run_dir);
	n = file_read_begin(AT_FDCWD, path, text, sizeof(text));
	rest = (struct slice){ text, n > 0 ? (size_t)n : 0 };
	if (slice_cut(&rest, ' ', &word) && !text_uint(word, UINT32_MAX, &number))
		(void)report_add_count(tree, 0, ".generation", number);
}

void tree_fill_path(struct report_tree *tree, const struct service *service, const struct tunnel_config *running)
{
	report_clear(tree);
	(void)report_add_text(tree, 0, "path", service->path.profile->name);
	(void)report_add_text(tree, 0, ".title", service->path.profile->title);
	(void)report_add_text(tree, 0, "state", state_words[tree_state(service)]);
	(void)report_add_text(tree, 0, "reason", tree_state(service) == PATH_STARTING ? STARTING_WORDS : tree_reason(service));
	(void)report_add_text(tree, 0, "configuration", tree_source_words(service->source));
	(void)report_add_bool(tree, 0, ".configured", service->source != SERVICE_NOTHING);
	(void)report_add_number(tree, 0, "applied_at", service->applied_s);
	(void)report_add_bool(tree, 0, ".clustered", service->source != SERVICE_NOTHING && service->set->clustered);
	(void)report_add_bool(tree, 0, ".up", tree_state(service) == PATH_UP || tree_state(service) == PATH_DEGRADED);
	(void)report_add_count(tree, 0, ".errors", service->findings.errors);
	(void)report_add_count(tree, 0, ".warnings", service->findings.warnings);
	add_generation(tree, service->options->worker.run_dir);
	add_drop_causes(tree);
	if (service->source != SERVICE_NOTHING)
		add_settings(tree, &service->set->env);
	if (running)
		add_device(tree, service, running);
}

static void add_failure(struct report_tree *tree, uint32_t node, const struct tunnel_peer_counts *counts)
{
	static const char *const names[] = { "failing", "last_failure", "failures", "dropped" };

	if (!counts->known) {
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			(void)report_add(tree, node, names[i], REPORT_UNKNOWN);
		return;
	}
	(void)report_add_bool(tree, node, "failing", counts->failing);
	(void)report_add_text(tree, node, "last_failure", tunnel_failure_words[counts->failure].name);
	(void)report_add_text(tree, node, ".failure_words", tunnel_failure_words[counts->failure].words);
	if (counts->failure != TUNNEL_FAILURE_NONE)
		(void)report_add_count(tree, node, "last_failure_age_s", counts->failure_age_s);
	(void)report_add_count(tree, node, "failures", counts->failures);
	add_drops(tree, node, counts->drops, TUNNEL_PEER_DROPS);
}

static void add_verdict(struct report_tree *tree, uint32_t node, struct service *service, const struct tunnel_peer *peer,
			int64_t now_s, uint64_t now_ns)
{
	const struct watched *watched = watch_find(&service->path.silent.watch, peer->public_key);
	int64_t age_s;
	enum watch_verdict verdict = watch_verdict(watched, peer, now_ns, now_s, &age_s);

	(void)report_add_text(tree, node, "verdict", overview_verdicts[verdict]);
	(void)report_add_number(tree, node, "verdict_age_s", age_s);
}

void tree_add_peer(struct report_tree *tree, struct service *service, const struct tunnel_config *running,
		   const struct tunnel_peer *peer, int64_t now_s, uint64_t now_ns)
{
	const struct vpn_peer *section = vpn_find_peer(&service->set->vpn, peer->public_key);
	uint32_t node = report_add(tree, 0, NULL, REPORT_OBJECT), allowed;
	char prefix[INET_PREFIX_STRLEN];

	if (!node)
		return;
	add_key(tree, node, "public_key", peer->public_key);
	add_key(tree, node, ".preshared_key", peer->preshared_key);
	(void)report_add_text(tree, node, "name", section ? section->name : "");
	(void)report_add_text(tree, node, ".host", section ? section->host : "");
	add_endpoint(tree, node, "endpoint", &peer->endpoint);
	allowed = report_add(tree, node, "allowed_ips", REPORT_LIST);
	for (size_t i = 0; i < peer->allowed_count && allowed; i++)
		(void)report_add_text(tree, allowed, NULL,
				      inet_prefix_text(&running->allowed[peer->allowed_first + i], prefix));
	(void)report_add_number(tree, node, "latest_handshake", peer->handshake_s);
	if (peer->handshake_s)
		(void)report_add_number(tree, node, "handshake_age_s", now_s - peer->handshake_s);
	(void)report_add_count(tree, node, "received_bytes", peer->received_bytes);
	(void)report_add_count(tree, node, "sent_bytes", peer->sent_bytes);
	(void)report_add_number(tree, node, "keepalive_s", peer->keepalive_s);
	add_verdict(tree, node, service, peer, now_s, now_ns);
	add_failure(tree, node, &peer->counts);
}
