#include "outer/stack.h"

#include <errno.h>
#include <string.h>

#include "outer/ident.h"
#include <lwip/icmp6.h>
#include <lwip/init.h>
#include <lwip/ip.h>
#include <lwip/ip4_frag.h>
#include <lwip/ip6_frag.h>
#include <lwip/memp.h>
#include <lwip/priv/memp_priv.h>
#include <lwip/stats.h>

enum {
	FRAME_MTU_MAX = 65535,
	SLOT = 0,       /* the IPv6 address that the packet at hand came for */
	CHECK_ALWAYS = NETIF_CHECKSUM_GEN_IP | NETIF_CHECKSUM_CHECK_IP,
};

static struct udp_pcb *pcb;
static struct ident_key ident;

/* lwIP's ip6.c calls it whatever LWIP_ICMP6 says: no one is told. */
void icmp6_param_problem(struct pbuf *p, enum icmp6_pp_code code, const void *pointer);
void icmp6_param_problem(struct pbuf *p, enum icmp6_pp_code code, const void *pointer)
{
	(void)p;
	(void)code;
	(void)pointer;
}

int stack_open(uint16_t port, udp_recv_fn received)
{
	static bool started;

	/* lwip_init builds static lists; stack_close leaves them as they were. */
	if (!started) {
		lwip_init();
		ident_key_make(&ident);
	}
	started = true;
	ident_set_port(&ident, port);
	pcb = udp_new_ip_type(IPADDR_TYPE_ANY);
	if (!pcb)
		return -ENOBUFS;
	pcb->ttl = 64; /* as the kernel's WireGuard */
	udp_recv(pcb, received, NULL);
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
	ident_set_port(&ident, port);
	/* The placeholder had the port; no other block of lwIP exists. */
	(void)udp_bind(pcb, IP_ANY_TYPE, port);
}

struct udp_pcb *stack_pcb(void)
{
	return pcb;
}

void stack_tick(void)
{
	ip_reass_tmr();
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

static err_t output4(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
	(void)to; /* outer_send knows the next hop */
	ident_scatter4(&ident, p->payload);
	return netif->linkoutput(netif, p);
}

static err_t output6(struct netif *netif, struct pbuf *p, const ip6_addr_t *to)
{
	(void)to;
	ident_scatter6(&ident, p->payload);
	return netif->linkoutput(netif, p);
}

static err_t init(struct netif *netif)
{
	netif->name[0] = 'e';
	netif->name[1] = 'n';
	netif->output = output4;
	netif->output_ip6 = output6;
	netif->mtu = FRAME_MTU_MAX;
	netif->flags = NETIF_FLAG_LINK_UP;
	NETIF_SET_CHECKSUM_CTRL(netif, CHECK_ALWAYS);
	return ERR_OK;
}

void stack_add(struct netif *netif, void *state, err_t (*output)(struct netif *netif, struct pbuf *p))
{
	netif_add(netif, IP4_ADDR_ANY4, IP4_ADDR_BROADCAST, IP4_ADDR_ANY4, state, init, ip_input);
	netif->linkoutput = output;
	netif_set_up(netif);
}

void stack_remove(struct netif *netif)
{
	netif_remove(netif);
}

/* The fields are written, not set through netif_set_addr and its like: those tell others. */
void stack_use_local(struct netif *netif, const struct inet_addr *addr)
{
	ip_addr_t local;

	stack_addr(&local, addr, netif);
	if (addr->family == AF_INET) {
		netif->ip_addr = local;
		return;
	}
	netif->ip6_addr[SLOT] = local;
	netif->ip6_addr_state[SLOT] = IP6_ADDR_PREFERRED;
}

void stack_fragment(struct netif *netif, uint16_t mtu_bytes, bool on)
{
	netif->mtu = mtu_bytes;
	NETIF_SET_CHECKSUM_CTRL(netif, (uint16_t)(CHECK_ALWAYS | (on ? NETIF_CHECKSUM_GEN_UDP : 0)));
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
