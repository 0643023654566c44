/* What the packet process asks of its opener, and what that answers, as bytes: each is one message of a SOCK_SEQPACKET pair. The two may
 * be of different versions, since one that died is replaced while the other goes on.
 *
 *   request, 32 bytes            answer, 16 bytes
 *    0 number    be32            0 number  be32, of the request
 *    4 what                      4 what
 *    5 flags                     5 0
 *    6 port      be16            6 port    be16: the one that was bound
 *    8 index     be32            8 error   be32: 0, or an errno
 *   12 family    4, 6 or 0      12 0
 *   16 address   16 bytes
 *
 * With an answer without an error come its descriptors: the packet socket of a NIC, or the port's, IPv4's before IPv6's, which a kernel
 * without that does not give. A neighbour is used one way: an answer comes if that failed. */
#ifndef TUNNEL_OPENER_WORDS_H
#define TUNNEL_OPENER_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inet.h"

enum { OPENER_REQUEST_LEN = 32, OPENER_ANSWER_LEN = 16 };

enum opener_what {
	OPENER_HELLO,     /* whether it answers: by EOPNOTSUPP, as to all that is not known (tunnel/opener_greet.h) */
	OPENER_LINK = 1,  /* index, alone, port, brief: packet_socket_open() */
	OPENER_PORT,      /* port, merge: placeholder_open() */
	OPENER_NEIGHBOUR, /* index, address: neigh_use() */
};

struct opener_request {
	uint32_t number;
	enum opener_what what;
	bool alone, merge, brief;
	uint16_t port;
	uint32_t index;
	struct inet_addr addr; /* family 0: none */
};

struct opener_answer {
	uint32_t number;
	enum opener_what what;
	int err; /* 0 or -errno */
	uint16_t port;
};

void opener_write_request(uint8_t bytes[static OPENER_REQUEST_LEN], const struct opener_request *request);
void opener_write_answer(uint8_t bytes[static OPENER_ANSWER_LEN], const struct opener_answer *answer);

/* 0; -EOPNOTSUPP: it is of a kind that is not known here, and its number is there to be answered; -EBADMSG: it is none. */
int opener_read_request(const uint8_t *bytes, size_t len, struct opener_request *request);
int opener_read_answer(const uint8_t *bytes, size_t len, struct opener_answer *answer); /* 0 or -EBADMSG */

#endif
