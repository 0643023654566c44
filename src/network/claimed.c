#include "network/claimed.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"
#include "network/conflict.h"

/* What any NIC of this host has by now is its own: it may move to another of them. */
static void drop_own(const struct link_address *address, void *arg)
{
	struct claimed *claimed = arg;

	for (size_t i = claimed->count; i-- > 0;)
		if (inet_addr_equal(&claimed->list[i].address, &address->prefix.addr))
			claimed->list[i] = claimed->list[--claimed->count];
}

static void add_wanted(struct claimed *claimed, const struct link *link, const struct network_nic *section)
{
	for (size_t i = 0; i < section->address_count && claimed->count < CLAIMED_MAX; i++) {
		struct claimed_address *wanted = &claimed->list[claimed->count];

		if (section->addresses[i].addr.family != AF_INET)
			continue; /* the kernel does it for IPv6, RFC 4862 */
		*wanted = (struct claimed_address){ .link = link->index, .address = section->addresses[i].addr };
		memcpy(wanted->mac, link->mac, sizeof(wanted->mac));
		claimed->count++;
	}
}

static void probe_all(int fd, const struct claimed *claimed)
{
	for (size_t i = 0; i < claimed->count; i++) {
		const struct claimed_address *wanted = &claimed->list[i];

		if (!wanted->taken)
			arp_probe_send(fd, wanted->link, wanted->mac, wanted->address.bytes);
	}
}

static bool is_ours(const struct nics *nics, const uint8_t mac[static LINK_MAC_LEN])
{
	for (size_t i = 0; i < nics->count; i++)
		if (!memcmp(nics->list[i].mac, mac, LINK_MAC_LEN))
			return true;
	return false;
}

/* Whoever says that it has one, or is about to take it as well; false: no one says anything now. */
static bool read_claim(int fd, struct claimed *claimed, const struct nics *nics)
{
	struct sockaddr_ll from = { 0 };
	socklen_t from_len = sizeof(from);
	uint8_t bytes[ARP_LEN];
	struct arp_claim claim;

	ssize_t n = recvfrom(fd, bytes, sizeof(bytes), MSG_TRUNC, (struct sockaddr *)&from, &from_len);

	if (n < ARP_LEN || !arp_read(bytes, sizeof(bytes), &claim) || is_ours(nics, claim.mac))
		return n >= 0;
	for (size_t i = 0; i < claimed->count; i++) {
		struct claimed_address *wanted = &claimed->list[i];

		if ((int)wanted->link != from.sll_ifindex || memcmp(wanted->address.bytes, claim.address, sizeof(claim.address)) != 0)
			continue;
		wanted->taken = true;
		memcpy(wanted->other, claim.mac, sizeof(wanted->other));
	}
	return true;
}

static bool all_taken(const struct claimed *claimed)
{
	for (size_t i = 0; i < claimed->count; i++)
		if (!claimed->list[i].taken)
			return false;
	return true;
}

/* This process carries no packet, and nothing else that could not wait so long: only whoever types a change has it asked, which waits itself;
 * verbs of others wait in their sockets for as long as a disk or a NIC's driver may hold this process anyway; news of links and addresses in
 * that of their monitor, and when there were too many for it, all is looked at anew. */
static void ask_links(int fd, struct claimed *claimed, const struct nics *nics)
{
	uint64_t now_ns = clock_now_ns(), due_ns = now_ns, end_ns = now_ns + CLAIMED_WAIT_MS * NS_PER_MS;
	unsigned sent = 0;

	while (!all_taken(claimed) && now_ns < end_ns) {
		if (sent < CLAIMED_PROBES && now_ns >= due_ns) {
			probe_all(fd, claimed);
			due_ns = ++sent < CLAIMED_PROBES ? now_ns + CLAIMED_PROBE_MS * NS_PER_MS : end_ns;
		}
		if (!await_ready(fd, POLLIN, due_ns))
			(void)read_claim(fd, claimed, nics);
		now_ns = clock_now_ns();
	}
	/* What came while this process was kept from running. */
	for (size_t i = 0; i < CLAIMED_MAX && read_claim(fd, claimed, nics); i++)
		;
}

void claimed_find(struct nl *nl, const struct network_conf *conf, struct claimed *claimed)
{
	static struct nics nics;
	int fd = -1;

	claimed->count = 0;
	if (nics_find(nl, &nics) < 0 || nics_match(nl, &nics, conf) < 0)
		return;
	for (size_t i = 0; i < nics.count; i++) {
		const struct link *link = &nics.list[i];
		const struct nics_match *match = &nics.matches[i];

		if (match->section && !match->section->unmanaged && match->taker == link && link->carrier && link->has_mac)
			add_wanted(claimed, link, match->section);
	}
	if (link_address_each(nl, 0, drop_own, claimed) == 0 && claimed->count)
		fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ARP));
	if (fd < 0) {
		claimed->count = 0;
		return;
	}
	ask_links(fd, claimed, &nics);
	close(fd);
	for (size_t i = claimed->count; i-- > 0;)
		if (!claimed->list[i].taken)
			claimed->list[i] = claimed->list[--claimed->count];
}

const struct claimed_address *claimed_by(const struct claimed *claimed, uint32_t link, const struct inet_addr *address)
{
	for (size_t i = 0; i < claimed->count; i++)
		if (claimed->list[i].link == link && inet_addr_equal(&claimed->list[i].address, address))
			return &claimed->list[i];
	return NULL;
}
