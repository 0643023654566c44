#include "outer/stack.h"

#include <errno.h>
#include <string.h>

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h>
#include <lwip/ip4_frag.h>
#include <lwip/ip6_frag.h>
#include <lwip/memp.h>
#include <lwip/nd6.h>
#include <lwip/priv/memp_priv.h>
#include <lwip/priv/nd6_priv.h>
#include <lwip/stats.h>
#include <netif/ethernet.h>
#include "outer/input.h"

enum {
	FRAME_MTU_MAX = 65535,
	SLOT_FIRST = 0,  /* the IPv6 address that neighbours are asked with */
	SLOT_FRAME = 1,  /* the one the frame at hand came for */
	CHECK_ALWAYS = NETIF_CHECKSUM_GEN_IP | NETIF_CHECKSUM_GEN_ICMP | NETIF_CHECKSUM_GEN_ICMP6 |
		       NETIF_CHECKSUM_CHECK_IP | NETIF_CHECKSUM_CHECK_ICMP | NETIF_CHECKSUM_CHECK_ICMP6,
};

static struct udp_pcb *pcb;

int stack_open(uint16_t port)
{
	static bool started;

	/* lwip_init builds static lists; stack_close leaves them as they were. */
	if (!started)
		lwip_init();
	started = true;
	pcb = udp_new_ip_type(IPADDR_TYPE_ANY);
	if (!pcb)
		return -ENOBUFS;
	pcb->ttl = 64; /* as the kernel's WireGuard */
	udp_recv(pcb, input_datagram, NULL);
	if (udp_bind(pcb, IP_ANY_TYPE, port) == ERR_OK)
		return 0;
	udp_remove(pcb);
	pcb = NULL;
	return -EADDRINUSE;
}

void stack_close(void)
{
	udp_remove(pcb);
	pcb = NULL;
	/* What waits for its missing fragments: lwIP has no call to drop it but time. */
	for (int i = 0; i <= IP_REASS_MAXAGE || i <= IPV6_REASS_MAXAGE; i++) {
		ip_reass_tmr();
		ip6_reass_tmr();
	}
}

void stack_set_port(uint16_t port)
{
	/* The placeholder had the port; no other block of lwIP exists. */
	(void)udp_bind(pcb, IP_ANY_TYPE, port);
}

struct udp_pcb *stack_pcb(void)
{
	return pcb;
}

void stack_tick(void)
{
	etharp_tmr();
	ip_reass_tmr();
	nd6_tmr();
	ip6_reass_tmr();
}

size_t stack_pools_used(void)
{
	size_t used = lwip_stats.mem.used;

	for (size_t i = 0; i < MEMP_MAX; i++)
		if (i != MEMP_UDP_PCB)
			used += memp_pools[i]->stats->used;
	return used;
}

bool stack_has_room(void)
{
	return lwip_stats.mem.used < MEM_SIZE / 2;
}

static err_t init(struct netif *netif)
{
	netif->name[0] = 'e';
	netif->name[1] = 'n';
	netif->output = etharp_output;
	netif->output_ip6 = ethip6_output;
	netif->mtu = FRAME_MTU_MAX;
	netif->hwaddr_len = ETH_HWADDR_LEN;
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
	NETIF_SET_CHECKSUM_CTRL(netif, CHECK_ALWAYS);
	return ERR_OK;
}

void stack_add(struct netif *netif, void *state, const uint8_t *mac, netif_linkoutput_fn output)
{
	/* Without an address while it comes up: lwIP announces one that it finds then. */
	netif_add(netif, IP4_ADDR_ANY4, IP4_ADDR_BROADCAST, IP4_ADDR_ANY4, state, init, ethernet_input);
	memcpy(netif->hwaddr, mac, ETH_HWADDR_LEN);
	netif->linkoutput = output;
	netif_set_up(netif);
}

void stack_remove(struct netif *netif)
{
	netif_remove(netif);
}

void stack_forget_ways(void)
{
	nd6_clear_destination_cache();
}

/* The fields are written, not set through netif_set_addr and its like: those announce. */
static void put_slot(struct netif *netif, int slot, const ip_addr_t *addr)
{
	if (!addr) {
		netif->ip6_addr_state[slot] = IP6_ADDR_INVALID;
		return;
	}
	netif->ip6_addr[slot] = *addr;
	netif->ip6_addr_state[slot] = IP6_ADDR_PREFERRED;
	netif->ip6_addr_valid_life[slot] = IP6_ADDR_LIFE_INFINITE;
	netif->ip6_addr_pref_life[slot] = IP6_ADDR_LIFE_INFINITE;
}

void stack_set_first(struct netif *netif, const struct inet_addr *first4, const struct inet_addr *first6)
{
	ip_addr_t addr;

	stack_addr(&netif->ip_addr, first4 ? first4 : &(const struct inet_addr){ .family = AF_INET }, netif);
	if (first6)
		stack_addr(&addr, first6, netif);
	put_slot(netif, SLOT_FIRST, first6 ? &addr : NULL);
	put_slot(netif, SLOT_FRAME, NULL);
}

void stack_announce(struct netif *netif, const struct inet_addr *addr)
{
	if (addr->family != AF_INET)
		return;
	stack_addr(&netif->ip_addr, addr, netif);
	etharp_gratuitous(netif);
}

void stack_use_source(struct netif *netif, const ip_addr_t *addr)
{
	if (IP_IS_V4(addr))
		netif->ip_addr = *addr;
}

void stack_use_local(struct netif *netif, const struct inet_addr *addr)
{
	ip_addr_t local;

	stack_addr(&local, addr, netif);
	if (addr->family == AF_INET)
		netif->ip_addr = local;
	else
		put_slot(netif, SLOT_FRAME, &local);
}

void stack_fragment(struct netif *netif, const ip_addr_t *dest, uint16_t mtu_bytes, bool on)
{
	netif->mtu = mtu_bytes;
	NETIF_SET_CHECKSUM_CTRL(netif, (uint16_t)(CHECK_ALWAYS | (on ? NETIF_CHECKSUM_GEN_UDP : 0)));
	if (IP_IS_V4(dest))
		return;
	/* For IPv6 its own cache decides, not the netif. */
	for (size_t i = 0; i < LWIP_ND6_NUM_DESTINATIONS; i++)
		if (ip6_addr_eq(&destination_cache[i].destination_addr, ip_2_ip6(dest)))
			destination_cache[i].pmtu = mtu_bytes;
}

void stack_check(struct netif *netif, bool on)
{
	NETIF_SET_CHECKSUM_CTRL(netif, (uint16_t)(CHECK_ALWAYS | (on ? NETIF_CHECKSUM_CHECK_UDP : 0)));
}

void stack_addr(ip_addr_t *dst, const struct inet_addr *addr, const struct netif *netif)
{
	memset(dst, 0, sizeof(*dst));
	if (addr->family == AF_INET) {
		memcpy(&ip_2_ip4(dst)->addr, addr->bytes, sizeof(ip_2_ip4(dst)->addr));
		IP_SET_TYPE_VAL(*dst, IPADDR_TYPE_V4);
		return;
	}
	memcpy(ip_2_ip6(dst)->addr, addr->bytes, sizeof(ip_2_ip6(dst)->addr));
	IP_SET_TYPE_VAL(*dst, IPADDR_TYPE_V6);
	ip6_addr_assign_zone(ip_2_ip6(dst), IP6_UNICAST, netif);
}

struct inet_addr stack_inet_addr(const ip_addr_t *addr)
{
	struct inet_addr result = { .family = IP_IS_V4(addr) ? AF_INET : AF_INET6 };

	if (result.family == AF_INET)
		memcpy(result.bytes, &ip_2_ip4(addr)->addr, 4);
	else
		memcpy(result.bytes, ip_2_ip6(addr)->addr, 16);
	return result;
}
