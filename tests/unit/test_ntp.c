/* ntp/: what is asked of chronyd, what it says, and its command socket; init/clockstep: when the clock is stepped. */
#include "test.h"

#include <string.h>

#include "base/bytes.h"
#include "init/clockfloor.h"
#include "init/clockstep.h"
#include "ntp/directives.h"
#include "ntp/ask.h"
#include "ntp/rate.h"
#include "ntp/said.h"

enum { US = 1000000, DAY_S = 86400, YEAR_S = 365 * DAY_S, BUILT = 50 * YEAR_S };

TEST(clock_is_stepped_once_and_never_to_what_peers_do_not_bear)
{
	const int64_t floor_s = BUILT + YEAR_S, now_s = floor_s + 10 * DAY_S;
	const struct {
		int64_t now_s, offset_us;
		bool trusted;
		enum clockstep verdict;
		int64_t set_s; /* looked at where it is stepped */
	} rows[] = {
		{ now_s, 0, true, CLOCKSTEP_NONE, 0 },
		{ now_s, US - 1, true, CLOCKSTEP_NONE, 0 },
		{ now_s, -(US - 1), true, CLOCKSTEP_NONE, 0 },
		{ now_s, 180 * (int64_t)US, true, CLOCKSTEP_TO, now_s + 180 },
		{ now_s, -180 * (int64_t)US, true, CLOCKSTEP_TO, now_s - 180 },
		{ now_s, DAY_S * (int64_t)US, true, CLOCKSTEP_TO, now_s + DAY_S },
		/* the machine's own clock was two years ahead, and believed */
		{ now_s + 700 * DAY_S, -700 * (int64_t)DAY_S * US, true, CLOCKSTEP_TO, now_s },
		/* set to the mark, as the machine's own said 2020 */
		{ floor_s, 10 * (int64_t)DAY_S * US, false, CLOCKSTEP_TO, now_s },
		{ floor_s, 2 * (int64_t)YEAR_S * US, false, CLOCKSTEP_TO, floor_s + 2 * YEAR_S },
		/* peers heard later stamps than what is right */
		{ now_s, -20 * (int64_t)DAY_S * US, true, CLOCKSTEP_TO_FLOOR, floor_s },
		{ floor_s, -180 * (int64_t)US, false, CLOCKSTEP_AT_FLOOR, 0 },
		/* what would not be believed of the machine's own clock, or would poison peers */
		{ now_s, 2 * (int64_t)DAY_S * US, true, CLOCKSTEP_DISBELIEVED, 0 },
		{ now_s, 2 * (int64_t)YEAR_S * US, true, CLOCKSTEP_DISBELIEVED, 0 },
		{ now_s, (CLOCKFLOOR_AHEAD_MAX_S + DAY_S) * (int64_t)US, false, CLOCKSTEP_DISBELIEVED, 0 },
		{ now_s, -2 * (int64_t)YEAR_S * US, true, CLOCKSTEP_DISBELIEVED, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t set_us = -1;
		enum clockstep verdict = clockstep_judge(rows[i].now_s * US, rows[i].offset_us, floor_s, BUILT, rows[i].trusted, &set_us);

		CHECK_INT(verdict, rows[i].verdict);
		if (verdict == CLOCKSTEP_TO || verdict == CLOCKSTEP_TO_FLOOR)
			CHECK_INT(set_us, rows[i].set_s * US);
		/* Whatever is said. */
		CHECK(set_us < 0 || set_us >= floor_s * US);
	}
}

TEST(a_clock_without_a_mark_takes_the_servers_time)
{
	int64_t set_us = -1;

	CHECK_INT(clockstep_judge(0, (int64_t)BUILT * US, 0, 0, false, &set_us), CLOCKSTEP_TO);
	CHECK_INT(set_us, (int64_t)BUILT * US);
	CHECK_INT(clockstep_judge((int64_t)BUILT * US, YEAR_S * (int64_t)US, BUILT, BUILT, false, &set_us), CLOCKSTEP_TO);
	CHECK_INT(clockstep_judge((int64_t)BUILT * US, 3 * YEAR_S * (int64_t)US, BUILT, BUILT, false, &set_us), CLOCKSTEP_DISBELIEVED);
}

static struct ntp_wanted parsed(const char *text)
{
	struct ntp_wanted wanted = { .mode = NTP_OFF };

	ntp_wanted_parse(&wanted, slice_of(text));
	return wanted;
}

static bool has_word(const struct ntp_words *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (!strcmp(words->argv[i], word))
			return true;
	return false;
}

static bool has_beginning(const struct ntp_words *words, const char *beginning)
{
	for (size_t i = 0; i < words->count; i++)
		if (!strncmp(words->argv[i], beginning, strlen(beginning)))
			return true;
	return false;
}

TEST(chronyd_asks_and_serves_as_the_files_say)
{
	static struct ntp_words words;
	struct ntp_wanted wanted = parsed("mode on\nserver 192.0.2.9\nserver ntp.example.net\nserver 192.0.2.9\n"
					  "vpn 10.8.3.1/24\nnetns gateway 4026532\npeer 10.8.3.3\npeer 10.8.3.2\n");

	CHECK_INT(wanted.server_count, 2);
	CHECK_INT(wanted.peer_count, 2);
	CHECK_STR(wanted.netns, "gateway");
	ntp_wanted_parse_addresses(&wanted, slice_of("192.0.2.10\n192.0.2.9\nnot an address\n"));
	CHECK_INT(wanted.server_count, 3);
	ntp_directives(&words, &wanted, true, "/run/gateway.time");
	CHECK(!words.overflowed);
	CHECK(!words.argv[words.count]);
	CHECK(has_word(&words, "server 192.0.2.9 iburst"));
	CHECK(has_word(&words, "server ntp.example.net iburst"));
	CHECK(has_word(&words, "peer 10.8.3.2 minpoll 4"));
	CHECK(has_word(&words, "bindaddress 10.8.3.1"));
	CHECK(has_word(&words, "allow 10.8.3.0/24"));
	CHECK(has_word(&words, "local stratum 10 orphan"));
	/* Sessions run. */
	CHECK(!has_beginning(&words, "makestep"));
	CHECK(!has_beginning(&words, "initstepslew"));
	CHECK(has_beginning(&words, "maxchange"));

	/* No socket for it. */
	ntp_directives(&words, &wanted, false, "/run/gateway.time");
	CHECK(has_word(&words, "port 0"));
	CHECK(!has_beginning(&words, "allow") && !has_beginning(&words, "peer"));

	ntp_directives_once(&words, &wanted, 3);
	CHECK(has_word(&words, "server 192.0.2.10 iburst maxsamples 1"));
	CHECK(has_word(&words, "-Q"));
	CHECK(!has_beginning(&words, "peer"));

	wanted.mode = NTP_PEERS;
	CHECK(ntp_serves(&wanted) && !ntp_asks(&wanted));
	ntp_directives(&words, &wanted, true, "/run/gateway.time");
	CHECK(!has_beginning(&words, "server"));
	CHECK(has_word(&words, "peer 10.8.3.3 minpoll 4"));

	wanted.mode = NTP_OFF;
	CHECK(!ntp_serves(&wanted) && !ntp_asks(&wanted));
}

TEST(nothing_is_asked_before_someone_says_so)
{
	struct ntp_wanted wanted = parsed("server 192.0.2.9\nvpn 10.8.3.1/24\nmode maybe\nvpn nowhere\nnetns\npeer\n\n");

	CHECK_INT(wanted.mode, NTP_OFF);
	CHECK(!ntp_asks(&wanted) && !ntp_serves(&wanted));
}

TEST(of_many_peers_all_instances_ask_the_same)
{
	struct ntp_wanted wanted = { .mode = NTP_ON };

	for (unsigned i = 40; i > 0; i--) {
		struct inet_addr addr = { .family = AF_INET, .bytes = { 10, 8, 3, (uint8_t)(i * 3) } };

		ntp_wanted_add_peer(&wanted, &addr);
	}
	CHECK_INT(wanted.peer_count, NTP_PEERS_MAX);
	for (unsigned i = 0; i < NTP_PEERS_MAX; i++)
		CHECK_INT(wanted.peers[i].bytes[3], (i + 1) * 3);
}

TEST(chronyds_lines_are_read)
{
	static const struct {
		const char *line;
		enum ntp_saying what;
		int64_t offset_us;
		const char *text; /* NULL: whatever */
	} rows[] = {
		{ "2026-11-29T07:41:28Z System clock wrong by -0.000071 seconds (ignored)", NTP_SAYS_WRONG, -71, NULL },
		{ "2026-11-29T07:41:28Z System clock wrong by 63072000.500000 seconds (ignored)", NTP_SAYS_WRONG, 63072000500000, NULL },
		{ "2026-11-29T07:41:28Z System clock wrong by 1.500000 seconds", NTP_SAYS_WORDS, 1500000, NULL },
		{ "2026-11-29T07:41:28Z System clock wrong by nan seconds (ignored)", NTP_SAYS_WORDS, 0, NULL },
		{ "2026-11-29T07:41:28Z System clock wrong by 99999999999999999999.5 seconds (ignored)", NTP_SAYS_WORDS, 0, NULL },
		{ "2026-11-29T07:41:28Z Adjustment of 4000.250 seconds exceeds the allowed maximum of 3600.000 seconds (ignored) ",
		  NTP_SAYS_TOO_FAR, 4000250000, NULL },
		{ "2026-11-29T07:41:28Z Selected source 192.0.2.9", NTP_SAYS_SELECTED, 0, "192.0.2.9" },
		{ "2026-11-29T07:41:28Z chronyd version 4.6.1 starting (+CMDMON +NTP)", NTP_SAYS_NOTHING, 0, NULL },
		{ "2026-11-29T07:41:28Z Can't synchronise: no majority", NTP_SAYS_WORDS, 0, "Can't synchronise: no majority" },
		{ "a line without a time", NTP_SAYS_WORDS, 0, "a line without a time" },
		{ "", NTP_SAYS_NOTHING, 0, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ntp_said said = ntp_said_read(slice_of(rows[i].line));

		CHECK_INT(said.what, rows[i].what);
		if (rows[i].what != NTP_SAYS_WORDS)
			CHECK_INT(said.offset_us, rows[i].offset_us);
		if (rows[i].text)
			CHECK(slice_equal(said.text, rows[i].text));
	}
}

/* candm.h's Float: 2^(exponent - 25) * coefficient. */
static void put_float(uint8_t *dst, int exponent, int32_t coefficient)
{
	store_be32(dst, (uint32_t)exponent << 25 | ((uint32_t)coefficient & 0x1ffffff));
}

TEST(chronyds_answers_are_read)
{
	uint8_t bytes[NTP_REPORT_MAX];
	struct ntp_tracking tracking;
	struct ntp_source source;
	uint32_t count;
	size_t len = ntp_ask_tracking(bytes, 7);

	/* An answer is never longer than its request: no amplification, and what is shorter is refused. */
	CHECK_INT(len, 104);
	CHECK(bytes[0] == 6 && bytes[1] == 1 && load_be16(bytes + 4) == 33 && load_be32(bytes + 8) == 7);
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = 6;
	bytes[1] = 2;
	store_be16(bytes + 4, 33);
	store_be16(bytes + 6, 5);
	store_be32(bytes + 16, 7);
	memcpy(bytes + 32, (const uint8_t[]){ 192, 0, 2, 9 }, 4);
	store_be16(bytes + 48, 1); /* IPv4 */
	store_be16(bytes + 52, 3);
	put_float(bytes + 68, 0, -(1 << 23));     /* -0.25 s */
	put_float(bytes + 92, 1, 1 << 24 >> 1);   /* 0.5 s */
	put_float(bytes + 96, 0, 1 << 23);        /* 0.25 s */
	CHECK(ntp_read_tracking(bytes, 104, 7, &tracking));
	CHECK(tracking.synchronised && tracking.source.family == AF_INET && tracking.source.bytes[3] == 9);
	CHECK_INT(tracking.stratum, 3);
	CHECK_INT(tracking.correction_ns, -250000000);
	CHECK_INT(tracking.root_distance_ns, 500000000);
	CHECK(ntp_is_right(&tracking));
	CHECK(!ntp_read_tracking(bytes, 103, 7, &tracking));
	CHECK(!ntp_read_tracking(bytes, 104, 8, &tracking));
	put_float(bytes + 68, 63, (1 << 24) - 1); /* the largest there is */
	CHECK(ntp_read_tracking(bytes, 104, 7, &tracking));
	CHECK(!ntp_is_right(&tracking));
	store_be16(bytes + 54, 3); /* not synchronised */
	CHECK(ntp_read_tracking(bytes, 104, 7, &tracking) && !tracking.synchronised && !ntp_is_right(&tracking));

	CHECK_INT(ntp_ask_source_count(bytes, 1), 32);
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = 6;
	bytes[1] = 2;
	store_be16(bytes + 4, 14);
	store_be16(bytes + 6, 2);
	store_be32(bytes + 16, 1);
	store_be32(bytes + 28, 4);
	CHECK(ntp_read_source_count(bytes, 32, 1, &count));
	CHECK_INT(count, 4);

	CHECK_INT(ntp_ask_source(bytes, 2, 3), 76);
	CHECK_INT(load_be32(bytes + 20), 3);
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = 6;
	bytes[1] = 2;
	store_be16(bytes + 4, 15);
	store_be16(bytes + 6, 3);
	store_be32(bytes + 16, 2);
	store_be16(bytes + 28 + 16, 1);
	store_be16(bytes + 28 + 24, 99); /* a state that there is not */
	store_be16(bytes + 28 + 26, 1);
	store_be32(bytes + 28 + 32, UINT32_MAX);
	CHECK(ntp_read_source(bytes, 76, 2, &source));
	CHECK(source.is_peer && !source.answers && source.state == NTP_UNREACHABLE && source.ago_s == UINT32_MAX);
}

static void add_line(void *arg, const char *text)
{
	text_add(arg, "%s\n", text);
}

static const char *state_said(const struct ntp_state *state)
{
	static char said[1024];
	struct text text;

	text_init(&text, said, sizeof(said));
	ntp_state_print(state, add_line, &text);
	return said;
}

/* chronyd with `local` reports itself while the root distance is over 1 s, as it is while minutes are slewed (reference.c). */
TEST(clock_names_the_server_that_it_is_slewed_to)
{
	struct ntp_state state = {
		.tracking = { .synchronised = true, .stratum = 10, .correction_ns = 163250000000 },
		.sources = { { .addr = { .family = AF_INET, .bytes = { 192, 0, 2, 9 } }, .state = NTP_SELECTED, .answers = true,
			       .stratum = 3, .ago_s = 12, .offset_ns = -170000000000 } },
		.source_count = 1,
	};

	CHECK_STR(state_said(&state), "source       192.0.2.9, stratum 10 until we are near it\n"
				      "offset       163.250000 s behind of it, slewed\n"
				      "root distance more than 1 s\n"
				      "  192.0.2.9       server, in use, stratum 3; 12 s ago we were 170.000000 s behind\n");
	state.tracking.source = state.sources[0].addr;
	state.tracking.stratum = 4;
	state.tracking.root_distance_ns = 250000000;
	CHECK_STR(state_said(&state), "source       192.0.2.9, stratum 4\n"
				      "offset       163.250000 s behind of it, slewed\n"
				      "root distance 0.250000 s: it cannot be off by more\n"
				      "  192.0.2.9       server, in use, stratum 3; 12 s ago we were 170.000000 s behind\n");
	state.tracking = (struct ntp_tracking){ .synchronised = true, .stratum = 10 };
	state.sources[0].state = NTP_SELECTABLE;
	CHECK_STR(state_said(&state), "source       this machine itself, stratum 10: no one else tells the time\n"
				      "  192.0.2.9       server, not in use, others are better, stratum 3; 12 s ago we were 170.000000 s behind\n");
}

TEST(a_rate_that_a_killed_chronyd_left_is_known_by_the_tick)
{
	CHECK(!ntp_rate_is_changed(10000, 100));
	CHECK(ntp_rate_is_changed(9167, 100)); /* 83333 ppm slower, chronyd's most */
	CHECK(ntp_rate_is_changed(10001, 100));
	CHECK(!ntp_rate_is_changed(0, -1)); /* not known */
}
