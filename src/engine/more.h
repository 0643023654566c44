/* The second socket, DIR/NAME.more beside UAPI's: what its lines mean is more_request.h's. */
#ifndef ENGINE_MORE_H
#define ENGINE_MORE_H

#include "engine/line_server.h"
#include "engine/more_request.h"

enum { MORE_WATCHERS_MAX = LINE_CLIENTS_MAX / 2 }; /* the other places are for questions */

struct more {
	struct more_host host;
	struct line_server server;
	struct more_request requests[LINE_CLIENTS_MAX];
	bool watches[LINE_CLIENTS_MAX];
	struct loop_timer soon, look;
	bool under_load; /* as it was when it was looked at last */
};

/* As uapi_open; host->watch is this file's own. more is static: zeros at first, or closed. */
int more_open(struct more *more, struct loop *loop, const char *dir, const char *name, const struct more_host *host);
void more_close(struct more *more); /* also when not open */

bool more_is_watched(const struct more *more);
/* Whoever watches is told, when the loop comes round; load is looked after by itself. */
void more_changed(struct more *more);

#endif
