#include <stdio.h>
#include <string.h>

#include "gateway/plan.h"
#include "gateway/removal.h"
#include "test.h"

enum { NOW_S = 1000000 };

static struct tunnel_config running;
static struct vpn_conf before, after;
static struct removal removal;

/* Peers 0 to count - 1 run, and stand in both files as sections of their own names and addresses. */
static void start(uint16_t count)
{
	tunnel_config_clear(&running);
	memset(&before, 0, sizeof(before));
	before.own = -1;
	running.peer_count = running.allowed_count = before.peer_count = before.allowed_count = count;
	for (uint16_t i = 0; i < count; i++) {
		struct inet_prefix prefix = { { AF_INET, { 10, 8, (uint8_t)(i >> 8), (uint8_t)i } }, 32 };
		struct tunnel_peer *peer = &running.peers[i];
		struct vpn_peer *section = &before.peers[i];

		*peer = (struct tunnel_peer){ .public_key = { 1, (uint8_t)(i >> 8), (uint8_t)i }, .allowed_first = i, .allowed_count = 1 };
		running.allowed[i] = before.allowed[i].prefix = prefix;
		section->allowed_first = i;
		section->allowed_count = 1;
		memcpy(section->public_key, peer->public_key, sizeof(section->public_key));
		(void)snprintf(section->name, sizeof(section->name), "fra%u", i);
	}
	after = before;
}

static enum removal_verdict look(void)
{
	return removal_look(&removal, &running, &before, &after, NOW_S);
}

TEST(removing_less_than_a_third_of_the_peers_is_fine)
{
	start(10);
	CHECK_INT(look(), REMOVAL_FINE);
	CHECK_INT(removal.count, 0);
	after.peer_count = 7;
	CHECK_INT(look(), REMOVAL_FINE);
	CHECK_INT(removal.count, 3);
	CHECK_INT(removal.peers[0], 7);
	start(TUNNEL_PEERS_MAX);
	after.peer_count -= TUNNEL_PEERS_MAX / 3;
	CHECK_INT(look(), REMOVAL_FINE);
}

TEST(removing_a_third_or_one_that_is_alive_is_asked)
{
	start(3);
	after.peer_count = 2;
	CHECK_INT(look(), REMOVAL_ASKED);
	start(10);
	after.peer_count = 6;
	CHECK_INT(look(), REMOVAL_ASKED);
	after.peer_count = 9;
	running.peers[9].handshake_s = NOW_S - 180;
	CHECK_INT(look(), REMOVAL_FINE);
	CHECK_INT(removal.alive, 0);
	running.peers[9].handshake_s = NOW_S - 179;
	CHECK_INT(look(), REMOVAL_ASKED);
	CHECK_INT(removal.alive, 1);
}

TEST(removing_all_is_its_own_verdict)
{
	start(3);
	after.peer_count = 0;
	CHECK_INT(look(), REMOVAL_ALL);
	CHECK_INT(removal_look(&removal, &running, &before, NULL, NOW_S), REMOVAL_ALL);
	/* our own section is no peer */
	start(1);
	after.own = 0;
	CHECK_INT(look(), REMOVAL_ALL);
	start(0);
	CHECK_INT(look(), REMOVAL_FINE);
}

TEST(another_key_of_the_same_name_or_address_is_a_rotation)
{
	start(2);
	running.peers[0].handshake_s = running.peers[1].handshake_s = NOW_S;
	after.peers[0].public_key[0] = 2; /* the same name, another address */
	after.allowed[0].prefix.addr.bytes[3] = 77;
	after.peers[1].public_key[0] = 2; /* the same address, no name */
	after.peers[1].name[0] = '\0';
	CHECK_INT(look(), REMOVAL_FINE);
	CHECK_INT(removal.rotated, 2);
	CHECK_INT(removal.count, 0);
	/* neither: another instance in its place */
	after.peers[0].name[3] = 'x';
	CHECK_INT(look(), REMOVAL_ASKED);
	CHECK_INT(removal.count, 1);
	/* sections without a name have none in common */
	start(1);
	before.peers[0].name[0] = after.peers[0].name[0] = '\0';
	after.peers[0].public_key[0] = 2;
	after.allowed[0].prefix.addr.bytes[3] = 77;
	CHECK_INT(look(), REMOVAL_ALL);
}

static char planned[8192];

static void add_line(void *arg, const char *text)
{
	size_t len = strlen(planned);

	(void)arg;
	CHECK(strlen(text) <= 79);
	(void)snprintf(planned + len, sizeof(planned) - len, "%s\n", text);
}

static const char *plan(void)
{
	planned[0] = '\0';
	plan_peers(&running, &before, &after, NOW_S, add_line, NULL);
	return planned;
}

TEST(plan_of_what_stays_says_nothing)
{
	start(10);
	CHECK_STR(plan(), "");
}

TEST(plan_has_a_line_for_each_peer_that_is_added_changed_rotated_and_removed)
{
	start(4);
	running.peers[3].handshake_s = NOW_S - 12;
	after.peer_count = 3;
	memset(after.peers[1].public_key, 0xff, sizeof(after.peers[1].public_key));
	after.peers[2].keepalive_s = 25;
	after.peers[2].port = 5567;
	CHECK_STR(plan(), "  peer fra1 10.8.0.1   new key AQABAAAA.. -> ////////..\n"
			  "  peer fra2 10.8.0.2   changed: endpoint, keepalive\n"
			  "  peer fra3 10.8.0.3   REMOVED (is up, last seen 12 s ago)\n");
	start(2);
	running.peer_count = before.peer_count = 1;
	after.listen_port = 5567;
	CHECK_STR(plan(), "  ListenPort 0 -> 5567: what peers send to 0 is lost until they have it too\n"
			  "  peer fra1 10.8.0.1   added\n");
}

TEST(plan_of_a_thousand_changes_is_summed_up_with_those_that_are_alive_first)
{
	start(1000);
	after.peer_count = 0;
	running.peers[999].handshake_s = NOW_S;
	CHECK(!strncmp(plan(), "  peer fra999 10.8.3.231   REMOVED (is up, last seen 0 s ago)\n", 62));
	CHECK(strstr(planned, "\n  and 988 more REMOVED\n"));
	start(1);
	memset(before.peers[0].name, 'x', sizeof(before.peers[0].name) - 1);
	after.peer_count = 0;
	running.peers[0].handshake_s = NOW_S - 100;
	CHECK(strstr(plan(), " 10.8.0.0\n       REMOVED (is up, last seen 100 s ago)\n"));
}
