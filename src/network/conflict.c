#include "network/conflict.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/log.h"
#include "base/text.h"
#include "network/nics.h"

/* A probe asks for an address and claims none: it changes no one's table, and only who has the address answers. Nothing else
 * counts, so that an address which moved here, or a packet that was late, is no conflict. */
enum {
	PROBE_EVERY_S = 30,
	PROBE_TAKEN_S = 3,  /* while one is taken: it may be over */
	PROBE_MIN_S = 2,    /* and when a claim is heard, but no more often */
	OVER_S = 3 * PROBE_TAKEN_S + 1,
};

bool arp_read(const uint8_t *bytes, size_t len, struct arp_claim *claim)
{
	static const uint8_t nothing[4];
	uint16_t operation = arp_operation(bytes, len);
	bool probe;

	if (!operation)
		return false;
	probe = operation == ARP_REQUEST && !memcmp(bytes + ARP_SENDER_AT, nothing, sizeof(nothing));
	claim->answer = operation == ARP_REPLY;
	memcpy(claim->mac, bytes + ARP_SENDER_MAC_AT, sizeof(claim->mac));
	memcpy(claim->address, bytes + (probe ? ARP_TARGET_AT : ARP_SENDER_AT), sizeof(claim->address));
	return memcmp(claim->address, nothing, sizeof(nothing)) != 0;
}

void arp_probe(uint8_t bytes[static ARP_LEN], const uint8_t mac[static LINK_MAC_LEN],
	       const uint8_t address[static 4])
{
	arp_begin(bytes, ARP_REQUEST);
	memcpy(bytes + ARP_SENDER_MAC_AT, mac, LINK_MAC_LEN);
	memcpy(bytes + ARP_TARGET_AT, address, 4);
}

void arp_probe_send(int fd, uint32_t link, const uint8_t mac[static LINK_MAC_LEN], const uint8_t address[static 4])
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ARP),
				  .sll_ifindex = (int)link,
				  .sll_halen = LINK_MAC_LEN };
	uint8_t bytes[ARP_LEN];

	arp_probe(bytes, mac, address);
	memset(to.sll_addr, 0xff, LINK_MAC_LEN);
	(void)sendto(fd, bytes, sizeof(bytes), 0, (const struct sockaddr *)&to, sizeof(to));
}

/* One that does not leave is followed by another. */
static void own_probe(struct conflicts *conflicts, struct conflict_own *own, uint64_t now_ns)
{
	arp_probe_send(conflicts->source.fd, own->link, own->mac, own->address);
	own->probed = true;
	own->probed_ns = now_ns;
}

static const char *own_words(const struct conflict_own *own, char dst[static CONFLICT_WORDS_LEN])
{
	struct inet_addr address = { .family = AF_INET };
	char text[INET_ADDR_STRLEN];

	memcpy(address.bytes, own->address, sizeof(own->address));
	text_format(dst, CONFLICT_WORDS_LEN,
		    "%s: ANOTHER MACHINE HAS %s AS WELL, the one with the MAC address %02x:%02x:%02x:%02x:%02x:%02x. Is one disk a "
		    "copy of the other? One of the two must have another address",
		    own->name, inet_addr_text(&address, text), own->other[0], own->other[1], own->other[2], own->other[3],
		    own->other[4], own->other[5]);
	return dst;
}

static void own_set_taken(struct conflicts *conflicts, struct conflict_own *own, bool taken)
{
	char words[CONFLICT_WORDS_LEN];

	if (own->taken == taken)
		return;
	own->taken = taken;
	if (taken)
		log_err("%s", own_words(own, words));
	else
		log_info("over: %s", own_words(own, words));
	if (conflicts->changed)
		conflicts->changed(conflicts);
}

static bool is_our_mac(const struct conflicts *conflicts, const uint8_t mac[static LINK_MAC_LEN])
{
	for (size_t i = 0; i < conflicts->count; i++)
		if (!memcmp(conflicts->own[i].mac, mac, LINK_MAC_LEN))
			return true;
	return false;
}

static void timer_fires(struct loop_timer *timer, uint64_t now_ns);

/* Only who has the address answers a probe. */
static void own_is_answered(struct conflicts *conflicts, struct conflict_own *own, const struct arp_claim *claim,
			    uint64_t now_ns)
{
	memcpy(own->other, claim->mac, sizeof(own->other));
	own->answered_ns = now_ns;
	if (own->taken)
		return;
	own_set_taken(conflicts, own, true);
	loop_timer_set(conflicts->loop, &conflicts->timer, now_ns + PROBE_TAKEN_S * NS_PER_S, timer_fires);
}

static void claim_heard(struct conflicts *conflicts, uint32_t link, const struct arp_claim *claim, uint64_t now_ns)
{
	if (is_our_mac(conflicts, claim->mac))
		return;
	for (size_t i = 0; i < conflicts->count; i++) {
		struct conflict_own *own = &conflicts->own[i];

		if (own->link != link || memcmp(own->address, claim->address, sizeof(own->address)) != 0)
			continue;
		if (claim->answer && own->probed && now_ns - own->probed_ns < PROBE_MIN_S * NS_PER_S) {
			own_is_answered(conflicts, own, claim, now_ns);
		} else if (!own->probed || now_ns - own->probed_ns >= PROBE_MIN_S * NS_PER_S) {
			own_probe(conflicts, own, now_ns);
		}
	}
}

static void arp_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct conflicts *conflicts = container_of(source, struct conflicts, source);
	uint8_t bytes[ARP_LEN];
	struct sockaddr_ll from = { 0 };
	socklen_t from_len = sizeof(from);
	struct arp_claim claim;
	ssize_t n;

	(void)events;
	n = recvfrom(source->fd, bytes, sizeof(bytes), MSG_TRUNC, (struct sockaddr *)&from, &from_len);
	if (n >= ARP_LEN && arp_read(bytes, sizeof(bytes), &claim))
		claim_heard(conflicts, (uint32_t)from.sll_ifindex, &claim, now_ns);
}

static void timer_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct conflicts *conflicts = container_of(timer, struct conflicts, timer);
	uint64_t wait_s = PROBE_EVERY_S;

	for (size_t i = 0; i < conflicts->count; i++) {
		struct conflict_own *own = &conflicts->own[i];

		if (own->taken && now_ns - own->answered_ns > OVER_S * NS_PER_S)
			own_set_taken(conflicts, own, false);
		if (own->taken)
			wait_s = PROBE_TAKEN_S;
		if (!own->probed || now_ns - own->probed_ns >= PROBE_MIN_S * NS_PER_S)
			own_probe(conflicts, own, now_ns);
	}
	loop_timer_set(conflicts->loop, timer, now_ns + wait_s * NS_PER_S, timer_fires);
}

struct following {
	struct conflicts *conflicts, fresh;
	struct nics nics;
};

static void add_own(const struct link_address *address, void *arg)
{
	struct following *following = arg;
	struct conflict_own *own = &following->fresh.own[following->fresh.count];
	const struct conflicts *before = following->conflicts;

	for (size_t i = 0; i < following->nics.count; i++) {
		const struct link *link = &following->nics.list[i];

		if (link->index != address->index || !link->has_mac || address->prefix.addr.family != AF_INET ||
		    following->fresh.count == CONFLICTS_MAX)
			continue;
		*own = (struct conflict_own){ .link = link->index };
		memcpy(own->address, address->prefix.addr.bytes, sizeof(own->address));
		for (size_t j = 0; j < before->count; j++)
			if (before->own[j].link == link->index &&
			    !memcmp(before->own[j].address, own->address, sizeof(own->address)))
				*own = before->own[j];
		memcpy(own->mac, link->mac, sizeof(own->mac));
		text_format(own->name, sizeof(own->name), "%s", link->name);
		following->fresh.count++;
	}
}

static bool is_among(const struct conflicts *conflicts, const struct conflict_own *own)
{
	for (size_t i = 0; i < conflicts->count; i++)
		if (conflicts->own[i].link == own->link && !memcmp(conflicts->own[i].address, own->address, sizeof(own->address)))
			return true;
	return false;
}

void conflicts_follow(struct conflicts *conflicts, struct nl *nl)
{
	static struct following following;

	if (!conflicts->loop)
		return;
	following.conflicts = conflicts;
	following.fresh.count = 0;
	if (nics_find(nl, &following.nics) < 0 || link_address_each(nl, 0, add_own, &following) < 0)
		return;
	for (size_t i = 0; i < conflicts->count; i++)
		if (!is_among(&following.fresh, &conflicts->own[i]))
			own_set_taken(conflicts, &conflicts->own[i], false);
	memcpy(conflicts->own, following.fresh.own, sizeof(conflicts->own));
	conflicts->count = following.fresh.count;
	timer_fires(&conflicts->timer, clock_now_ns());
}

void conflicts_each(const struct conflicts *conflicts, void (*each)(void *arg, const char *text), void *arg)
{
	char words[CONFLICT_WORDS_LEN];

	for (size_t i = 0; i < conflicts->count; i++)
		if (conflicts->own[i].taken)
			each(arg, own_words(&conflicts->own[i], words));
}

int conflicts_open(struct conflicts *conflicts, struct loop *loop)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ARP)), err;

	if (fd < 0)
		return -errno;
	err = loop_add(loop, &conflicts->source, fd, EPOLLIN, arp_came);
	if (err < 0) {
		close(fd);
		return err;
	}
	conflicts->loop = loop;
	return 0;
}
