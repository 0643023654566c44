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

/* Its bucket, or one that is free; NULL: there is none. */
static struct ratelimit_bucket *bucket_of(struct ratelimit *limit, const struct inet_addr *addr, uint64_t now_ns)
{
	uint64_t source = source_of(addr);
	struct ratelimit_bucket *set = set_of(limit, source), *spare = NULL;

	for (unsigned i = 0; i < RATELIMIT_WAYS; i++) {
		if (set[i].family == addr->family && set[i].source == source)
			return &set[i];
		if (!spare && set[i].full_ns <= now_ns)
			spare = &set[i];
	}
	return spare;
}

static uint64_t missing_ns(const struct ratelimit_bucket *bucket, uint64_t now_ns)
{
	return bucket->full_ns > now_ns ? bucket->full_ns - now_ns : 0;
}

bool ratelimit_allows(struct ratelimit *limit, const struct inet_addr *addr, uint64_t now_ns)
{
	const struct ratelimit_bucket *bucket = bucket_of(limit, addr, now_ns);

	return bucket && missing_ns(bucket, now_ns) + cost_ns <= RATELIMIT_BURST * cost_ns;
}

void ratelimit_charge(struct ratelimit *limit, const struct inet_addr *addr, uint64_t now_ns)
{
	struct ratelimit_bucket *bucket = bucket_of(limit, addr, now_ns);

	if (bucket)
		*bucket = (struct ratelimit_bucket){ source_of(addr), now_ns + missing_ns(bucket, now_ns) + cost_ns, addr->family };
}
