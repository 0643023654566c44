/* Descriptors that one process hands to another over a unix socket, with the bytes of one message. */
#ifndef BASE_PASS_H
#define BASE_PASS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PASS_FDS_MAX = 2 }; /* in one message */

/* What came: the caller closes the first count of fd. */
struct passed {
	size_t len; /* of the bytes, as they were sent; no more than there was room for are there */
	size_t count;
	int fd[PASS_FDS_MAX];
};

/* A message of len bytes, 1 and more, with count descriptors. Waits for no one: 0 or -errno. */
int pass_message(int socket, const void *bytes, size_t len, const int *fds, size_t count);

/* Waits for no one: 0; -EPIPE: the other end is closed; -EBADMSG: more bytes or descriptors came than there is room for, or other things
 * than descriptors, and what came of them is closed; or another -errno, as -EAGAIN. */
int pass_receive(int socket, void *bytes, size_t cap, struct passed *passed);

void pass_close(struct passed *passed); /* all that came */

/* The two of a byte, and maybe a descriptor with it; fd -1: none. What is taken the caller closes. */
int pass_send(int socket, char word, int fd);
int pass_take(int socket, char *word, int *fd);

#endif
