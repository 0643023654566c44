#include "gateway/target.h"

#include <string.h>

struct target target_of(const struct profile *profile, const char *backend_option, const char *netns_option,
			const struct env_conf *env, const struct conf_facts *facts)
{
	const char *own = profile_isolated(profile, env, facts) ? profile->name : "";

	return (struct target){ .backend = backend_option ? backend_option : profile_backend(profile, env),
				.netns = place_name(netns_option, own),
				.device = profile_device(profile, env) };
}

unsigned target_differs(const struct target *target, const struct tunnel *tunnel, const struct place *place, struct carrier *carrier,
			struct nl *host)
{
	unsigned parts = 0;

	if (!carrier_stays(carrier, tunnel->ops, target->backend, host))
		parts |= TARGET_BACKEND;
	if (!place->open || strcmp(place->netns, target->netns) != 0)
		parts |= TARGET_NETNS;
	if (strcmp(tunnel->device, target->device) != 0)
		parts |= TARGET_DEVICE;
	return parts;
}
