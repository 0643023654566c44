/* Both paths on one screen. */
#include "report/overview.h"

#include <stdio.h>
#include <string.h>

#include "report/words.h"
#include "test.h"

static struct overview overview, before;
static char out[1 << 16], text[1 << 20];
static size_t longest, lines;

static void keep_line(void *arg, const char *line)
{
	size_t len = strlen(out), columns = 0;

	(void)arg;
	(void)snprintf(out + len, sizeof(out) - len, "%s\n", line);
	for (; *line; line++)
		columns += (*line & 0xc0) != 0x80;
	longest = columns > longest ? columns : longest;
	lines++;
}

static void begin(void)
{
	overview = (struct overview){ .peer_count = 0 };
	out[0] = '\0';
	longest = lines = 0;
}

static bool reads(unsigned path, const char *said)
{
	return overview_read(&overview, path, slice_of(said));
}

TEST(overview_has_the_worst_peer_first_and_one_line_for_each)
{
	begin();
	CHECK(reads(0, "up\t\t\tfra1\t10.8.3.1\t\n"
		       "KEYl=\tlon1\t10.8.3.3\tup\t12\t7\t8\n"
		       "KEYa=\tams1\t10.8.3.2\tDOWN\t222\t7\t8\n"));
	CHECK(reads(1, "up\t\t\tfra1\t10.8.3.1\t\n"
		       "KEYl=\tlon1\t10.8.3.3\tidle\t240\t7\t8\n"
		       "KEYa=\tams1\t10.8.3.2\tup\t8\t7\t8\n"
		       "KEYb=\tber1\t10.8.3.4\tno endpoint\t0\t0\t0\n"));
	overview_print_paths(&overview, keep_line, NULL);
	overview_print_peers(&overview, OVERVIEW_ROWS, keep_line, NULL);
	CHECK_STR(out, "PEER      VPN ADDRESS   MANAGEMENT        DATAPLANE\n"
		       "ams1      10.8.3.2      DOWN 3m42s        up 8 s\n"
		       "ber1      10.8.3.4      -                 no endpoint\n"
		       "lon1      10.8.3.3      up 12 s           idle 4m\n"
		       "3 peers.  1 DOWN\n");
	CHECK_STR(overview.name, "fra1");
	CHECK(overview_is_fine(&overview));
}

TEST(overview_tells_of_a_path_that_is_not_up_and_of_none_that_is)
{
	begin();
	CHECK(reads(0, "down\tthis kernel has no WireGuard: the module wireguard is not there or cannot be loaded\t\t\t\t\n"));
	text_format(overview.paths[1].reason, sizeof(overview.paths[1].reason), "the service does not run");
	overview_print_paths(&overview, keep_line, NULL);
	overview_print_peers(&overview, OVERVIEW_ROWS, keep_line, NULL);
	CHECK_STR(out, "management: down: this kernel has no WireGuard: the module wireguard is not\n"
		       "  there or cannot be loaded\n"
		       "dataplane: the service does not run\n");
	CHECK(!overview_is_fine(&overview));
}

/* count peers, every 50th DOWN, with long names. */
static void many(unsigned path, unsigned count, unsigned long bytes)
{
	struct text said;

	text_init(&said, text, sizeof(text));
	text_add(&said, "up\t\t\tfra1\t10.8.0.1\t\n");
	for (unsigned i = 0; i < count; i++)
		text_add(&said, "KEY%u=\tZ\xc3\xbcrich-of-a-peer-with-a-long-name-%u\t2001:db8:1234:5678:9abc:def0:1234:%x\t%s\t%u\t%lu\t%lu\n", i, i, i,
			 i % 50 ? "up" : "DOWN", i, bytes * i, bytes);
	CHECK(overview_read(&overview, path, (struct slice){ text, said.len }));
}

TEST(overview_of_1000_peers_is_one_screen)
{
	begin();
	many(0, 1000, 0);
	many(1, 1000, 0);
	overview_print_peers(&overview, OVERVIEW_ROWS, keep_line, NULL);
	CHECK_INT(lines, OVERVIEW_ROWS + 2);
	CHECK(longest <= OVERVIEW_WIDTH);
	CHECK(strstr(out, "\n980 more up, 5 DOWN.  20 DOWN\n"));
	printf("  FIGURE  %zu bytes of `show` for 1000 peers, %.1f s at 9600 baud\n", strlen(out), (double)strlen(out) / 960);
}

TEST(overview_rates_are_of_the_time_between)
{
	begin();
	many(0, 3, 0);
	before = overview;
	many(0, 3, 5000000);
	overview_print_rates(&overview, &before, 5000, OVERVIEW_ROWS, keep_line, NULL);
	CHECK(longest <= OVERVIEW_WIDTH);
	CHECK(strstr(out, " up 2 s        2.0M  1.0M ?"));
	begin();
	CHECK(reads(0, "up\t\t\tfra1\t10.8.3.1\t\nK=\tams1\t10.8.3.2\tup\t1\t1234567\t999\n"));
	before = overview;
	overview_print_rates(&overview, &before, 0, OVERVIEW_ROWS, keep_line, NULL);
	CHECK(strstr(out, "ams1      up 1 s           0     0 ?               0     0\n"));
}

TEST(overview_takes_nothing_that_a_service_does_not_say)
{
	static const char *const bad[] = { "", "up", "up\t\t\t\n", "up\t\t\t\t\t\nK\n", "up\t\t\t\t\t\nK\tn\ta\tup\tx\t1\t1\n",
					   "up\t\t\t\t\t\n\tn\ta\tup\t1\t1\t1\n", "up\t\t\t\t\t\nK\tn\ta\tup\t-1\t1\t1\n" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin();
		CHECK(!reads(0, bad[i]));
	}
}

TEST(overview_wraps_at_blanks_and_goes_on_below_a_label)
{
	begin();
	overview_wrap("    failed         wrong key: from its endpoint comes a public key that is no peer's, 2 s", keep_line, NULL);
	CHECK_STR(out, "    failed         wrong key: from its endpoint comes a public key that is no\n"
		       "                   peer's, 2 s\n");
}

TEST(words_age_is_short)
{
	static const struct {
		int64_t s;
		const char *words;
	} rows[] = { { -3, "0 s" }, { 59, "59 s" }, { 60, "1m" }, { 222, "3m42s" }, { 240, "4m" }, { 3605, "1h00m" }, { 86400 * 3 + 4 * 3600, "3d04h" } };
	char words[32];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_STR(words_age(rows[i].s, words, sizeof(words)), rows[i].words);
}
