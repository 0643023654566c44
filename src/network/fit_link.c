#include <fcntl.h>
#include <linux/if_ether.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "network/fit.h"

/* What is so already is not written: each event of the host comes by here. */
static void set(const struct link *link, const char *setting, const char *value)
{
	char path[128], is[16];
	struct slice rest = slice_of(setting), family;
	ssize_t n;

	slice_cut(&rest, '/', &family);
	text_format(path, sizeof(path), "/proc/sys/net/%.*s/conf/%s/%.*s", SLICE_ARG(family), link->name, SLICE_ARG(rest));
	n = file_read(AT_FDCWD, path, is, sizeof(is));
	/* A kernel without IPv6 has none of its settings. */
	if (n > 0 && !slice_equal((struct slice){ is, strcspn(is, "\n") }, value))
		file_poke(path, value);
}

/* The NIC is the dataplane's alone: the kernel has no part in it. What keeps IPv4 off it is the rule of nics.c; these are
 * for what comes before that: probes for an address in use, which the kernel answers without a look at its routes,
 * and datagrams to all. */
static void set_alone(const struct link *link)
{
	set(link, "ipv6/disable_ipv6", "1");
	set(link, "ipv4/arp_ignore", "8"); /* answers for no address */
	set(link, "ipv4/rp_filter", "1");  /* takes nothing from where no route of this NIC leads */
}

static void set_shared(const struct fitting *fitting)
{
	const struct link *link = fitting->link;

	if (fitting->before && fitting->before->unmanaged)
		set(link, "ipv6/disable_ipv6", "0");
	set(link, "ipv6/accept_ra", network_accepts_ra(fitting->wanted) ? "1" : "0");
	/* An address that goes must not take others of its network along. */
	set(link, "ipv4/promote_secondaries", "1");
	/* Another NIC's address is that NIC's to answer for. */
	set(link, "ipv4/arp_ignore", "1");
	/* A router behind a cable that is pulled is none: the next one's route holds, as long as there is no carrier. */
	set(link, "ipv4/ignore_routes_with_linkdown", "1");
	set(link, "ipv6/ignore_routes_with_linkdown", "1");
	/* Loose: with two ways to a peer its packets may come by the one that ours do not take. The larger one of this
	 * and `all` holds, so that strict (1) there does not undo it. */
	set(link, "ipv4/rp_filter", "2");
}

void fit_settings(struct fitting *fitting)
{
	if (fitting->wanted->unmanaged)
		set_alone(fitting->link);
	else
		set_shared(fitting);
}

bool fit_refuses_ra(const struct fitting *fitting)
{
	return !network_accepts_ra(fitting->wanted);
}

/* A VLAN has no more than what it is on; and just that, unless the file says less, also when that changes. */
static void fit_mtu_of_vlan(struct fitting *fitting)
{
	uint32_t mtu_bytes = fitting->wanted->mtu_bytes;
	struct link lower;

	if (link_get_index(fitting->nl, fitting->link->lower, &lower) < 0)
		return;
	if (mtu_bytes > lower.mtu_bytes) {
		fit_refuse(fitting, "MTU %u: %s below it has %u", mtu_bytes, lower.name, lower.mtu_bytes);
		return;
	}
	mtu_bytes = mtu_bytes ? mtu_bytes : lower.mtu_bytes;
	if (fitting->link->mtu_bytes != mtu_bytes)
		fit_say(fitting, link_set_mtu(fitting->nl, fitting->link->index, mtu_bytes), "MTU %u", mtu_bytes);
}

static void fit_mtu(struct fitting *fitting)
{
	const struct link *link = fitting->link;
	uint32_t mtu_bytes = fitting->wanted->mtu_bytes;

	/* The line is gone from the file. What the NIC had before it is not known: Ethernet's is. */
	if (!mtu_bytes && fitting->before && fitting->before->mtu_bytes)
		mtu_bytes = link->mtu_max_bytes && link->mtu_max_bytes < ETH_DATA_LEN ? link->mtu_max_bytes : ETH_DATA_LEN;
	if (!mtu_bytes || link->mtu_bytes == mtu_bytes)
		return;
	if (link->mtu_max_bytes && mtu_bytes > link->mtu_max_bytes)
		fit_refuse(fitting, "MTU %u: the device takes at most %u", mtu_bytes, link->mtu_max_bytes);
	else if (mtu_bytes < link->mtu_min_bytes)
		fit_refuse(fitting, "MTU %u: the device takes at least %u", mtu_bytes, link->mtu_min_bytes);
	else
		fit_say(fitting, link_set_mtu(fitting->nl, link->index, mtu_bytes), "MTU %u", mtu_bytes);
}

void fit_link(struct fitting *fitting)
{
	if (nics_is_made(fitting->link) && fitting->link->lower)
		fit_mtu_of_vlan(fitting);
	else if (!fitting->wanted->bond[0]) /* a bond gives its ports its own */
		fit_mtu(fitting);
	if (!fitting->link->up)
		fit_say(fitting, link_set_up(fitting->nl, fitting->link->index, true), "up");
}
