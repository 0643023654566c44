/* The two paths as data: everything in which gateway and gateway-dataplane differ. */
#ifndef GATEWAY_PROFILE_H
#define GATEWAY_PROFILE_H

#include "conf/set.h"

struct profile {
	const char *name;  /* of the service, its socket and its namespace */
	const char *title; /* for people */
	bool dataplane;    /* port, device and isolation come from .env; else from vpn-private.conf, fixed, always */
	enum env_path env; /* its own variables there */
};

enum { PROFILE_GATEWAY, PROFILE_DATAPLANE, PROFILES };

extern const struct profile profiles[PROFILES];

const struct profile *profile_find(const char *name); /* NULL when there is none */

const char *profile_device(const struct profile *profile, const struct env_conf *env);
uint16_t profile_port(const struct profile *profile, const struct conf_set *set);
uint16_t profile_peer_port(const struct profile *profile, const struct conf_set *set, const struct vpn_peer *peer);
bool profile_isolated(const struct profile *profile, const struct env_conf *env, const struct conf_facts *facts);
const char *profile_backend(const struct profile *profile, const struct env_conf *env);
/* Stock wg(8) finds an interface in user space by the name of a socket, one directory for all namespaces: the management
 * path's is that of its interface, the dataplane's too unless that is the same. At most 15 characters: wg(8) cuts longer
 * ones when it sets. */
const char *profile_uapi_name(const struct profile *profile, const struct env_conf *env);

/* Why it is isolated or not, for show. */
void profile_isolation_reason(const struct profile *profile, const struct env_conf *env,
			      const struct conf_facts *facts, char *dst, size_t cap);

#endif
