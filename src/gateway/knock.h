/* A word ahead of the first handshake: a datagram of one byte that makes both sides find each other on the link. */
#ifndef GATEWAY_KNOCK_H
#define GATEWAY_KNOCK_H

#include "base/inet.h"

/* Two initiations that cross on the wire undo each other, and WireGuard waits five seconds before it tries again. They
 * do cross whenever the peer was waiting for us: its initiation lies in its neighbour queue and leaves the moment our
 * first packet makes us known. So the first packet is none of WireGuard's, and the peer's initiation is let in before
 * ours goes out, KNOCK_WAIT_MS later. WireGuard drops the datagram: it is too short to be a message. (An empty one costs
 * wireguard-go 0.0.20230223 whatever it reads along with it.) */
enum { KNOCK_WAIT_MS = 300 };

void knock(const struct inet_endpoint *endpoint);

#endif
