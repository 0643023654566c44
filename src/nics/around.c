#include "nics/around.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/text.h"
#include "netlink/counters.h"
#include "netlink/neigh.h"

enum { ROW_LEN = 256 };

/* From what an operator looks for first. */
enum rank { RANK_SILENT, RANK_ROUTER, RANK_OTHER };

struct around {
	uint32_t index;
	struct link_route routes[AROUND_ROUTES];
	size_t route_count; /* of all */
	struct on_link {
		struct neigh neigh;
		enum rank rank;
	} neighbours[AROUND_NEIGHBOURS]; /* the first by rank */
	size_t kept, answer_count, silent_count;
};

/* What the kernel made of an address is said with that. */
static void take_route(const struct link_route *route, void *arg)
{
	struct around *around = arg;

	if (route->index != around->index || (!route->gateway.family && route->protocol == RTPROT_KERNEL))
		return;
	if (around->route_count < AROUND_ROUTES)
		around->routes[around->route_count] = *route;
	around->route_count++;
}

static bool is_router(const struct around *around, const struct inet_addr *addr)
{
	for (size_t i = 0; i < around->route_count && i < AROUND_ROUTES; i++)
		if (inet_addr_equal(&around->routes[i].gateway, addr))
			return true;
	return false;
}

static void keep_neighbour(struct around *around, const struct neigh *neigh, enum rank rank)
{
	size_t at = around->kept;

	while (at && around->neighbours[at - 1].rank > rank)
		at--;
	if (at == AROUND_NEIGHBOURS)
		return;
	if (around->kept < AROUND_NEIGHBOURS)
		around->kept++;
	memmove(&around->neighbours[at + 1], &around->neighbours[at], (around->kept - at - 1) * sizeof(around->neighbours[0]));
	around->neighbours[at] = (struct on_link){ *neigh, rank };
}

static bool is_silent(const struct neigh *neigh)
{
	return !neigh->has_mac || neigh->state & (NUD_FAILED | NUD_INCOMPLETE);
}

static void take_neighbour(const struct neigh *neigh, void *arg)
{
	struct around *around = arg;

	if (neigh->index != around->index || neigh->state == NUD_NONE || neigh->state & NUD_NOARP)
		return;
	if (is_silent(neigh))
		around->silent_count++;
	else
		around->answer_count++;
	keep_neighbour(around, neigh,
		       is_silent(neigh) ? RANK_SILENT : is_router(around, &neigh->addr) ? RANK_ROUTER : RANK_OTHER);
}

static void print_row(wrap_line_fn *line, void *arg, const char *row)
{
	wrap_text(row, AROUND_LABEL, line, arg);
}

static void print_routes(const struct around *around, wrap_line_fn *line, void *arg)
{
	char bytes[ROW_LEN], to[INET_PREFIX_STRLEN], via[INET_ADDR_STRLEN];
	struct text row;

	for (size_t i = 0; i < around->route_count && i < AROUND_ROUTES; i++) {
		const struct link_route *route = &around->routes[i];

		text_init(&row, bytes, sizeof(bytes));
		text_add(&row, "  route    %s ", inet_prefix_text(&route->destination, to));
		if (route->gateway.family)
			text_add(&row, "via %s", inet_addr_text(&route->gateway, via));
		else
			text_add(&row, "on the link");
		if (route->mtu_bytes)
			text_add(&row, ", MTU %u", route->mtu_bytes);
		if (route->metric)
			text_add(&row, ", metric %u", route->metric);
		print_row(line, arg, bytes);
	}
	if (around->route_count > AROUND_ROUTES) {
		text_format(bytes, sizeof(bytes), "  route    and %zu more", around->route_count - AROUND_ROUTES);
		print_row(line, arg, bytes);
	}
}

static void print_neighbours(const struct around *around, wrap_line_fn *line, void *arg)
{
	char bytes[ROW_LEN], addr[INET_ADDR_STRLEN];
	size_t answer = around->answer_count, silent = around->silent_count;

	for (size_t i = 0; i < around->kept; i++) {
		const struct on_link *on = &around->neighbours[i];
		const uint8_t *mac = on->neigh.mac;
		const char *router = is_router(around, &on->neigh.addr) ? ", a router" : "";

		if (on->rank == RANK_SILENT)
			text_format(bytes, sizeof(bytes), "  on link  %s%s DOES NOT ANSWER", inet_addr_text(&on->neigh.addr, addr), router);
		else
			text_format(bytes, sizeof(bytes), "  on link  %s at %02x:%02x:%02x:%02x:%02x:%02x%s",
				    inet_addr_text(&on->neigh.addr, addr), mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], router);
		answer -= on->rank != RANK_SILENT;
		silent -= on->rank == RANK_SILENT;
		print_row(line, arg, bytes);
	}
	if (!answer && !silent)
		return;
	text_format(bytes, sizeof(bytes), "  on link  and %zu more, %zu of them do not answer", answer + silent, silent);
	print_row(line, arg, bytes);
}

/* By cause, where the driver tells them apart. */
static void print_errors(const struct link_counters *counters, wrap_line_fn *line, void *arg)
{
	const struct {
		uint64_t count;
		const char *words;
	} rows[] = {
		{ counters->rx_crc_errors, "in: bad checksum" },
		{ counters->rx_frame_errors, "in: bad frame" },
		{ counters->rx_length_errors, "in: bad length" },
		{ counters->rx_over_errors, "in: NIC overrun" },
		{ counters->rx_missed_errors, "in: ring full" },
		{ counters->tx_carrier_errors, "out: no carrier" },
		{ counters->collisions, "out: collisions" },
	};
	char bytes[ROW_LEN];
	struct text row;

	text_init(&row, bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].count)
			text_add(&row, "%s%s %llu", row.len ? ", " : "  errors   ", rows[i].words, (unsigned long long)rows[i].count);
	if (row.len)
		print_row(line, arg, bytes);
}

static void print_losses(struct nl *nl, uint32_t index, uint32_t carrier_losses, wrap_line_fn *line, void *arg)
{
	struct link_counters counters;
	char bytes[ROW_LEN];

	if (link_counters_get(nl, index, &counters) < 0)
		return;
	text_format(bytes, sizeof(bytes), "  packets  %llu in, %llu out", (unsigned long long)counters.rx_packets,
		    (unsigned long long)counters.tx_packets);
	print_row(line, arg, bytes);
	if (counters.rx_errors || counters.rx_dropped || counters.tx_errors || counters.tx_dropped) {
		text_format(bytes, sizeof(bytes), "  LOST     in: %llu damaged, %llu dropped; out: %llu damaged, %llu dropped",
			    (unsigned long long)counters.rx_errors, (unsigned long long)counters.rx_dropped,
			    (unsigned long long)counters.tx_errors, (unsigned long long)counters.tx_dropped);
		print_row(line, arg, bytes);
	}
	print_errors(&counters, line, arg);
	if (carrier_losses) {
		text_format(bytes, sizeof(bytes), "  carrier  went %u time%s", carrier_losses, text_plural(carrier_losses));
		print_row(line, arg, bytes);
	}
}

void around_print(struct nl *nl, uint32_t index, uint32_t carrier_losses, wrap_line_fn *line, void *arg)
{
	struct around around = { .index = index };

	if (link_route_each(nl, take_route, &around) == 0)
		print_routes(&around, line, arg);
	if (neigh_each(nl, take_neighbour, &around) == 0)
		print_neighbours(&around, line, arg);
	print_losses(nl, index, carrier_losses, line, arg);
}
