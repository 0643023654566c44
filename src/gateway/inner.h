/* The inner interface of a path: the tunnel behind it, its peers as they are to be, as they were applied last and as they run,
 * and its own settings, the same for every backend: address, MTU, up. */
#ifndef GATEWAY_INNER_H
#define GATEWAY_INNER_H

#include "conf/env.h"
#include "tunnel/tunnel.h"

/* Large: static storage. Holds keys. */
struct inner {
	struct tunnel tunnel;
	bool up;
	uint32_t mtu_bytes;
	uint8_t vpn_family;      /* of the VPN address, and */
	uint32_t mtu_most_bytes; /* what .env asks for, 0: nothing; of what was applied last */
	struct tunnel_config wanted, applied, running;
	bool has_applied;
};

/* Reads what runs into inner->running: 0, -ENETDOWN when the path is down, or -errno. */
int inner_dump(struct inner *inner);
int inner_dump_anew(struct inner *inner); /* with the counters of now, not of the turn (tunnel_dump) */
void inner_spare(struct inner *inner); /* its peers are in no helper */
void inner_clear(struct inner *inner); /* no keys stay */

/* What was applied last, for the next comparison, is what was wanted: but for endpoints whose name is not resolved yet. */
void inner_remember(struct inner *inner);
/* Where the peers of running had roamed to goes into wanted, unless the file says otherwise now. */
void inner_carry_endpoints(struct inner *inner);

struct underlay {
	uint32_t mtu_bytes; /* of the narrowest way to a peer; 0: there is no way to any */
	bool ready;         /* a way to a peer has carrier, or there is none to wait for: no endpoint is known */
};

/* How config's endpoints are reached from the host, or over the tunnel's own NICs. */
struct underlay underlay_look(const struct tunnel *tunnel, const struct tunnel_config *config);

/* What an inner packet may have on that underlay: less IPv6 and UDP headers and WireGuard's 32 bytes (paper 5.4.6), for
 * IPv4 endpoints too, since a peer may roam from one to the other. Never more than most_bytes (0: no limit) or than a backend
 * in user space carries, never less than the VPN address's family needs: then the outer packets go in fragments. */
uint32_t inner_mtu(const struct underlay *underlay, uint8_t family, uint32_t most_bytes);

/* Each 0, or -errno with words. */
int inner_read(struct inner *inner, char *words, size_t cap);     /* MTU and up, as they are */
int inner_bring_up(struct inner *inner, char *words, size_t cap);
int inner_set_mtu(struct inner *inner, const struct underlay *underlay, char *words, size_t cap);
/* Makes address the only one of the interface (link-local ones apart), least change; 1 when something changed. */
int inner_set_address(struct inner *inner, const struct inet_prefix *address, char *words, size_t cap);

#endif
