#include "wg/ratelimit.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/blake2s.h"

static const uint64_t cost_ns = NS_PER_S / RATELIMIT_PER_S;

static uint64_t source_of(const struct inet_addr *addr)
{
	return addr->family == AF_INET ? load_be32(addr->bytes) : load_be64(addr->bytes);
}

static struct ratelimit_bucket *set_of(struct ratelimit *limit, uint64_t source)
{
	uint8_t bytes[8], hash[4];

	store_le64(bytes, source);
	blake2s(hash, sizeof(hash), bytes, sizeof(bytes), limit->seed, sizeof(limit->seed));
	return limit->buckets[load_le32(hash) % RATELIMIT_SETS];
}

bool ratelimit_allow(struct ratelimit *limit, const struct inet_addr *addr, uint64_t now_ns)
{
	uint64_t source = source_of(addr), missing_ns;
	struct ratelimit_bucket *set = set_of(limit, source), *bucket = NULL;

	for (unsigned i = 0; i < RATELIMIT_WAYS; i++) {
		if (set[i].family == addr->family && set[i].source == source) {
			bucket = &set[i];
			break;
		}
		if (!bucket && set[i].full_ns <= now_ns)
			bucket = &set[i];
	}
	if (!bucket)
		return false;
	missing_ns = bucket->full_ns > now_ns ? bucket->full_ns - now_ns : 0;
	if (missing_ns + cost_ns > RATELIMIT_BURST * cost_ns)
		return false;
	*bucket = (struct ratelimit_bucket){ source, now_ns + missing_ns + cost_ns, addr->family };
	return true;
}
