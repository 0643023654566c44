#include "cluster/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/sha256.h"

enum { PART_LEN = 1 << 16 };

static enum fetch_end stop(struct fetch *fetch, enum fetch_end end, const char *words)
{
	text_format(fetch->words, sizeof(fetch->words), "%s", words);
	return end;
}

/* All of len or less at the end of the connection; -ETIMEDOUT or -errno. */
static ssize_t receive(int socket, uint8_t *bytes, size_t len, uint64_t deadline_ns)
{
	size_t at = 0;

	while (at < len) {
		int err = await_ready(socket, POLLIN, deadline_ns);
		ssize_t n = err ? err : recv(socket, bytes + at, len - at, MSG_DONTWAIT);

		if (err)
			return err;
		if (!n)
			break;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)at;
}

/* ---- the question ---- */

static enum fetch_end await_connection(struct fetch *fetch, int socket)
{
	int err = await_ready(socket, POLLOUT, clock_now_ns() + FETCH_CONNECT_S * NS_PER_S), failed = 0;
	socklen_t len = sizeof(failed);

	if (!err && getsockopt(socket, SOL_SOCKET, SO_ERROR, &failed, &len) == 0)
		err = -failed;
	return err ? stop(fetch, FETCH_BROKEN, err == -ECONNREFUSED ? "it serves nothing there (MITIGATOR_CLUSTER_PORT)" : strerror(-err))
		   : FETCH_WHOLE;
}

/* Less than a head is nothing: by that the peer knows what it is of. */
static int look_at_file(struct fetch *fetch, struct exchange_request *request)
{
	uint8_t head[EXCHANGE_HEAD_LEN];
	off_t end = lseek(fetch->file, 0, SEEK_END);

	*request = (struct exchange_request){ .what = EXCHANGE_BUNDLE };
	fetch->at = 0;
	if (end < EXCHANGE_HEAD_LEN || (uint64_t)end > fetch->len_max || pread(fetch->file, head, sizeof(head), 0) != sizeof(head))
		return ftruncate(fetch->file, 0) < 0 ? -errno : 0;
	sha256(request->id, head, sizeof(head));
	fetch->at = request->offset = (uint64_t)end;
	return 0;
}

static enum fetch_end take_answer(struct fetch *fetch, int socket, const struct exchange_request *request)
{
	static const char *const why[EXCHANGE_STATUSES] = {
		[EXCHANGE_NONE] = "it has no update to give: what it runs came by none, or is on trial",
		[EXCHANGE_UNKNOWN] = "its version gives no updates",
		[EXCHANGE_OTHER] = "its version speaks another protocol",
	};
	uint8_t bytes[EXCHANGE_LEN];
	struct exchange_answer answer;
	ssize_t n = receive(socket, bytes, sizeof(bytes), clock_now_ns() + FETCH_ANSWER_S * NS_PER_S);
	int err;

	if (n < (ssize_t)sizeof(bytes))
		return stop(fetch, FETCH_BROKEN, n < 0 ? strerror((int)-n) : "it gave no answer");
	err = exchange_read_answer(bytes, &answer);
	if (err == -EPROTONOSUPPORT)
		return stop(fetch, FETCH_NOTHING, why[EXCHANGE_OTHER]);
	if (err < 0)
		return stop(fetch, FETCH_REFUSED, "what it says is none of this protocol");
	fetch->answered = true;
	if (answer.status != EXCHANGE_OK)
		return stop(fetch, FETCH_NOTHING, why[answer.status]);
	if (answer.len <= EXCHANGE_HEAD_LEN || answer.len > fetch->len_max)
		return stop(fetch, FETCH_REFUSED, "no update is as long as it says");
	if (answer.offset && answer.offset != request->offset)
		return stop(fetch, FETCH_REFUSED, "it begins where no one asked for");
	fetch->len = answer.len;
	/* It runs something else by now. */
	if (answer.offset != fetch->at && ftruncate(fetch->file, 0) < 0)
		return stop(fetch, FETCH_FAILED, strerror(errno));
	fetch->at = answer.offset;
	return FETCH_WHOLE;
}

/* ---- what comes ---- */

static bool put(struct fetch *fetch, const uint8_t *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(fetch->file, bytes + done, len - done, (off_t)fetch->at);

		if (n <= 0)
			return false;
		done += (size_t)n;
		fetch->at += (uint64_t)n;
	}
	return true;
}

static bool begins(struct fetch *fetch)
{
	uint8_t head[EXCHANGE_HEAD_LEN];

	return pread(fetch->file, head, sizeof(head), 0) == sizeof(head) && fetch->begins(fetch->arg, head, fetch->len);
}

/* What each byte earns is time, up to FETCH_SLACK_MAX_S of it. */
static uint64_t earn(uint64_t slow_ns, uint64_t bytes)
{
	uint64_t most_ns = clock_now_ns() + FETCH_SLACK_MAX_S * NS_PER_S;

	slow_ns += bytes * NS_PER_S / FETCH_LEAST_RATE;
	return slow_ns < most_ns ? slow_ns : most_ns;
}

static enum fetch_end take_rest(struct fetch *fetch, int socket)
{
	static uint8_t part[PART_LEN];
	uint64_t slow_ns = clock_now_ns() + FETCH_SLACK_S * NS_PER_S;
	bool has_begun = fetch->at >= EXCHANGE_HEAD_LEN;

	if (has_begun && !begins(fetch))
		return FETCH_REFUSED;
	while (fetch->at < fetch->len) {
		/* The head alone first: what is not wanted is not taken. */
		uint64_t left = (has_begun ? fetch->len : EXCHANGE_HEAD_LEN) - fetch->at, silent_ns = clock_now_ns() + FETCH_SILENCE_S * NS_PER_S;
		int err = await_ready(socket, POLLIN, silent_ns < slow_ns ? silent_ns : slow_ns);
		ssize_t n = err ? 0 : recv(socket, part, left < sizeof(part) ? (size_t)left : sizeof(part), MSG_DONTWAIT);

		if (clock_now_ns() >= slow_ns)
			return stop(fetch, FETCH_REFUSED, "it sends too slowly");
		if (err || !n)
			return stop(fetch, FETCH_BROKEN, err ? "nothing comes any more" : "the connection ended");
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return stop(fetch, FETCH_BROKEN, strerror(errno));
		if (n > 0 && !put(fetch, part, (size_t)n))
			return stop(fetch, FETCH_FAILED, strerror(errno));
		if (n > 0)
			slow_ns = earn(slow_ns, (uint64_t)n);
		if (!has_begun && fetch->at == EXCHANGE_HEAD_LEN) {
			has_begun = true;
			if (!begins(fetch))
				return FETCH_REFUSED;
		}
		fetch->progress(fetch->arg, fetch->at, fetch->len);
	}
	if (receive(socket, part, 1, clock_now_ns() + FETCH_END_S * NS_PER_S) > 0)
		return stop(fetch, FETCH_REFUSED, "it sends more than it announced");
	return FETCH_WHOLE;
}

enum fetch_end fetch_bundle(struct fetch *fetch, int socket)
{
	struct exchange_request request;
	uint8_t bytes[EXCHANGE_LEN];
	enum fetch_end end;
	int err;

	fetch->words[0] = '\0';
	fetch->answered = false;
	fetch->len = 0;
	err = look_at_file(fetch, &request);
	if (err < 0)
		return stop(fetch, FETCH_FAILED, strerror(-err));
	end = await_connection(fetch, socket);
	if (end != FETCH_WHOLE)
		return end;
	exchange_write_request(bytes, &request);
	if (send(socket, bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof(bytes))
		return stop(fetch, FETCH_BROKEN, strerror(errno));
	end = take_answer(fetch, socket, &request);
	return end == FETCH_WHOLE ? take_rest(fetch, socket) : end;
}
