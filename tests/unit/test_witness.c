#include <stdio.h>
#include <string.h>

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

TEST(witness_is_heard_by_what_it_sends_after_the_change)
{
	start();
	witness_choose(&witness, &running, &before, &after, NOW_S);
	running.peers[0].received_bytes = 0; /* made anew by the change */
	witness_begin(&witness, &running, 10);
	CHECK(!witness.heard);
	witness_look(&witness, &running, 20);
	CHECK(!witness.heard && witness.last_ns == 10);
	running.peers[4].received_bytes = 200; /* none of them */
	witness_look(&witness, &running, 30);
	CHECK(!witness.heard);
	running.peers[0].received_bytes = 32;
	witness_look(&witness, &running, 40);
	CHECK(witness.heard && witness.last_ns == 40);
	witness_look(&witness, &running, 50);
	CHECK(witness.last_ns == 40);
}
