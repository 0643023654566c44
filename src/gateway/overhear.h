/* What a peer sends to our port, beside whoever carries the path: neither backend tells of packets of sessions that it does not
 * know. */
#ifndef GATEWAY_OVERHEAR_H
#define GATEWAY_OVERHEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inet.h"

/* A raw socket that hears handshakes from there, and data only when it is told to, or -errno. It costs the kernel a copy of each
 * packet from there: for peers that are waited for. */
int overhear_open(const struct inet_endpoint *from, uint16_t port);
int overhear_data(int fd, const struct inet_endpoint *from, uint16_t port, bool data);

struct overheard {
	unsigned elsewhere; /* data messages for another receiver than index */
	bool initiated;     /* the last handshake message began one, */
	bool responded;     /* or answered ours: to receiver */
	uint32_t receiver;
};

/* All that came since the last call. */
void overhear_read(int fd, uint8_t family, uint32_t index, struct overheard *heard);

/* One packet as the socket gives it, IPv4 from the IP header on, IPv6 from the UDP header on. What is no message counts for
 * nothing. */
void overhear_packet(struct overheard *heard, uint8_t family, uint32_t index, const uint8_t *bytes, size_t len);

#endif
