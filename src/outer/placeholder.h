/* Owns the kernel's UDP sockets on our port: they keep it ours and the kernel from answering port unreachable. */
#ifndef OUTER_PLACEHOLDER_H
#define OUTER_PLACEHOLDER_H

#include <stdbool.h>
#include <stdint.h>

struct placeholder {
	int fd4, fd6; /* fd6 is -1 on a kernel without IPv6 */
	uint16_t port;
};

/* port 0: the kernel chooses one that is free for both. merge: what comes is merged, so that it is cheap to drop. 0 or -errno. */
int placeholder_open(struct placeholder *placeholder, uint16_t port, bool merge);
void placeholder_close(struct placeholder *placeholder);
uint16_t placeholder_port(const struct placeholder *placeholder);

#endif
