/* What instances say to each other: as bytes, and the asking side against what a peer may do, over a socket pair. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/pass.h"
#include "cluster/exchange.h"
#include "cluster/fetch.h"
#include "crypto/sha256.h"

enum { BUNDLE_LEN = 100000 };

TEST(request_is_read_as_it_was_written)
{
	struct exchange_request asked = { EXCHANGE_BUNDLE, UINT64_C(0x123456789a), { 7, [31] = 9 } }, read;
	uint8_t bytes[EXCHANGE_LEN];

	exchange_write_request(bytes, &asked);
	CHECK_MEM(bytes, "MITIGATOR PEER\0\0\1\0\0\0\1\0\0\0\x9a\x78\x56\x34\x12\0\0\0\7", 33);
	CHECK_INT(exchange_read_request(bytes, &read), 0);
	CHECK_INT(read.what, EXCHANGE_BUNDLE);
	CHECK_INT(read.offset, asked.offset);
	CHECK_MEM(read.id, asked.id, sizeof(read.id));
	bytes[16] = 2;
	CHECK_INT(exchange_read_request(bytes, &read), -EPROTONOSUPPORT);
	bytes[15] = 1;
	CHECK_INT(exchange_read_request(bytes, &read), -EPROTO);
	CHECK_INT(read.what, 0);
}

TEST(answer_that_makes_no_sense_is_none)
{
	struct exchange_answer given = { EXCHANGE_OK, 5, 9 }, read;
	uint8_t bytes[EXCHANGE_LEN];

	exchange_write_answer(bytes, &given);
	CHECK_INT(exchange_read_answer(bytes, &read), 0);
	CHECK_INT(read.offset, 5);
	CHECK_INT(read.len, 9);
	bytes[24] = 10; /* behind the end */
	CHECK_INT(exchange_read_answer(bytes, &read), -EPROTO);
	bytes[24] = 9;
	CHECK_INT(exchange_read_answer(bytes, &read), 0);
	bytes[20] = EXCHANGE_NONE; /* nothing of nine bytes */
	CHECK_INT(exchange_read_answer(bytes, &read), -EPROTO);
	bytes[20] = EXCHANGE_STATUSES;
	CHECK_INT(exchange_read_answer(bytes, &read), -EPROTO);
	bytes[20] = EXCHANGE_OK;
	bytes[63] = 1;
	CHECK_INT(exchange_read_answer(bytes, &read), -EPROTO);
	CHECK_INT(read.len, 0);
}

TEST(descriptor_goes_with_a_byte_or_none_does)
{
	int ends[2], fd = memfd_create("passed", MFD_CLOEXEC), got = -1;
	char word = 0;

	CHECK(fd >= 0 && write(fd, "x", 1) == 1);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	CHECK_INT(pass_take(ends[1], &word, &got), -EAGAIN);
	CHECK_INT(pass_send(ends[0], 'a', fd), 0);
	CHECK_INT(pass_send(ends[0], 'b', -1), 0);
	CHECK_INT(pass_take(ends[1], &word, &got), 0);
	CHECK(word == 'a' && got >= 0 && got != fd && lseek(got, 0, SEEK_END) == 1);
	close(got);
	CHECK_INT(pass_take(ends[1], &word, &got), 0);
	CHECK(word == 'b' && got < 0);
	close(ends[0]);
	CHECK_INT(pass_take(ends[1], &word, &got), -EPIPE);
	close(ends[1]);
	close(fd);
}

/* ---- a peer of any kind ---- */

static uint8_t bundle[BUNDLE_LEN + 1];
static uint8_t heads_seen;
static bool is_wanted;

struct peer {
	int socket;
	struct exchange_answer answer;
	uint64_t sends; /* bytes behind the answer, from its offset on */
	struct exchange_request asked;
};

static void *peer_answers(void *arg)
{
	struct peer *peer = arg;
	uint8_t bytes[EXCHANGE_LEN];

	if (recv(peer->socket, bytes, sizeof(bytes), MSG_WAITALL) == (ssize_t)sizeof(bytes) &&
	    exchange_read_request(bytes, &peer->asked) == 0) {
		exchange_write_answer(bytes, &peer->answer);
		(void)send(peer->socket, bytes, sizeof(bytes), MSG_NOSIGNAL);
		for (uint64_t at = peer->answer.offset, end = at + peer->sends; at < end;) {
			ssize_t n = send(peer->socket, bundle + at, (size_t)(end - at), MSG_NOSIGNAL);

			if (n <= 0)
				break;
			at += (uint64_t)n;
		}
	}
	close(peer->socket);
	return NULL;
}

static bool begins(void *arg, const uint8_t head[static EXCHANGE_HEAD_LEN], uint64_t len)
{
	(void)arg;
	heads_seen++;
	return is_wanted && len == BUNDLE_LEN && !memcmp(head, bundle, EXCHANGE_HEAD_LEN);
}

static void progress(void *arg, uint64_t at, uint64_t len)
{
	(void)arg;
	(void)at;
	(void)len;
}

static enum fetch_end fetch_from(struct fetch *fetch, struct peer *peer)
{
	enum fetch_end end;
	pthread_t thread;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		abort();
	peer->socket = ends[1];
	if (pthread_create(&thread, NULL, peer_answers, peer))
		abort();
	end = fetch_bundle(fetch, ends[0]);
	close(ends[0]);
	pthread_join(thread, NULL);
	return end;
}

static struct fetch fetch_new(void)
{
	for (size_t i = 0; i < sizeof(bundle); i++)
		bundle[i] = (uint8_t)(i * 7 + i / 251);
	is_wanted = true;
	heads_seen = 0;
	return (struct fetch){ .file = memfd_create("fetched", MFD_CLOEXEC), .len_max = BUNDLE_LEN, .begins = begins, .progress = progress };
}

static bool is_whole(const struct fetch *fetch)
{
	static uint8_t bytes[BUNDLE_LEN + 1];

	return pread(fetch->file, bytes, sizeof(bytes), 0) == BUNDLE_LEN && !memcmp(bytes, bundle, BUNDLE_LEN);
}

TEST(fetch_goes_on_where_it_was_broken_off)
{
	struct fetch fetch = fetch_new();
	struct peer peer = { .answer = { EXCHANGE_OK, 0, BUNDLE_LEN }, .sends = 40000 };
	uint8_t id[SHA256_LEN];

	CHECK_INT(fetch_from(&fetch, &peer), FETCH_BROKEN);
	CHECK_INT(fetch.at, 40000);
	CHECK_STR(fetch.words, "the connection ended");
	peer = (struct peer){ .answer = { EXCHANGE_OK, 40000, BUNDLE_LEN }, .sends = BUNDLE_LEN - 40000 };
	CHECK_INT(fetch_from(&fetch, &peer), FETCH_WHOLE);
	CHECK_INT(peer.asked.offset, 40000);
	sha256(id, bundle, EXCHANGE_HEAD_LEN);
	CHECK_MEM(peer.asked.id, id, sizeof(id));
	CHECK(is_whole(&fetch));
	CHECK_INT(heads_seen, 2);
	close(fetch.file);
}

TEST(fetch_begins_anew_where_the_peer_runs_something_else_by_now)
{
	struct fetch fetch = fetch_new();
	struct peer peer = { .answer = { EXCHANGE_OK, 0, BUNDLE_LEN }, .sends = BUNDLE_LEN };

	CHECK_INT(ftruncate(fetch.file, 5000), 0);
	CHECK_INT(fetch_from(&fetch, &peer), FETCH_WHOLE);
	CHECK_INT(peer.asked.offset, 5000);
	CHECK(is_whole(&fetch));
	close(fetch.file);
}

TEST(fetch_of_less_than_a_head_asks_for_all_of_it)
{
	struct fetch fetch = fetch_new();
	struct peer peer = { .answer = { EXCHANGE_OK, 0, BUNDLE_LEN }, .sends = EXCHANGE_HEAD_LEN - 1 };

	CHECK_INT(fetch_from(&fetch, &peer), FETCH_BROKEN);
	CHECK_INT(heads_seen, 0);
	peer.sends = BUNDLE_LEN;
	CHECK_INT(fetch_from(&fetch, &peer), FETCH_WHOLE);
	CHECK_INT(peer.asked.offset, 0);
	CHECK(is_whole(&fetch));
	close(fetch.file);
}

TEST(fetch_refuses_what_no_honest_peer_sends)
{
	static const struct {
		struct exchange_answer answer;
		uint64_t sends;
		const char *words;
	} peers[] = {
		{ { EXCHANGE_OK, 0, BUNDLE_LEN }, BUNDLE_LEN + 1, "it sends more than it announced" },
		{ { EXCHANGE_OK, 0, BUNDLE_LEN + 1 }, 0, "no update is as long as it says" },
		{ { EXCHANGE_OK, 0, EXCHANGE_HEAD_LEN }, EXCHANGE_HEAD_LEN, "no update is as long as it says" },
		{ { EXCHANGE_OK, 17, BUNDLE_LEN }, 0, "it begins where no one asked for" },
		{ { EXCHANGE_STATUSES, 0, 0 }, 0, "what it says is none of this protocol" },
	};

	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		struct fetch fetch = fetch_new();
		struct peer peer = { .answer = peers[i].answer, .sends = peers[i].sends };

		CHECK_INT(fetch_from(&fetch, &peer), FETCH_REFUSED);
		CHECK_STR(fetch.words, peers[i].words);
		close(fetch.file);
	}
}

TEST(fetch_takes_no_more_than_the_head_of_what_is_not_wanted)
{
	struct fetch fetch = fetch_new();
	struct peer peer = { .answer = { EXCHANGE_OK, 0, BUNDLE_LEN }, .sends = BUNDLE_LEN };

	is_wanted = false;
	CHECK_INT(fetch_from(&fetch, &peer), FETCH_REFUSED);
	CHECK_STR(fetch.words, "");
	CHECK_INT(lseek(fetch.file, 0, SEEK_END), EXCHANGE_HEAD_LEN);
	close(fetch.file);
}

TEST(fetch_says_when_a_peer_has_none)
{
	struct fetch fetch = fetch_new();
	struct peer peer = { .answer = { EXCHANGE_NONE, 0, 0 } };

	CHECK_INT(fetch_from(&fetch, &peer), FETCH_NOTHING);
	CHECK_STR(fetch.words, "it has no update to give: what it runs came by none, or is on trial");
	peer.answer.status = EXCHANGE_OTHER;
	CHECK_INT(fetch_from(&fetch, &peer), FETCH_NOTHING);
	CHECK_STR(fetch.words, "its version speaks another protocol");
	close(fetch.file);
}
