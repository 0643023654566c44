/* Starts WireGuard in user space as a program, an image of this binary, which goes on by itself in the background: it outlives who
 * started it, and ends with its interface. */
#ifndef TUNNEL_UAPI_PROGRAM_H
#define TUNNEL_UAPI_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

struct uapi_program_options {
	const char *device;  /* of its interface, */
	const char *alias;   /* which it gives it, */
	int netns_fd;        /* and where it makes that; -1: here */
	const char *sockets; /* directory of its sockets, */
	const char *name;    /* which are called by that */
};

/* 0 once its sockets answer, or -errno with its own words: -ETIMEDOUT when it took longer than UAPI_PROGRAM_WAIT_MS. */
enum { UAPI_PROGRAM_WAIT_MS = 4500 };
int uapi_program_start(const struct uapi_program_options *options, char *words, size_t cap);

/* Starts one that opens sockets for the one with that alias: our end of a socket to that, or -errno; -EBUSY: the one before has not ended. It
 * ends with the other end of it, which is for the program. */
int uapi_program_opener(const char *alias);

#endif
