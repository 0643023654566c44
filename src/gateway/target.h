/* Where a set has a path's tunnel, and what is to carry it; and what of that has the tunnel that runs made anew. */
#ifndef GATEWAY_TARGET_H
#define GATEWAY_TARGET_H

#include "gateway/carrier.h"
#include "gateway/place.h"
#include "gateway/profile.h"

/* Borrowed of the set, and of what the service was started with. */
struct target {
	const char *backend, *netns, *device;
};

enum target_part { TARGET_BACKEND = 1, TARGET_NETNS = 2, TARGET_DEVICE = 4 };

/* The options stand above the set, where they are not NULL. */
struct target target_of(const struct profile *profile, const char *backend_option, const char *netns_option,
			const struct env_conf *env, const struct conf_facts *facts);

/* Parts, of enum target_part, in which the tunnel there is another one; carrier as of carrier_stays. */
unsigned target_differs(const struct target *target, const struct tunnel *tunnel, const struct place *place, struct carrier *carrier,
			struct nl *host);

#endif
