#include "engine/underlay.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "engine/mirror.h"
#include "engine/neighbours.h"
#include "netlink/bond.h"

enum {
	SETTLE_MS = 50, /* links and routes change in bursts */
	AGAIN_MS = 1000,
};

static struct {
	struct tunnel *tunnel;
	const struct engine_rights *rights;
	struct loop_source host_monitor, neigh_monitor;
	struct loop_timer mirror;
	bool table_is_old; /* links or addresses changed, not routes alone */
	uint32_t needed[OUTER_LINK_MAX]; /* links that a way leads over, whatever their addresses */
	size_t needed_count;
} u = { .host_monitor.fd = -1, .neigh_monitor.fd = -1 };

static struct outer_table host_table; /* not in u: all that is there is in the binary, as u has values */

static void mirror_fires(struct loop_timer *timer, uint64_t now_ns);

static void mirror_in(uint64_t now_ns, uint64_t wait_ms)
{
	uint64_t due_ns = now_ns + wait_ms * NS_PER_MS;

	if (!u.mirror.armed || due_ns < u.mirror.due_ns)
		loop_timer_set(u.tunnel->loop, &u.mirror, due_ns, mirror_fires);
}

static void trouble(const char *text)
{
	struct tunnel *tunnel = u.tunnel;

	if (!strcmp(tunnel->trouble, text))
		return;
	text_format(tunnel->trouble, sizeof(tunnel->trouble), "%s", text);
	if (tunnel->troubled)
		tunnel->troubled(tunnel);
}

static void full_words(const struct mirror_full *full, char *dst, size_t cap)
{
	const struct {
		bool full;
		unsigned max;
		const char *what;
	} rows[] = {
		{ full->links, OUTER_LINK_MAX, "Ethernet links" },
		{ full->addresses, OUTER_ADDRESS_MAX, "addresses" },
		{ full->routes, OUTER_ROUTE_MAX, "routes of the dataplane's own NICs" },
	};
	const char *before = "";
	struct text text;

	text_init(&text, dst, cap);
	text_add(&text, "WireGuard on lwIP knows a part of this host only, which has more than");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].full)
			continue;
		text_add(&text, "%s %u %s", before, rows[i].max, rows[i].what);
		before = ",";
	}
}

/* What can be mirrored is, whatever is wrong with the rest. */
void underlay_read(uint64_t now_ns)
{
	const struct mirror_options options = { .nics = u.tunnel->nics,
						.nic_count = u.tunnel->nic_count,
						.needed = u.needed,
						.needed_count = u.needed_count };
	char words[TUNNEL_ERROR_LEN] = "";
	struct link link = { .name = "" };
	struct mirror_full full;
	uint32_t failed_index;
	int err, opened = 0;

	err = mirror_read(u.tunnel->host, &options, &host_table, &full);
	if (!err || err == -ENOSPC)
		opened = outer_refresh(&host_table, now_ns, &failed_index);
	if (err == -ENOSPC) {
		full_words(&full, words, sizeof(words));
	} else if (err < 0) {
		text_format(words, sizeof(words), "cannot read the links and addresses of this host: %s: tried again",
			    strerror(-err));
	} else if (opened < 0) {
		(void)link_get_index(u.tunnel->host, failed_index, &link);
		text_format(words, sizeof(words), "cannot open NIC %s for WireGuard on lwIP: %s: tried again", link.name,
			    strerror(-opened));
	}
	trouble(words);
	u.table_is_old = opened < 0 || (err < 0 && err != -ENOSPC);
	if (u.table_is_old)
		mirror_in(now_ns, AGAIN_MS);
}

static void mirror_fires(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	if (!outer_port())
		return; /* not open yet, or not any more */
	if (u.table_is_old)
		underlay_read(now_ns);
	else
		outer_reroute();
}

static bool is_known(uint32_t index)
{
	for (size_t i = 0; i < host_table.link_count; i++)
		if (host_table.links[i].index == index)
			return true;
	for (size_t i = 0; i < u.needed_count; i++)
		if (u.needed[i] == index)
			return true;
	return false;
}

int underlay_ask(void *arg, const struct inet_flow *to, struct outer_way *way)
{
	int err = mirror_ask(u.tunnel->host, to, way);

	(void)arg;
	if (err < 0 || is_known(way->link))
		return err;
	/* One of many links without an address of their own: there was no room for them all. */
	if (u.needed_count == OUTER_LINK_MAX)
		u.needed_count = 0;
	u.needed[u.needed_count++] = way->link;
	u.table_is_old = true;
	mirror_in(clock_now_ns(), 0);
	return 0;
}

static int see_change(const struct nlmsghdr *message, void *arg)
{
	uint32_t index;

	(void)arg;
	/* The kernel does it for the addresses that it has. */
	if (link_message_announces(message, &index))
		outer_announce(index);
	if (message->nlmsg_type != RTM_NEWROUTE && message->nlmsg_type != RTM_DELROUTE)
		u.table_is_old = true;
	return 0;
}

static void host_changed(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	(void)events;
	if (nl_monitor_read(source->fd, see_change, NULL) < 0)
		u.table_is_old = true;
	mirror_in(now_ns, SETTLE_MS);
}

void underlay_neighbour(void *arg, struct outer_neighbour *neighbour)
{
	char words[TUNNEL_ERROR_LEN];
	int err = neighbours_ask(u.tunnel->host, u.rights, neighbour);

	(void)arg;
	/* Of a link that is going or gone the mirror will tell. */
	if (!err || err == -ENODEV || err == -ENETDOWN || err == -ENXIO)
		return;
	text_format(words, sizeof(words), "the kernel does not look for neighbours of WireGuard on lwIP: %s", strerror(-err));
	trouble(words);
}

static void neighbours_changed(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	(void)events;
	neighbours_read(source->fd, now_ns);
}

int underlay_open(struct tunnel *tunnel, const struct engine_rights *rights)
{
	int err;

	u.tunnel = tunnel;
	u.rights = rights;
	err = loop_take(tunnel->loop, &u.host_monitor, nl_monitor_open(MIRROR_GROUPS), host_changed);
	return err ? err : loop_take(tunnel->loop, &u.neigh_monitor, nl_monitor_open(NEIGHBOURS_GROUPS), neighbours_changed);
}

void underlay_close(struct tunnel *tunnel)
{
	loop_timer_clear(tunnel->loop, &u.mirror);
	loop_give_back(tunnel->loop, &u.host_monitor);
	loop_give_back(tunnel->loop, &u.neigh_monitor);
	u.needed_count = 0;
}
