#include "gateway/silent.h"

#include <time.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/log.h"
#include "crypto/key.h"
#include "crypto/random.h"
#include "gateway/knock.h"
#include "gateway/roamed.h"
#include "gateway/way.h"
#include "worker/helper.h"

enum { PROBES_A_PIECE = 32, PROBES_PAUSE_MS = 20 };

/* ---- probes ---- */

static bool is_silent(const struct silent *silent, const struct tunnel_peer *peer)
{
	return peer->endpoint.addr.family && peer->allowed_count && (silent->sessions_lost || !peer->handshake_s);
}

static void probe_fires(struct loop_timer *timer, uint64_t now_ns);

/* An echo request to those that were knocked at, or to all that are silent: a few at a time, since as many as there are peers at once
 * would fill the interface's queue, and what others send would be dropped. */
static void send_probes(struct silent *silent, bool all)
{
	const struct tunnel_config *running = &silent->inner->running;
	unsigned sent = 0;

	if (!silent->inner->tunnel.ops || inner_dump(silent->inner) < 0)
		return;
	watch_follow(&silent->watch, running);
	for (size_t i = 0; i < running->peer_count; i++) {
		struct watched *watched = &silent->watch.peers[i];

		watched->knocked = (all || watched->knocked) && is_silent(silent, &running->peers[i]);
		if (!watched->knocked || sent == PROBES_A_PIECE)
			continue;
		pinger_probe(silent->pinger, &running->allowed[running->peers[i].allowed_first].addr);
		watched->knocked = false;
		sent++;
	}
	if (sent == PROBES_A_PIECE)
		loop_timer_set(silent->loop, &silent->probe, clock_now_ns() + PROBES_PAUSE_MS * NS_PER_MS, probe_fires);
	else
		silent->sessions_lost = false;
}

void silent_probe_all(struct silent *silent)
{
	send_probes(silent, true);
}

static void probe_fires(struct loop_timer *timer, uint64_t now_ns)
{
	(void)now_ns;
	send_probes(container_of(timer, struct silent, probe), false);
}

/* A packet to every peer that has not shaken hands, after a knock: show tells then whether a path works, and no one
 * who needs it has to wait for the handshake. running and watch are of now. */
static void probe_silent(struct silent *silent, bool by_time, uint64_t now_ns)
{
	const struct tunnel_config *running = &silent->inner->running;
	struct link link = { 0 };
	bool any = false;

	if (silent->probe.armed)
		return;
	for (size_t i = 0; i < running->peer_count; i++) {
		const struct tunnel_peer *peer = &running->peers[i];
		bool has_way;

		if (!is_silent(silent, peer) || (by_time && !watch_probe_is_due(&silent->watch.peers[i], now_ns)))
			continue;
		has_way = way_find(&silent->inner->tunnel, &peer->endpoint.addr, &link).state == WAY_READY;
		if (!watch_probe(&silent->watch.peers[i], &peer->endpoint, has_way, silent->sessions_lost, now_ns))
			continue;
		knock(&peer->endpoint);
		any = true;
	}
	if (any)
		loop_timer_set(silent->loop, &silent->probe, now_ns + KNOCK_WAIT_MS * NS_PER_MS, probe_fires);
}

void silent_probe(struct silent *silent)
{
	if (inner_dump(silent->inner) < 0)
		return;
	watch_follow(&silent->watch, &silent->inner->running);
	probe_silent(silent, false, clock_now_ns());
}

/* ---- peers that do not answer ---- */

static struct tunnel_peer *applied_peer(struct silent *silent, const uint8_t public_key[static TUNNEL_KEY_LEN])
{
	struct tunnel_config *applied = &silent->inner->applied;
	const struct tunnel_peer *peer = silent->inner->has_applied ? tunnel_find(applied, public_key) : NULL;

	return peer ? &applied->peers[peer - applied->peers] : NULL;
}

/* A peer that does not answer where it is thought to be: true when it is to be looked for elsewhere.
 *
 * One that roamed gets the file's endpoint back. On the kernel backend anyone moves a peer who replays an initiation of it (see
 * wg/handshake.c for why ours does not believe one), and what we send goes to him until the peer speaks; and on either one
 * that roamed may be back where the file says while no one has heard it yet. One that is idle is left alone, since an endpoint
 * that nothing was sent to is as good as it was. */
static bool look_elsewhere(struct silent *silent, const struct tunnel_peer *running, struct watched *watched, uint64_t now_ns)
{
	enum { BACK_WAIT_S = 60 };
	struct tunnel_peer *applied = applied_peer(silent, running->public_key);
	char key[KEY_BASE64_LEN], where[INET_ENDPOINT_STRLEN];
	bool roamed;

	if (!applied || !applied->resolved.addr.family)
		return false;
	roamed = !inet_endpoint_equal(&running->endpoint, &applied->resolved);
	if (!roamed && applied->addr_count < 2)
		return false;
	key_to_base64(running->public_key, key);
	log_info("peer %.4s...: nothing came from %s for %d s: %s", key, inet_endpoint_text(&running->endpoint, where),
		 UNANSWERED_S, roamed ? "looked for where the file has it" : "looked for at the next address of its name");
	/* For tunnel_apply, what does not hold was not applied. */
	if (roamed)
		applied->endpoint_id = 0;
	else
		watched->give_up = true;
	watch_moved(watched, now_ns, roamed ? BACK_WAIT_S : watch_move_wait_s(watched, applied->addr_count));
	return true;
}

static void watch_fires(struct loop_timer *timer, uint64_t now_ns);

/* At no fixed phase: what a peer does every half a second would look the same each time, such as which of two machines with its
 * key spoke last. */
static void watch_arm(struct silent *silent, uint64_t now_ns)
{
	enum { PHASE_MS = 1000 };
	uint16_t phase = 0;

	(void)random_bytes(&phase, sizeof(phase));
	loop_timer_set(silent->loop, &silent->look,
		       now_ns + WATCH_INTERVAL_S * NS_PER_S - phase % PHASE_MS * NS_PER_MS, watch_fires);
}

static void watch_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct silent *silent = container_of(timer, struct silent, look);
	const struct tunnel_config *running = &silent->inner->running;
	bool any = false;

	watch_arm(silent, now_ns);
	if (!silent->inner->up || inner_dump(silent->inner) < 0)
		return;
	watch_follow(&silent->watch, running);
	watch_look(&silent->watch, running, now_ns, time(NULL));
	clones_look(&silent->clones, &silent->watch, running, now_ns);
	silent->looked(silent, now_ns);
	for (size_t i = 0; i < running->peer_count; i++)
		if (watch_unanswered(&silent->watch.peers[i], now_ns) &&
		    look_elsewhere(silent, &running->peers[i], &silent->watch.peers[i], now_ns))
			any = true;
	(void)roamed_write(silent->roamed_file, running);
	/* Initiations that cross on the wire undo each other, and the kernel may end at that: it does not try again until someone
	 * has something to send. */
	probe_silent(silent, true, now_ns);
	if (any)
		silent->elsewhere(silent);
}

void silent_watch(struct silent *silent)
{
	helper_spare(&silent->watch, sizeof(silent->watch));
	watch_arm(silent, clock_now_ns());
}

void silent_stop(struct silent *silent)
{
	loop_timer_clear(silent->loop, &silent->probe);
	loop_timer_clear(silent->loop, &silent->look);
}

/* ---- which address of a name ---- */

static size_t index_of(const struct resolved_addrs *addrs, const struct inet_addr *addr)
{
	size_t i = 0;

	while (i < addrs->count && !inet_addr_equal(&addrs->list[i], addr))
		i++;
	return i;
}

/* The best way there is, the first of equal ones from that index on. */
static size_t best_from(const struct silent *silent, const struct resolved_addrs *addrs, size_t from)
{
	size_t best = from % addrs->count;
	enum way_state best_state = WAY_NONE;
	struct link link = { 0 };

	for (size_t i = 0; i < addrs->count && best_state < WAY_READY; i++) {
		size_t at = (from + i) % addrs->count;
		enum way_state state = way_find(&silent->inner->tunnel, &addrs->list[at], &link).state;

		if (state > best_state) {
			best = at;
			best_state = state;
		}
	}
	return best;
}

/* The first that can be reached, and that one for as long as it can be and answers. A peer that went elsewhere by itself is
 * not looked for where its name is. */
size_t silent_pick(void *arg, const uint8_t public_key[static TUNNEL_KEY_LEN], const struct resolved_addrs *addrs)
{
	struct silent *silent = arg;
	const struct inner *inner = silent->inner;
	const struct tunnel_peer *before = inner->has_applied ? tunnel_find(&inner->applied, public_key) : NULL;
	const struct tunnel_peer *running = inner->tunnel.ops ? tunnel_find(&inner->running, public_key) : NULL;
	struct watched *watched = watch_find(&silent->watch, public_key);
	size_t now = before ? index_of(addrs, &before->resolved.addr) : addrs->count;

	if (now == addrs->count)
		return best_from(silent, addrs, 0);
	if (watched && watched->give_up) {
		watched->give_up = false;
		return best_from(silent, addrs, now + 1);
	}
	if (running && running->endpoint.addr.family && !inet_endpoint_equal(&running->endpoint, &before->resolved))
		return now;
	return best_from(silent, addrs, now);
}

/* A name has other addresses than the one that a peer has, to which no way leads. */
bool silent_address_is_due(const struct silent *silent)
{
	const struct inner *inner = silent->inner;
	struct link link = { 0 };

	for (size_t i = 0; i < inner->applied.peer_count; i++)
		if (inner->applied.peers[i].addr_count > 1 &&
		    way_find(&inner->tunnel, &inner->applied.peers[i].resolved.addr, &link).state < WAY_READY)
			return true;
	return false;
}
