/* Ephemeral keys that were made before a handshake asks for one. */
#ifndef WG_EPHEMERALS_H
#define WG_EPHEMERALS_H

#include "wg/noise.h"

enum { EPHEMERALS = 4 };

/* Whoever reads our memory has what the handshakes of so long will be made with: for less time than the keys of a session that
 * began just now, which he has too, are in use. */
enum { EPHEMERAL_MAX_AGE_S = 120 };

struct ephemerals {
	unsigned count; /* oldest first */
	struct {
		struct noise_ephemeral key;
		uint64_t born_ns;
	} ready[EPHEMERALS];
};

#endif
