#include "nics/dhcp_show.h"

#include "base/clock.h"
#include "base/text.h"

enum { LINE_LEN = 160 };

/* What of a lease an operator has to know. */
static void state_of(const struct dhcp_slot *slot, const struct lease *lease, uint64_t now_ns, struct text *to)
{
	unsigned long long ago_s = (now_ns - slot->since_ns) / NS_PER_S;
	char server[INET_ADDR_STRLEN];

	if (slot->kept)
		text_add(to, " KEPT FROM BEFORE, no server answers");
	else if (!slot->bound && slot->since_ns && ago_s >= lease->seconds)
		text_add(to, " RAN OUT, no server answers: it stays in use");
	else if (!slot->bound)
		text_add(to, "%s", slot->silent ? " stays in use, NO SERVER ANSWERS" : ", asked for again");
	else if (lease->server.family)
		text_add(to, " from %s", inet_addr_text(&lease->server, server));
	if (slot->bound && lease->seconds != UINT32_MAX)
		text_add(to, ", for %u s, %llu s ago", lease->seconds, ago_s);
}

static void show_slot(const struct dhcp_client *client, enum lease_family family, struct control_call *call, uint64_t now_ns)
{
	const struct dhcp_slot *slot = &client->slots[family];
	const struct lease *lease = dhcp_in_use(client, family);
	char line[LINE_LEN], address[INET_PREFIX_STRLEN];
	struct text text;

	text_init(&text, line, sizeof(line));
	text_add(&text, "  %-8s ", family == LEASE_IPV4 ? "DHCP" : "DHCPv6");
	if (lease) {
		text_add(&text, "%s", inet_prefix_text(&lease->address, address));
		state_of(slot, lease, now_ns, &text);
	} else {
		text_add(&text, "%s", slot->silent ? "NO SERVER ANSWERS" : "asks for an address");
	}
	control_print(call, CONTROL_OUT, "%s\n", line);
}

void dhcp_show(const struct dhcp *dhcp, const char *nic, struct control_call *call, uint64_t now_ns)
{
	const struct dhcp_client *client = dhcp_of(dhcp, nic);

	if (client && client->wants & NETWORK_DHCP4)
		show_slot(client, LEASE_IPV4, call, now_ns);
	if (client && client->wants & NETWORK_DHCP6)
		show_slot(client, LEASE_IPV6, call, now_ns);
}
