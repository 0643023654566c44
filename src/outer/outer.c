#include "outer/outer.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "outer/alone.h"
#include "outer/input.h"
#include "outer/neighbour.h"
#include "outer/nic.h"
#include "outer/placeholder.h"
#include "outer/pmtu.h"
#include "outer/stack.h"
#include "outer/table.h"
#include "outer/ways.h"

enum {
	DATAGRAM_MAX = 256,    /* queued between two flushes */
	FRAGMENTS_MAX = 64,    /* frames of one datagram, with what asks for its neighbour */
	STRANGERS_PER_S = 200, /* whose way is asked for while a batch comes in */
	IP4_UDP_LEN = 20 + 8,
	IP6_UDP_LEN = 40 + 8,
	FRAME_MTU_MAX = 65535, /* lwIP must not fragment a super-frame */
};

#define TICK_NS NS_PER_S
#define ASK_AGAIN_NS (OUTER_ASK_AGAIN_MS * NS_PER_MS)

/* A datagram on its way through lwIP: headers grow down in room, the payload stays where it is. */
struct datagram {
	struct pbuf_custom head, body;
	_Alignas(8) uint8_t room[STACK_ROOM];
};

static struct {
	bool open;
	struct outer_options options;
	struct placeholder placeholder;
	struct loop_timer timer;
	struct outer_table table;
	struct pmtu pmtu;
	struct nic nics[OUTER_LINK_MAX];
	struct outer_stats stats;
	uint64_t generation, now_ns;
	bool receiving;
	unsigned strangers; /* asked for since */
	uint64_t strangers_since_ns;
	struct datagram datagrams[DATAGRAM_MAX];
	size_t datagram_count;
	/* while lwIP has a datagram of outer_send in its hands */
	struct way *sending;
	struct pbuf *sending_p;
	size_t sending_segment_len;
} o;

static struct nic *find_nic(uint32_t index)
{
	for (size_t i = 0; i < OUTER_LINK_MAX; i++)
		if (o.nics[i].used && o.nics[i].link.index == index)
			return &o.nics[i];
	return NULL;
}

/* Ways. */

static void narrow(struct way *way, uint32_t mtu_bytes)
{
	if (mtu_bytes && mtu_bytes < way->mtu_bytes)
		way->mtu_bytes = mtu_bytes;
}

static void find_way(struct way *way, uint64_t now_ns)
{
	const struct inet_addr *to = &way->to.remote.addr;
	struct outer_way found;
	uint64_t learned_until_ns;
	uint32_t learned;

	way->generation = o.generation;
	way->until_ns = now_ns + ASK_AGAIN_NS;
	way->err = table_way(&o.table, &o.options.host, &way->to, &found);
	way->nic = way->err < 0 ? NULL : find_nic(found.link);
	if (!way->err && !way->nic)
		way->err = -ENETUNREACH;
	if (way->err < 0)
		return;
	way->neighbour = neighbour_get(found.link, &found.next_hop, now_ns);
	way->neighbour_id = way->neighbour->id;
	stack_addr(&way->dst, to, &way->nic->netif);
	stack_addr(&way->src, &found.source, &way->nic->netif);
	way->mtu_bytes = way->nic->link.mtu_bytes;
	if (to->family == AF_INET6 && way->nic->link.mtu6_bytes)
		narrow(way, way->nic->link.mtu6_bytes);
	narrow(way, found.mtu_bytes);
	learned = pmtu_get(&o.pmtu, to, now_ns, &learned_until_ns);
	narrow(way, learned);
	if (learned_until_ns < way->until_ns)
		way->until_ns = learned_until_ns;
}

/* Each new sender of a flood costs the host a question, so while a batch comes in only so many are asked. */
static bool may_ask(uint64_t now_ns)
{
	if (!o.receiving)
		return true;
	if (now_ns >= o.strangers_since_ns + NS_PER_S) {
		o.strangers_since_ns = now_ns;
		o.strangers = 0;
	}
	return o.strangers++ < STRANGERS_PER_S;
}

static int get_way(const struct inet_flow *to, uint64_t now_ns, struct way **result)
{
	struct way *way = ways_find(to);

	if (!way && !may_ask(now_ns))
		return -ENOBUFS;
	if (!way)
		way = ways_take(to);
	if (way->generation != o.generation || now_ns >= way->until_ns ||
	    (!way->err && way->neighbour->id != way->neighbour_id))
		find_way(way, now_ns);
	way->used_ns = now_ns;
	*result = way;
	return way->err;
}

/* Out. */

static int frame_out(struct nic *nic, struct pbuf *p, const uint8_t *mac, size_t segment_len)
{
	uint8_t *frame;

	if (pbuf_add_header(p, NIC_PAD + NIC_ETH_LEN))
		return -ENOBUFS;
	frame = (uint8_t *)p->payload + NIC_PAD;
	memcpy(frame, mac, OUTER_MAC_LEN);
	memcpy(frame + OUTER_MAC_LEN, nic->link.mac, OUTER_MAC_LEN);
	store_be16(frame + 12, frame[NIC_ETH_LEN] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6);
	return nic_queue(nic, p, segment_len);
}

/* A packet of outer_send comes out of lwIP, which sends none by itself. */
static err_t packet_out(struct netif *netif, struct pbuf *p)
{
	struct neighbour *neighbour = o.sending ? o.sending->neighbour : NULL;
	size_t segment_len = p == o.sending_p ? o.sending_segment_len : 0;
	bool taken = false;

	if (neighbour && neighbour->usable)
		taken = frame_out(netif->state, p, neighbour->mac, segment_len) == 0;
	else if (neighbour)
		taken = neighbour_wait(neighbour, p);
	if (taken)
		return ERR_OK;
	o.stats.tx_dropped++;
	return ERR_BUF;
}

static void waited(struct neighbour *neighbour, struct pbuf *p)
{
	struct nic *nic = find_nic(neighbour->link);

	if (nic_queue_room() < FRAGMENTS_MAX)
		outer_flush();
	if (!nic || frame_out(nic, p, neighbour->mac, 0) < 0)
		o.stats.tx_dropped++;
}

static void nothing_to_free(struct pbuf *p)
{
	(void)p;
}

static struct pbuf *wrap(struct datagram *d, const uint8_t *bytes, size_t len)
{
	void *payload = (void *)(uintptr_t)bytes; /* lwIP reads it only */
	struct pbuf *p, *q;

	d->head.custom_free_function = nothing_to_free;
	d->body.custom_free_function = nothing_to_free;
	p = pbuf_alloced_custom(PBUF_RAW, 0, PBUF_RAM, &d->head, d->room, sizeof(d->room));
	q = pbuf_alloced_custom(PBUF_RAW, (uint16_t)len, PBUF_REF, &d->body, payload, (uint16_t)len);
	p->payload = d->room + sizeof(d->room);
	pbuf_cat(p, q);
	return p;
}

static int from_lwip(err_t err)
{
	switch (err) {
	case ERR_OK:
		return 0;
	case ERR_MEM:
	case ERR_BUF:
		return -ENOBUFS;
	case ERR_RTE:
		return -ENETUNREACH;
	default:
		return -EINVAL;
	}
}

/* One datagram or super-frame through lwIP. */
static int send_one(struct way *way, uint16_t port, const uint8_t *bytes, size_t len, size_t segment_len, bool fits)
{
	struct netif *netif = &way->nic->netif;
	struct pbuf *p;
	err_t err;

	if (o.datagram_count == DATAGRAM_MAX || nic_queue_room() < FRAGMENTS_MAX)
		outer_flush();
	p = wrap(&o.datagrams[o.datagram_count++], bytes, len);
	if (!fits)
		stack_fragment(netif, (uint16_t)way->mtu_bytes, true);
	o.sending = way;
	o.sending_p = p;
	o.sending_segment_len = segment_len;
	err = udp_sendto_if_src(stack_pcb(), p, &way->dst, port, netif, &way->src);
	o.sending = NULL;
	o.sending_p = NULL;
	if (!fits)
		stack_fragment(netif, FRAME_MTU_MAX, false);
	pbuf_free(p);
	if (err == ERR_OK) {
		o.stats.tx_bytes += len;
		o.stats.tx_datagrams += segment_len ? (len + segment_len - 1) / segment_len : 1;
	}
	return from_lwip(err);
}

static size_t headers_len(const struct inet_flow *to)
{
	return to->remote.addr.family == AF_INET ? IP4_UDP_LEN : IP6_UDP_LEN;
}

static int send_each(struct way *way, uint16_t port, const uint8_t *bytes, size_t len, size_t segment_len)
{
	size_t headers = headers_len(&way->to);
	int err = 0;

	for (size_t at = 0; at < len; at += segment_len) {
		size_t part = len - at < segment_len ? len - at : segment_len;
		int failed = send_one(way, port, bytes + at, part, 0, part + headers <= way->mtu_bytes);

		if (failed < 0)
			err = failed;
	}
	return err;
}

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
	err = get_way(to, now_ns, &way);
	if (err < 0) {
		o.stats.tx_no_route++;
		return err;
	}
	way->neighbour->used_ns = now_ns;
	if (!way->neighbour->usable)
		neighbour_want(way->neighbour, now_ns);
	stack_pcb()->tos = ds;
	/* What waits does so by the datagram. */
	if (many && way->nic->gso && segment_len + headers_len(to) <= way->mtu_bytes && way->neighbour->usable)
		return send_one(way, to->remote.port, bytes, len, segment_len, true);
	return send_each(way, to->remote.port, bytes, len, many ? segment_len : len);
}

int outer_answer(const struct inet_flow *from, uint8_t ds, const uint8_t *bytes, size_t len)
{
	struct neighbour stranger = { .usable = true };
	struct way back = { .nic = input_from(stranger.mac), .neighbour = &stranger };

	if (!back.nic)
		return -ENETUNREACH;
	if (!len || len + headers_len(from) > back.nic->link.mtu_bytes)
		return -EMSGSIZE;
	stack_addr(&back.dst, &from->remote.addr, &back.nic->netif);
	stack_addr(&back.src, &from->local, &back.nic->netif);
	stack_pcb()->tos = ds;
	return send_one(&back, from->remote.port, bytes, len, 0, true);
}

void outer_expect(const struct inet_endpoint *to, uint64_t now_ns)
{
	const struct inet_flow flow = { .remote = *to };
	struct way *way;

	if (!o.open || get_way(&flow, now_ns, &way) < 0)
		return;
	neighbour_want(way->neighbour, now_ns);
	outer_flush();
}

void outer_flush(void)
{
	nic_flush(&o.stats);
	o.datagram_count = 0;
}

uint32_t outer_mtu(const struct inet_addr *to, uint64_t now_ns)
{
	const struct inet_flow flow = { .remote.addr = *to };
	struct way *way;

	if (!o.open)
		return 0;
	/* Whatever the source: the way that is in use. */
	way = ways_find_any(to);
	return get_way(way ? &way->to : &flow, now_ns, &way) < 0 ? 0 : way->mtu_bytes;
}

/* In. */

bool outer_is_local(const struct inet_addr *addr)
{
	return table_is_ours(&o.table, addr);
}

bool outer_is_local_on(uint32_t link, const struct inet_addr *addr)
{
	for (size_t i = 0; i < o.table.address_count; i++)
		if (o.table.addresses[i].index == link && inet_addr_equal(&o.table.addresses[i].prefix.addr, addr))
			return true;
	return false;
}

/* Neighbours. */

/* Who asks for a neighbour: the address of ours on its network, a link-local one where there is one for IPv6. */
static struct inet_addr asking_address(uint32_t link, const struct inet_addr *addr)
{
	struct inet_addr best = { .family = addr->family };
	bool fits = false;

	for (size_t i = 0; i < o.table.address_count && !fits; i++) {
		const struct outer_address *own = &o.table.addresses[i];

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
	struct nic *nic = find_nic(neighbour->link);
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

void outer_learn_mtu(const struct inet_endpoint *to, uint32_t mtu_bytes, const uint8_t *quoted, size_t len)
{
	struct way *way = ways_find_any(&to->addr);

	o.stats.rx_too_big++;
	/* Anyone can write one: only about a way that is in use, and by who saw what went there. */
	if (!way || way->generation != o.generation || way->err < 0 || mtu_bytes >= way->mtu_bytes ||
	    !o.options.host.sent || !o.options.host.sent(o.options.host.arg, to, quoted, len))
		return;
	if (pmtu_learn(&o.pmtu, &to->addr, mtu_bytes, o.now_ns))
		o.generation++;
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
	struct nic *nic = (struct nic *)(void *)((uint8_t *)source - offsetof(struct nic, source));

	(void)events; /* an error (the link went down) is read off by recvmmsg and told by the monitor */
	o.now_ns = now_ns;
	o.receiving = true;
	if (nic_receive(nic, on_frame, &o.stats.rx_dropped) > 0)
		batch_over();
	o.receiving = false;
}

static void on_tick(struct loop_timer *timer, uint64_t now_ns)
{
	o.now_ns = now_ns;
	stack_tick();
	neighbour_tick(now_ns);
	outer_flush();
	loop_timer_set(o.options.loop, timer, now_ns + TICK_NS, on_tick);
}

/* Links. */

static void close_nic(struct nic *nic)
{
	outer_flush();
	neighbour_forget(nic->link.index);
	loop_remove(o.options.loop, &nic->source);
	stack_remove(&nic->netif);
	nic_close(nic);
}

static int open_nic(const struct outer_link *link)
{
	struct nic *nic = o.nics;
	int err;

	while (nic < o.nics + OUTER_LINK_MAX && nic->used)
		nic++;
	if (nic == o.nics + OUTER_LINK_MAX)
		return -ENOSPC;
	memset(nic, 0, sizeof(*nic));
	nic->gso = !o.options.no_super_frames;
	err = nic_open(nic, link, placeholder_port(&o.placeholder));
	if (err < 0)
		return err;
	err = loop_add(o.options.loop, &nic->source, nic->source.fd, EPOLLIN, on_ready);
	if (err < 0) {
		nic_close(nic);
		return err;
	}
	stack_add(&nic->netif, nic, packet_out);
	return 0;
}

static bool link_stayed(const struct nic *nic, const struct outer_table *table)
{
	const struct outer_link *link = table_link(table, nic->link.index);

	return link && link->alone == nic->link.alone && memcmp(link->mac, nic->link.mac, OUTER_MAC_LEN) == 0;
}

static bool was_there(const struct outer_table *old, const struct outer_address *address)
{
	for (size_t i = 0; i < old->address_count; i++)
		if (old->addresses[i].index == address->index &&
		    inet_addr_equal(&old->addresses[i].prefix.addr, &address->prefix.addr))
			return true;
	return false;
}

static void announce(struct nic *nic, const struct outer_table *old, bool is_new)
{
	for (size_t i = 0; i < o.table.address_count && nic->link.alone; i++) {
		const struct outer_address *address = &o.table.addresses[i];

		if (address->index == nic->link.index && (is_new || !was_there(old, address)))
			alone_announce(nic, &address->prefix.addr);
	}
}

static void check_table(struct outer_table *table)
{
	if (table->link_count > OUTER_LINK_MAX)
		table->link_count = OUTER_LINK_MAX;
	if (table->address_count > OUTER_ADDRESS_MAX)
		table->address_count = OUTER_ADDRESS_MAX;
	if (table->route_count > OUTER_ROUTE_MAX)
		table->route_count = OUTER_ROUTE_MAX;
}

int outer_refresh(const struct outer_table *table, uint64_t now_ns, uint32_t *failed_index)
{
	static struct outer_table old;
	int err = 0;

	if (!o.open)
		return -ENETDOWN;
	o.now_ns = now_ns;
	old = o.table;
	o.table = *table;
	check_table(&o.table);
	o.generation++;
	for (size_t i = 0; i < OUTER_LINK_MAX; i++)
		if (o.nics[i].used && !link_stayed(&o.nics[i], &o.table))
			close_nic(&o.nics[i]);
	for (size_t i = 0; i < o.table.link_count; i++) {
		const struct outer_link *link = &o.table.links[i];
		struct nic *nic = find_nic(link->index);
		bool is_new = !nic;
		int failed = is_new ? open_nic(link) : 0;

		if (failed < 0 && !err && failed_index)
			*failed_index = link->index;
		if (failed < 0)
			err = err ? err : failed;
		nic = find_nic(link->index);
		if (!nic)
			continue;
		nic->link = *link;
		announce(nic, &old, is_new);
	}
	outer_flush();
	return err;
}

void outer_reroute(void)
{
	o.generation++;
}

/* Whole. */

int outer_open(const struct outer_options *options, uint64_t now_ns)
{
	int err;

	if (o.open)
		return -EBUSY;
	memset(&o, 0, sizeof(o));
	ways_clear();
	o.options = *options;
	o.generation = 1;
	o.now_ns = now_ns;
	err = placeholder_open(&o.placeholder, options->port, !options->no_super_frames_in);
	if (err < 0)
		return err;
	err = stack_open(placeholder_port(&o.placeholder));
	if (err < 0) {
		placeholder_close(&o.placeholder);
		return err;
	}
	input_open(&o.stats, deliver, batch_over);
	neighbour_open(&(const struct neighbour_host){ ask_neighbour, waited, &o.stats });
	loop_timer_set(options->loop, &o.timer, now_ns + TICK_NS, on_tick);
	o.open = true;
	return 0;
}

void outer_close(void)
{
	if (!o.open)
		return;
	loop_timer_clear(o.options.loop, &o.timer);
	for (size_t i = 0; i < OUTER_LINK_MAX; i++)
		if (o.nics[i].used)
			close_nic(&o.nics[i]);
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
	err = placeholder_open(&placeholder, port, !o.options.no_super_frames_in);
	if (err < 0)
		return err;
	port = placeholder_port(&placeholder);
	for (size_t i = 0; i < OUTER_LINK_MAX && !err; i++)
		if (o.nics[i].used)
			err = nic_set_port(&o.nics[i], port);
	if (err < 0) {
		for (size_t i = 0; i < OUTER_LINK_MAX; i++)
			if (o.nics[i].used)
				(void)nic_set_port(&o.nics[i], before);
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
