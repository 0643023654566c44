#include "gateway/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/key.h"
#include "gateway/removal.h"

enum { WIDTH = 79, KEY_SHOWN = 8, HEAD_LEN = 160, WORDS_LEN = 96 };

struct plan {
	const struct tunnel_config *running;
	const struct vpn_conf *before, *after;
	int64_t now_s;
	void (*line)(void *arg, const char *text);
	void *arg;
	size_t count; /* lines of the kind that is being told */
};

/* "peer ams1 10.8.3.2", then what becomes of it: in the next line where both do not fit one. */
static void tell(struct plan *plan, const char *name, const struct inet_prefix *address, const char *words)
{
	char text[PLAN_LINE_LEN], head[HEAD_LEN], prefix[INET_PREFIX_STRLEN] = "";

	if (plan->count++ >= PLAN_EACH_MAX)
		return;
	if (address) {
		inet_prefix_text(address, prefix);
		if (address->len == (address->addr.family == AF_INET ? 32 : 128))
			prefix[strcspn(prefix, "/")] = '\0';
	}
	text_format(head, sizeof(head), "  peer %s%s%s", name, *name ? " " : "", prefix);
	if (strlen(head) + 3 + strlen(words) > WIDTH) {
		plan->line(plan->arg, head);
		text_format(text, sizeof(text), "       %s", words);
	} else {
		text_format(text, sizeof(text), "%s   %s", head, words);
	}
	plan->line(plan->arg, text);
}

static void tell_rest(struct plan *plan, const char *words)
{
	char text[PLAN_LINE_LEN];

	text_format(text, sizeof(text), "  and %zu more %s", plan->count - PLAN_EACH_MAX, words);
	if (plan->count > PLAN_EACH_MAX)
		plan->line(plan->arg, text);
	plan->count = 0;
}

static void tell_section(struct plan *plan, const struct vpn_conf *conf, const struct vpn_peer *section, const char *words)
{
	tell(plan, section->name, section->allowed_count ? &conf->allowed[section->allowed_first].prefix : NULL, words);
}

static const char *key_begin(const uint8_t key[static VPN_KEY_LEN], char text[static KEY_BASE64_LEN])
{
	key_to_base64(key, text);
	text[KEY_SHOWN] = '\0';
	return text;
}

static bool same_allowed(const struct vpn_conf *a, const struct vpn_peer *x, const struct vpn_conf *b, const struct vpn_peer *y)
{
	bool same = x->allowed_count == y->allowed_count;

	for (size_t i = 0; same && i < x->allowed_count; i++)
		same = inet_prefix_equal(&a->allowed[x->allowed_first + i].prefix, &b->allowed[y->allowed_first + i].prefix);
	return same;
}

/* "" when it stays as it is. */
static void changes_of(const struct plan *plan, const struct vpn_peer *was, const struct vpn_peer *is, char words[static WORDS_LEN])
{
	const struct {
		const char *word;
		bool changed;
	} fields[] = {
		{ "endpoint", strcmp(was->host, is->host) != 0 || was->port != is->port },
		{ "keepalive", was->keepalive_s != is->keepalive_s },
		{ "preshared key", was->has_preshared_key != is->has_preshared_key ||
					   !ct_equal(was->preshared_key, is->preshared_key, VPN_KEY_LEN) },
		{ "allowed IPs", !same_allowed(plan->before, was, plan->after, is) },
	};
	struct text text;

	text_init(&text, words, WORDS_LEN);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].changed)
			text_add(&text, "%s%s", text.len ? ", " : "changed: ", fields[i].word);
}

/* Sections that stay or come; those of successors are told with what they replace. */
static void tell_sections(struct plan *plan, const bool *succeeds, bool added)
{
	char words[WORDS_LEN];
	size_t at = 0;

	for (int i = 0; i < plan->after->peer_count; i++) {
		const struct vpn_peer *is = &plan->after->peers[i], *was = vpn_find_near(plan->before, is->public_key, &at);
		bool runs = i != plan->after->own && tunnel_find(plan->running, is->public_key);

		if (i == plan->after->own || succeeds[i] || runs == added)
			continue;
		if (added)
			text_format(words, sizeof(words), "added");
		else if (was)
			changes_of(plan, was, is, words);
		if ((added || was) && *words)
			tell_section(plan, plan->after, is, words);
	}
	tell_rest(plan, added ? "added" : "changed");
}

static void how_it_is(const struct plan *plan, const struct tunnel_peer *peer, char words[static WORDS_LEN])
{
	long long age_s = (long long)(plan->now_s - peer->handshake_s);

	if (removal_is_alive(peer, plan->now_s))
		text_format(words, WORDS_LEN, "is up, last seen %lld s ago", age_s > 0 ? age_s : 0);
	else if (peer->handshake_s)
		text_format(words, WORDS_LEN, "is down");
	else
		text_format(words, WORDS_LEN, "never shook hands");
}

static void tell_replaced(struct plan *plan, bool *succeeds)
{
	size_t at = 0;

	for (uint16_t i = 0; plan->after && i < plan->running->peer_count; i++) {
		const struct tunnel_peer *peer = &plan->running->peers[i];
		const struct vpn_peer *fresh = removal_successor(plan->running, peer, plan->before, plan->after, &at);
		char words[WORDS_LEN], from[KEY_BASE64_LEN], to[KEY_BASE64_LEN];

		if (!fresh)
			continue;
		succeeds[fresh - plan->after->peers] = true;
		text_format(words, sizeof(words), "new key %s.. -> %s..", key_begin(peer->public_key, from),
			    key_begin(fresh->public_key, to));
		tell_section(plan, plan->after, fresh, words);
	}
	tell_rest(plan, "with a new key");
}

/* Those with a session first: they are what counts when the others are summed up. */
static void tell_removed(struct plan *plan, const struct removal *removal)
{
	for (int alive = 1; alive >= 0; alive--)
		for (size_t i = 0; i < removal->count; i++) {
			const struct tunnel_peer *peer = &plan->running->peers[removal->peers[i]];
			const struct vpn_peer *section = vpn_find_peer(plan->before, peer->public_key);
			char words[WORDS_LEN], how[WORDS_LEN / 2], key[KEY_BASE64_LEN], name[VPN_NAME_LEN];

			if (removal_is_alive(peer, plan->now_s) != alive)
				continue;
			how_it_is(plan, peer, words);
			text_format(how, sizeof(how), "%s", words);
			text_format(words, sizeof(words), "REMOVED (%s)", how);
			if (section && *section->name)
				text_format(name, sizeof(name), "%s", section->name);
			else
				text_format(name, sizeof(name), "%s..", key_begin(peer->public_key, key));
			tell(plan, name, peer->allowed_count ? &plan->running->allowed[peer->allowed_first] : NULL, words);
		}
	tell_rest(plan, "REMOVED");
}

/* What is ours: every session hangs on it. */
static void tell_own(struct plan *plan)
{
	const struct vpn_conf *before = plan->before, *after = plan->after;
	char text[PLAN_LINE_LEN];

	if (!plan->running->peer_count || !after)
		return;
	if (memcmp(before->public_key, after->public_key, VPN_KEY_LEN) != 0) {
		unsigned alive = removal_alive(plan->running, plan->now_s);

		text_format(text, sizeof(text), "  this instance: another private key: %u session%s", alive, alive == 1 ? " drops" : "s drop");
		plan->line(plan->arg, text);
	}
	if (before->listen_port != after->listen_port) {
		text_format(text, sizeof(text), "  ListenPort %u -> %u: what peers send to %u is lost until they have it too",
			    before->listen_port, after->listen_port, before->listen_port);
		plan->line(plan->arg, text);
	}
}

void plan_peers(const struct tunnel_config *running, const struct vpn_conf *before, const struct vpn_conf *after, int64_t now_s,
		void (*line)(void *arg, const char *text), void *arg)
{
	static struct removal removal;
	bool succeeds[VPN_PEERS_MAX] = { false };
	struct plan plan = { running, before, after, now_s, line, arg, 0 };

	(void)removal_look(&removal, running, before, after, now_s);
	tell_own(&plan);
	tell_replaced(&plan, succeeds);
	if (after) {
		tell_sections(&plan, succeeds, true);
		tell_sections(&plan, succeeds, false);
	}
	tell_removed(&plan, &removal);
}
