/* UAPI as its client sees it: answers into values, values into requests, and what no answer may have. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "tunnel/uapi_opener.h"
#include "tunnel/uapi_patience.h"
#include "tunnel/uapi_process.h"

#define KEY_A "00000000000000000000000000000000000000000000000000000000000000aa"
#define KEY_B "00000000000000000000000000000000000000000000000000000000000000bb"
#define KEY_C "00000000000000000000000000000000000000000000000000000000000000cc"

static struct tunnel_config running;
static struct uapi_program program;
static struct uapi_answer answer;

/* The first that is refused, or 0; its lines are without the empty one at the end. */
static int read_lines(const char *text)
{
	struct slice rest = slice_of(text), line;
	int err = 0;

	while (!err && slice_cut(&rest, '\n', &line))
		if (line.len)
			err = uapi_answer_line(&answer, line);
	return err;
}

static int read_device(const char *text)
{
	tunnel_config_clear(&running);
	answer = (struct uapi_answer){ .running = &running };
	return read_lines(text);
}

static int read_more(const char *text)
{
	program = (struct uapi_program){ .index = 0 };
	answer = (struct uapi_answer){ .running = &running, .program = &program };
	return read_lines(text);
}

#define TWO_PEERS                                                                                        \
	"private_key=" KEY_A "\nlisten_port=4567\nfwmark=7\n"                                            \
	"public_key=" KEY_B "\npreshared_key=" KEY_C "\nprotocol_version=1\nendpoint=192.0.2.1:51820\n"  \
	"last_handshake_time_sec=1700000000\nlast_handshake_time_nsec=999999999\ntx_bytes=18446744073709551615\n" \
	"rx_bytes=2\npersistent_keepalive_interval=25\nallowed_ip=10.8.3.2/32\nallowed_ip=fd00::7/64\n"  \
	"public_key=" KEY_C "\nendpoint=[2001:db8::1]:1\nfuture=words of a newer one\n"

TEST(uapi_answer_becomes_a_config)
{
	const struct tunnel_peer *peer = &running.peers[0];

	CHECK_INT(read_device(TWO_PEERS "errno=0\n"), 0);
	CHECK(answer.ended && !answer.refused);
	CHECK(running.has_private_key && running.private_key[31] == 0xaa);
	CHECK_INT(running.listen_port, 4567);
	CHECK_INT(running.fwmark, 7);
	CHECK_INT(running.peer_count, 2);
	CHECK_INT(peer->public_key[31], 0xbb);
	CHECK_INT(peer->preshared_key[31], 0xcc);
	CHECK_INT(peer->endpoint.port, 51820);
	CHECK_INT(peer->handshake_s, 1700000000);
	CHECK_INT(peer->handshake_ns, 999999999);
	CHECK(peer->sent_bytes == UINT64_MAX && peer->received_bytes == 2);
	CHECK_INT(peer->keepalive_s, 25);
	CHECK_INT(peer->allowed_count, 2);
	CHECK(!peer->counts.known);
	/* Host bits are clear in a config, whatever a program says. */
	CHECK_INT(running.allowed[1].len, 64);
	CHECK_INT(running.allowed[1].addr.bytes[15], 0);
	CHECK_INT(running.peers[1].endpoint.addr.family, AF_INET6);
	CHECK_INT(running.peers[1].allowed_first, 2);
}

TEST(uapi_refusal_is_an_errno_whatever_its_sign)
{
	CHECK_INT(read_device("errno=-98\n"), 0);
	CHECK_INT(answer.refused, -98);
	CHECK_INT(read_device("error=the words\x1b of it\nerrno=22\n"), 0);
	CHECK_INT(answer.refused, -22);
	CHECK_STR(answer.error, "the words? of it");
}

TEST(uapi_second_socket_tells_of_peers_that_the_first_told_of)
{
	CHECK_INT(read_device(TWO_PEERS "errno=0\n"), 0);
	CHECK_INT(read_more("version=2\nindex=9\nunder_load=1\nopener=1\ntrouble=no way out\ndrop_replay=3\ndrop_new_kind=1\n"
			    "unknown_from=192.0.2.9:5\nunknown_age_s=8\nunknown_public_key=" KEY_A "\nmisled_from=[fd00::1]:6\n"
			    "public_key=" KEY_C "\nfailing=1\nfailure=preshared_key\nfailure_age_s=4\nfailures=5\ndrop_queue_full=6\n"
			    "public_key=" KEY_A "\nfailures=99\npublic_key=" KEY_B "\nfailure=of_a_newer_one\nfailures=1\nerrno=0\n"), 0);
	CHECK_INT(program.index, 9);
	CHECK_STR(program.trouble, "no way out");
	CHECK(!program.lacks_opener);
	CHECK(running.counts.under_load);
	CHECK_INT(running.counts.drops[TUNNEL_DROP_REPLAY], 3);
	CHECK_INT(running.counts.unknown.from.port, 5);
	CHECK_INT(running.counts.unknown.age_s, 8);
	CHECK_INT(running.counts.misled.from.addr.family, AF_INET6);
	CHECK(running.peers[1].counts.failing);
	CHECK_INT(running.peers[1].counts.failure, TUNNEL_FAILURE_PSK);
	CHECK_INT(running.peers[1].counts.failures, 5);
	CHECK_INT(running.peers[1].counts.drops[TUNNEL_DROP_QUEUE], 6);
	CHECK_INT(running.peers[0].counts.failures, 1);
	CHECK_INT(running.peers[0].counts.failure, TUNNEL_FAILURE_NONE);
}

TEST(uapi_opener_is_lacked_only_by_who_says_so)
{
	CHECK_INT(read_more("version=1\nerrno=0\n"), 0);
	CHECK(!program.lacks_opener);
	CHECK_INT(read_more("opener=0\nerrno=0\n"), 0);
	CHECK(program.lacks_opener);
}

TEST(uapi_opener_that_does_not_live_is_tried_less_and_less_often)
{
	static const unsigned tries_s[] = { 0, 1, 3, 7, 15, 31, 63, 123, 183, 183 + 121, 183 + 122 };
	struct uapi_opener opener = { .wait_s = 0 };
	size_t tried = 0;

	for (unsigned s = 0; s <= 183; s++)
		if (uapi_opener_is_due(&opener, (1000 + s) * NS_PER_S))
			CHECK_INT(s, tries_s[tried++]);
	/* One that lived is replaced at once. */
	for (unsigned s = 183 + 121; s <= 183 + 122; s++)
		if (uapi_opener_is_due(&opener, (1000 + s) * NS_PER_S))
			CHECK_INT(s, tries_s[tried++]);
	CHECK_INT(tried, sizeof(tries_s) / sizeof(tries_s[0]));
}

/* How long from now. */
static long long ms_until(uint64_t deadline_ns)
{
	uint64_t now_ns = clock_now_ns();

	return deadline_ns > now_ns ? (long long)((deadline_ns - now_ns) / NS_PER_MS) : 0;
}

static bool is_about(long long ms, long long wanted_ms)
{
	return ms <= wanted_ms && ms > wanted_ms - 500;
}

TEST(uapi_patience_of_a_turn_is_spent_by_all_who_wait_in_it)
{
	struct loop turning = { .turn = 7 };
	struct uapi_patience patience = { .loop = &turning };

	CHECK(is_about(ms_until(uapi_patience_until(&patience, UAPI_PATIENCE_MS)), UAPI_PATIENCE_MS));
	CHECK(!patience.was_short);
	/* A thousand answers that come at once. */
	for (int i = 0; i < 1000; i++)
		uapi_patience_waited(&patience, clock_now_ns() - (UAPI_PROMPT_MS - 10) * NS_PER_MS);
	CHECK_INT(uapi_patience_left_ms(&patience), UAPI_TURN_MS);
	uapi_patience_waited(&patience, clock_now_ns() - 2000 * NS_PER_MS);
	CHECK(is_about(uapi_patience_left_ms(&patience), UAPI_TURN_MS - 2000));
	CHECK(is_about(ms_until(uapi_patience_until(&patience, UAPI_PATIENCE_MS)), UAPI_TURN_MS - 2000 - UAPI_PROCESS_END_MS));
	CHECK(patience.was_short);
	CHECK(is_about(ms_until(uapi_patience_until_end(&patience)), UAPI_PROCESS_END_MS));
	uapi_patience_waited(&patience, clock_now_ns() - 2000 * NS_PER_MS);
	/* Only what has to end is waited for any more, and then nothing. */
	CHECK_INT(ms_until(uapi_patience_until(&patience, UAPI_PATIENCE_MS)), 0);
	CHECK(ms_until(uapi_patience_until_end(&patience)) > 0);
	uapi_patience_waited(&patience, clock_now_ns() - UAPI_PROCESS_END_MS * NS_PER_MS);
	CHECK_INT(uapi_patience_left_ms(&patience), 0);
	CHECK_INT(ms_until(uapi_patience_until_end(&patience)), 0);
	turning.turn++;
	CHECK(is_about(ms_until(uapi_patience_until(&patience, UAPI_PATIENCE_MS)), UAPI_PATIENCE_MS));
}

TEST(uapi_answers_that_are_refused)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{ "no equals sign\n", -EPROTO },
		{ "=0\n", -EPROTO },
		{ "endpoint=192.0.2.1:1\n", -EPROTO },       /* of which peer? */
		{ "allowed_ip=10.0.0.0/8\n", -EPROTO },
		{ "replace_peers=true\n", -EPROTO },          /* of a set */
		{ "nic=eth0\n", -EPROTO },
		{ "drop_replay=1\n", -EPROTO },               /* of the other socket */
		{ "errno=0\nlisten_port=1\n", -EPROTO },      /* behind the end */
		{ "errno=\n", -EINVAL },
		{ "errno=99999\n", -EINVAL },
		{ "errno=--1\n", -EINVAL },
		{ "listen_port=65536\n", -EINVAL },
		{ "listen_port=-1\n", -EINVAL },
		{ "listen_port= 1\n", -EINVAL },
		{ "private_key=aa\n", -EINVAL },
		{ "private_key=" KEY_A "a\n", -EINVAL },
		{ "public_key=" KEY_A "\nlast_handshake_time_nsec=1000000000\n", -EINVAL },
		{ "public_key=" KEY_A "\nlast_handshake_time_sec=9223372036854775808\n", -EINVAL },
		{ "public_key=" KEY_A "\ntx_bytes=18446744073709551616\n", -EINVAL },
		{ "public_key=" KEY_A "\nendpoint=\n", -EINVAL },
		{ "public_key=" KEY_A "\nallowed_ip=10.0.0.0/33\n", -EINVAL },
		{ "public_key=" KEY_A "\nprotocol_version=2\n", -EPROTO },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (read_device(rows[i].text) != rows[i].err) {
			(void)fprintf(stderr, "row %zu: %s", i, rows[i].text);
			CHECK_INT(read_device(rows[i].text), rows[i].err);
		}
	CHECK_INT(read_more("public_key=" KEY_A "\ndrop_cookie=1\n"), 0); /* a name that is none */
	CHECK_INT(read_more("under_load=2\n"), -EINVAL);
	CHECK_INT(read_more("trouble=\n"), -EINVAL);
}

TEST(uapi_answer_of_a_newer_program_or_of_a_link_that_went_is_taken)
{
	char line[UAPI_TEXT_MAX];

	CHECK_INT(read_device("public_key=" KEY_A "\nendpoint=[fe80::1%no-such-link]:1\nrx_bytes=7\nerrno=0\n"), 0);
	CHECK_INT(running.peers[0].endpoint.addr.family, 0);
	CHECK_INT(running.peers[0].received_bytes, 7);
	CHECK_INT(read_more("public_key=" KEY_A "\ndrop_unknown_peer=1\nfailures=3\nerrno=0\n"), 0); /* the device's alone, here */
	CHECK_INT(running.peers[0].counts.failures, 3);
	text_format(line, sizeof(line), "trouble=%0900d\n", 1);
	CHECK_INT(read_more(line), 0);
	CHECK_INT(strlen(program.trouble), TUNNEL_ERROR_LEN - 1);
	text_format(line, sizeof(line), "error=%0900d\n", 1);
	CHECK_INT(read_more(line), 0);
	CHECK_INT(strlen(answer.error), TUNNEL_ERROR_LEN - 1);
}

TEST(uapi_answer_with_more_than_a_config_holds)
{
	char line[128];
	int err = 0;

	CHECK_INT(read_device("public_key=" KEY_A "\n"), 0);
	for (unsigned i = 0; i < TUNNEL_PREFIXES_MAX && !err; i++) {
		text_format(line, sizeof(line), "allowed_ip=10.%u.%u.0/24", i / 256, i % 256);
		err = uapi_answer_line(&answer, slice_of(line));
	}
	CHECK_INT(err, 0);
	CHECK_INT(uapi_answer_line(&answer, slice_of("allowed_ip=11.0.0.0/24")), -ENOSPC);
	CHECK_INT(read_device(""), 0);
	for (unsigned i = 0; i < TUNNEL_PEERS_MAX && !err; i++) {
		text_format(line, sizeof(line), "public_key=%064x", i);
		err = uapi_answer_line(&answer, slice_of(line));
	}
	CHECK_INT(err, 0);
	CHECK_INT(uapi_answer_line(&answer, slice_of("public_key=" KEY_A)), -ENOSPC);
	CHECK_INT(running.peer_count, TUNNEL_PEERS_MAX);
}

static const char *text_of(struct uapi_lines *lines)
{
	static char text[4096];

	text_format(text, sizeof(text), "%.*s", (int)lines->len, lines->text);
	uapi_lines_free(lines);
	return text;
}

TEST(uapi_requests_say_what_is_to_change_and_no_more)
{
	static struct tunnel_config config;
	struct uapi_lines lines = { .len = 0 };
	struct tunnel_peer *peer = &config.peers[0];

	*peer = (struct tunnel_peer){ .keepalive_s = 25, .allowed_first = 0, .allowed_count = 1 };
	peer->public_key[31] = 0xbb;
	peer->endpoint = (struct inet_endpoint){ .addr = { AF_INET6, { 0xfe, 0x80, [15] = 1 } }, .port = 7, .scope_id = 3 };
	config.allowed[0] = (struct inet_prefix){ { AF_INET, { 10, 8, 3, 2 } }, 32 };
	config.private_key[31] = 0xaa;
	config.listen_port = 4567;
	uapi_text_peer(&lines, &config, peer, TUNNEL_SET_KEEPALIVE);
	CHECK_STR(text_of(&lines), "set=1\npublic_key=" KEY_B "\nupdate_only=true\npersistent_keepalive_interval=25\n\n");
	uapi_text_peer(&lines, &config, peer, TUNNEL_SET_NEW | TUNNEL_SET_ENDPOINT | TUNNEL_SET_ALLOWED);
	CHECK_STR(text_of(&lines), "set=1\npublic_key=" KEY_B "\nendpoint=[fe80::1%3]:7\nreplace_allowed_ips=true\n"
		  "allowed_ip=10.8.3.2/32\n\n");
	uapi_text_remove(&lines, peer->public_key);
	CHECK_STR(text_of(&lines), "set=1\npublic_key=" KEY_B "\nremove=true\n\n");
	uapi_text_device(&lines, &config);
	CHECK_STR(text_of(&lines), "set=1\nlisten_port=4567\nprivate_key=" KEY_A "\n\n");
}

TEST(uapi_nics_of_the_tunnel_alone_go_over_the_second_socket)
{
	static const struct tunnel_nic nics[2] = {
		{ .link = "eth1", .mtu_bytes = 1500, .addresses = { { { AF_INET, { 10, 5, 0, 1 } }, 24 } }, .address_count = 1,
		  .routes = { { { { AF_INET, { 0 } }, 0 }, { AF_INET, { 10, 5, 0, 2 } }, 1400 } }, .route_count = 1 },
		{ .link = "eth2", .mtu_bytes = 9000 },
	};
	struct uapi_lines lines = { .len = 0 };

	uapi_text_nics(&lines, nics, 2);
	CHECK_STR(text_of(&lines), "set=1\nreplace_nics=true\nnic=eth1\nmtu=1500\naddress=10.5.0.1/24\nroute=0.0.0.0/0\n"
		  "gateway=10.5.0.2\nroute_mtu=1400\nnic=eth2\nmtu=9000\n\n");
	uapi_text_nics(&lines, NULL, 0);
	CHECK_STR(text_of(&lines), "set=1\nreplace_nics=true\n\n");
}

TEST(uapi_socket_whose_path_is_too_long_is_refused_and_not_cut)
{
	char dir[UAPI_SOCKET_PATH_LEN];
	struct uapi_asker asker;

	memset(dir, 'd', sizeof(dir));
	dir[UAPI_SOCKET_PATH_LEN - 1 - strlen("/wg0.sock")] = '\0';
	CHECK_INT(uapi_asker_init(&asker, dir, "wg0", UAPI_SOCKET_END), 0);
	CHECK_INT(strlen(asker.path), UAPI_SOCKET_PATH_LEN - 1);
	CHECK_INT(uapi_asker_init(&asker, dir, "wg10", UAPI_SOCKET_END), -ENAMETOOLONG);
}
