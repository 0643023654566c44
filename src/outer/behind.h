/* Owns the second socket of each NIC: datagrams that do not begin as data does have a queue of their own, short, and are read behind
 * the data, a little at each turn of the loop, and not at all while their owner has no time for them. What then finds
 * the queue full is dropped by the kernel, at less than it costs us to look at it, and no data with it.
 *
 * The kernel's WireGuard has such a queue too, of 4,096 messages, and other threads to empty it; here one thread does both. */
#ifndef OUTER_BEHIND_H
#define OUTER_BEHIND_H

#include "outer/nic.h"

/* Reads one batch of at most so many frames from fd, a socket of the NIC: as nic_receive(). */
typedef int behind_read_fn(struct nic *nic, int fd, size_t frames, uint64_t now_ns);

/* None yet. word: how data begins; 0: nothing stands behind anything, and each NIC has one socket. The host opens the sockets,
 * says when to rest, and outlives them. */
void behind_open(struct loop *loop, const struct outer_host *host, uint32_t word, behind_read_fn *read);
void behind_close(void);

/* The second socket of a NIC that is open, and the first one takes the rest: 0, or -errno and it has none. */
int behind_add(struct nic *nic, uint16_t port);
void behind_remove(struct nic *nic);
int behind_set_port(struct nic *nic, uint16_t port); /* 0 or -errno */

/* What found no room, since behind_open. */
uint64_t behind_dropped(void);

#endif
