/* IPv4 and IPv6 addresses, prefixes and endpoints as plain values; no sockaddr crosses a module border. */
#ifndef BASE_INET_H
#define BASE_INET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/text.h"

/* family is AF_INET (4 bytes in use), AF_INET6 (16) or 0 for none. Unused bytes are zero. */
struct inet_addr {
	uint8_t family;
	uint8_t bytes[16]; /* network byte order */
};

/* An address with a prefix length; host bits may be set (an interface address) unless a comment says otherwise. */
struct inet_prefix {
	struct inet_addr addr;
	uint8_t len; /* bits */
};

/* RFC 4007: scope_id is the interface index of a link-local IPv6 address, else 0. port is in host order. */
struct inet_endpoint {
	struct inet_addr addr;
	uint16_t port;
	uint32_t scope_id;
};

/* The two ends of a datagram: where the other side is, and how it reaches us. local is our address (family 0: not known) and
 * link the index of the interface (0: not known). */
struct inet_flow {
	struct inet_endpoint remote;
	struct inet_addr local;
	uint32_t link;
};

enum {
	INET_ADDR_STRLEN = 46,
	INET_PREFIX_STRLEN = 50,
	INET_ENDPOINT_STRLEN = 72,
};

uint8_t inet_bits(uint8_t family); /* 32 or 128 */
size_t inet_size(uint8_t family);  /* 4 or 16 */

/* Dotted quad without leading zeros, or RFC 4291 text: 0 or -EINVAL. */
int inet_addr_parse(struct slice s, struct inet_addr *addr);
/* ADDRESS or ADDRESS/LEN (the full length when absent, told by *has_len): 0, -EINVAL, -ERANGE for the length. */
int inet_prefix_parse(struct slice s, struct inet_prefix *prefix, bool *has_len);

bool inet_addr_equal(const struct inet_addr *a, const struct inet_addr *b);
bool inet_prefix_equal(const struct inet_prefix *a, const struct inet_prefix *b);
bool inet_endpoint_equal(const struct inet_endpoint *a, const struct inet_endpoint *b);
bool inet_addr_is_zero(const struct inet_addr *addr);
bool inet_addr_is_link_local(const struct inet_addr *addr); /* fe80::/10 */

struct inet_addr inet_prefix_first(const struct inet_prefix *prefix);   /* host bits cleared */
struct inet_addr inet_prefix_last(const struct inet_prefix *prefix); /* host bits set */
bool inet_contains(const struct inet_prefix *network, const struct inet_addr *addr);
bool inet_overlap(const struct inet_prefix *a, const struct inet_prefix *b);

/* Each writes a string to dst and returns dst; "(none)" for family 0. IPv6 endpoints are [address]:port. */
const char *inet_addr_text(const struct inet_addr *addr, char dst[static INET_ADDR_STRLEN]);
const char *inet_prefix_text(const struct inet_prefix *prefix, char dst[static INET_PREFIX_STRLEN]);
const char *inet_endpoint_text(const struct inet_endpoint *endpoint, char dst[static INET_ENDPOINT_STRLEN]);

#endif
