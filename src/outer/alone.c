#include "outer/alone.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "base/arp.h"
#include "base/bytes.h"
#include "base/ip.h"
#include "outer/table.h"

enum {
	PROBES = 3, /* RFC 4861 10: MAX_UNICAST_SOLICIT, MAX_MULTICAST_SOLICIT */
	FRAME_MIN = 60,
	ICMP_ECHO_REPLY = 0,
	ICMP_ECHO = 8,
	ICMP6_ECHO = 128,
	ICMP6_ECHO_REPLY = 129,
	SOLICITATION = 135,
	ADVERTISEMENT = 136,
	ND_LEN = 24, /* type, code, checksum, flags, target */
	ND_FLAGS_AT = 4,
	ND_TARGET_AT = 8,
	ND_HOP_LIMIT = 255,
	OPTION_SOURCE_MAC = 1,
	OPTION_TARGET_MAC = 2,
	OPTION_LEN = 8,
	FLAG_SOLICITED = 0x40,
	FLAG_OVERRIDE = 0x20,
	TTL = 64,
};

static const uint8_t broadcast[OUTER_MAC_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const struct inet_addr all_nodes = { AF_INET6, { 0xff, 0x02, [15] = 1 } };

static struct inet_addr addr_at(uint8_t family, const uint8_t *at)
{
	struct inet_addr addr = { .family = family };

	memcpy(addr.bytes, at, inet_size(family));
	return addr;
}

static bool is_group(const uint8_t *mac)
{
	return mac[0] & 1;
}

/* A frame of zeros behind its Ethernet header, NULL when there is no memory or it is longer than a pbuf can be; frame_send
 * sends and frees it. */
static struct pbuf *frame_begin(const struct nic *nic, const uint8_t *to, uint16_t type, size_t len, uint8_t **payload)
{
	size_t frame_len = NIC_ETH_LEN + len < FRAME_MIN ? FRAME_MIN : NIC_ETH_LEN + len;
	struct pbuf *p = NULL;
	uint8_t *frame;

	if (NIC_PAD + frame_len <= UINT16_MAX)
		p = pbuf_alloc(PBUF_RAW, (uint16_t)(NIC_PAD + frame_len), PBUF_RAM);
	if (!p)
		return NULL;
	frame = (uint8_t *)p->payload + NIC_PAD;
	memset(p->payload, 0, p->len);
	memcpy(frame, to, OUTER_MAC_LEN);
	memcpy(frame + OUTER_MAC_LEN, nic->link.mac, OUTER_MAC_LEN);
	store_be16(frame + NIC_ETH_TYPE_AT, type);
	*payload = frame + NIC_ETH_LEN;
	return p;
}

static void frame_send(struct nic *nic, struct pbuf *p)
{
	(void)nic_queue(nic, p, 0); /* a full queue loses it, as a full wire would */
	pbuf_free(p);
}

static bool is_ours(const struct nic *nic, const struct inet_addr *addr)
{
	return table_is_ours_on(table_now(), nic->link.index, addr);
}

/* What another says of its own MAC: taken of neighbours that we know. */
static void heard(struct nic *nic, const struct inet_addr *addr, const uint8_t *mac, enum outer_neighbour_state state,
		  uint64_t now_ns)
{
	struct neighbour *neighbour = neighbour_find(nic->link.index, addr);

	if (neighbour && !is_group(mac))
		neighbour_is(neighbour, state, mac, now_ns);
}

/* Who looks for us has a packet for us: what we answer need not look for him (RFC 826, RFC 4861 7.2.3). It gives no one a word that
 * he had not before, as he could answer our own question: what is learned is stale, so that he is asked as soon as he is sent to, it
 * is of a network of ours on this link, it says what the frame says, and it takes no place from those whom we send to. */
static void asked_by(struct nic *nic, const uint8_t *frame, const struct inet_addr *addr, const uint8_t *mac, uint64_t now_ns)
{
	if (!neighbour_find(nic->link.index, addr) &&
	    (memcmp(mac, frame + OUTER_MAC_LEN, OUTER_MAC_LEN) != 0 || !table_is_on_link(table_now(), nic->link.index, addr) ||
	     !neighbour_note(nic->link.index, addr)))
		return;
	heard(nic, addr, mac, OUTER_NEIGHBOUR_STALE, now_ns);
}

/* ARP (RFC 826). */

static void arp_send(struct nic *nic, const uint8_t *to, uint8_t operation, const struct inet_addr *sender,
		     const uint8_t *target_mac, const struct inet_addr *target)
{
	uint8_t *arp;
	struct pbuf *p = frame_begin(nic, to, ETH_P_ARP, ARP_LEN, &arp);

	if (!p)
		return;
	arp_begin(arp, operation);
	memcpy(arp + ARP_SENDER_MAC_AT, nic->link.mac, OUTER_MAC_LEN);
	memcpy(arp + ARP_SENDER_AT, sender->bytes, 4);
	if (target_mac)
		memcpy(arp + ARP_TARGET_MAC_AT, target_mac, OUTER_MAC_LEN);
	memcpy(arp + ARP_TARGET_AT, target->bytes, 4);
	frame_send(nic, p);
}

bool alone_arp(struct nic *nic, const uint8_t *frame, size_t len, uint64_t now_ns)
{
	const uint8_t *arp = frame + NIC_ETH_LEN, *sender_mac = arp + ARP_SENDER_MAC_AT;
	struct inet_addr sender, target;
	uint16_t operation;

	operation = len < NIC_ETH_LEN ? 0 : arp_operation(arp, len - NIC_ETH_LEN);
	if (!operation)
		return false;
	sender = addr_at(AF_INET, arp + ARP_SENDER_AT);
	target = addr_at(AF_INET, arp + ARP_TARGET_AT);
	if (is_group(sender_mac) || is_ours(nic, &sender)) /* our own address in someone's mouth is never learned */
		return false;
	if (operation == ARP_REQUEST && is_ours(nic, &target)) {
		asked_by(nic, frame, &sender, sender_mac, now_ns);
		arp_send(nic, sender_mac, ARP_REPLY, &target, sender_mac, &sender);
		return true;
	}
	heard(nic, &sender, sender_mac, operation == ARP_REPLY ? OUTER_NEIGHBOUR_GOOD : OUTER_NEIGHBOUR_STALE, now_ns);
	return true;
}

void alone_announce(struct nic *nic, const struct inet_addr *addr)
{
	if (addr->family == AF_INET)
		arp_send(nic, broadcast, ARP_REQUEST, addr, NULL, addr);
}

/* Neighbour discovery (RFC 4861). */

static uint64_t icmp6_sum(const uint8_t *ip, size_t len)
{
	return sum_bytes(ip_pseudo_sum(ip, IPPROTO_ICMPV6, len), ip + IP6_LEN, len);
}

static void nd_send(struct nic *nic, const uint8_t *to_mac, uint8_t type, uint8_t flags, const struct inet_addr *source,
		    const struct inet_addr *to, const struct inet_addr *target)
{
	uint8_t *ip, *nd;
	struct pbuf *p = frame_begin(nic, to_mac, ETH_P_IPV6, IP6_LEN + ND_LEN + OPTION_LEN, &ip);

	if (!p)
		return;
	nd = ip + IP6_LEN;
	ip[0] = 0x60;
	store_be16(ip + IP6_PAYLOAD_AT, ND_LEN + OPTION_LEN);
	ip[IP6_NEXT_AT] = IPPROTO_ICMPV6;
	ip[IP6_HOPS_AT] = ND_HOP_LIMIT;
	memcpy(ip + IP6_SOURCE_AT, source->bytes, 16);
	memcpy(ip + IP6_DESTINATION_AT, to->bytes, 16);
	nd[0] = type;
	nd[ND_FLAGS_AT] = flags;
	memcpy(nd + ND_TARGET_AT, target->bytes, 16);
	nd[ND_LEN] = type == SOLICITATION ? OPTION_SOURCE_MAC : OPTION_TARGET_MAC;
	nd[ND_LEN + 1] = 1; /* of eight bytes */
	memcpy(nd + ND_LEN + 2, nic->link.mac, OUTER_MAC_LEN);
	sum_put(nd + ICMP_SUM_AT, icmp6_sum(ip, ND_LEN + OPTION_LEN));
	frame_send(nic, p);
}

/* The MAC in the option of that type; NULL: none. *right is cleared when the options do not add up. */
static const uint8_t *nd_option(const uint8_t *nd, size_t len, uint8_t type, bool *right)
{
	const uint8_t *found = NULL;

	for (size_t at = ND_LEN, option_len; at < len; at += option_len) {
		option_len = len - at < 2 ? 0 : nd[at + 1] * (size_t)OPTION_LEN;
		if (!option_len || option_len > len - at) {
			*right = false;
			return NULL;
		}
		if (nd[at] == type && option_len == OPTION_LEN && !found)
			found = nd + at + 2;
	}
	return found;
}

static void solicited(struct nic *nic, const uint8_t *frame, const uint8_t *mac, uint64_t now_ns)
{
	static const uint8_t all_nodes_mac[OUTER_MAC_LEN] = { 0x33, 0x33, 0, 0, 0, 1 };
	const uint8_t *ip = frame + NIC_ETH_LEN;
	struct inet_addr source = addr_at(AF_INET6, ip + IP6_SOURCE_AT), target = addr_at(AF_INET6, ip + IP6_LEN + ND_TARGET_AT);

	if (!is_ours(nic, &target) || is_ours(nic, &source))
		return;
	if (inet_addr_is_zero(&source)) {
		/* Someone wants to have the address for himself. */
		nd_send(nic, all_nodes_mac, ADVERTISEMENT, FLAG_OVERRIDE, &target, &all_nodes, &target);
		return;
	}
	if (mac && !is_group(mac))
		asked_by(nic, frame, &source, mac, now_ns);
	nd_send(nic, frame + OUTER_MAC_LEN, ADVERTISEMENT, FLAG_SOLICITED | FLAG_OVERRIDE, &target, &source, &target);
}

static void advertised(struct nic *nic, const uint8_t *nd, const uint8_t *mac, uint64_t now_ns)
{
	struct inet_addr target = addr_at(AF_INET6, nd + ND_TARGET_AT);
	struct neighbour *neighbour = neighbour_find(nic->link.index, &target);
	bool solicited_one = nd[ND_FLAGS_AT] & FLAG_SOLICITED;

	if (!neighbour || is_ours(nic, &target))
		return;
	if (!mac && neighbour->usable)
		mac = neighbour->mac; /* it confirms what we know */
	if (!mac || is_group(mac))
		return;
	/* RFC 4861 7.2.5: another MAC without the override flag is a reason to ask, not to believe. */
	if (neighbour->usable && !(nd[ND_FLAGS_AT] & FLAG_OVERRIDE) && memcmp(mac, neighbour->mac, OUTER_MAC_LEN) != 0)
		neighbour_is(neighbour, OUTER_NEIGHBOUR_STALE, neighbour->mac, now_ns);
	else
		neighbour_is(neighbour, solicited_one ? OUTER_NEIGHBOUR_GOOD : OUTER_NEIGHBOUR_STALE, mac, now_ns);
}

/* Pings. */

static bool echo_answer(struct nic *nic, const uint8_t *frame, size_t ip_len, uint16_t type)
{
	struct pbuf *p = NULL;
	uint8_t *ip;

	/* A super-frame's packet may be longer than the link takes, and nothing here cuts it. */
	if (ip_len <= nic->link.mtu_bytes)
		p = frame_begin(nic, frame + OUTER_MAC_LEN, type, ip_len, &ip);
	if (!p)
		return false;
	memcpy(ip, frame + NIC_ETH_LEN, ip_len);
	if (type == ETH_P_IP) {
		memcpy(ip + IP4_SOURCE_AT, frame + NIC_ETH_LEN + IP4_DESTINATION_AT, 4);
		memcpy(ip + IP4_DESTINATION_AT, frame + NIC_ETH_LEN + IP4_SOURCE_AT, 4);
		ip[IP4_TTL_AT] = TTL;
		ip4_sum_put(ip, IP4_LEN);
		ip[IP4_LEN] = ICMP_ECHO_REPLY;
		store_be16(ip + IP4_LEN + ICMP_SUM_AT, 0);
		sum_put(ip + IP4_LEN + ICMP_SUM_AT, sum_bytes(0, ip + IP4_LEN, ip_len - IP4_LEN));
	} else {
		memcpy(ip + IP6_SOURCE_AT, frame + NIC_ETH_LEN + IP6_DESTINATION_AT, 16);
		memcpy(ip + IP6_DESTINATION_AT, frame + NIC_ETH_LEN + IP6_SOURCE_AT, 16);
		ip[IP6_HOPS_AT] = TTL;
		ip[IP6_LEN] = ICMP6_ECHO_REPLY;
		store_be16(ip + IP6_LEN + ICMP_SUM_AT, 0);
		sum_put(ip + IP6_LEN + ICMP_SUM_AT, icmp6_sum(ip, ip_len - IP6_LEN));
	}
	frame_send(nic, p);
	return true;
}

bool alone_icmp(struct nic *nic, const uint8_t *frame)
{
	const uint8_t *ip = frame + NIC_ETH_LEN;
	struct inet_addr source = addr_at(AF_INET, ip + IP4_SOURCE_AT), local = addr_at(AF_INET, ip + IP4_DESTINATION_AT);
	size_t ip_len = load_be16(ip + IP4_TOTAL_AT);

	if (ip[0] != IP4_PLAIN || ip_len < IP4_LEN + ICMP_LEN || ip[IP4_LEN] != ICMP_ECHO || ip[IP4_LEN + 1] ||
	    !sum_is_right(sum_bytes(0, ip, IP4_LEN)) || !sum_is_right(sum_bytes(0, ip + IP4_LEN, ip_len - IP4_LEN)) ||
	    is_group(frame + OUTER_MAC_LEN) || !is_ours(nic, &local) || source.bytes[0] >= 224 ||
	    inet_addr_is_zero(&source))
		return false;
	return echo_answer(nic, frame, ip_len, ETH_P_IP);
}

bool alone_icmp6(struct nic *nic, const uint8_t *frame, uint64_t now_ns)
{
	const uint8_t *ip = frame + NIC_ETH_LEN, *icmp = ip + IP6_LEN, *mac;
	struct inet_addr source = addr_at(AF_INET6, ip + IP6_SOURCE_AT), local = addr_at(AF_INET6, ip + IP6_DESTINATION_AT);
	size_t len = load_be16(ip + IP6_PAYLOAD_AT);
	bool right = true;

	if (len < ICMP_LEN || icmp[1] || !sum_is_right(icmp6_sum(ip, len)) || is_group(frame + OUTER_MAC_LEN) ||
	    source.bytes[0] == 0xff)
		return false;
	if (icmp[0] == ICMP6_ECHO)
		return !inet_addr_is_zero(&source) && is_ours(nic, &local) &&
		       echo_answer(nic, frame, IP6_LEN + len, ETH_P_IPV6);
	if ((icmp[0] != SOLICITATION && icmp[0] != ADVERTISEMENT) || len < ND_LEN || ip[IP6_HOPS_AT] != ND_HOP_LIMIT ||
	    icmp[8] == 0xff)
		return false;
	mac = nd_option(icmp, len, icmp[0] == SOLICITATION ? OPTION_SOURCE_MAC : OPTION_TARGET_MAC, &right);
	if (!right)
		return false;
	if (icmp[0] == SOLICITATION)
		solicited(nic, frame, mac, now_ns);
	else
		advertised(nic, icmp, mac, now_ns);
	return true;
}

/* Questions. */

void alone_solicit(struct nic *nic, const struct neighbour *neighbour, const struct inet_addr *source)
{
	/* RFC 4291 2.7.1: the solicited-node group. */
	struct inet_addr group = { AF_INET6, { 0xff, 0x02, [11] = 1, 0xff } };
	uint8_t mac[OUTER_MAC_LEN] = { 0x33, 0x33, 0xff };

	if (neighbour->addr.family == AF_INET) {
		arp_send(nic, broadcast, ARP_REQUEST, source, NULL, &neighbour->addr);
		return;
	}
	memcpy(group.bytes + 13, neighbour->addr.bytes + 13, 3);
	memcpy(mac + 3, neighbour->addr.bytes + 13, 3);
	nd_send(nic, mac, SOLICITATION, 0, source, &group, &neighbour->addr);
}

static void ask_itself(struct nic *nic, const struct neighbour *neighbour, const struct inet_addr *source)
{
	if (neighbour->addr.family == AF_INET)
		arp_send(nic, neighbour->mac, ARP_REQUEST, source, neighbour->mac, &neighbour->addr);
	else
		nd_send(nic, neighbour->mac, SOLICITATION, 0, source, &neighbour->addr, &neighbour->addr);
}

void alone_ask(struct nic *nic, struct neighbour *neighbour, const struct inet_addr *source, uint64_t now_ns)
{
	if (neighbour->usable && neighbour->probes == PROBES) {
		/* It does not answer there any more; does it elsewhere? */
		neighbour->usable = false;
		neighbour->probes = 0;
	}
	if (!neighbour->usable && neighbour->probes == PROBES) {
		neighbour->probes = 0;
		neighbour_is(neighbour, OUTER_NEIGHBOUR_LOST, NULL, now_ns);
		return;
	}
	neighbour->probes++;
	if (neighbour->usable)
		ask_itself(nic, neighbour, source);
	else
		alone_solicit(nic, neighbour, source);
}
