#include "gateway/verdicts.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"

/* verdicts->peers[i] is about running->peers[i] from here on. */
static void follow(struct verdicts *verdicts, const struct tunnel_config *running)
{
	static struct verdicts_peer peers[TUNNEL_PEERS_MAX];

	for (size_t i = 0; i < running->peer_count; i++) {
		const uint8_t *key = running->peers[i].public_key;
		size_t at = i < verdicts->count && !memcmp(verdicts->peers[i].public_key, key, TUNNEL_KEY_LEN) ? i : 0;

		while (at < verdicts->count && memcmp(verdicts->peers[at].public_key, key, TUNNEL_KEY_LEN) != 0)
			at++;
		if (at < verdicts->count)
			peers[i] = verdicts->peers[at];
		else
			peers[i] = (struct verdicts_peer){ .up = false };
		memcpy(peers[i].public_key, key, TUNNEL_KEY_LEN);
	}
	verdicts->count = running->peer_count;
	memcpy(verdicts->peers, peers, verdicts->count * sizeof(peers[0]));
}

static bool has_room(struct verdicts *verdicts, uint64_t now_ns)
{
	if (now_ns - verdicts->minute_ns >= VERDICTS_MINUTE_S * NS_PER_S) {
		verdicts->minute_ns = now_ns;
		verdicts->lines = 0;
	}
	return verdicts->lines++ < VERDICTS_LINES;
}

static void add_why(struct text *text, const struct watched *watched, const struct tunnel_peer *peer)
{
	char endpoint[INET_ENDPOINT_STRLEN];

	if (!peer->endpoint.addr.family)
		text_add(text, "; it has no endpoint: it must call");
	else if (watched->probed.addr.family && !watched->had_way)
		text_add(text, "; there is no way to %s", inet_endpoint_text(&peer->endpoint, endpoint));
	else if (peer->counts.known && peer->counts.failing)
		text_add(text, "; handshake with %s: %s", inet_endpoint_text(&peer->endpoint, endpoint),
			 tunnel_failure_words[peer->counts.failure].words);
	else
		text_add(text, "; its endpoint is %s", inet_endpoint_text(&peer->endpoint, endpoint));
}

static void tell_one(const struct verdicts_peer *told, const struct watched *watched, const struct tunnel_peer *peer, bool up, uint64_t now_ns,
		     const struct tell_host *host)
{
	char line[TELL_LINE_LEN], endpoint[INET_ENDPOINT_STRLEN];
	struct text text;

	tell_begin(&text, line, peer->public_key, host);
	if (up && told->down)
		text_add(&text, "up again, after %llu s, at %s", (unsigned long long)((now_ns - told->down_ns) / NS_PER_S),
			 inet_endpoint_text(&peer->endpoint, endpoint));
	else if (up)
		text_add(&text, "up, at %s", inet_endpoint_text(&peer->endpoint, endpoint));
	else
		text_add(&text, "DOWN: we send, and nothing has come for %d s", UNANSWERED_S);
	if (!up)
		add_why(&text, watched, peer);
	host->line(host->arg, line);
}

static void tell_rest(struct verdicts *verdicts, uint64_t now_ns, const struct tell_host *host)
{
	char line[TELL_LINE_LEN];

	if ((!verdicts->more_up && !verdicts->more_down) ||
	    (verdicts->counted_ns && now_ns - verdicts->counted_ns < VERDICTS_MINUTE_S * NS_PER_S))
		return;
	text_format(line, sizeof(line), "and other peers: %zu came up, %zu went DOWN", verdicts->more_up, verdicts->more_down);
	host->line(host->arg, line);
	verdicts->more_up = verdicts->more_down = 0;
	verdicts->counted_ns = now_ns;
}

void verdicts_look(struct verdicts *verdicts, const struct watch *watch, const struct tunnel_config *running, uint64_t now_ns, int64_t wall_s,
		   const struct tell_host *host)
{
	follow(verdicts, running);
	for (size_t i = 0; i < running->peer_count && i < watch->count; i++) {
		struct verdicts_peer *told = &verdicts->peers[i];
		int64_t age_s;
		enum watch_verdict verdict = watch_verdict(&watch->peers[i], &running->peers[i], now_ns, wall_s, &age_s);
		bool up = verdict == WATCH_UP, down = verdict == WATCH_DOWN;

		if ((!up || told->up) && (!down || told->down))
			continue;
		if (has_room(verdicts, now_ns))
			tell_one(told, &watch->peers[i], &running->peers[i], up, now_ns, host);
		else if (up)
			verdicts->more_up++;
		else
			verdicts->more_down++;
		told->up = up;
		told->down = down;
		if (down)
			told->down_ns = now_ns;
	}
	tell_rest(verdicts, now_ns, host);
}
