/* The lines that the log gets of what goes wrong with peers: which, and how often. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "gateway/tell.h"
#include "test.h"

static struct tell tell;
static struct tunnel_config running;
static char lines[64][TELL_LINE_LEN];
static unsigned line_count;
static uint64_t now_ns;

static const char *name_of(void *arg, const uint8_t public_key[static TUNNEL_KEY_LEN])
{
	(void)arg;
	return public_key[0] == 1 ? "berlin" : "";
}

static void take_line(void *arg, const char *line)
{
	(void)arg;
	snprintf(lines[line_count++ % 64], TELL_LINE_LEN, "%s", line);
}

static unsigned look(uint64_t s)
{
	static const struct tell_host host = { .name = name_of, .line = take_line };

	line_count = 0;
	now_ns += s * NS_PER_S;
	tell_look(&tell, &running, now_ns, &host);
	return line_count;
}

static struct tunnel_peer_counts *begin(unsigned peers)
{
	memset(&tell, 0, sizeof(tell));
	memset(&running, 0, sizeof(running));
	now_ns = 100 * NS_PER_S;
	running.peer_count = (uint16_t)peers;
	for (unsigned i = 0; i < peers; i++) {
		running.peers[i].public_key[0] = (uint8_t)(i + 1);
		running.peers[i].public_key[1] = (uint8_t)(i >> 8);
		running.peers[i].counts.known = true;
	}
	return &running.peers[0].counts;
}

static void fail(struct tunnel_peer_counts *counts, enum tunnel_failure failure)
{
	counts->failing = true;
	counts->failure = (uint8_t)failure;
	counts->failures++;
}

TEST(tell_names_the_peer_and_the_reason)
{
	struct tunnel_peer_counts *counts = begin(2);

	CHECK_INT(look(5), 0);
	fail(counts, TUNNEL_FAILURE_PSK);
	CHECK_INT(look(5), 1);
	CHECK_STR(lines[0], "peer berlin: handshake failed: its answer does not open: it has another preshared key (1 in all)");
	fail(&running.peers[1].counts, TUNNEL_FAILURE_NO_ANSWER);
	CHECK_INT(look(5), 1);
	CHECK_STR(lines[0], "peer AgAA...: handshake failed: no answer (1 in all)");
	counts->failing = false;
	CHECK_INT(look(5), 1);
	CHECK_STR(lines[0], "peer berlin: handshake done, after 1 that failed");
	CHECK_INT(look(5), 0);
}

TEST(tell_repeats_itself_less_and_less)
{
	struct tunnel_peer_counts *counts = begin(1);
	unsigned count = 0;

	for (unsigned i = 0; i < 86400 / 5; i++) {
		fail(counts, TUNNEL_FAILURE_NO_ANSWER);
		counts->drops[TUNNEL_DROP_REPLAY] += 1000;
		count += look(5);
	}
	/* each of the two: 1, 2, 4, ... minutes, then every hour of a day */
	CHECK(count >= 2 * 25 && count <= 2 * 32);
}

TEST(tell_counts_what_was_dropped_since_the_last_line)
{
	struct tunnel_peer_counts *counts = begin(1);

	counts->drops[TUNNEL_DROP_REPLAY] = 3;
	counts->drops[TUNNEL_DROP_QUEUE] = 2;
	CHECK_INT(look(5), 1);
	CHECK_STR(lines[0], "peer berlin: dropped 3 replayed, 2 to it for a full queue");
	counts->drops[TUNNEL_DROP_REPLAY] = 10;
	CHECK_INT(look(5), 0);
	CHECK_INT(look(60), 1);
	CHECK_STR(lines[0], "peer berlin: dropped 7 replayed");
	/* counters that begin anew */
	counts->drops[TUNNEL_DROP_REPLAY] = 4;
	counts->drops[TUNNEL_DROP_QUEUE] = 0;
	CHECK_INT(look(3600), 1);
	CHECK_STR(lines[0], "peer berlin: dropped 4 replayed");
	/* and after a rest it is news again */
	CHECK_INT(look(7200), 0);
	counts->drops[TUNNEL_DROP_REPLAY]++;
	CHECK_INT(look(5), 1);
}

TEST(tell_leaves_room_in_the_log_and_forgets_no_one)
{
	unsigned count = 0, most = 0;

	begin(200);
	for (unsigned i = 0; i < 200; i++)
		fail(&running.peers[i].counts, TUNNEL_FAILURE_NO_ANSWER);
	for (unsigned i = 0; i < 15 * 12; i++) {
		unsigned n = look(5);

		most = n > most ? n : most;
		count += n;
	}
	CHECK_INT(count, 200);
	CHECK_INT(most, TELL_LINES);
}

TEST(tell_says_who_is_no_peer_and_what_the_interface_lost)
{
	begin(0);
	running.counts.known = true;
	running.counts.drops[TUNNEL_DROP_UNKNOWN_PEER] = 2;
	running.counts.unknown.from = (struct inet_endpoint){ .addr = { AF_INET, { 192, 0, 2, 9 } }, .port = 77 };
	running.counts.unknown.public_key[0] = 4;
	CHECK_INT(look(5), 1);
	CHECK_STR(lines[0], "dropped 2 initiations by no peer; the last by BAAA... from 192.0.2.9:77");
	running.counts.link_known = true;
	running.counts.link.tx_dropped = 3;
	CHECK_INT(look(5), 1);
	CHECK(strstr(lines[0], "3 dropped before that"));
	running.counts.link.rx_packets = 1000;
	CHECK_INT(look(5), 0);
}

TEST(tell_knows_peers_by_their_keys)
{
	struct tunnel_peer_counts *counts = begin(3);
	struct tunnel_peer first;

	fail(counts, TUNNEL_FAILURE_NO_ANSWER);
	CHECK_INT(look(5), 1);
	first = running.peers[0];
	running.peers[0] = running.peers[2];
	running.peers[2] = first;
	CHECK_INT(look(5), 0);
	running.peers[1] = first; /* one went, and one is where another was */
	running.peer_count = 2;
	CHECK_INT(look(5), 0);
}
