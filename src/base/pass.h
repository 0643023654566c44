/* A descriptor that one process hands to another over a unix socket: a byte, and maybe a descriptor with it. */
#ifndef BASE_PASS_H
#define BASE_PASS_H

/* fd -1: the byte alone. Waits for no one: 0 or -errno. */
int pass_send(int socket, char word, int fd);

/* Waits for no one: 0 with the byte, and the descriptor that came with it, -1: none, which the caller closes; -EPIPE: the other end is
 * closed; or -errno. */
int pass_take(int socket, char *word, int *fd);

#endif
