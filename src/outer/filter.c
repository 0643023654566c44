#include "outer/filter.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>

enum {
	ACCEPT = 0x40000, /* bytes: a whole frame, super-frame or not */
	ICMP_ECHO_REQUEST = 8,
	ICMP6_TOO_BIG = 2,
	ICMP6_ECHO_REQUEST = 128,
	ICMP6_NEIGHBOR_SOLICIT = 135,
	ICMP6_NEIGHBOR_ADVERT = 136,
	IP_OFFSET_MASK = 0x1fff,
	IP_MORE = 0x2000,
	VLAN_ID_MASK = 0x0fff,
	/* offsets in the frame */
	AT_TYPE = 12,
	AT_IP = 14,
	AT_IP_OFFSET = 20,
	AT_IP_PROTOCOL = 23,
	AT_IP6_NEXT = 20,
	AT_IP6_PAYLOAD = 54,
	UDP_PORT = 2,
	UDP_PAYLOAD = 8,
};

static void put(struct filter *f, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
	f->code[f->len++] = (struct sock_filter){ code, if_true, if_false, k };
}

static void load(struct filter *f, uint16_t size_and_mode, uint32_t at)
{
	put(f, BPF_LD | size_and_mode, at, 0, 0);
}

static void done(struct filter *f, uint32_t result)
{
	put(f, BPF_RET | BPF_K, result, 0, 0);
}

static void accept_if(struct filter *f, uint32_t value)
{
	put(f, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	done(f, ACCEPT);
}

/* What stands between case_of and case_end is run when the accumulator is value; it ends by done. */
static uint16_t case_of(struct filter *f, uint32_t value)
{
	put(f, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 0);
	return f->len;
}

static void case_end(struct filter *f, uint16_t begin)
{
	f->code[begin - 1].jf = (uint8_t)(f->len - begin);
}

static void for_us(struct filter *f)
{
	load(f, BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	put(f, BPF_JMP | BPF_JGT | BPF_K, PACKET_MULTICAST, 0, 1);
	done(f, 0);
	/* A frame of a VLAN shows up on the NIC below without its tag: the kernel takes it off before any packet socket sees the
	 * frame, if the NIC did not. It is the VLAN device's. A tag of VLAN 0 says a priority only (802.1Q 9.6): that is ours. */
	load(f, BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT));
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0);
	load(f, BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG));
	put(f, BPF_JMP | BPF_JSET | BPF_K, VLAN_ID_MASK, 0, 1);
	done(f, 0);
}

static void fragment_if(struct filter *f, uint32_t bits, enum filter_part part)
{
	put(f, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
	done(f, part == FILTER_BEHIND ? 0 : ACCEPT);
}

/* A whole datagram to the port: by its first bytes, which are there (what is shorter is dropped by the load). */
static void by_word(struct filter *f, uint16_t mode, uint32_t at, const struct filter_take *take)
{
	if (take->part == FILTER_ALL) {
		done(f, ACCEPT);
		return;
	}
	load(f, (uint16_t)(BPF_W | mode), at);
	put(f, BPF_JMP | BPF_JEQ | BPF_K, take->word, 0, 1);
	done(f, take->part == FILTER_AHEAD ? ACCEPT : 0);
	done(f, take->part == FILTER_AHEAD ? 0 : ACCEPT);
}

static void ipv4(struct filter *f, uint16_t port, bool alone, const struct filter_take *take)
{
	uint16_t begin = case_of(f, ETH_P_IP), inner, ours;

	load(f, BPF_B | BPF_ABS, AT_IP_PROTOCOL);
	inner = case_of(f, IPPROTO_UDP);
	load(f, BPF_H | BPF_ABS, AT_IP_OFFSET);
	fragment_if(f, IP_OFFSET_MASK, take->part); /* a later one names no port */
	put(f, BPF_LDX | BPF_B | BPF_MSH, AT_IP, 0, 0);
	load(f, BPF_H | BPF_IND, AT_IP + UDP_PORT);
	ours = case_of(f, port);
	load(f, BPF_H | BPF_ABS, AT_IP_OFFSET);
	fragment_if(f, IP_MORE, take->part);
	by_word(f, BPF_IND, AT_IP + UDP_PAYLOAD, take);
	case_end(f, ours);
	done(f, 0);
	case_end(f, inner);
	if (alone && take->part != FILTER_BEHIND) {
		inner = case_of(f, IPPROTO_ICMP);
		load(f, BPF_H | BPF_ABS, AT_IP_OFFSET);
		put(f, BPF_JMP | BPF_JSET | BPF_K, IP_OFFSET_MASK, 0, 1);
		done(f, 0);
		put(f, BPF_LDX | BPF_B | BPF_MSH, AT_IP, 0, 0);
		load(f, BPF_B | BPF_IND, AT_IP);
		accept_if(f, ICMP_ECHO_REQUEST);
		done(f, 0);
		case_end(f, inner);
	}
	done(f, 0);
	case_end(f, begin);
}

static void ipv6(struct filter *f, uint16_t port, bool alone, const struct filter_take *take)
{
	uint16_t begin = case_of(f, ETH_P_IPV6), inner, ours;

	load(f, BPF_B | BPF_ABS, AT_IP6_NEXT);
	inner = case_of(f, IPPROTO_UDP);
	load(f, BPF_H | BPF_ABS, AT_IP6_PAYLOAD + UDP_PORT);
	ours = case_of(f, port);
	by_word(f, BPF_ABS, AT_IP6_PAYLOAD + UDP_PAYLOAD, take);
	case_end(f, ours);
	done(f, 0);
	case_end(f, inner);
	if (take->part == FILTER_BEHIND) {
		done(f, 0);
		case_end(f, begin);
		return;
	}
	inner = case_of(f, IPPROTO_FRAGMENT);
	load(f, BPF_B | BPF_ABS, AT_IP6_PAYLOAD);
	accept_if(f, IPPROTO_UDP);
	done(f, 0);
	case_end(f, inner);
	inner = case_of(f, IPPROTO_ICMPV6);
	load(f, BPF_B | BPF_ABS, AT_IP6_PAYLOAD);
	accept_if(f, ICMP6_TOO_BIG);
	if (alone) {
		accept_if(f, ICMP6_NEIGHBOR_SOLICIT);
		accept_if(f, ICMP6_NEIGHBOR_ADVERT);
		accept_if(f, ICMP6_ECHO_REQUEST);
	}
	done(f, 0);
	case_end(f, inner);
	done(f, 0);
	case_end(f, begin);
}

void filter_build(struct filter *filter, uint16_t port, bool alone, const struct filter_take *take)
{
	filter->len = 0;
	for_us(filter);
	load(filter, BPF_H | BPF_ABS, AT_TYPE);
	if (alone && take->part != FILTER_BEHIND)
		accept_if(filter, ETH_P_ARP);
	ipv4(filter, port, alone, take);
	ipv6(filter, port, alone, take);
	done(filter, 0);
}
