/* gateway/watch: who does not answer, and when anyone may be bothered again. */
#include "test.h"

#include <string.h>

#include "base/clock.h"
#include "gateway/watch.h"

static struct watch watch;
static struct tunnel_config running;
static uint64_t now_ns;
static int64_t clock_step_s; /* that the wall clock was set ahead */

static struct tunnel_peer *begin(void)
{
	clock_step_s = 0;
	memset(&watch, 0, sizeof(watch));
	memset(&running, 0, sizeof(running));
	now_ns = 1000 * NS_PER_S;
	running.peer_count = 1;
	running.peers[0].public_key[0] = 7;
	running.peers[0].handshake_s = 1000;
	watch_follow(&watch, &running);
	watch_look(&watch, &running, now_ns, 1000);
	return &running.peers[0];
}

/* Looks, each with so many bytes sent since the last one: the seconds until it is unanswered, 0 when it never is. */
static unsigned seconds_until_unanswered(struct tunnel_peer *peer, const uint16_t *sent, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		now_ns += WATCH_INTERVAL_S * NS_PER_S;
		peer->sent_bytes += sent[i];
		watch_look(&watch, &running, now_ns, (int64_t)(now_ns / NS_PER_S) + clock_step_s);
		if (watch_unanswered(&watch.peers[0], now_ns))
			return (unsigned)(i + 1) * WATCH_INTERVAL_S;
	}
	return 0;
}

#define UNTIL(peer, ...) \
	seconds_until_unanswered(peer, (const uint16_t[]){ __VA_ARGS__ }, sizeof((uint16_t[]){ __VA_ARGS__ }) / 2)

TEST(watch_peer_is_unanswered_when_data_goes_out_for_15_s_and_nothing_comes)
{
	struct tunnel_peer *peer = begin();

	CHECK_INT(UNTIL(peer, 900, 900, 900, 900), 20); /* the look that saw the first of it is the start */
	peer = begin();
	CHECK_INT(UNTIL(peer, 900, 900, 0, 0, 0, 0), 20); /* it went on until just now */
	peer = begin();
	CHECK_INT(UNTIL(peer, 900, 0, 0, 0, 0, 0), 0); /* one packet, and no more: no one misses anything */
	peer = begin();
	CHECK_INT(UNTIL(peer, 900, 900, 900), 0);
	peer->received_bytes++;
	CHECK_INT(UNTIL(peer, 900, 900, 900), 0); /* heard in the first of them: from the start */
	CHECK_INT(UNTIL(peer, 900, 900), 10);
}

TEST(watch_peer_that_gets_keepalives_alone_is_idle)
{
	struct tunnel_peer *peer = begin();

	CHECK_INT(UNTIL(peer, 32, 0, 0, 0, 0, 0), 0); /* the one that WireGuard sends behind data that came */
	peer = begin();
	peer->keepalive_s = 25;
	CHECK_INT(UNTIL(peer, 32, 0, 0, 0, 0, 32, 0, 0, 0, 0, 32, 0, 0, 0, 0), 0);
	peer = begin();
	peer->keepalive_s = 1;
	CHECK_INT(UNTIL(peer, 160, 160, 192, 160, 160, 160), 0);
	peer = begin();
	peer->keepalive_s = 1;
	CHECK_INT(UNTIL(peer, 460, 460, 460, 460), 20);
}

TEST(watch_peer_that_gets_keepalives_alone_is_idle_whatever_the_clock_is_set_to)
{
	struct tunnel_peer *peer = begin();

	peer->keepalive_s = 25;
	peer->handshake_s = 1005; /* with its answer, seen by the next look */
	peer->received_bytes++;
	CHECK_INT(UNTIL(peer, 148), 0);
	clock_step_s = 100000;
	CHECK_INT(UNTIL(peer, 32, 0, 0, 0, 0, 32, 0, 0, 0, 0, 32, 0, 0, 0, 0), 0);
	CHECK_INT(UNTIL(peer, 900, 900, 900, 900), 20); /* the control */
}

TEST(watch_peer_without_a_session_is_unanswered_by_its_initiations)
{
	struct tunnel_peer *peer = begin();

	peer->handshake_s = 0;
	CHECK_INT(UNTIL(peer, 148, 148, 148, 148), 20);
	peer = begin();
	peer->handshake_s = 1000 - 180; /* the last one is over */
	CHECK_INT(UNTIL(peer, 148, 0, 148, 148), 20);
}

TEST(watch_moves_go_once_round_quickly_and_then_slowly)
{
	static const unsigned waits_s[] = { 15, 30, 60, 120, 240, 300, 300 };
	struct tunnel_peer *peer = begin();

	for (size_t i = 0; i < sizeof(waits_s) / sizeof(waits_s[0]); i++) {
		CHECK_INT(watch_move_wait_s(&watch.peers[0], 2), waits_s[i]);
		watch_moved(&watch.peers[0], now_ns, waits_s[i]);
		CHECK(!watch_unanswered(&watch.peers[0], now_ns));
	}
	peer->received_bytes++;
	CHECK_INT(UNTIL(peer, 900), 0);
	CHECK_INT(watch_move_wait_s(&watch.peers[0], 2), 15);
	watch_moved(&watch.peers[0], now_ns, 60);
	CHECK_INT(UNTIL(peer, 900, 900, 900, 900, 900, 900, 900, 900, 900, 900, 900, 900), 60);
}

TEST(watch_probes_go_at_once_when_something_changed_and_else_less_and_less_often)
{
	struct inet_endpoint endpoint = { .addr = { AF_INET, { 192, 0, 2, 1 } }, .port = 4567 };
	struct watched *peer;
	unsigned count = 0;

	begin();
	peer = &watch.peers[0];
	CHECK(!watch_probe(peer, &endpoint, false, false, now_ns)); /* it would get nowhere */
	for (unsigned s = 0; s < 300; s++) /* an event each second */
		count += watch_probe(peer, &endpoint, true, false, now_ns + s * NS_PER_S);
	CHECK_INT(count, 5); /* 0, 10, 30, 70, 150 */
	now_ns += 300 * NS_PER_S;
	CHECK(!watch_probe(peer, &endpoint, false, false, now_ns));
	CHECK(watch_probe(peer, &endpoint, true, false, now_ns)); /* the carrier came back */
	CHECK(!watch_probe(peer, &endpoint, true, false, now_ns));
	endpoint.port++;
	CHECK(watch_probe(peer, &endpoint, true, false, now_ns));
	CHECK(watch_probe(peer, &endpoint, true, true, now_ns));
	CHECK(!watch_probe(peer, &endpoint, true, false, now_ns + 9 * NS_PER_S));
	CHECK(watch_probe(peer, &endpoint, true, false, now_ns + 10 * NS_PER_S));
}

TEST(watch_keeps_what_it_knows_of_a_peer_whatever_comes_and_goes_around_it)
{
	begin();
	watch.peers[0].moves = 3;
	running.peer_count = 3;
	running.peers[2] = running.peers[0];
	running.peers[0].public_key[0] = 1;
	running.peers[1].public_key[0] = 2;
	watch_follow(&watch, &running);
	CHECK_INT(watch.count, 3);
	CHECK_INT(watch.peers[0].moves, 0);
	CHECK_INT(watch.peers[2].moves, 3);
	running.peers[0] = running.peers[2];
	running.peer_count = 1;
	watch_follow(&watch, &running);
	CHECK_INT(watch.count, 1);
	CHECK_INT(watch_find(&watch, running.peers[0].public_key)->moves, 3);
}

TEST(watch_knows_nothing_of_a_peer_that_was_made_anew)
{
	const struct inet_endpoint endpoint = { .addr = { AF_INET, { 192, 0, 2, 1 } }, .port = 4567 };
	struct tunnel_peer *peer = begin();

	peer->sent_bytes = 148;
	watch_look(&watch, &running, now_ns, 1000);
	CHECK(watch_probe(&watch.peers[0], &endpoint, true, false, now_ns));
	CHECK(!watch_probe(&watch.peers[0], &endpoint, true, false, now_ns));
	peer->sent_bytes = 0;
	watch_follow(&watch, &running);
	CHECK(watch_probe(&watch.peers[0], &endpoint, true, false, now_ns));
}

static enum watch_verdict verdict(int64_t *age_s)
{
	return watch_verdict(&watch.peers[0], &running.peers[0], now_ns, (int64_t)(now_ns / NS_PER_S), age_s);
}

TEST(watch_verdict_is_down_after_15_s_without_an_answer_and_until_one_comes)
{
	struct tunnel_peer *peer = begin();
	int64_t age_s;

	CHECK_INT(verdict(&age_s), WATCH_UP);
	(void)UNTIL(peer, 900, 900, 900);
	CHECK_INT(verdict(&age_s), WATCH_UP);
	(void)UNTIL(peer, 900, 900);
	CHECK_INT(verdict(&age_s), WATCH_DOWN);
	CHECK_INT(age_s, 15);
	(void)UNTIL(peer, 0, 0, 0, 0, 0, 0, 0, 0); /* no one tries any more: it is as down as before */
	CHECK_INT(verdict(&age_s), WATCH_DOWN);
	peer->received_bytes += 100;
	CHECK_INT(verdict(&age_s), WATCH_UP);
	(void)UNTIL(peer, 0);
	CHECK_INT(verdict(&age_s), WATCH_UP);
	CHECK_INT(age_s, 0);
}

TEST(watch_verdict_is_idle_where_nothing_is_said_for_a_sessions_life)
{
	struct tunnel_peer *peer = begin();
	int64_t age_s;

	peer->received_bytes += 100;
	(void)UNTIL(peer, 0);
	for (int i = 0; i < 48; i++)
		(void)UNTIL(peer, 0);
	CHECK_INT(verdict(&age_s), WATCH_IDLE);
	CHECK_INT(age_s, 240);
}

TEST(watch_verdict_of_one_that_is_heard_without_a_session_is_down)
{
	struct tunnel_peer *peer = begin();
	int64_t age_s;

	peer->handshake_s = 0; /* initiations come, and our answers do not arrive */
	watch.peers[0].handshake_s = 0;
	CHECK_INT(verdict(&age_s), WATCH_NO_ENDPOINT);
	for (int i = 0; i < 5; i++) {
		peer->received_bytes += 148;
		(void)UNTIL(peer, 92);
	}
	CHECK_INT(verdict(&age_s), WATCH_DOWN);
	peer->handshake_s = (int64_t)(now_ns / NS_PER_S); /* and now one of them does */
	peer->received_bytes += 32;
	(void)UNTIL(peer, 0);
	CHECK_INT(verdict(&age_s), WATCH_UP);
}
