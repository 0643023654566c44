/* One ICMP echo (RFC 792, RFC 4443): sockets that hear replies alone, a request, and what a reply says. */
#ifndef GATEWAY_ECHO_H
#define GATEWAY_ECHO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/inet.h"

enum { ECHO_HEADER_LEN = 8, ECHO_STAMP_LEN = 8, ECHO_DATA_DEFAULT = 56, ECHO_DATA_MAX = 8972 /* of an MTU of 9000, IPv4 */, ECHO_PROBE_ID = 0 };

struct echo {
	struct inet_addr from;
	uint16_t id, seq;
	uint8_t stamp[ECHO_STAMP_LEN]; /* the first data of the request */
	int ttl;
};

/* In the namespace netns_fd (-1: here). What others ask of us is the kernel's to answer. device: what does not come in by that interface
 * is not heard, and what is sent leaves by it; NULL: any. A descriptor or -errno. */
int echo_open(int netns_fd, uint8_t family, const char *device);
/* A socket of echo_open's, once more, since an interface of that name may have been made anew: 0 or -errno. */
int echo_bind(int fd, const char *device);

/* data_len: behind the ICMP header, ECHO_STAMP_LEN or more. df: never in fragments. 0 or -errno. */
int echo_send(int fd, const struct inet_addr *target, uint16_t id, uint16_t seq, const uint8_t stamp[static ECHO_STAMP_LEN], size_t data_len,
	      bool df);
bool echo_receive(int fd, uint8_t family, struct echo *echo); /* the next reply; false: there is none by now */

uint16_t echo_next_id(void); /* another one each time, and none that is sent without waiting for an answer */

#endif
