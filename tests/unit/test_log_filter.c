/* console/log_filter: which lines of the log are asked for. */
#include "console/log_filter.h"

#include <string.h>

#include "test.h"

static struct log_filter filter;

static bool reads(const char *one, const char *two, const char *three, const char *four)
{
	char log[] = "log", words[4][32];
	const char *const given[] = { one, two, three, four };
	char *argv[5] = { log };
	static char kept[4][32];
	int argc = 1;

	for (size_t i = 0; i < 4 && given[i]; i++) {
		memcpy(words[i], given[i], strlen(given[i]) + 1);
		memcpy(kept[i], words[i], sizeof(kept[i]));
		argv[argc++] = kept[i];
	}
	return log_filter_read(&filter, argc, argv);
}

TEST(log_filter_reads_a_time_a_peer_and_a_word)
{
	CHECK(reads(NULL, NULL, NULL, NULL) && !filter.span_s && !filter.peer && !filter.word);
	CHECK(reads("2h", NULL, NULL, NULL) && filter.span_s == 7200 && !filter.word);
	CHECK(reads("90s", "peer", "ams1", "failed") && filter.span_s == 90);
	CHECK_STR(filter.peer, "ams1");
	CHECK_STR(filter.word, "failed");
	CHECK(reads("peer", NULL, NULL, NULL) && !filter.peer);
	CHECK_STR(filter.word, "peer");
	CHECK(reads("2x", NULL, NULL, NULL) && !filter.span_s); /* a word like any other */
	CHECK(reads("0h", NULL, NULL, NULL) && !filter.span_s);
	CHECK(!reads("2h", "one", "two", NULL));
}

TEST(log_filter_takes_lines_of_one_peer_within_a_time)
{
	CHECK(reads("1m", "peer", "ams1", NULL));
	CHECK(log_filter_takes(&filter, "11-28 01:02:03 gateway: peer ams1: handshake failed", 60));
	CHECK(!log_filter_takes(&filter, "11-28 01:02:03 gateway: peer ams1: handshake failed", 61));
	CHECK(!log_filter_takes(&filter, "gateway: peer ams10: handshake failed", 1));
	CHECK(log_filter_takes(&filter, "gateway: peer ams10 after peer ams1", 1));
	CHECK(reads("eth0", NULL, NULL, NULL));
	CHECK(log_filter_takes(&filter, "eth0: link is up", 1u << 30) && !log_filter_takes(&filter, "eth1: link is up", 1));
}
