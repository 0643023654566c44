/* WireGuard's cross-platform UAPI (wireguard.com/xplatform): the socket by which stock wg(8) drives a device in user
 * space; what its lines mean is uapi_request.h's. */
#ifndef TUNNEL_UAPI_H
#define TUNNEL_UAPI_H

#include <sys/stat.h>

#include "base/loop.h"
#include "tunnel/uapi_request.h"

#define UAPI_DIR "/var/run/wireguard"

/* UAPI_QUIET_S: when all places are taken, that of who was not heard for so long is another's. */
enum { UAPI_CLIENTS_MAX = 4, UAPI_LINE_MAX = 1024, UAPI_PATH_LEN = 64, UAPI_QUIET_S = 5 };

struct uapi;

struct uapi_client {
	struct loop_source source;
	struct uapi *uapi; /* NULL: a free slot */
	uint64_t heard_ns; /* it came, asked or read on, last */
	char line[UAPI_LINE_MAX];
	size_t line_len;
	struct uapi_request request;
	size_t out_sent; /* of the answer: what it asks further waits for that */
};

struct uapi {
	struct loop *loop;
	struct uapi_host host;
	struct loop_source listener; /* fd -1: closed */
	char path[UAPI_PATH_LEN];
	struct stat ours;            /* the socket at path, when it was made */
	struct uapi_client clients[UAPI_CLIENTS_MAX];
};

/* Serves UAPI_DIR/NAME.sock, root only: 0, -EADDRINUSE when someone else does, or -errno. uapi is static: zeros at first, or closed. */
int uapi_open(struct uapi *uapi, struct loop *loop, const char *name, const struct uapi_host *host);
void uapi_close(struct uapi *uapi);

#endif
