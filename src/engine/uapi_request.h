/* What the lines of UAPI's requests do to a device, and what it answers; apart from the socket they come by. */
#ifndef ENGINE_UAPI_REQUEST_H
#define ENGINE_UAPI_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "engine/line_out.h"
#include "tunnel/uapi_line.h"
#include "wg/wg.h"

/* The device: its core, and what it has besides. */
struct uapi_host {
	struct wg_device *device;
	int (*set_port)(struct uapi_host *host, uint16_t port);
	uint16_t (*port)(struct uapi_host *host);
	uint32_t (*link_index)(struct uapi_host *host, const char *name); /* of a scope; 0: there is none */
	/* A peer is to be reached there: what is needed for that is looked for now. NULL: nothing is. */
	void (*expect)(struct uapi_host *host, const struct inet_endpoint *endpoint, uint64_t now_ns);
	void (*changed)(struct uapi_host *host); /* after a request, whatever it did */
	uint32_t fwmark; /* for whose rules routes are asked for; no packet of ours passes the kernel's other rules */
};

struct uapi_request {
	struct uapi_host *host; /* borrowed */
	enum { UAPI_IDLE, UAPI_GET, UAPI_SET } kind;
	int err; /* the first; what follows in the request is read and left */
	/* the peer that the lines are about */
	bool has_peer, remove;
	uint8_t public_key[WG_KEY_LEN], preshared_key[WG_KEY_LEN];
	struct inet_endpoint endpoint;
	struct wg_peer_change change;
	struct inet_prefix allowed[TUNNEL_PREFIXES_MAX];
	/* the answer to a get that is under way, peer by peer */
	bool answers;
	const struct wg_peer *told; /* the last one of which something was told; NULL: none */
	bool is_within;             /* there is more of it: of its allowed IPs so many were told */
	size_t allowed_told;
};

/* One line, without its newline. An empty one ends the request, and what is answered goes into out: of a get by uapi_request_more. A NULL
 * one is a line that is too long. */
void uapi_request_line(struct uapi_request *request, struct slice line, struct line_out *out, uint64_t now_ns);
/* The next piece of the answer to a get; false: that is all, or there is none. */
bool uapi_request_more(struct uapi_request *request, struct line_out *out);
void uapi_request_clear(struct uapi_request *request); /* as if nothing had been asked */

#endif
