/* Owns the identifications of datagrams that leave: what tells the fragments of one from those of another (RFC 791 3.2,
 * RFC 8200 4.5). */
#ifndef OUTER_IDENT_H
#define OUTER_IDENT_H

#include <stdint.h>

struct ident_key {
	uint32_t factor; /* odd, so that no two numbers become one */
	uint32_t offset;
	uint32_t lowest; /* bit of all numbers: that of the port that they leave from */
};

void ident_key_make(struct ident_key *key);
void ident_set_port(struct ident_key *key, uint16_t port);

/* The number in an IPv4 header, and the header's checksum, RFC 1624; ip: as lwIP wrote it. */
void ident_scatter4(const struct ident_key *key, uint8_t *ip);
/* The number in the fragment header behind an IPv6 header, if there is one. */
void ident_scatter6(const struct ident_key *key, uint8_t *ip);

#endif
