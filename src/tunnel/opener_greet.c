#include "tunnel/opener_greet.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "base/pass.h"
#include "tunnel/opener_words.h"

static const struct opener_request hello = { .number = 1, .what = OPENER_HELLO };

static int read_answer(int fd)
{
	uint8_t bytes[OPENER_ANSWER_LEN];
	struct opener_answer answer;
	struct passed passed;
	int err = pass_receive(fd, bytes, sizeof(bytes), &passed);

	if (err < 0)
		return err;
	pass_close(&passed);
	err = opener_read_answer(bytes, passed.len, &answer);
	if (err < 0)
		return err;
	return answer.number == hello.number && answer.err == -EOPNOTSUPP ? 0 : -EBADMSG;
}

int opener_greet(int fd, unsigned wait_ms)
{
	uint64_t now_ns = clock_now_ns(), deadline_ns = now_ns + wait_ms * NS_PER_MS;
	uint8_t bytes[OPENER_REQUEST_LEN];
	int err;

	opener_write_request(bytes, &hello);
	err = pass_message(fd, bytes, sizeof(bytes), NULL, 0);
	for (; !err && now_ns < deadline_ns; now_ns = clock_now_ns()) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };

		if (poll(&ready, 1, (int)((deadline_ns - now_ns) / NS_PER_MS) + 1) > 0)
			return read_answer(fd);
	}
	return err < 0 ? err : -ETIMEDOUT;
}
