#include "init/confirm.h"

#include <stdio.h>

#include "base/terminal.h"
#include "base/text.h"

enum { ANSWER_LEN = 256 };

bool confirm_typed(const char *what, const char *wanted)
{
	enum line_event event;
	struct line line;
	char answer[ANSWER_LEN];
	bool same;

	printf("Type its %s %s to go on: ", what, wanted);
	(void)fflush(stdout);
	terminal_open();
	line_init(&line, answer, sizeof(answer), terminal_echo, NULL);
	event = terminal_read(&line);
	terminal_restore();
	printf("\n");
	same = event == LINE_DONE && slice_equal(slice_trim(slice_of(answer)), wanted);
	if (!same)
		printf("that is not %s: nothing was written\n", wanted);
	return same;
}
