#include "netlink/rdnss.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <netinet/icmp6.h>
#include <string.h>

#include "base/bytes.h"

/* RFC 8106 5.1, and RFC 4861 4.6: an option's length is in units of 8 bytes. */
enum { OPTION_RDNSS = 25, UNIT_LEN = 8, LIFETIME_AT = 4, SERVERS_AT = 8, ADDRESS_LEN = 16 };

static void read_option(const uint8_t *option, size_t len, struct rdnss *rdnss)
{
	rdnss->seconds = load_be32(option + LIFETIME_AT);
	for (size_t at = SERVERS_AT; at + ADDRESS_LEN <= len && rdnss->count < RDNSS_MAX; at += ADDRESS_LEN) {
		rdnss->servers[rdnss->count] = (struct inet_addr){ .family = AF_INET6 };
		memcpy(rdnss->servers[rdnss->count++].bytes, option + at, ADDRESS_LEN);
	}
}

/* The kernel sends a message for each option. */
int rdnss_read(const struct nlmsghdr *message, struct rdnss *rdnss)
{
	const struct nduseroptmsg *info = mnl_nlmsg_get_payload(message);
	const uint8_t *option = (const uint8_t *)(info + 1);
	size_t len = mnl_nlmsg_get_payload_len(message);

	if (message->nlmsg_type != RTM_NEWNDUSEROPT)
		return -ENOMSG;
	if (len < sizeof(*info) || info->nduseropt_opts_len > len - sizeof(*info))
		return -EBADMSG;
	if (info->nduseropt_family != AF_INET6 || info->nduseropt_icmp_type != ND_ROUTER_ADVERT ||
	    info->nduseropt_opts_len < UNIT_LEN || option[0] != OPTION_RDNSS)
		return -ENOMSG;
	if (!option[1] || (size_t)option[1] * UNIT_LEN > info->nduseropt_opts_len)
		return -EBADMSG;
	*rdnss = (struct rdnss){ .index = (uint32_t)info->nduseropt_ifindex };
	read_option(option, (size_t)option[1] * UNIT_LEN, rdnss);
	return rdnss->count ? 0 : -ENOMSG;
}
