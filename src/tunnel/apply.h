/* The only way to change a tunnel: ask what runs, compare as sets, change only what differs. */
#ifndef TUNNEL_APPLY_H
#define TUNNEL_APPLY_H

#include "tunnel/tunnel.h"

enum tunnel_change { TUNNEL_ADDED, TUNNEL_UPDATED, TUNNEL_REMOVED, TUNNEL_KEPT, TUNNEL_CHANGES };

struct tunnel_report {
	size_t count[TUNNEL_CHANGES];
	bool device_changed; /* private key or port */
	/* Called per peer; fields is of enum tunnel_set for TUNNEL_UPDATED. May be NULL. */
	void (*peer)(void *arg, enum tunnel_change change, const uint8_t public_key[static TUNNEL_KEY_LEN],
		     unsigned fields);
	void *arg;
};

/* wanted is what is to be; applied what was applied last, NULL when that is not known; running is scratch space and
 * holds what runs then (tunnel_dump). An endpoint is set on a peer that runs only when it has none or when the FILE changed it, so a
 * peer that roamed is not pulled back. 0, or -errno of the first step that failed, with words in tunnel->error. */
int tunnel_apply(struct tunnel *tunnel, const struct tunnel_config *wanted, const struct tunnel_config *applied,
		 struct tunnel_config *running, struct tunnel_report *report);

#endif
