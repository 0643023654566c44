#include "wg/stamp.h"

#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"

enum { STAMP_STEP_NS = 1 << 24 }; /* no finer than initiations are taken: it would tell more of us than is needed */

void wg_stamp(uint8_t stamp[static WG_STAMP_LEN], struct wg_wall wall)
{
	store_be64(stamp, UINT64_C(0x400000000000000a) + (uint64_t)wall.s);
	store_be32(stamp + 8, wall.ns / STAMP_STEP_NS * STAMP_STEP_NS);
}

static bool stamp_is_zero(const uint8_t stamp[static WG_STAMP_LEN])
{
	static const uint8_t zero[WG_STAMP_LEN];

	return !memcmp(stamp, zero, WG_STAMP_LEN);
}

void stamp_raise_above(uint8_t stamp[static WG_STAMP_LEN], const uint8_t floor[static WG_STAMP_LEN])
{
	uint64_t s = load_be64(floor);
	uint32_t ns = load_be32(floor + 8);

	if (stamp_is_zero(floor) || memcmp(stamp, floor, WG_STAMP_LEN) > 0)
		return;
	ns = (ns / STAMP_STEP_NS + 1) * STAMP_STEP_NS;
	if (ns >= NS_PER_S) {
		ns = 0;
		s++;
	}
	store_be64(stamp, s);
	store_be32(stamp + 8, ns);
}

void stamp_raise_to(uint8_t stamp[static WG_STAMP_LEN], const uint8_t other[static WG_STAMP_LEN])
{
	if (memcmp(other, stamp, WG_STAMP_LEN) > 0)
		memcpy(stamp, other, WG_STAMP_LEN);
}
