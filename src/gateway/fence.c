#include "gateway/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/contained.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "netlink/rule.h"

#define UDP_EARLY_DEMUX "/proc/sys/net/ipv4/udp_early_demux"
/* What a container sees of it is read-only. */
#define COMPOSE_SYSCTL ": " COMPOSE_ADD("sysctls: [net.ipv4.udp_early_demux=0]") ", or with `network_mode: host` set it on the host"

enum { FENCE_RULES = 5, DEVICE_FIRST = 2, DEVICE_RULES = 2 };

/* The kernel delivers a datagram for any address of the host whichever interface it came in by, and answers ARP for it
 * there: whoever is on the outer network would speak to the VPN address in clear, past the keys. Neither arp_ignore nor
 * rp_filter prevents it; only what decides before the local table is asked does. These are policy rules on every host, ours
 * or not, and no nf_tables: they need no module that a kernel may lack, and no program that owns the host's firewall
 * (docker, firewalld, `nft flush ruleset`) takes them along. What they cost others is little: see netlink/rule.c for where they
 * stand. A container behind a bridge of the host does not reach the VPN through the host any more: it comes in by another
 * interface, too. One ARP question is answered before any rule, that of 0.0.0.0 whether an address is free: the image's
 * arp_ignore=1 prevents it, and on a host of others it tells a neighbour no more than that.
 *
 * The host itself (lo) and the tunnel may reach the network as if there were no rule, by the local table and by the main one;
 * all else is dropped, without an ICMP that would tell of it. */
static void fence_rules(const struct fence *fence, struct policy_rule rules[static FENCE_RULES])
{
	const char *const from[] = { "lo", fence->device };
	static const uint8_t tables[] = { RT_TABLE_LOCAL, RT_TABLE_MAIN };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++)
		for (size_t j = 0; j < sizeof(tables); j++, n++) {
			rules[n] = (struct policy_rule){ .action = FR_ACT_TO_TBL, .table = tables[j], .destination = fence->network };
			text_format(rules[n].iif, sizeof(rules[n].iif), "%s", from[i]);
		}
	rules[n] = (struct policy_rule){ .action = FR_ACT_BLACKHOLE, .destination = fence->network };
}

/* A connected UDP socket keeps the route of what it received, and the kernel gives it a datagram with the same ports and
 * addresses by that, without a look at the rules, whichever interface it came in by (TCP looks at the interface). Without
 * this short cut each datagram costs a route look-up. */
static void stop_early_demux(struct fence *fence)
{
	char value[8];
	int err;

	if (file_read(AT_FDCWD, UDP_EARLY_DEMUX, value, sizeof(value)) <= 0 || value[0] != '1')
		return;
	err = file_poke(UDP_EARLY_DEMUX, "0");
	if (err < 0 && !fence->put)
		log_err("%s cannot be set to 0: %s: whoever guesses the ports of a connected UDP socket passes for a VPN peer%s",
			UDP_EARLY_DEMUX, strerror(-err), err == -EROFS ? COMPOSE_SYSCTL : "");
	fence->demux_was_on = fence->demux_was_on || !err;
}

static void remove_rules(const struct fence *fence, struct nl *host, size_t first, size_t count)
{
	struct policy_rule rules[FENCE_RULES];
	int err;

	fence_rules(fence, rules);
	err = rules_remove(host, fence->network.addr.family, rules + first, count);
	if (err < 0)
		log_err("cannot remove the rules around the VPN network: %s", strerror(-err));
}

void fence_mend(struct fence *fence, struct nl *host)
{
	struct policy_rule rules[FENCE_RULES];
	char text[INET_PREFIX_STRLEN], before[sizeof(fence->trouble)];
	int err;

	if (!fence->device[0])
		return;
	text_format(before, sizeof(before), "%s", fence->trouble);
	fence->trouble[0] = '\0';
	fence_rules(fence, rules);
	err = rules_put_first(host, fence->network.addr.family, rules, FENCE_RULES);
	inet_prefix_text(&fence->network, text);
	if (err < 0)
		text_format(fence->trouble, sizeof(fence->trouble),
			    "what is for the VPN network %s is taken from others than %s too: policy rules: %s%s%s", text,
			    fence->device, err == -ENOSPC ? "there are too many of preference 0" : strerror(-err),
			    host->error[0] ? ": " : "", host->error);
	if (err < 0 && strcmp(before, fence->trouble) != 0)
		log_err("%s", fence->trouble);
	else if (err > 0 && fence->put)
		log_err("someone changed the rules that keep others off the VPN network %s: put anew", text);
	else if (err >= 0 && before[0])
		log_info("over: %s", before);
	if (err < 0)
		return;
	/* Each time: another path of this host that stops turns it on again, and takes its rules off then. */
	stop_early_demux(fence);
	if (fence->put)
		return;
	/* Rules that were there are of a process before this one, which found the short cut on. */
	fence->demux_was_on = fence->demux_was_on || !err;
	fence->put = true;
}

void fence_put(struct fence *fence, struct nl *host, const struct inet_prefix *address, const char *device)
{
	const struct inet_prefix network = { inet_prefix_first(address), address->len };
	const struct fence before = *fence;
	bool same_network = inet_prefix_equal(&network, &before.network);

	if (before.device[0] && (!same_network || strcmp(device, before.device) != 0))
		fence->put = false;
	fence->network = network;
	text_format(fence->device, sizeof(fence->device), "%s", device);
	fence_mend(fence, host);
	fence->demux_was_on = fence->demux_was_on || before.demux_was_on;
	if (before.put && !same_network)
		remove_rules(&before, host, 0, FENCE_RULES);
	else if (before.put && strcmp(device, before.device) != 0)
		remove_rules(&before, host, DEVICE_FIRST, DEVICE_RULES);
}

void fence_remove(struct fence *fence, struct nl *host)
{
	if (fence->put)
		remove_rules(fence, host, 0, FENCE_RULES);
	if (fence->demux_was_on)
		file_poke(UDP_EARLY_DEMUX, "1");
	*fence = (struct fence){ 0 };
}
