/* What the host's filter, where the host has one, lets in for a path: its port, and its inner interface where that is on the
 * host. */
#ifndef GATEWAY_ADMISSION_H
#define GATEWAY_ADMISSION_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/env.h"

/* All zero: nothing. */
struct admission {
	const char *path; /* its name */
	uint16_t port;
	char device[IFNAMSIZ]; /* "": in a namespace of its own */
	bool filtered;         /* the host has one, as of the last look */
	char trouble[160];     /* why it may be shut out, "" when it is not */
};

/* Beside what was let in before, which stays until the path has moved. What is wrong is logged, once. */
void admission_widen(struct admission *admission, const char *path, uint16_t port, const char *device);
void admission_settle(struct admission *admission); /* that alone */
/* Who keeps the filter may have made it anew. True when the host has one by now, and had none. */
bool admission_mend(struct admission *admission);
/* The same for what comes out of the tunnel into a namespace of its own, where .env wants a filter and the host keeps one. */
void admission_inside(struct admission *admission, int netns_fd, const char *device, const struct env_conf *env);
void admission_leave(struct admission *admission, int netns_fd); /* the tunnel ends there */
void admission_end(struct admission *admission);

#endif
