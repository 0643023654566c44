#include "outer/ident.h"

#include <netinet/in.h>
#include <sys/random.h>

#include "base/bytes.h"
#include "base/ip.h"

enum { FRAGMENT_ID_AT = IP6_LEN + 4 };

/* lwIP counts from 0, and so it does in each process: two paths of one host, that send from one address to the same peer, would
 * use the same numbers at the same time, and whoever puts their fragments together would mix them. (Our own side would: it
 * sees the later fragments of both, since those name no port.) So the numbers of an odd port are odd and those of an even one
 * even, as the ports of the two paths are; and a line through them that begins and steps by chance meets whoever else sends from
 * this address, the kernel or another instance, once in 32768 datagrams. */
void ident_key_make(struct ident_key *key)
{
	if (getrandom(key, sizeof(*key), 0) != sizeof(*key))
		*key = (struct ident_key){ 0 }; /* no such kernel: as lwIP counts */
	key->factor |= 1;
}

void ident_set_port(struct ident_key *key, uint16_t port)
{
	key->lowest = port & 1;
}

static uint32_t scatter(const struct ident_key *key, uint32_t number)
{
	return (number * key->factor + key->offset) << 1 | key->lowest;
}

void ident_scatter4(const struct ident_key *key, uint8_t *ip)
{
	uint16_t before = load_be16(ip + IP4_ID_AT), after = (uint16_t)scatter(key, before);
	uint16_t rest = (uint16_t)~load_be16(ip + IP4_SUM_AT);

	store_be16(ip + IP4_ID_AT, after);
	sum_put(ip + IP4_SUM_AT, sum_be16(sum_be16(sum_be16(0, rest), (uint16_t)~before), after));
}

void ident_scatter6(const struct ident_key *key, uint8_t *ip)
{
	if (ip[IP6_NEXT_AT] == IPPROTO_FRAGMENT)
		store_be32(ip + FRAGMENT_ID_AT, scatter(key, load_be32(ip + FRAGMENT_ID_AT)));
}
