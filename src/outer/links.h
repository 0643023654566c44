/* Owns the NICs that are open, which are those of the table's links. */
#ifndef OUTER_LINKS_H
#define OUTER_LINKS_H

#include "outer/nic.h"

/* None yet. The host opens their sockets, and outlives them. gso: they are to send super-frames while they take them. ready is called
 * when frames wait at one; its source is the NIC's. */
void links_open(struct loop *loop, const struct outer_host *host, bool gso, loop_ready_fn *ready);
void links_close(void);

struct nic *links_find(uint32_t index); /* NULL: not open */

/* Takes the table, closes what is not in it any more and opens what is new, on port; says which addresses are ours where no
 * kernel does. 0 or the first -errno, of *failed_index (may be NULL); the others work. */
int links_refresh(const struct outer_table *table, uint16_t port, uint32_t *failed_index);

/* The addresses of a link that is alone are said once more; of another, or none: nothing. */
void links_announce(uint32_t index);

/* 0, or -errno and all of them are at the port before. */
int links_set_port(uint16_t port, uint16_t before);

#endif
