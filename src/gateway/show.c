#include "gateway/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "crypto/key.h"

static const char *const source_words[] = {
	[SERVICE_NOTHING] = "none",
	[SERVICE_FILES] = "from the files",
	[SERVICE_RESUMED] = "what ran before the service was started again",
	[SERVICE_FALLBACK] = "the last applied one: the files had errors at start, see `check`",
};

const char *show_duration(int64_t seconds, char *dst, size_t cap)
{
	static const struct {
		int64_t seconds;
		const char *word;
	} units[] = { { INT64_C(365) * 86400, "year" }, { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	struct text text;

	text_init(&text, dst, cap);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t n = seconds / units[i].seconds;

		seconds %= units[i].seconds;
		if (n)
			text_add(&text, "%s%" PRId64 " %s%s", text.len ? ", " : "", n, units[i].word, n == 1 ? "" : "s");
	}
	return dst;
}

const char *show_ago(int64_t seconds, char *dst, size_t cap)
{
	char duration[96];

	if (seconds < 0)
		text_format(dst, cap, "(System clock wound backward; connection problems may ensue.)");
	else if (!seconds)
		text_format(dst, cap, "Now");
	else
		text_format(dst, cap, "%s ago", show_duration(seconds, duration, sizeof(duration)));
	return dst;
}

const char *show_bytes(uint64_t bytes, char *dst, size_t cap)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		text_format(dst, cap, "%" PRIu64 " B", bytes);
		return dst;
	}
	for (; value >= 1024 && i < sizeof(units) / sizeof(units[0]) - 1; i++)
		value /= 1024;
	text_format(dst, cap, "%.2f %s", value, units[i]);
	return dst;
}

enum path_state { PATH_UP, PATH_STARTING, PATH_IDLE, PATH_DEGRADED, PATH_DOWN };

static const char *const state_words[] = {
	[PATH_UP] = "up",
	[PATH_STARTING] = "waiting for carrier",
	[PATH_IDLE] = "not clustered: no VPN",
	[PATH_DEGRADED] = "up, but not as configured",
	[PATH_DOWN] = "down",
};

static enum path_state state_of(const struct service *service)
{
	if (service->path.tunnel.ops && service->path.inner_up)
		return service->path.down_reason[0] || path_trouble(&service->path)[0] ? PATH_DEGRADED : PATH_UP;
	if (service->path.tunnel.ops && !service->path.down_reason[0])
		return PATH_STARTING;
	return service->source != SERVICE_NOTHING && !service->set->clustered ? PATH_IDLE : PATH_DOWN;
}

static void show_peer(const struct service *service, struct control_call *call, const struct tunnel_peer *peer,
		      int64_t now_s)
{
	const struct vpn_peer *section = vpn_find_peer(&service->set->vpn, peer->public_key);
	const char *name = section ? section->name : "", *host = section ? section->host : "";
	char key[KEY_BASE64_LEN], endpoint[INET_ENDPOINT_STRLEN], prefix[INET_PREFIX_STRLEN];
	char ago[96] = "none yet", received[32], sent[32];

	key_to_base64(peer->public_key, key);
	control_print(call, CONTROL_OUT, "  peer %s%s%s\n", name, *name ? " " : "", key);
	if (peer->endpoint.addr.family)
		control_print(call, CONTROL_OUT, "    endpoint       %s\n",
			      inet_endpoint_text(&peer->endpoint, endpoint));
	else
		control_print(call, CONTROL_OUT, "    endpoint       %s%s\n", *host ? host : "none: it must call us",
			      *host ? " does not resolve (yet)" : "");
	control_print(call, CONTROL_OUT, "    allowed IPs    ");
	for (size_t i = 0; i < peer->allowed_count; i++)
		control_print(call, CONTROL_OUT, "%s%s", i ? ", " : "",
			      inet_prefix_text(&service->path.running.allowed[peer->allowed_first + i], prefix));
	if (peer->handshake_s)
		show_ago(now_s - peer->handshake_s, ago, sizeof(ago));
	control_print(call, CONTROL_OUT, "\n    handshake      %s\n    transfer       %s received, %s sent\n", ago,
		      show_bytes(peer->received_bytes, received, sizeof(received)),
		      show_bytes(peer->sent_bytes, sent, sizeof(sent)));
	if (peer->keepalive_s)
		control_print(call, CONTROL_OUT, "    keepalive      every %u s\n", peer->keepalive_s);
}

static void isolation_words(const struct service *service, char *dst, size_t cap)
{
	char reason[160];

	profile_isolation_reason(service->path.profile, &service->set->env, service->facts, reason, sizeof(reason));
	if (service->options->netns)
		text_format(reason, sizeof(reason), "--netns %s", service->options->netns);
	if (service->path.netns[0])
		text_format(dst, cap, "on, namespace %s (%s)", service->path.netns, reason);
	else
		text_format(dst, cap, "off, on the host (%s)", reason);
}

static void show_device(struct service *service, struct control_call *call)
{
	const struct tunnel_config *running = &service->path.running;
	char isolation[256], address[INET_PREFIX_STRLEN], key[KEY_BASE64_LEN];

	isolation_words(service, isolation, sizeof(isolation));
	key_to_base64(running->public_key, key);
	control_print(call, CONTROL_OUT, "  backend          %s%s%s%s%s\n", service->path.tunnel.ops->name,
		      *service->path.backend_reason ? " (auto: " : "", service->path.backend_reason,
		      *service->path.backend_reason ? ")" : "", service->options->backend ? " (--backend)" : "");
	if (path_trouble(&service->path)[0])
		control_print(call, CONTROL_OUT, "  trouble          %s\n", path_trouble(&service->path));
	control_print(call, CONTROL_OUT, "  isolation        %s\n", isolation);
	control_print(call, CONTROL_OUT, "  interface        %s, MTU %u\n", service->path.tunnel.device,
		      service->path.mtu_bytes);
	control_print(call, CONTROL_OUT, "  address          %s\n",
		      inet_prefix_text(&service->set->env.vpn_address, address));
	control_print(call, CONTROL_OUT, "  port             %u\n", running->listen_port);
	control_print(call, CONTROL_OUT, "  public key       %s\n", key);
}

void show_status(struct service *service, struct control_call *call)
{
	enum path_state state = state_of(service);
	time_t applied = service->applied_s;
	char when[64] = "";
	struct tm tm;

	control_print(call, CONTROL_OUT, "%s: %s%s%s", service->path.profile->name, state_words[state],
		      service->path.down_reason[0] ? ": " : "", service->path.down_reason);
	if (service->source == SERVICE_NOTHING) {
		control_print(call, CONTROL_OUT, "; no configuration runs\n");
		return;
	}
	if (gmtime_r(&applied, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	control_print(call, CONTROL_OUT, "; the configuration of %s %s (%s)\n", when,
		      state == PATH_DOWN ? "is tried again until it runs" : "keeps running", source_words[service->source]);
}

int show_text(struct service *service, struct control_call *call)
{
	enum path_state state = state_of(service);
	int64_t now_s = time(NULL);
	char ago[96];

	control_print(call, CONTROL_OUT, "%s (%s): %s%s%s\n", service->path.profile->name, service->path.profile->title,
		      state_words[state], service->path.down_reason[0] ? ": " : "", service->path.down_reason);
	if (service->source != SERVICE_NOTHING)
		control_print(call, CONTROL_OUT, "  configuration    %s, %s\n", source_words[service->source],
			      show_ago(now_s - service->applied_s, ago, sizeof(ago)));
	if (!service->path.tunnel.ops || path_dump(&service->path) < 0)
		return state >= PATH_DEGRADED;
	show_device(service, call);
	for (size_t i = 0; i < service->path.running.peer_count; i++)
		show_peer(service, call, &service->path.running.peers[i], now_s);
	return state >= PATH_DEGRADED;
}

/* A JSON string (RFC 8259 7); text is UTF-8. */
static void print_string(struct control_call *call, const char *text)
{
	control_print(call, CONTROL_OUT, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			control_print(call, CONTROL_OUT, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			control_print(call, CONTROL_OUT, "\\u%04x", (unsigned char)*text);
		else
			control_print(call, CONTROL_OUT, "%c", *text);
	}
	control_print(call, CONTROL_OUT, "\"");
}

static void print_field(struct control_call *call, const char *name, const char *value)
{
	control_print(call, CONTROL_OUT, ",\"%s\":", name);
	print_string(call, value);
}

static void json_peer(const struct service *service, struct control_call *call, const struct tunnel_peer *peer,
		      int64_t now_s)
{
	const struct vpn_peer *section = vpn_find_peer(&service->set->vpn, peer->public_key);
	char key[KEY_BASE64_LEN], text[INET_ENDPOINT_STRLEN], prefix[INET_PREFIX_STRLEN];

	key_to_base64(peer->public_key, key);
	control_print(call, CONTROL_OUT, "{\"public_key\":\"%s\"", key);
	print_field(call, "name", section ? section->name : "");
	print_field(call, "endpoint",
		    peer->endpoint.addr.family ? inet_endpoint_text(&peer->endpoint, text) : "");
	control_print(call, CONTROL_OUT, ",\"allowed_ips\":[");
	for (size_t i = 0; i < peer->allowed_count; i++)
		control_print(call, CONTROL_OUT, "%s\"%s\"", i ? "," : "",
			      inet_prefix_text(&service->path.running.allowed[peer->allowed_first + i], prefix));
	control_print(call, CONTROL_OUT, "],\"latest_handshake\":%" PRId64, peer->handshake_s);
	if (peer->handshake_s)
		control_print(call, CONTROL_OUT, ",\"handshake_age_s\":%" PRId64, now_s - peer->handshake_s);
	control_print(call, CONTROL_OUT,
		      ",\"received_bytes\":%" PRIu64 ",\"sent_bytes\":%" PRIu64 ",\"keepalive_s\":%u}",
		      peer->received_bytes, peer->sent_bytes, peer->keepalive_s);
}

static void json_device(struct service *service, struct control_call *call)
{
	const struct tunnel_config *running = &service->path.running;
	char isolation[256], address[INET_PREFIX_STRLEN], key[KEY_BASE64_LEN];

	isolation_words(service, isolation, sizeof(isolation));
	key_to_base64(running->public_key, key);
	print_field(call, "backend", service->path.tunnel.ops->name);
	print_field(call, "backend_reason", service->path.backend_reason);
	print_field(call, "trouble", path_trouble(&service->path));
	control_print(call, CONTROL_OUT, ",\"isolated\":%s", service->path.netns[0] ? "true" : "false");
	print_field(call, "isolation", isolation);
	print_field(call, "namespace", service->path.netns);
	print_field(call, "interface", service->path.tunnel.device);
	print_field(call, "address", inet_prefix_text(&service->set->env.vpn_address, address));
	print_field(call, "public_key", key);
	control_print(call, CONTROL_OUT, ",\"port\":%u,\"mtu_bytes\":%u", running->listen_port, service->path.mtu_bytes);
}

int show_json(struct service *service, struct control_call *call)
{
	enum path_state state = state_of(service);
	int64_t now_s = time(NULL);

	control_print(call, CONTROL_OUT, "{\"path\":\"%s\"", service->path.profile->name);
	print_field(call, "state", state_words[state]);
	print_field(call, "reason", service->path.down_reason);
	print_field(call, "configuration", source_words[service->source]);
	control_print(call, CONTROL_OUT, ",\"applied_at\":%" PRId64, service->applied_s);
	if (service->path.tunnel.ops && path_dump(&service->path) == 0) {
		json_device(service, call);
		control_print(call, CONTROL_OUT, ",\"peers\":[");
		for (size_t i = 0; i < service->path.running.peer_count; i++) {
			control_print(call, CONTROL_OUT, i ? "," : "");
			json_peer(service, call, &service->path.running.peers[i], now_s);
		}
		control_print(call, CONTROL_OUT, "]");
	}
	control_print(call, CONTROL_OUT, "}\n");
	return state >= PATH_DEGRADED;
}
