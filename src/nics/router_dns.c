#include "nics/router_dns.h"

#include <fcntl.h>
#include <net/if.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "conf/value.h"
#include "netlink/rdnss.h"

static bool is_server(const struct network_dns *one, const struct network_dns *other)
{
	return inet_addr_equal(&one->addr, &other->addr) && !strcmp(one->link, other->link);
}

static void remove_server(struct router_dns *routers, size_t i)
{
	memmove(&routers->list[i], &routers->list[i + 1], (--routers->count - i) * sizeof(routers->list[0]));
}

/* As the kernel has it, which gave them to us. */
static bool listens(const char *nic)
{
	char path[96], value[16];

	text_format(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra", nic);
	return file_read(AT_FDCWD, path, value, sizeof(value)) > 0 && value[0] != '0';
}

static void take_server(struct router_dns *routers, const struct network_dns *server, const char *nic, uint64_t until_ns)
{
	size_t i = 0;

	while (i < routers->count && !is_server(&routers->list[i].server, server))
		i++;
	if (i == routers->count && (!until_ns || i == NETWORK_DNS_MAX))
		return;
	if (!until_ns) {
		remove_server(routers, i);
		return;
	}
	routers->list[i] = (struct router_server){ .server = *server, .until_ns = until_ns };
	text_format(routers->list[i].nic, sizeof(routers->list[i].nic), "%s", nic);
	routers->count += i == routers->count;
}

void router_dns_take(struct router_dns *routers, const struct nlmsghdr *message, uint64_t now_ns)
{
	char nic[IFNAMSIZ];
	struct rdnss rdnss;

	if (rdnss_read(message, &rdnss) < 0 || !if_indextoname(rdnss.index, nic))
		return;
	for (size_t i = 0; i < rdnss.count; i++) {
		struct network_dns server = { .addr = rdnss.servers[i] };
		uint64_t until_ns = rdnss.seconds == UINT32_MAX ? UINT64_MAX : now_ns + rdnss.seconds * NS_PER_S;

		if (value_unusable(&server.addr, true))
			continue;
		if (inet_addr_is_link_local(&server.addr))
			memcpy(server.link, nic, sizeof(server.link));
		take_server(routers, &server, nic, rdnss.seconds ? until_ns : 0);
	}
}

uint64_t router_dns_expire(struct router_dns *routers, uint64_t now_ns)
{
	uint64_t next_ns = UINT64_MAX;

	for (size_t i = 0; i < routers->count;) {
		if (routers->list[i].until_ns <= now_ns || !listens(routers->list[i].nic)) {
			remove_server(routers, i);
			continue;
		}
		next_ns = routers->list[i].until_ns < next_ns ? routers->list[i].until_ns : next_ns;
		i++;
	}
	return next_ns == UINT64_MAX ? 0 : next_ns;
}

void router_dns_add(const struct router_dns *routers, struct resolv_others *others)
{
	for (size_t i = 0; i < routers->count; i++)
		resolv_add(others, &routers->list[i].server, "router");
}
