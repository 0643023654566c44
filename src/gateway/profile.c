#include "gateway/profile.h"

#include <stdio.h>
#include <string.h>

#include "base/paths.h"
#include "base/text.h"

#define MANAGEMENT_DEVICE "wg0"

const struct profile profiles[PROFILES] = {
	[PROFILE_GATEWAY] = { NAME_MANAGEMENT, "management", false, ENV_MANAGEMENT },
	[PROFILE_DATAPLANE] = { NAME_DATAPLANE, "between packet processors", true, ENV_DATAPLANE },
};

const struct profile *profile_find(const char *name)
{
	for (size_t i = 0; i < PROFILES; i++)
		if (!strcmp(profiles[i].name, name))
			return &profiles[i];
	return NULL;
}

const char *profile_device(const struct profile *profile, const struct env_conf *env)
{
	return profile->dataplane ? env->dataplane_device : MANAGEMENT_DEVICE;
}

const char *profile_backend(const struct profile *profile, const struct env_conf *env)
{
	return env_backend_words[env->backend[profile->env]];
}

const char *profile_uapi_name(const struct profile *profile, const struct env_conf *env)
{
	const char *device = profile_device(profile, env);

	return profile->dataplane && !strcmp(device, MANAGEMENT_DEVICE) ? MANAGEMENT_DEVICE "-dataplane" : device;
}

uint16_t profile_port(const struct profile *profile, const struct conf_set *set)
{
	return profile->dataplane ? set->env.dataplane_port : set->vpn.listen_port;
}

uint16_t profile_peer_port(const struct profile *profile, const struct conf_set *set, const struct vpn_peer *peer)
{
	return profile->dataplane ? set->env.dataplane_port : peer->port;
}

bool profile_isolated(const struct profile *profile, const struct env_conf *env, const struct conf_facts *facts)
{
	return !profile->dataplane || conf_isolated(env, facts);
}

void profile_isolation_reason(const struct profile *profile, const struct env_conf *env,
			      const struct conf_facts *facts, char *dst, size_t cap)
{
	if (!profile->dataplane)
		text_format(dst, cap, "the management path always is");
	else if (env->isolation != ENV_ISOLATION_AUTO)
		text_format(dst, cap, "DATA_PLANE_ISOLATION=%s in %s",
			    env->isolation == ENV_ISOLATION_ON ? "on" : "off", env_file_of(env, ENV_KEY_ISOLATION));
	else if (facts->mellanox)
		text_format(dst, cap, "a Mellanox NIC is present: %s", facts->mellanox_where);
	else
		text_format(dst, cap, "no Mellanox NIC is present");
}
