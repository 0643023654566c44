#include "engine/lwip_counts.h"

#include <string.h>

#include "base/clock.h"

/* Of TUNNEL_DROP_QUEUE and TUNNEL_DROP_GAVE_UP there is no verdict: they are counted of the staged packets. */
static const enum wg_verdict verdicts[TUNNEL_DROPS] = {
	[TUNNEL_DROP_REPLAY] = WG_DROP_REPLAY,
	[TUNNEL_DROP_TAG] = WG_DROP_TAG,
	[TUNNEL_DROP_AGE] = WG_DROP_AGE,
	[TUNNEL_DROP_SOURCE] = WG_DROP_SOURCE,
	[TUNNEL_DROP_INNER] = WG_DROP_INNER,
	[TUNNEL_DROP_AGAIN] = WG_DROP_AGAIN,
	[TUNNEL_DROP_STAMP] = WG_DROP_STAMP,
	[TUNNEL_DROP_FLOOD] = WG_DROP_FLOOD,
	[TUNNEL_DROP_NO_ENDPOINT] = WG_NO_ENDPOINT,
	[TUNNEL_DROP_UNKNOWN_PEER] = WG_DROP_PEER,
	[TUNNEL_DROP_MAC1] = WG_DROP_MAC1,
	[TUNNEL_DROP_INDEX] = WG_DROP_INDEX,
	[TUNNEL_DROP_COOKIE] = WG_DROP_COOKIE,
	[TUNNEL_DROP_RATE] = WG_DROP_RATE,
	[TUNNEL_DROP_TYPE] = WG_DROP_TYPE,
	[TUNNEL_DROP_LENGTH] = WG_DROP_LENGTH,
	[TUNNEL_DROP_DOWN] = WG_DROP_DOWN,
	[TUNNEL_DROP_IDENTITY] = WG_DROP_IDENTITY,
	[TUNNEL_DROP_RANDOM] = WG_DROP_RANDOM,
	[TUNNEL_DROP_NO_PEER] = WG_NO_PEER,
	[TUNNEL_DROP_NOT_IP] = WG_NOT_IP,
	[TUNNEL_DROP_TOO_LONG] = WG_TOO_LONG,
};

static const enum tunnel_failure failures[WG_FAILURES] = {
	[WG_FAILURE_NO_ANSWER] = TUNNEL_FAILURE_NO_ANSWER,
	[WG_FAILURE_PSK] = TUNNEL_FAILURE_PSK,
	[WG_FAILURE_UNUSED] = TUNNEL_FAILURE_UNUSED,
	[WG_FAILURE_REPLAY] = TUNNEL_FAILURE_REPLAY,
	[WG_FAILURE_STAMP] = TUNNEL_FAILURE_STAMP,
	[WG_FAILURE_FLOOD] = TUNNEL_FAILURE_FLOOD,
	[WG_FAILURE_LOAD] = TUNNEL_FAILURE_LOAD,
};

void lwip_count_peer(struct tunnel_peer *peer, const struct wg_peer_counters *counters, uint64_t now_ns)
{
	struct tunnel_peer_counts *out = &peer->counts;

	*out = (struct tunnel_peer_counts){ .known = true,
					    .failing = counters->failing,
					    .failure = (uint8_t)failures[counters->failure] };
	if (counters->failure != WG_FAILURE_NONE)
		out->failure_age_s = (now_ns - counters->failure_ns) / NS_PER_S;
	for (unsigned i = 0; i < WG_FAILURES; i++)
		out->failures += counters->failures[i];
	for (unsigned i = 0; i < TUNNEL_PEER_DROPS; i++)
		out->drops[i] = verdicts[i] ? counters->drops[verdicts[i]] : 0;
	out->drops[TUNNEL_DROP_QUEUE] = counters->queue_full;
	out->drops[TUNNEL_DROP_GAVE_UP] = counters->gave_up;
}

static void note(struct tunnel_stranger *out, const struct wg_stranger *stranger, uint64_t now_ns)
{
	*out = (struct tunnel_stranger){ .from = stranger->from, .age_s = (now_ns - stranger->at_ns) / NS_PER_S };
	memcpy(out->public_key, stranger->public_key, sizeof(out->public_key));
}

/* A peer that does not answer, and someone with a wrong key who writes from just there: that is why. One who forges the address
 * can have us say so, but of a peer without a session only. */
static void blame(struct tunnel_peer *peer, const struct tunnel_stranger *stranger, enum tunnel_failure failure)
{
	enum { RECENT_S = 200 }; /* REKEY_ATTEMPT_TIME twice, about */
	struct tunnel_peer_counts *counts = &peer->counts;

	if (!stranger->from.addr.family || stranger->age_s > RECENT_S)
		return;
	if (!inet_endpoint_equal(&peer->endpoint, &stranger->from) || counts->failure > TUNNEL_FAILURE_NO_ANSWER ||
	    (peer->handshake_s && !counts->failing))
		return;
	counts->failure = (uint8_t)failure;
	counts->failure_age_s = stranger->age_s;
	counts->failing = true;
	counts->failures += !counts->failures;
}

void lwip_blame(struct tunnel_peer *peer, const struct tunnel_counts *counts)
{
	blame(peer, &counts->misled, TUNNEL_FAILURE_OUR_KEY);
	blame(peer, &counts->unknown, TUNNEL_FAILURE_KEY);
}

void lwip_count_device(struct tunnel_counts *out, const struct wg_device *device, uint64_t now_ns)
{
	const struct wg_counters *counters = wg_counters(device);

	out->known = true;
	out->under_load = wg_under_load(device, now_ns);
	for (unsigned i = 0; i < TUNNEL_DROPS; i++)
		out->drops[i] = verdicts[i] ? counters->verdicts[verdicts[i]] : 0;
	out->drops[TUNNEL_DROP_QUEUE] = counters->queue_full;
	out->drops[TUNNEL_DROP_GAVE_UP] = counters->staged_dropped - counters->queue_full;
	note(&out->unknown, &counters->unknown, now_ns);
	note(&out->misled, &counters->misled, now_ns);
}
