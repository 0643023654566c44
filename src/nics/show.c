#include "nics/show.h"

#include <stdlib.h>
#include <string.h>

#include "network/hardware.h"
#include "network/nics.h"

struct printer {
	struct control_call *call;
	uint32_t index;
};

static void print_address(const struct link_address *address, void *arg)
{
	const struct printer *printer = arg;
	char text[INET_PREFIX_STRLEN];

	control_print(printer->call, CONTROL_OUT, "  address  %s\n", inet_prefix_text(&address->prefix, text));
}

static void print_route(const struct link_route *route, void *arg)
{
	const struct printer *printer = arg;
	char to[INET_PREFIX_STRLEN], via[INET_ADDR_STRLEN];

	if (route->index == printer->index && route->gateway.family)
		control_print(printer->call, CONTROL_OUT, "  route    %s via %s\n",
			      inet_prefix_text(&route->destination, to), inet_addr_text(&route->gateway, via));
}

static void print_hardware(const struct printer *printer, const char *nic)
{
	struct nic_hardware hardware;

	hardware_read(HARDWARE_CLASS_DIR, nic, &hardware);
	control_print(printer->call, CONTROL_OUT, "  hardware %s", hardware.driver[0] ? hardware.driver : "no driver");
	if (hardware.path[0])
		control_print(printer->call, CONTROL_OUT, ", %s, port %u", hardware.path, hardware.port);
	if (hardware.speed_mbit)
		control_print(printer->call, CONTROL_OUT, ", %u Mbit/s", hardware.speed_mbit);
	control_print(printer->call, CONTROL_OUT, "\n");
}

/* eth2 before eth10. */
static int compare_names(const void *a, const void *b)
{
	const struct link *one = a, *other = b;
	size_t len = strlen(one->name), other_len = strlen(other->name);

	if (len != other_len)
		return len < other_len ? -1 : 1;
	return strcmp(one->name, other->name);
}

void nics_show(struct nl *nl, const struct network_conf *conf, struct control_call *call)
{
	static const struct network_conf none;
	static struct nics nics;
	int err = nics_find(nl, &nics);

	qsort(nics.list, nics.count, sizeof(nics.list[0]), compare_names);
	if (!err)
		err = nics_match(nl, &nics, conf ? conf : &none);

	for (size_t i = 0; i < nics.count && !err; i++) {
		const struct link *link = &nics.list[i];
		struct printer printer = { call, link->index };
		const struct network_nic *nic = nics.matches[i].section;
		const struct link *taker = nics.matches[i].taker;

		control_print(call, CONTROL_OUT, "%s  %02x:%02x:%02x:%02x:%02x:%02x  %s, MTU %u, ", link->name,
			      link->mac[0], link->mac[1], link->mac[2], link->mac[3], link->mac[4], link->mac[5],
			      !link->up ? "down" : link->carrier ? "up" : "up, no carrier", link->mtu_bytes);
		if (nic)
			control_print(call, CONTROL_OUT, "[Match] at " NETWORK_FILE ":%u%s%s%s\n", nic->line,
				      nic->unmanaged ? ", unmanaged: the dataplane's alone" : "",
				      taker == link ? "" : ", whose addresses are ", taker == link ? "" : taker->name);
		else
			control_print(call, CONTROL_OUT, conf ? "no [Match] fits\n" : "not configured\n");
		print_hardware(&printer, link->name);
		link_address_each(nl, link->index, print_address, &printer);
		link_route_each(nl, print_route, &printer);
	}
	if (!nics.count)
		control_print(call, CONTROL_OUT, "no NIC\n");
	control_end(call, err < 0);
}
