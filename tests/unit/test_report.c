/* The tree of what runs, and the printers of it. */
#include <string.h>

#include "base/text.h"
#include "report/view.h"
#include "report/words.h"
#include "test.h"

static char printed[1 << 16];
static size_t printed_len, pieces;

static void gather(void *arg, const char *bytes, size_t len)
{
	(void)arg;
	memcpy(printed + printed_len, bytes, len);
	printed_len += len;
	printed[printed_len] = '\0';
	pieces++;
}

static struct report report;

static void begin(void)
{
	report_free(&report.path);
	report_free(&report.peers);
	report = (struct report){ .out = { .write = gather }, .now_s = 1000 };
	printed_len = pieces = 0;
	printed[0] = '\0';
	report_add_text(&report.path, 0, "path", "gateway");
	report_add_text(&report.path, 0, ".title", "management");
	report_add_text(&report.path, 0, "state", "up");
	report_add_text(&report.path, 0, "reason", "");
	report_add_text(&report.path, 0, "backend", "lwip");
	report_add_text(&report.path, 0, "interface", "wg0");
	report_add_text(&report.path, 0, ".private_key", "SECRET=");
	report_add_text(&report.path, 0, "public_key", "PUBLIC=");
	report_add_number(&report.path, 0, "port", 4567);
	report_add(&report.path, 0, "dropped", REPORT_UNKNOWN);
}

static void add_peer(const char *name)
{
	uint32_t peer = report_add(&report.peers, 0, NULL, REPORT_OBJECT), list;

	report_add_text(&report.peers, peer, "public_key", "PEER=");
	report_add_text(&report.peers, peer, ".preshared_key", "PSK=");
	report_add_text(&report.peers, peer, "name", name);
	report_add_text(&report.peers, peer, "endpoint", "192.0.2.2:1");
	list = report_add(&report.peers, peer, "allowed_ips", REPORT_LIST);
	report_add_text(&report.peers, list, NULL, "10.0.0.2/32");
	report_add_text(&report.peers, list, NULL, "10.0.1.0/24");
	report_add_number(&report.peers, peer, "latest_handshake", 940);
	report_add_count(&report.peers, peer, "received_bytes", 5);
	report_add_count(&report.peers, peer, "sent_bytes", UINT64_MAX);
	report_add_bool(&report.peers, peer, "failing", true);
	report_add_text(&report.peers, peer, "last_failure", "no_answer");
	report_add_text(&report.peers, peer, ".failure_words", "no answer");
	report_add_number(&report.peers, peer, "last_failure_age_s", 3);
	report_add_number(&report.peers, peer, "failures", 17);
	list = report_add(&report.peers, peer, "dropped", REPORT_OBJECT);
	report_add_number(&report.peers, list, "replay", 2);
	report_add_number(&report.peers, list, "queue_full", 0);
	list = report_add(&report.peers, peer, ".dropped_words", REPORT_LIST);
	report_add_text(&report.peers, list, NULL, "replayed");
	report_add_text(&report.peers, list, NULL, "for a full queue");
}

static const char *view(const struct report_view *as)
{
	as->head(&report);
	report_view_peers(&report, as);
	as->tail(&report);
	report_flush(&report.out);
	return printed;
}

TEST(report_json_tells_unknown_from_zero_and_no_secret)
{
	begin();
	add_peer("a\"b\\c\n");
	CHECK_STR(view(&report_as_json),
		  "{\"path\":\"gateway\",\"state\":\"up\",\"reason\":\"\",\"backend\":\"lwip\",\"interface\":\"wg0\","
		  "\"public_key\":\"PUBLIC=\",\"port\":4567,\"dropped\":null,\"peers\":[{\"public_key\":\"PEER=\","
		  "\"name\":\"a\\\"b\\\\c\",\"endpoint\":\"192.0.2.2:1\",\"allowed_ips\":[\"10.0.0.2/32\",\"10.0.1.0/24\"],"
		  "\"latest_handshake\":940,\"received_bytes\":5,\"sent_bytes\":9223372036854775807,\"failing\":true,"
		  "\"last_failure\":\"no_answer\",\"last_failure_age_s\":3,\"failures\":17,"
		  "\"dropped\":{\"replay\":2,\"queue_full\":0}}]}\n");
}

TEST(report_text_tells_what_failed_and_what_was_dropped)
{
	begin();
	add_peer("berlin");
	CHECK(strstr(view(&report_as_text), "  peer berlin PEER=\n"));
	CHECK(strstr(printed, "    handshake      1 minute ago\n    failed         no answer, 3 seconds ago (17 in all)\n"));
	CHECK(strstr(printed, "    dropped        2 replayed\n"));
	CHECK(!strstr(printed, "SECRET") && !strstr(printed, "PSK"));
}

TEST(report_text_steers_no_terminal)
{
	begin();
	add_peer("a\033[2Jb\177c");
	CHECK(strstr(view(&report_as_text), "  peer a[2Jbc PEER=\n"));
	begin();
	add_peer("a\xc2\x9b" "2Jb\x9b");
	CHECK(strstr(view(&report_as_text), "  peer a2Jb\xef\xbf\xbd PEER=\n"));
}

TEST(report_text_is_utf8_whatever_the_name_is)
{
	static const struct {
		const char *name, *shown;
	} names[] = {
		{ "Z\xc3\xbcrich \xf0\x9f\x9a\x80", "Z\xc3\xbcrich \xf0\x9f\x9a\x80" },
		{ "Z\xc3", "Z\xef\xbf\xbd" },                          /* cut off */
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },             /* a longer form of / */
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* a surrogate */
		{ "\xbd\xae", "\xef\xbf\xbd\xef\xbf\xbd" },             /* begins in the middle */
		{ "\xff" "x", "\xef\xbf\xbdx" },
	};
	char line[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		begin();
		add_peer(names[i].name);
		text_format(line, sizeof(line), "  peer %s PEER=\n", names[i].shown);
		CHECK(strstr(view(&report_as_text), line));
	}
}

TEST(report_wg_fields_have_one_line_a_peer)
{
	begin();
	add_peer("");
	CHECK_STR(view(report_wg_field("allowed-ips")), "PEER=\t10.0.0.2/32 10.0.1.0/24\n");
	printed_len = 0;
	report.of_all = true;
	CHECK_STR(view(report_wg_field("preshared-keys")), "wg0\tPEER=\tPSK=\n");
	printed_len = 0;
	CHECK_STR(view(report_wg_field("dump")), "wg0\tSECRET=\tPUBLIC=\t4567\toff\n"
		  "wg0\tPEER=\tPSK=\t192.0.2.2:1\t10.0.0.2/32,10.0.1.0/24\t940\t5\t9223372036854775807\toff\n");
	CHECK(!report_wg_field("nothing") && !report_wg_field(""));
}

TEST(report_prints_any_number_of_peers_in_bounded_pieces)
{
	begin();
	report_as_json.head(&report);
	for (unsigned i = 0; i < 300; i++) {
		report_clear(&report.peers);
		add_peer("x");
		report_view_peers(&report, &report_as_json);
		CHECK(report.out.len <= REPORT_OUT_LEN);
		printed_len = 0;
	}
	CHECK_INT(report.printed, 300);
	CHECK(pieces > 40);
}

TEST(metrics_stand_together_by_name_and_tell_unknown_from_zero)
{
	const struct report_view *as = &report_as_metrics;
	uint32_t causes;

	begin();
	causes = report_add(&report.path, 0, ".drop_causes", REPORT_LIST);
	report_add_text(&report.path, causes, NULL, "replay");
	report_add_bool(&report.path, 0, ".up", true);
	add_peer("a \"b\\");
	for (report.pass = 0; report.pass < report_passes(as); report.pass++) {
		as->head(&report);
		report_view_peers(&report, as);
	}
	as->tail(&report);
	report_flush(&report.out);
	CHECK(strstr(printed, "# TYPE mitigator_gateway_up gauge\nmitigator_gateway_up{path=\"gateway\"} 1\n"));
	CHECK(strstr(printed, "\nmitigator_gateway_backend_info{path=\"gateway\",backend=\"lwip\"} 1\n"));
	CHECK(strstr(printed, "\nmitigator_gateway_generation{path=\"gateway\"} NaN\n"));
	CHECK(strstr(printed, "\nmitigator_gateway_dropped_packets_total{path=\"gateway\",cause=\"replay\"} NaN\n"));
	CHECK(strstr(printed, "# TYPE wireguard_received_bytes_total counter\nwireguard_received_bytes_total{path=\"gateway\","
			      "interface=\"wg0\",public_key=\"PEER=\",allowed_ips=\"10.0.0.2/32,10.0.1.0/24\","
			      "friendly_name=\"a \\\"b\\\\\"} 5\n"));
	CHECK(strstr(printed, "friendly_name=\"a \\\"b\\\\\"} 940\n"));
	CHECK(!strstr(printed, "SECRET=") && !strstr(printed, "PSK="));
}
