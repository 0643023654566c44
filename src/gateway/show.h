/* `show`: what a path is and does, for people and as JSON. */
#ifndef GATEWAY_SHOW_H
#define GATEWAY_SHOW_H

#include "control/server.h"
#include "gateway/service.h"

/* Each prints to call and returns the exit status: 0, or 1 when the path is down and should not be. */
int show_text(struct service *service, struct control_call *call);
int show_json(struct service *service, struct control_call *call);

/* One line: the state, and which configuration runs. */
void show_status(struct service *service, struct control_call *call);

/* "1 minute, 12 seconds", as wg(8) says it; in dst. */
const char *show_duration(int64_t seconds, char *dst, size_t cap);
/* The same with "ago", or "Now"; in dst. */
const char *show_ago(int64_t seconds, char *dst, size_t cap);
/* "1.21 KiB", as wg(8) says it; in dst. */
const char *show_bytes(uint64_t bytes, char *dst, size_t cap);

#endif
