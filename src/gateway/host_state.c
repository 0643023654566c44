#include "gateway/host_state.h"

#include <string.h>
#include <time.h>

#include "base/built.h"
#include "base/here.h"
#include "base/text.h"
#include "netlink/netlink.h"
#include "network/nics.h"

enum { LINE_LEN = 160, SCOPE_UNIVERSE = 0 /* RT_SCOPE_UNIVERSE */ };

static void take_address(const struct link_address *address, void *arg)
{
	bool *any = arg;

	*any = *any || address->scope == SCOPE_UNIVERSE;
}

bool host_print_nics(void (*line)(void *arg, const char *text), void *arg)
{
	static struct nics nics;
	bool any = false;
	char text[LINE_LEN];
	struct nl nl;

	if (nl_open(&nl, NETLINK_ROUTE) < 0)
		return true;
	if (nics_find(&nl, &nics) < 0)
		nics.count = 0;
	for (size_t i = 0; i < nics.count; i++) {
		const struct link *link = &nics.list[i];
		bool addressed = false;

		(void)link_address_each(&nl, link->index, take_address, &addressed);
		any = any || addressed;
		/* A port has no address; without it, the bond has nothing to turn to. */
		if ((!addressed && !link->is_bond_port) || (link->up && link->carrier))
			continue;
		if (link->up)
			text_format(text, sizeof(text), "%s: NO CARRIER: cable, switch port", link->name);
		else if (here_is_appliance())
			text_format(text, sizeof(text), "%s: it is switched off, `reconfigure` brings it up", link->name);
		else
			text_format(text, sizeof(text), "%s: it is switched off: `ip link set %s up`", link->name, link->name);
		line(arg, text);
	}
	nl_close(&nl);
	if (!any)
		line(arg, !here_is_appliance() ? "no NIC has an address now: `ip address`" :
			  nics.count ? "no NIC has an address now: `network`" : "no NIC: `network`, `boot`");
	return any;
}

void host_print_clock(void (*line)(void *arg, const char *text), void *arg)
{
	time_t now = time(NULL);
	char now_text[32] = "", text[LINE_LEN];
	struct tm tm;

	if (now >= built_s())
		return;
	if (gmtime_r(&now, &tm))
		(void)strftime(now_text, sizeof(now_text), "%Y-%m-%d %H:%M:%S", &tm);
	text_format(text, sizeof(text), "clock: %s UTC is before this system was made: %s", now_text,
		    here_is_appliance() ? "`clock set`" : "set the clock of this host");
	line(arg, text);
}
