#include "worker/plan_lines.h"

void plan_lines_put(void *arg, const char *text)
{
	const struct plan_lines *lines = arg;

	if (lines->by_kind)
		control_print(lines->call, CONTROL_OUT, "%s\t", plan_kind_word(lines->kind));
	control_print_line(lines->call, text);
}
