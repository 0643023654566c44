/* The verbs of a path's control socket, as a table. */
#ifndef GATEWAY_VERBS_H
#define GATEWAY_VERBS_H

#include "gateway/service.h"

void verbs_request(struct control_call *call, int argc, char **argv, uint64_t now_ns);

/* What a reconfigure asked for by service_read is there: 0; -EINVAL: there are errors in it; -errno: no file could be read. */
void verbs_files_read(struct service *service, int err);

/* What a reconfigure waits for (names, the disk) went on. */
void verbs_progress(struct service *service);

/* "show | check | reconfigure ..." for usage lines. */
void verbs_usage(void (*line)(void *arg, const char *text), void *arg);

#endif
