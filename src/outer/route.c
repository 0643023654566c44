#include "outer/route.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "outer/links.h"
#include "outer/pmtu.h"
#include "outer/stack.h"
#include "outer/table.h"

enum { STRANGERS_PER_S = 200 }; /* whose way is asked for while a batch comes in */

#define ASK_AGAIN_NS (OUTER_ASK_AGAIN_MS * NS_PER_MS)

static struct {
	const struct outer_host *host;
	struct pmtu pmtu;
	uint64_t generation;
	bool receiving;
	unsigned strangers; /* asked for since */
	uint64_t strangers_since_ns;
} r;

void route_open(const struct outer_host *host)
{
	memset(&r, 0, sizeof(r));
	ways_clear();
	r.host = host;
	r.generation = 1;
}

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

	way->generation = r.generation;
	way->until_ns = now_ns + ASK_AGAIN_NS;
	way->err = table_way(table_now(), r.host, &way->to, &found);
	way->nic = way->err < 0 ? NULL : links_find(found.link);
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
	learned = pmtu_get(&r.pmtu, to, now_ns, &learned_until_ns);
	narrow(way, learned);
	if (learned_until_ns < way->until_ns)
		way->until_ns = learned_until_ns;
}

/* Each new sender of a flood costs the host a question, so while a batch comes in only so many are asked. */
static bool may_ask(uint64_t now_ns)
{
	if (!r.receiving)
		return true;
	if (now_ns >= r.strangers_since_ns + NS_PER_S) {
		r.strangers_since_ns = now_ns;
		r.strangers = 0;
	}
	return r.strangers++ < STRANGERS_PER_S;
}

int route_find(const struct inet_flow *to, uint64_t now_ns, struct way **result)
{
	struct way *way = ways_find(to);

	if (!way && !may_ask(now_ns))
		return -ENOBUFS;
	if (!way)
		way = ways_take(to);
	if (way->generation != r.generation || now_ns >= way->until_ns ||
	    (!way->err && way->neighbour->id != way->neighbour_id))
		find_way(way, now_ns);
	way->used_ns = now_ns;
	*result = way;
	return way->err;
}

uint32_t route_mtu(const struct inet_addr *to, uint64_t now_ns)
{
	const struct inet_flow flow = { .remote.addr = *to };
	/* Whatever the source: the way that is in use. */
	struct way *way = ways_find_any(to);

	return route_find(way ? &way->to : &flow, now_ns, &way) < 0 ? 0 : way->mtu_bytes;
}

void route_changed(void)
{
	r.generation++;
}

void route_receiving(bool receiving)
{
	r.receiving = receiving;
}

void route_learn_mtu(const struct inet_endpoint *to, uint32_t mtu_bytes, const uint8_t *quoted, size_t len, uint64_t now_ns)
{
	struct way *way = ways_find_any(&to->addr);

	/* Anyone can write one: only about a way that is in use, and by who saw what went there. */
	if (!way || way->generation != r.generation || way->err < 0 || mtu_bytes >= way->mtu_bytes ||
	    !r.host->sent || !r.host->sent(r.host->arg, to, quoted, len))
		return;
	if (pmtu_learn(&r.pmtu, &to->addr, mtu_bytes, now_ns))
		r.generation++;
}
