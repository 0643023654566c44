#include "nics/name_servers.h"

#include "base/clock.h"
#include "base/container_of.h"

int name_servers_message(const struct nlmsghdr *message, void *arg)
{
	struct name_servers *servers = arg;

	router_dns_take(&servers->routers, message, clock_now_ns());
	return 0;
}

static void expire_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct name_servers *servers = container_of(timer, struct name_servers, expire);

	name_servers_follow(servers, servers->conf, servers->dhcp, now_ns);
}

void name_servers_follow(struct name_servers *servers, const struct network_conf *conf, const struct dhcp *dhcp, uint64_t now_ns)
{
	uint64_t next_ns = router_dns_expire(&servers->routers, now_ns);

	servers->conf = conf;
	servers->dhcp = dhcp;
	servers->others.count = 0;
	dhcp_add_dns(dhcp, &servers->others);
	router_dns_add(&servers->routers, &servers->others);
	resolv_write(conf, &servers->others);
	if (next_ns)
		loop_timer_set(dhcp->loop, &servers->expire, next_ns, expire_fires);
	else
		loop_timer_clear(dhcp->loop, &servers->expire);
}
