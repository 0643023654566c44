/* Where the peers of a path were last, in a file of the run directory, for when what carried them has ended: it is
 * nowhere else by then. A peer that went elsewhere, or that no file says the address of, would be lost until it speaks, and
 * one that is a name until a name server answers. */
#ifndef GATEWAY_ROAMED_H
#define GATEWAY_ROAMED_H

#include "tunnel/tunnel.h"

#define ROAMED_END ".endpoints" /* behind the name of its service */

/* Lines of public key, address, port and scope; written only when that changed. 0 or -errno. */
int roamed_write(const char *path, const struct tunnel_config *running);
/* Into config, which has the endpoints of those peers then and nothing else; empty when there is no such file. */
void roamed_read(const char *path, struct tunnel_config *config);

#endif
