/* base/terminal: what comes behind a line that is not obeyed, at a terminal of our own. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/terminal.h"

static int typist = -1, was = -1;

static bool begin(void)
{
	int theirs;

	typist = posix_openpt(O_RDWR | O_NOCTTY);
	if (typist < 0 || grantpt(typist) < 0 || unlockpt(typist) < 0)
		return false;
	theirs = open(ptsname(typist), O_RDWR | O_NOCTTY);
	was = dup(STDIN_FILENO);
	if (theirs < 0 || was < 0 || dup2(theirs, STDIN_FILENO) < 0)
		return false;
	close(theirs);
	terminal_open();
	interrupt_clear();
	return true;
}

static void end(void)
{
	terminal_restore();
	dup2(was, STDIN_FILENO);
	close(was);
	close(typist);
}

static bool type(const char *keys)
{
	return write(typist, keys, strlen(keys)) == (ssize_t)strlen(keys);
}

TEST(ctrl_c_leaves_no_rest_of_a_paste_to_be_obeyed)
{
	static const char paste[] = "PrivateKey = x\rversion\r";

	CHECK(begin());
	CHECK(type(paste));
	CHECK_INT(raise(SIGINT), 0);
	CHECK_INT(terminal_swallow(), sizeof(paste) - 1);
	CHECK_INT(terminal_waiting(), 0);
	CHECK(!interrupt_came());
	end();
}

TEST(nothing_is_swallowed_where_nothing_comes)
{
	CHECK(begin());
	CHECK_INT(terminal_swallow(), 0);
	end();
}

TEST(end_of_a_terminal_is_no_line)
{
	char bytes[16];
	struct line line;

	CHECK(begin());
	line_init(&line, bytes, sizeof(bytes), terminal_echo, NULL);
	CHECK(type("one\r"));
	CHECK_INT(terminal_read(&line), LINE_DONE);
	CHECK_STR(bytes, "one");
	close(typist);
	line_begin(&line, bytes, sizeof(bytes));
	CHECK_INT(terminal_read(&line), LINE_GONE);
	typist = -1;
	end();
}
