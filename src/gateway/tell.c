#include "gateway/tell.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "crypto/key.h"

static bool pace_allows(const struct tell_pace *pace, uint64_t wait_s, uint64_t now_ns)
{
	return !pace->wait_s || now_ns - pace->told_ns >= wait_s * NS_PER_S;
}

static void pace_told(struct tell_pace *pace, bool anew, uint64_t now_ns)
{
	pace->wait_s = anew || !pace->wait_s ? TELL_AGAIN_S : pace->wait_s * 2;
	if (pace->wait_s > TELL_AGAIN_MAX_S)
		pace->wait_s = TELL_AGAIN_MAX_S;
	pace->told_ns = now_ns;
}

/* Nothing more of it came for as long as it would have waited: the next is news. */
static void pace_rests(struct tell_pace *pace, uint64_t now_ns)
{
	if (pace_allows(pace, pace->wait_s, now_ns))
		pace->wait_s = 0;
}

void tell_begin(struct text *text, char line[static TELL_LINE_LEN], const uint8_t public_key[static TUNNEL_KEY_LEN],
		const struct tell_host *host)
{
	const char *name = host->name(host->arg, public_key);
	char key[KEY_BASE64_LEN];

	text_init(text, line, TELL_LINE_LEN);
	key_to_base64(public_key, key);
	if (*name)
		text_add(text, "peer %s: ", name);
	else
		text_add(text, "peer %.4s...: ", key);
}

static void end_line(struct tell *tell, const char *line, const struct tell_host *host)
{
	host->line(host->arg, line);
	tell->lines++;
}

static bool has_room(struct tell *tell, uint64_t now_ns)
{
	if (now_ns - tell->minute_ns >= 60 * NS_PER_S) {
		tell->minute_ns = now_ns;
		tell->lines = 0;
	}
	return tell->lines < TELL_LINES;
}

/* Adds what was dropped since then, from the first cause on; false: nothing was. */
static bool add_drops(struct text *text, const uint64_t *now, const uint64_t *then, unsigned first, unsigned count)
{
	const char *separator = "dropped ";

	for (unsigned i = first; i < count; i++) {
		/* Counters that went back are those of a tunnel that was made anew. */
		uint64_t more = now[i] >= then[i] ? now[i] - then[i] : now[i];

		if (!more)
			continue;
		text_add(text, "%s%" PRIu64 " %s", separator, more, tunnel_drop_words[i].words);
		separator = ", ";
	}
	return separator[0] == ',';
}

static void look_at_failure(struct tell *tell, struct tell_peer *told, const struct tunnel_peer_counts *counts,
			    uint64_t now_ns, const struct tell_host *host)
{
	bool other = !told->failing || counts->failure != told->failure;
	char line[TELL_LINE_LEN];
	struct text text;

	if (counts->failing && (other || counts->failures != told->failures)) {
		if (!pace_allows(&told->failure_pace, other ? TELL_OTHER_S : told->failure_pace.wait_s, now_ns) ||
		    !has_room(tell, now_ns))
			return;
		tell_begin(&text, line, told->public_key, host);
		text_add(&text, "handshake failed: %s (%" PRIu64 " in all)", tunnel_failure_words[counts->failure].words,
			 counts->failures);
		pace_told(&told->failure_pace, other, now_ns);
	} else if (!counts->failing && told->failing && has_room(tell, now_ns)) {
		tell_begin(&text, line, told->public_key, host);
		text_add(&text, "handshake done, after %" PRIu64 " that failed", counts->failures);
	} else {
		return;
	}
	told->failing = counts->failing;
	told->failure = counts->failure;
	told->failures = counts->failures;
	end_line(tell, line, host);
}

static void look_at_drops(struct tell *tell, struct tell_peer *told, const struct tunnel_peer_counts *counts,
			  uint64_t now_ns, const struct tell_host *host)
{
	char line[TELL_LINE_LEN];
	struct text text;

	if (!memcmp(counts->drops, told->drops, sizeof(told->drops))) {
		pace_rests(&told->drop_pace, now_ns);
		return;
	}
	if (!pace_allows(&told->drop_pace, told->drop_pace.wait_s, now_ns) || !has_room(tell, now_ns))
		return;
	tell_begin(&text, line, told->public_key, host);
	if (add_drops(&text, counts->drops, told->drops, 0, TUNNEL_PEER_DROPS)) {
		pace_told(&told->drop_pace, false, now_ns);
		end_line(tell, line, host);
	}
	memcpy(told->drops, counts->drops, sizeof(told->drops));
}

static void add_stranger(struct text *text, const char *what, const struct tunnel_stranger *stranger)
{
	char key[KEY_BASE64_LEN], where[INET_ENDPOINT_STRLEN];

	if (!stranger->from.addr.family)
		return;
	key_to_base64(stranger->public_key, key);
	if (key_is_zero(stranger->public_key))
		text_add(text, "; %s from %s", what, inet_endpoint_text(&stranger->from, where));
	else
		text_add(text, "; %s %.4s... from %s", what, key, inet_endpoint_text(&stranger->from, where));
}

/* What is no peer's. */
static void look_at_device(struct tell *tell, const struct tunnel_counts *counts, uint64_t now_ns,
			   const struct tell_host *host)
{
	bool is_same = !memcmp(counts->drops + TUNNEL_PEER_DROPS, tell->drops + TUNNEL_PEER_DROPS,
			       (TUNNEL_DROPS - TUNNEL_PEER_DROPS) * sizeof(tell->drops[0]));
	char line[TELL_LINE_LEN];
	struct text text;

	if (!counts->known)
		return;
	if (is_same) {
		pace_rests(&tell->drop_pace, now_ns);
		return;
	}
	if (!pace_allows(&tell->drop_pace, tell->drop_pace.wait_s, now_ns) || !has_room(tell, now_ns))
		return;
	text_init(&text, line, sizeof(line));
	if (add_drops(&text, counts->drops, tell->drops, TUNNEL_PEER_DROPS, TUNNEL_DROPS)) {
		if (counts->drops[TUNNEL_DROP_UNKNOWN_PEER] != tell->drops[TUNNEL_DROP_UNKNOWN_PEER])
			add_stranger(&text, "the last by", &counts->unknown);
		if (counts->drops[TUNNEL_DROP_MAC1] != tell->drops[TUNNEL_DROP_MAC1])
			add_stranger(&text, "the last for another key", &counts->misled);
		pace_told(&tell->drop_pace, false, now_ns);
		end_line(tell, line, host);
	}
	memcpy(tell->drops, counts->drops, sizeof(tell->drops));
}

static void look_at_link(struct tell *tell, const struct tunnel_counts *counts, uint64_t now_ns, const struct tell_host *host)
{
	struct link_counters losses = counts->link;
	const struct link_counters *now = &losses;
	char line[TELL_LINE_LEN];

	if (!counts->link_known)
		return;
	losses.rx_packets = losses.tx_packets = 0;
	if (!memcmp(now, &tell->link, sizeof(*now))) {
		pace_rests(&tell->link_pace, now_ns);
		return;
	}
	if (!pace_allows(&tell->link_pace, tell->link_pace.wait_s, now_ns) || !has_room(tell, now_ns))
		return;
	text_format(line, sizeof(line), "the interface has lost %" PRIu64 " received (%" PRIu64 " frame, %" PRIu64 " length), %"
		    PRIu64 " to send, %" PRIu64 " dropped before that, in all",
		    now->rx_errors + now->rx_dropped, now->rx_frame_errors, now->rx_length_errors, now->tx_errors,
		    now->tx_dropped);
	tell->link = *now;
	pace_told(&tell->link_pace, false, now_ns);
	end_line(tell, line, host);
}

/* tell->peers[i] is about running->peers[i] from here on. */
static void follow(struct tell *tell, const struct tunnel_config *running)
{
	for (size_t i = 0; i < running->peer_count; i++) {
		const uint8_t *key = running->peers[i].public_key;
		struct tell_peer was;
		size_t at = i;

		while (at < tell->count && memcmp(tell->peers[at].public_key, key, TUNNEL_KEY_LEN) != 0)
			at++;
		if (at == tell->count) {
			if (tell->count == TUNNEL_PEERS_MAX)
				at = TUNNEL_PEERS_MAX - 1; /* of one that is gone: all that are there are before i or new */
			else
				tell->count++;
			tell->peers[at] = (struct tell_peer){ .failures = 0 };
			memcpy(tell->peers[at].public_key, key, TUNNEL_KEY_LEN);
		}
		was = tell->peers[i];
		tell->peers[i] = tell->peers[at];
		if (at != i)
			tell->peers[at] = was;
	}
	tell->count = running->peer_count;
}

void tell_look(struct tell *tell, const struct tunnel_config *running, uint64_t now_ns, const struct tell_host *host)
{
	look_at_device(tell, &running->counts, now_ns, host);
	look_at_link(tell, &running->counts, now_ns, host);
	follow(tell, running);
	for (size_t i = 0; i < running->peer_count; i++) {
		const struct tunnel_peer_counts *counts = &running->peers[i].counts;

		if (!counts->known)
			continue;
		look_at_failure(tell, &tell->peers[i], counts, now_ns, host);
		look_at_drops(tell, &tell->peers[i], counts, now_ns, host);
	}
}
