/* WireGuard's cross-platform UAPI (wireguard.com/xplatform): the socket by which stock wg(8) drives a device in user
 * space. */
#ifndef TUNNEL_UAPI_H
#define TUNNEL_UAPI_H

#include <sys/stat.h>

#include "base/loop.h"
#include "base/text.h"
#include "wg/wg.h"

#define UAPI_DIR "/var/run/wireguard"

enum { UAPI_CLIENTS_MAX = 4, UAPI_LINE_MAX = 1024, UAPI_PREFIXES_MAX = 4096, UAPI_PATH_LEN = 64 };

struct uapi;

/* What the device has besides its core. */
struct uapi_host {
	struct wg_device *device;
	int (*set_port)(struct uapi *uapi, uint16_t port);
	uint16_t (*port)(struct uapi *uapi);
	void (*changed)(struct uapi *uapi); /* after a request, whatever it did */
};

struct uapi_client {
	struct loop_source source;
	struct uapi *uapi; /* NULL: a free slot */
	enum { UAPI_IDLE, UAPI_GET, UAPI_SET } request;
	int err; /* of the request, the first; what follows in it is read and left */
	char line[UAPI_LINE_MAX];
	size_t line_len;
	/* the peer that the lines are about */
	bool has_peer, remove;
	uint8_t public_key[WG_KEY_LEN], preshared_key[WG_KEY_LEN];
	struct inet_endpoint endpoint;
	struct wg_peer_change change;
	struct inet_prefix allowed[UAPI_PREFIXES_MAX];
	/* an answer on its way: frees itself once it is out */
	char *out;
	size_t out_len, out_cap, out_sent;
};

struct uapi {
	struct loop *loop;
	struct uapi_host host;
	struct loop_source listener; /* fd -1: closed */
	uint32_t fwmark;             /* kept and shown: no packet of ours passes the kernel's rules */
	char path[UAPI_PATH_LEN];
	struct stat ours;            /* the socket at path, when it was made */
	struct uapi_client clients[UAPI_CLIENTS_MAX];
};

/* Serves UAPI_DIR/NAME.sock, root only: 0, -EADDRINUSE when someone else does, or -errno. uapi is static: zeros at first, or closed. */
int uapi_open(struct uapi *uapi, struct loop *loop, const char *name, const struct uapi_host *host);
void uapi_close(struct uapi *uapi);

/* One line of a request, without its newline, to a client; for uapi.c and its fuzzer. An empty one ends the request. */
void uapi_line(struct uapi_client *client, struct slice line, uint64_t now_ns);

#endif
