#include "outer/outer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "outer/alone.h"
#include "outer/input.h"
#include "outer/links.h"
#include "outer/neighbour.h"
#include "outer/output.h"
#include "outer/packet_socket.h"
#include "outer/placeholder.h"
#include "outer/route.h"
#include "outer/stack.h"
#include "outer/table.h"

#define TICK_NS NS_PER_S

static struct {
	bool open;
	struct outer_options options;
	struct placeholder placeholder;
	struct loop_timer timer;
	struct outer_stats stats;
	uint64_t now_ns;
} o;

/* Out. */

int outer_send(const struct inet_flow *to, uint8_t ds, const uint8_t *bytes, size_t len, size_t segment_len,
	       uint64_t now_ns)
{
	bool many = segment_len && segment_len < len;
	struct way *way;
	int err;

	if (!o.open)
		return -ENETDOWN;
	if (to->remote.addr.family != AF_INET && to->remote.addr.family != AF_INET6)
		return -EAFNOSUPPORT;
	if (!len || len > OUTER_LEN_MAX || (many && (len - 1) / segment_len >= OUTER_SEGMENT_MAX))
		return -EMSGSIZE;
	err = route_find(to, now_ns, &way);
	if (err < 0) {
		o.stats.tx_no_route++;
		return err;
	}
	way->neighbour->used_ns = now_ns;
	if (!way->neighbour->usable)
		neighbour_want(way->neighbour, now_ns);
	return output_datagrams(way, to->remote.port, ds, bytes, len, many ? segment_len : len);
}

int outer_answer(const struct inet_flow *from, uint8_t ds, const uint8_t *bytes, size_t len)
{
	struct neighbour stranger = { .usable = true };
	struct way back = { .nic = input_from(stranger.mac), .neighbour = &stranger };

	if (!back.nic)
		return -ENETUNREACH;
	back.mtu_bytes = back.nic->link.mtu_bytes;
	if (!len || len + output_headers_len(from->remote.addr.family) > back.mtu_bytes)
		return -EMSGSIZE;
	stack_addr(&back.dst, &from->remote.addr, &back.nic->netif);
	stack_addr(&back.src, &from->local, &back.nic->netif);
	return output_datagrams(&back, from->remote.port, ds, bytes, len, len);
}

void outer_expect(const struct inet_endpoint *to, uint64_t now_ns)
{
	const struct inet_flow flow = { .remote = *to };
	struct way *way;

	if (!o.open || route_find(&flow, now_ns, &way) < 0)
		return;
	neighbour_want(way->neighbour, now_ns);
	outer_flush();
}

void outer_flush(void)
{
	output_flush();
}

uint32_t outer_mtu(const struct inet_addr *to, uint64_t now_ns)
{
	return o.open ? route_mtu(to, now_ns) : 0;
}

/* Neighbours. */

/* Who asks for a neighbour: the address of ours on its network, a link-local one where there is one for IPv6. */
static struct inet_addr asking_address(uint32_t link, const struct inet_addr *addr)
{
	const struct outer_table *table = table_now();
	struct inet_addr best = { .family = addr->family };
	bool fits = false;

	for (size_t i = 0; i < table->address_count && !fits; i++) {
		const struct outer_address *own = &table->addresses[i];

		if (own->index != link || own->prefix.addr.family != addr->family)
			continue;
		fits = addr->family == AF_INET ? inet_contains(&own->prefix, addr) : inet_addr_is_link_local(&own->prefix.addr);
		if (fits || inet_addr_is_zero(&best))
			best = own->prefix.addr;
	}
	return best;
}

static void ask_neighbour(struct neighbour *neighbour, uint64_t now_ns)
{
	struct outer_neighbour question = { .index = neighbour->link, .addr = neighbour->addr };
	struct nic *nic = links_find(neighbour->link);
	struct inet_addr source = asking_address(neighbour->link, &neighbour->addr);

	if (nic && nic->link.alone) {
		alone_ask(nic, neighbour, &source, now_ns);
		return;
	}
	if (o.options.host.neighbour)
		o.options.host.neighbour(o.options.host.arg, &question);
	/* Without a packet at hand the kernel asks with its link-local address only. While it has none (duplicate detection takes a
	 * second or two, and some have none at all) it is asked with another; the answer is the kernel's to read. */
	if (nic && question.state == OUTER_NEIGHBOUR_SOUGHT && source.family == AF_INET6 && !inet_addr_is_zero(&source) &&
	    !inet_addr_is_link_local(&source))
		alone_solicit(nic, neighbour, &source);
	neighbour_is(neighbour, question.state, question.mac, now_ns);
}

static void neighbour_ready(struct neighbour *neighbour, struct pbuf *p)
{
	struct nic *nic = links_find(neighbour->link);

	if (nic)
		output_waited(nic, neighbour->mac, p);
}

void outer_neighbour(const struct outer_neighbour *news, uint64_t now_ns)
{
	struct neighbour *neighbour = neighbour_find(news->index, &news->addr);

	if (!o.open || !neighbour)
		return;
	neighbour_is(neighbour, news->state, news->mac, now_ns);
	outer_flush();
}

void outer_neighbours_doubt(void)
{
	neighbour_doubt();
}

/* The owner writes what it gathered; the bytes of the batch so far are free then. */
static void batch_over(void)
{
	o.options.host.received(o.options.host.arg, o.now_ns);
	input_batch_over();
	outer_flush();
}

static void deliver(const struct inet_flow *from, uint8_t ds, uint8_t *bytes, size_t len, size_t segment_len)
{
	o.stats.rx_datagrams += (len + segment_len - 1) / segment_len;
	o.stats.rx_bytes += len;
	o.options.host.receive(o.options.host.arg, from, ds, bytes, len, segment_len, o.now_ns);
}

static void on_frame(struct nic *nic, uint8_t *frame, size_t len, const struct virtio_net_hdr *vnet)
{
	o.stats.rx_frames++;
	input_frame(nic, frame, len, vnet, o.now_ns);
}

static void on_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct nic *nic = container_of(source, struct nic, source);

	(void)events; /* an error (the link went down) is read off by recvmmsg and told by the monitor */
	o.now_ns = now_ns;
	route_receiving(true);
	if (nic_receive(nic, on_frame, &o.stats.rx_dropped) > 0)
		batch_over();
	route_receiving(false);
}

static void on_tick(struct loop_timer *timer, uint64_t now_ns)
{
	o.now_ns = now_ns;
	stack_tick();
	neighbour_tick(now_ns);
	outer_flush();
	loop_timer_set(o.options.loop, timer, now_ns + TICK_NS, on_tick);
}

/* The host. */

int outer_refresh(const struct outer_table *table, uint64_t now_ns, uint32_t *failed_index)
{
	int err;

	if (!o.open)
		return -ENETDOWN;
	o.now_ns = now_ns;
	route_changed();
	err = links_refresh(table, placeholder_port(&o.placeholder), failed_index);
	outer_flush();
	return err;
}

void outer_announce(uint32_t index)
{
	if (!o.open)
		return;
	links_announce(index);
	outer_flush();
}

void outer_reroute(void)
{
	route_changed();
}

/* Whole. */

static int open_link_here(void *arg, const struct outer_link *link, uint16_t port)
{
	(void)arg;
	return packet_socket_open(link->index, link->alone, port);
}

static int open_port_here(void *arg, uint16_t port, bool merge, struct placeholder *placeholder)
{
	(void)arg;
	return placeholder_open(placeholder, port, merge);
}

static int open_port(uint16_t port, struct placeholder *placeholder)
{
	return o.options.host.open_port(o.options.host.arg, port, !o.options.no_super_frames_in, placeholder);
}

int outer_open(const struct outer_options *options, uint64_t now_ns)
{
	int err;

	if (o.open)
		return -EBUSY;
	memset(&o, 0, sizeof(o));
	o.options = *options;
	o.now_ns = now_ns;
	if (!o.options.host.open_link)
		o.options.host.open_link = open_link_here;
	if (!o.options.host.open_port)
		o.options.host.open_port = open_port_here;
	err = open_port(options->port, &o.placeholder);
	if (err < 0)
		return err;
	err = stack_open(placeholder_port(&o.placeholder), input_datagram);
	if (err < 0) {
		placeholder_close(&o.placeholder);
		return err;
	}
	route_open(&o.options.host);
	links_open(options->loop, &o.options.host, !options->no_super_frames, on_ready);
	input_open(&o.stats, deliver, batch_over);
	output_open(&o.stats);
	neighbour_open(&(const struct neighbour_host){ ask_neighbour, neighbour_ready, &o.stats });
	loop_timer_set(options->loop, &o.timer, now_ns + TICK_NS, on_tick);
	o.open = true;
	return 0;
}

void outer_close(void)
{
	if (!o.open)
		return;
	loop_timer_clear(o.options.loop, &o.timer);
	links_close();
	neighbour_forget(0);
	stack_close();
	placeholder_close(&o.placeholder);
	o.open = false;
}

int outer_set_port(uint16_t port)
{
	struct placeholder placeholder;
	uint16_t before;
	int err;

	if (!o.open)
		return -ENETDOWN;
	before = placeholder_port(&o.placeholder);
	if (port == before)
		return 0;
	err = open_port(port, &placeholder);
	if (err < 0)
		return err;
	port = placeholder_port(&placeholder);
	err = links_set_port(port, before);
	if (err < 0) {
		placeholder_close(&placeholder);
		return err;
	}
	stack_set_port(port);
	placeholder_close(&o.placeholder);
	o.placeholder = placeholder;
	return 0;
}

uint16_t outer_port(void)
{
	return o.open ? placeholder_port(&o.placeholder) : 0;
}

void outer_stats(struct outer_stats *stats)
{
	*stats = o.stats;
}

size_t outer_pools_used(void)
{
	return stack_pools_used();
}
