#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "gateway/witness.h"
#include "test.h"

enum { NOW_S = 1000000 };

static struct tunnel_config running;
static struct vpn_conf before, after;
static struct witness witness;

/* Five peers that are alive, but for the last one. */
static void start(void)
{
	tunnel_config_clear(&running);
	memset(&before, 0, sizeof(before));
	before.own = -1;
	running.peer_count = before.peer_count = 5;
	for (uint8_t i = 0; i < 5; i++) {
		running.peers[i] = (struct tunnel_peer){ .public_key = { 1, i }, .received_bytes = 100, .handshake_s = i < 4 ? NOW_S : 0 };
		memcpy(before.peers[i].public_key, running.peers[i].public_key, VPN_KEY_LEN);
	}
	after = before;
}

TEST(witnesses_were_alive_and_their_sections_did_not_change)
{
	start();
	after.peers[0].port = 1;
	after.peers[1].has_preshared_key = true;
	after.peers[2].public_key[2] = 9;
	(void)snprintf(after.peers[3].name, sizeof(after.peers[3].name), "another name");
	witness_choose(&witness, &running, &before, &after, NOW_S);
	CHECK_INT(witness.count, 1);
	CHECK(!memcmp(witness.peers[0].public_key, running.peers[3].public_key, TUNNEL_KEY_LEN));
	witness_choose(&witness, &running, &before, NULL, NOW_S);
	CHECK_INT(witness.count, 0);
}

enum { BEGUN_S = 1000, SILENT_S = BEGUN_S + 25 }; /* by then who hears nothing has begun to call */

static void begin(void)
{
	start();
	for (uint16_t i = 0; i < 5; i++) {
		running.peers[i].allowed_first = i;
		running.peers[i].allowed_count = 1;
		running.allowed[i] = (struct inet_prefix){ { AF_INET, { 10, 8, 3, (uint8_t)(i + 1) } }, 32 };
	}
	witness_choose(&witness, &running, &before, &after, NOW_S);
	running.peers[0].received_bytes = 0; /* made anew by the change */
	running.peers[0].handshake_s = 0;
	witness_begin(&witness, &running, BEGUN_S * NS_PER_S);
	CHECK(!witness.heard && witness.last_ns == BEGUN_S * NS_PER_S);
}

static bool is_heard(uint64_t at_s)
{
	witness_look(&witness, &running, at_s * NS_PER_S);
	return witness.heard && witness.last_ns == at_s * NS_PER_S;
}

TEST(witness_is_heard_by_a_handshake_after_the_change)
{
	begin();
	running.peers[3].handshake_s = NOW_S + 1;
	CHECK(!is_heard(BEGUN_S)); /* by what left before the change, perhaps */
	CHECK(!is_heard(BEGUN_S + 1));
	running.peers[4].handshake_s = NOW_S + 2; /* none of them */
	CHECK(!is_heard(BEGUN_S + 2));
	running.peers[0].handshake_s = NOW_S + 3;
	CHECK(is_heard(BEGUN_S + 3));
	CHECK(!is_heard(BEGUN_S + 4));
	running.peers[1].handshake_ns = 1;
	CHECK(is_heard(BEGUN_S + 5));
}

TEST(witness_that_calls_and_gets_no_answer_is_not_heard)
{
	enum { INITIATION_BYTES = 148, DATA_BYTES = 128, KEEPALIVE_BYTES = 32 };

	begin();
	running.peers[0].received_bytes += INITIATION_BYTES;
	CHECK(!is_heard(BEGUN_S + 1));
	running.peers[0].received_bytes += INITIATION_BYTES;
	CHECK(!is_heard(SILENT_S));
	/* its session of before goes on, and brings what it has to say */
	running.peers[0].received_bytes += DATA_BYTES;
	CHECK(!is_heard(SILENT_S + 1));
	running.peers[1].received_bytes += DATA_BYTES + INITIATION_BYTES;
	CHECK(!is_heard(SILENT_S + 2));
	running.peers[2].received_bytes += KEEPALIVE_BYTES;
	CHECK(!is_heard(SILENT_S + 3));
	/* the control: it is answered */
	running.peers[0].handshake_s = NOW_S + 30;
	running.peers[0].received_bytes += INITIATION_BYTES + KEEPALIVE_BYTES;
	CHECK(is_heard(SILENT_S + 4));
	running.peers[0].received_bytes += DATA_BYTES;
	CHECK(is_heard(SILENT_S + 5));
}

/* Small packets, one way: telemetry whose sender hears nothing of ours any more. */
TEST(witness_whose_calls_stand_in_a_stream_is_not_heard)
{
	enum { INITIATION_BYTES = 148, STREAM_BYTES = 50 * 128, LONG_BYTES = 1452 };

	begin();
	for (unsigned s = 1; s < 40; s++) {
		running.peers[0].received_bytes += (uint64_t)STREAM_BYTES + (s >= 16 && s % 5 == 1 ? (uint64_t)INITIATION_BYTES : 0);
		CHECK(!is_heard(BEGUN_S + s));
	}
	/* The controls: the same stream without calls, and one of long packets, of which no one can tell. */
	for (unsigned peer = 1; peer < 3; peer++) {
		begin();
		for (unsigned s = 1; s < 25; s++) {
			running.peers[peer].received_bytes += (uint64_t)STREAM_BYTES + (peer == 1 ? 0 : (uint64_t)LONG_BYTES);
			CHECK(is_heard(BEGUN_S + s) == (s >= 21));
		}
	}
}

/* A question of NTP now and then, to which no answer comes. */
TEST(witness_that_sends_its_first_late_is_not_heard_before_it_would_call)
{
	enum { INITIATION_BYTES = 148, DATA_BYTES = 112 };

	for (int calls = 0; calls < 2; calls++) {
		begin();
		CHECK(!is_heard(BEGUN_S + 1));
		running.peers[0].received_bytes += DATA_BYTES;
		CHECK(!is_heard(BEGUN_S + 24));
		running.peers[0].received_bytes += DATA_BYTES;
		CHECK(!is_heard(BEGUN_S + 38));
		running.peers[0].received_bytes += calls ? INITIATION_BYTES : 0;
		CHECK(!is_heard(BEGUN_S + 40));
		running.peers[0].received_bytes += DATA_BYTES;
		CHECK(is_heard(BEGUN_S + 54) == !calls);
	}
}

TEST(witness_that_answers_no_echo_is_heard_by_data_once_it_would_call)
{
	enum { DATA_BYTES = 128 };

	begin();
	running.peers[3].received_bytes += DATA_BYTES;
	CHECK(!is_heard(BEGUN_S + 1));
	running.peers[3].received_bytes += DATA_BYTES;
	CHECK(is_heard(SILENT_S));
	/* its next sign may be the handshake behind this session */
	CHECK(!witness_silent_ns(&witness, (SILENT_S + 239) * NS_PER_S));
	CHECK(witness_silent_ns(&witness, (SILENT_S + 240) * NS_PER_S) == 240 * NS_PER_S);
}

TEST(witness_is_heard_by_an_echo_and_each_is_asked_in_turn)
{
	const struct inet_addr stranger = { AF_INET, { 10, 8, 3, 5 } };
	unsigned asked[5] = { 0 };

	begin();
	CHECK(!witness_next(&witness, BEGUN_S * NS_PER_S + NS_PER_S / 2)); /* the ways of before may be gone still */
	for (size_t i = 0; i < 8; i++)
		asked[witness_next(&witness, SILENT_S * NS_PER_S)->bytes[3] - 1]++;
	for (size_t i = 0; i < 5; i++)
		CHECK_INT(asked[i], i < 4 ? 2 : 0);
	witness_answered(&witness, &stranger, SILENT_S * NS_PER_S);
	CHECK(!witness.heard);
	witness_answered(&witness, &running.allowed[2].addr, SILENT_S * NS_PER_S);
	CHECK(witness.heard && witness.last_ns == SILENT_S * NS_PER_S);
	CHECK(witness_silent_ns(&witness, (SILENT_S + 61) * NS_PER_S) == 61 * NS_PER_S);
	witness_clear(&witness);
	CHECK(witness.known && !witness.heard && !witness_next(&witness, SILENT_S * NS_PER_S));
}
