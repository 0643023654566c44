/* base/interrupt: an interrupt counts whenever it comes. */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/terminal.h"

static int ends[2];

static bool begin(void)
{
	interrupt_hear();
	interrupt_clear();
	return pipe(ends) == 0;
}

static void end(void)
{
	close(ends[0]);
	close(ends[1]);
	interrupt_clear();
	interrupt_unhear();
}

/* The end of a wait that would never end otherwise. */
static int poll_pipe(long timeout_ms)
{
	const struct timespec timeout = { .tv_nsec = timeout_ms * 1000000 };
	struct pollfd input = { .fd = ends[0], .events = POLLIN };

	return interrupt_poll(&input, 1, &timeout);
}

TEST(interrupt_that_was_seen_ends_no_further_wait)
{
	CHECK(begin());
	CHECK(!interrupt_came());
	CHECK_INT(raise(SIGINT), 0);
	CHECK(interrupt_came());
	CHECK_INT(poll_pipe(1), 0);
	CHECK_INT(write(ends[1], "x", 1), 1);
	CHECK_INT(poll_pipe(1), 1);
	interrupt_clear();
	CHECK(!interrupt_came());
	end();
}

TEST(interrupt_that_no_one_has_seen_ends_the_wait_that_comes_after_it)
{
	CHECK(begin());
	CHECK_INT(raise(SIGINT), 0);
	CHECK_INT(poll_pipe(1), -EINTR);
	CHECK_INT(poll_pipe(1), -EINTR);
	CHECK(interrupt_came());
	CHECK_INT(poll_pipe(1), 0);
	end();
}

TEST(interrupt_before_a_line_is_waited_for_ends_it)
{
	int input = dup(STDIN_FILENO);
	enum line_event event;
	struct line line;
	char bytes[8];

	CHECK(begin());
	CHECK_INT(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	line_init(&line, bytes, sizeof(bytes), terminal_echo, NULL);
	raise(SIGINT);
	event = terminal_read(&line);
	if (input >= 0)
		dup2(input, STDIN_FILENO);
	else
		close(STDIN_FILENO);
	close(input);
	end();
	CHECK_INT(event, LINE_INTERRUPTED);
	CHECK(!interrupt_came());
}
