/* The backends by name and in the order in which auto tries them. */
#ifndef TUNNEL_BACKEND_H
#define TUNNEL_BACKEND_H

#include "tunnel/tunnel.h"

#define BACKEND_AUTO "auto"

/* Opens the tunnel with the backend of that name; auto takes what carries it, when the service before was killed, or else the first that
 * this host can carry, and *reason tells why that one. 0 or -errno with words in tunnel->error; a named one is never replaced by another. */
int backend_open(struct tunnel *tunnel, const char *name, const struct tunnel_place *place, const char **reason);

struct backend_choice {
	const struct tunnel_ops *ops;
	const char *reason; /* for auto, why that one; "" otherwise */
};

/* Which one backend_open would take on this host: 0, or -errno with words when it can carry none of that name. */
int backend_look(const char *name, struct nl *host, struct backend_choice *choice, char *words, size_t cap);

/* "auto|kernel|..." */
const char *backend_names(void);
bool backend_known(const char *name);

#endif
