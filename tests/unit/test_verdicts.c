/* The lines that the log gets of peers that come up and go down, and of NICs whose link does: which, and how often. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "gateway/verdicts.h"
#include "nics/carriers.h"
#include "test.h"

enum { WALL_S = 1000000, LINES = 64 };

static struct verdicts verdicts;
static struct watch watch;
static struct tunnel_config running;
static char lines[LINES][TELL_LINE_LEN];
static unsigned line_count;
static uint64_t now_ns;

static const char *name_of(void *arg, const uint8_t public_key[static TUNNEL_KEY_LEN])
{
	(void)arg;
	return public_key[0] == 1 && !public_key[1] ? "berlin" : "";
}

static void take_line(void *arg, const char *line)
{
	(void)arg;
	snprintf(lines[line_count++ % LINES], TELL_LINE_LEN, "%s", line);
}

static unsigned look(uint64_t s)
{
	static const struct tell_host host = { .name = name_of, .line = take_line };

	line_count = 0;
	now_ns += s * NS_PER_S;
	verdicts_look(&verdicts, &watch, &running, now_ns, WALL_S, &host);
	return line_count;
}

static void begin(unsigned peers)
{
	memset(&verdicts, 0, sizeof(verdicts));
	memset(&watch, 0, sizeof(watch));
	memset(&running, 0, sizeof(running));
	now_ns = 1000 * NS_PER_S;
	running.peer_count = (uint16_t)peers;
	for (unsigned i = 0; i < peers; i++) {
		running.peers[i].public_key[0] = (uint8_t)(i + 1);
		running.peers[i].public_key[1] = (uint8_t)(i >> 8);
		(void)inet_addr_parse(slice_of("192.0.2.1"), &running.peers[i].endpoint.addr);
		running.peers[i].endpoint.port = 4567;
	}
	watch_follow(&watch, &running);
}

static void comes_up(unsigned i)
{
	running.peers[i].handshake_s = watch.peers[i].handshake_s = WALL_S;
	watch.peers[i].session_ns = watch.peers[i].heard_ns = now_ns;
	watch.peers[i].unheard_ns = 0;
}

static void goes_down(unsigned i)
{
	watch.peers[i].unheard_ns = now_ns - UNANSWERED_S * NS_PER_S;
}

TEST(verdict_is_told_once_each_way_with_its_reason)
{
	begin(1);
	CHECK_INT(look(5), 0); /* never heard, and not missed */
	comes_up(0);
	CHECK_INT(look(5), 1);
	CHECK_STR(lines[0], "peer berlin: up, at 192.0.2.1:4567");
	CHECK_INT(look(5), 0);
	goes_down(0);
	CHECK_INT(look(5), 1);
	CHECK_STR(lines[0], "peer berlin: DOWN: we send, and nothing has come for 15 s; its endpoint is 192.0.2.1:4567");
	CHECK_INT(look(5), 0);
	comes_up(0);
	CHECK_INT(look(55), 1);
	CHECK_STR(lines[0], "peer berlin: up again, after 60 s, at 192.0.2.1:4567");
	running.peers[0].counts.known = running.peers[0].counts.failing = true;
	running.peers[0].counts.failure = TUNNEL_FAILURE_NO_ANSWER;
	goes_down(0);
	CHECK_INT(look(5), 1);
	CHECK_STR(lines[0], "peer berlin: DOWN: we send, and nothing has come for 15 s; handshake with 192.0.2.1:4567: no answer");
}

TEST(verdict_of_an_idle_peer_is_none)
{
	begin(1);
	comes_up(0);
	CHECK_INT(look(5), 1);
	now_ns += 3600 * NS_PER_S;
	running.peers[0].handshake_s = watch.peers[0].handshake_s = WALL_S - 3600;
	CHECK_INT(look(5), 0);
	comes_up(0);
	CHECK_INT(look(5), 0);
	goes_down(0); /* the control */
	CHECK_INT(look(5), 1);
}

TEST(verdicts_of_many_are_few_lines)
{
	begin(600);
	for (unsigned i = 0; i < 600; i++)
		comes_up(i);
	CHECK_INT(look(60), VERDICTS_LINES + 1);
	CHECK_STR(lines[VERDICTS_LINES], "and other peers: 580 came up, 0 went DOWN");
	for (unsigned i = 0; i < 600; i++)
		goes_down(i);
	CHECK_INT(look(5), 0); /* the minute has its lines */
	CHECK_INT(look(60), 1);
	CHECK_STR(lines[0], "and other peers: 0 came up, 600 went DOWN");
	comes_up(0); /* the control: one alone is told by its name again */
	CHECK_INT(look(60), 1);
	CHECK(strstr(lines[0], "peer berlin: up again"));
}

TEST(verdict_follows_its_peer_to_another_place)
{
	struct tunnel_peer first;

	begin(3);
	comes_up(0);
	CHECK_INT(look(5), 1);
	first = running.peers[0];
	running.peers[0] = running.peers[2];
	running.peers[1] = first;
	running.peer_count = 2;
	watch_follow(&watch, &running);
	CHECK_INT(look(5), 0);
	goes_down(1);
	CHECK_INT(look(5), 1);
	CHECK(strstr(lines[0], "peer berlin: DOWN"));
}

/* ---- NICs ---- */

static struct carriers carriers;
static struct nics nics;

static void take_carrier(const char *line)
{
	take_line(NULL, line);
}

static unsigned look_at(bool up, bool carrier, uint64_t ms, uint64_t *due_ns)
{
	line_count = 0;
	now_ns += ms * NS_PER_MS;
	nics.list[0].up = up;
	nics.list[0].carrier = carrier;
	*due_ns = carriers_look(&carriers, &nics, now_ns);
	return line_count;
}

TEST(carrier_is_told_when_it_changes_and_no_oftener_than_it_may)
{
	uint64_t due_ns;

	carriers = (struct carriers){ .line = take_carrier };
	nics = (struct nics){ .count = 1, .list = { { .index = 2, .name = "eth0" } } };
	CHECK_INT(look_at(true, true, 0, &due_ns), 0); /* as it was found */
	CHECK_INT(look_at(true, false, 60000, &due_ns), 1);
	CHECK_STR(lines[0], "eth0: link down: no carrier");
	CHECK_INT(look_at(true, false, 100, &due_ns), 0);
	CHECK_INT((long long)due_ns, 0);
	for (int i = 0; i < 5; i++) {
		CHECK_INT(look_at(true, true, 100, &due_ns), 0);
		CHECK(due_ns);
		CHECK_INT(look_at(true, false, 100, &due_ns), 0);
	}
	CHECK_INT(look_at(true, false, CARRIERS_AGAIN_S * 1000, &due_ns), 1);
	CHECK_STR(lines[0], "eth0: link down: no carrier, changed 10 times in 11 s");
	CHECK_INT((long long)due_ns, 0);
	CHECK_INT(look_at(true, true, 60000, &due_ns), 1);
	CHECK_STR(lines[0], "eth0: link up");
	CHECK_INT(look_at(false, false, 60000, &due_ns), 1);
	CHECK_STR(lines[0], "eth0: link down: it is set down");
	nics.count = 0;
	CHECK_INT(look_at(false, false, 100, &due_ns), 1);
	CHECK_STR(lines[0], "eth0: the NIC is gone");
	nics.count = 1;
	CHECK_INT(look_at(true, true, 100, &due_ns), 1); /* another one, or that one again */
	CHECK_STR(lines[0], "eth0: link up");
}
