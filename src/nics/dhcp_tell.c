#include "nics/dhcp_tell.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"

/* In front of "server". */
static const char *const words[LEASE_FAMILIES] = { [LEASE_IPV4] = "DHCP", [LEASE_IPV6] = "DHCPv6" };

void dhcp_tell_given(const char *nic, enum lease_family family, const struct lease *was, const struct lease *lease)
{
	char address[INET_PREFIX_STRLEN], before[INET_PREFIX_STRLEN], server[INET_ADDR_STRLEN] = "", other[INET_ADDR_STRLEN];
	const char *word = words[family];

	inet_prefix_text(&lease->address, address);
	if (lease->server.family)
		inet_addr_text(&lease->server, server);
	if (was && was->server.family && !inet_addr_equal(&was->server, &lease->server))
		log_err("%s: another %s server, %s, gives %s; %s gave %s", nic, word, server, address, inet_addr_text(&was->server, other),
			inet_prefix_text(&was->address, before));
	else if (was && !inet_prefix_equal(&was->address, &lease->address))
		log_err("%s: the %s server%s%s gives another address, %s in place of %s", nic, word, server[0] ? " " : "", server, address,
			inet_prefix_text(&was->address, before));
	else
		log_info("%s: %s: %s%s%s for %u s", nic, word, address, server[0] ? " from " : "", server, lease->seconds);
}

void dhcp_tell_answers(const char *nic, enum lease_family family)
{
	log_info("%s: a %s server answers again", nic, words[family]);
}

void dhcp_tell_tunnels(const char *nic, enum lease_family family, const struct lease *lease)
{
	char server[INET_ADDR_STRLEN] = "";

	if (lease->server.family)
		inet_addr_text(&lease->server, server);
	log_err("%s: the %s server%s%s would have packets of the VPN leave the tunnel: that part of its lease is left out", nic, words[family],
		server[0] ? " " : "", server);
}

void dhcp_tell_refused(const char *nic, enum lease_family family)
{
	log_info("%s: a %s server refuses the address that was asked for again", nic, words[family]);
}

void dhcp_tell_trouble(struct text *to, const char *nic, enum lease_family family, const struct lease *lease, bool kept)
{
	char address[INET_PREFIX_STRLEN];

	text_add(to, "%s: no %s server answers", nic, words[family]);
	if (lease)
		text_add(to, ": %s%s stays in use until one does\n", inet_prefix_text(&lease->address, address),
			 kept ? ", kept from before," : "");
	else
		text_add(to, ", and there is no lease from before: it goes on asking\n");
}

/* Many networks have one of both alone. */
void dhcp_tell_silence(const char *nic, enum lease_family family, const struct lease *lease, bool kept, bool other)
{
	char line[160];
	struct text text;

	if (!lease && family == LEASE_IPV6 && other) {
		log_info("%s: no %s server answers", nic, words[family]);
		return;
	}
	text_init(&text, line, sizeof(line));
	dhcp_tell_trouble(&text, nic, family, lease, kept);
	log_err("%.*s", (int)strcspn(line, "\n"), line);
}
