#include "nics/show.h"

#include <linux/if_addr.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/wrap.h"
#include "network/hardware.h"
#include "network/nics.h"
#include "nics/around.h"
#include "nics/card.h"
#include "nics/dhcp_show.h"
#include "nics/made.h"

enum { ROW_LEN = 512 };

static void print_address(const struct link_address *address, void *arg)
{
	char text[INET_PREFIX_STRLEN];

	control_print(arg, CONTROL_OUT, "  address  %s%s\n", inet_prefix_text(&address->prefix, text),
		      address->flags & IFA_F_DADFAILED ? "  NOT IN USE: another machine has it" : "");
}

/* What network.conf says of it. */
static void print_match(struct control_call *call, const struct network_conf *conf, const struct link *link,
			const struct nics_match *match)
{
	if (match->section)
		control_print(call, CONTROL_OUT, "[Match] at " NETWORK_FILE ":%u\n", match->section->line);
	else
		control_print(call, CONTROL_OUT, conf ? "no [Match] fits\n" : "not configured\n");
	if (match->section && match->section->unmanaged)
		control_print(call, CONTROL_OUT, "  match    unmanaged: the dataplane's alone\n");
	if (match->section && match->taker != link)
		control_print(call, CONTROL_OUT, "  match    its addresses and routes are %s's\n", match->taker->name);
}

static void print_nic(struct nl *nl, const struct nics_shown *shown, const struct nics *nics, size_t i, bool whole,
		      struct control_call *call, uint64_t now_ns)
{
	const struct nics_match *match = &nics->matches[i];
	const struct link *link = &nics->list[i];
	struct nic_hardware hardware;

	hardware_read(HARDWARE_CLASS_DIR, link->name, &hardware);
	control_print(call, CONTROL_OUT, "%s  %02x:%02x:%02x:%02x:%02x:%02x  %s, MTU %u, ", link->name, link->mac[0], link->mac[1],
		      link->mac[2], link->mac[3], link->mac[4], link->mac[5],
		      !link->up ? "down" : link->carrier ? "up" : "up, no carrier", link->mtu_bytes);
	print_match(call, shown->conf, link, match);
	if (!nics_is_made(link))
		card_print(nics, link, &hardware, whole, control_print_line, call);
	lldp_print(shown->lldp, link->index, whole, now_ns, control_print_line, call);
	made_print(nl, nics, link, control_print_line, call);
	link_address_each(nl, link->index, print_address, call);
	dhcp_show(shown->dhcp, link->name, call, now_ns);
	around_print(nl, link->index, hardware.carrier_losses, control_print_line, call);
}

static void print_dns(struct control_call *call, const struct network_conf *conf, const struct resolv_others *others)
{
	char bytes[ROW_LEN], addr[INET_ADDR_STRLEN];
	struct text row;

	text_init(&row, bytes, sizeof(bytes));
	text_add(&row, "DNS  %s", conf->dns_count || others->count ? "" : "none");
	for (size_t i = 0; i < conf->dns_count; i++)
		text_add(&row, "%s%s%s%s", i ? ", " : "", inet_addr_text(&conf->dns[i].addr, addr), conf->dns[i].link[0] ? "%" : "",
			 conf->dns[i].link);
	for (size_t i = 0; i < others->count && conf->dns_count + i < NETWORK_DNS_MAX; i++)
		text_add(&row, "%s%s%s%s (%s)", conf->dns_count + i ? ", " : "", inet_addr_text(&others->list[i].addr, addr),
			 others->list[i].link[0] ? "%" : "", others->list[i].link, others->by[i]);
	wrap_text(bytes, 5, control_print_line, call);
}

static void print_ntp(struct control_call *call, const struct network_conf *conf)
{
	char bytes[ROW_LEN * 4];
	struct text row;

	if (!conf->ntp_count)
		return;
	text_init(&row, bytes, sizeof(bytes));
	text_add(&row, "NTP  ");
	for (size_t i = 0; i < conf->ntp_count; i++)
		text_add(&row, "%s%s", i ? ", " : "", conf->ntp[i].host);
	wrap_text(bytes, 5, control_print_line, call);
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

void nics_show(struct nl *nl, const struct nics_shown *shown, const char *only, struct control_call *call, uint64_t now_ns)
{
	static struct nics nics;
	int err = nics_find(nl, &nics);
	size_t printed = 0;

	qsort(nics.list, nics.count, sizeof(nics.list[0]), compare_names);
	if (!err && shown->conf)
		err = nics_match(nl, &nics, shown->conf);

	for (size_t i = 0; i < nics.count && !err; i++) {
		if (only && strcmp(only, nics.list[i].name) != 0)
			continue;
		print_nic(nl, shown, &nics, i, only != NULL, call, now_ns);
		printed++;
	}
	if (only && !printed && !err) {
		control_print(call, CONTROL_ERR, "no NIC %s: `network` lists them\n", only);
		control_end(call, 1);
		return;
	}
	if (err < 0)
		control_print(call, CONTROL_ERR, "the NICs cannot be read: %s\n", strerror(-err));
	else if (!nics.count)
		control_print(call, CONTROL_OUT, "no NIC: `boot` has the drivers, `log` what they said\n");
	if (shown->conf && !only) {
		print_dns(call, shown->conf, shown->others);
		print_ntp(call, shown->conf);
	}
	control_end(call, err < 0);
}
