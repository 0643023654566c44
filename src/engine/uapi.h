/* WireGuard's cross-platform UAPI (wireguard.com/xplatform): the socket by which stock wg(8) drives a device in user
 * space; what its lines mean is uapi_request.h's. */
#ifndef ENGINE_UAPI_H
#define ENGINE_UAPI_H

#include "engine/line_server.h"
#include "engine/uapi_request.h"

struct uapi {
	struct uapi_host host;
	struct line_server server;
	struct uapi_request requests[LINE_CLIENTS_MAX];
};

/* Serves DIR/NAME.sock: as line_server_open. uapi is static: zeros at first, or closed. */
int uapi_open(struct uapi *uapi, struct loop *loop, const char *dir, const char *name, const struct uapi_host *host);
void uapi_close(struct uapi *uapi); /* also when not open */

#endif
