#include "outer/pmtu.h"

#include "base/clock.h"
#include "outer/host.h"

enum { MIN_MTU = 1280 }; /* RFC 8200 5 */

#define AGE_NS (OUTER_MTU_AGE_S * NS_PER_S)

static struct pmtu_entry *find(struct pmtu *pmtu, const struct inet_addr *to, uint64_t now_ns)
{
	for (size_t i = 0; i < PMTU_MAX; i++) {
		struct pmtu_entry *entry = &pmtu->entries[i];

		if (entry->to.family && now_ns >= entry->learned_ns + AGE_NS)
			entry->to.family = 0;
		if (entry->to.family && inet_addr_equal(&entry->to, to))
			return entry;
	}
	return NULL;
}

static struct pmtu_entry *make_room(struct pmtu *pmtu)
{
	struct pmtu_entry *oldest = &pmtu->entries[0];

	for (size_t i = 0; i < PMTU_MAX; i++) {
		struct pmtu_entry *entry = &pmtu->entries[i];

		if (!entry->to.family)
			return entry;
		if (entry->learned_ns < oldest->learned_ns)
			oldest = entry;
	}
	return oldest;
}

bool pmtu_learn(struct pmtu *pmtu, const struct inet_addr *to, uint32_t mtu_bytes, uint64_t now_ns)
{
	struct pmtu_entry *entry = find(pmtu, to, now_ns);

	if (mtu_bytes < MIN_MTU)
		mtu_bytes = MIN_MTU;
	if (entry && entry->mtu_bytes <= mtu_bytes)
		return false;
	if (!entry)
		entry = make_room(pmtu);
	*entry = (struct pmtu_entry){ *to, mtu_bytes, now_ns };
	return true;
}

uint32_t pmtu_get(struct pmtu *pmtu, const struct inet_addr *to, uint64_t now_ns, uint64_t *until_ns)
{
	const struct pmtu_entry *entry = find(pmtu, to, now_ns);

	*until_ns = entry ? entry->learned_ns + AGE_NS : UINT64_MAX;
	return entry ? entry->mtu_bytes : 0;
}
