#include "tunnel/opener_greet.h"

#include <errno.h>

#include "base/await.h"
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
	uint64_t deadline_ns = clock_now_ns() + wait_ms * NS_PER_MS;
	uint8_t bytes[OPENER_REQUEST_LEN];
	int err;

	opener_write_request(bytes, &hello);
	err = pass_message(fd, bytes, sizeof(bytes), NULL, 0);
	if (!err)
		err = await_ready(fd, POLLIN, deadline_ns);
	return err < 0 ? err : read_answer(fd);
}
