/* Starts WireGuard in user space as a program, an image of this binary, which goes on by itself in the background: it outlives who
 * started it, and ends with its interface. */
#ifndef TUNNEL_UAPI_PROGRAM_H
#define TUNNEL_UAPI_PROGRAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tunnel/tunnel.h"

struct uapi_program_options {
	const char *device;  /* of its interface, */
	const char *alias;   /* which it gives it, */
	int netns_fd;        /* and where it makes that; -1: here */
	const char *sockets; /* directory of its sockets, */
	const char *name;    /* which are called by that */
};

/* A start is waited for as long, on a busy machine; where there is less time than the second, it is not begun. */
enum { UAPI_PROGRAM_WAIT_MS = 3500, UAPI_PROGRAM_LEAST_MS = 2000 };

/* 0 once its sockets answer, or -errno with its own words: -ETIMEDOUT when it took longer than deadline_ns; behind that its end takes up to
 * UAPI_PROCESS_END_MS. */
int uapi_program_start(const struct uapi_program_options *options, uint64_t deadline_ns, char *words, size_t cap);

/* The end of what carried tunnel's interface before: of the interface of that index, which may be another backend's too (0: there is none), and of the
 * program, also if no one can speak to it any more. */
void uapi_program_end(struct tunnel *tunnel, uint32_t index, uint64_t deadline_ns);

/* Starts one that opens sockets for the one with that alias: our end of a socket to that, or -errno; -EBUSY: the one before has not ended. It
 * ends with the other end of it, which is for the program. */
int uapi_program_opener(const char *alias);

#endif
