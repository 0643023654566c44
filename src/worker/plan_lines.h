/* Lines of a plan on their way to who asked: for a person as they are, for a program by kind (base/plan_line.h). */
#ifndef WORKER_PLAN_LINES_H
#define WORKER_PLAN_LINES_H

#include "base/plan_line.h"
#include "control/server.h"

struct plan_lines {
	struct control_call *call;
	bool by_kind;
	enum plan_kind kind; /* of those that come */
};

void plan_lines_put(void *lines, const char *text); /* to standard output */

#endif
