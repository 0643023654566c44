/* What the lines of UAPI's requests do to a device, and what it answers; apart from the socket they come by. */
#ifndef TUNNEL_UAPI_REQUEST_H
#define TUNNEL_UAPI_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "wg/wg.h"

enum { UAPI_PREFIXES_MAX = 4096 };

/* The device: its core, and what it has besides. */
struct uapi_host {
	struct wg_device *device;
	int (*set_port)(struct uapi_host *host, uint16_t port);
	uint16_t (*port)(struct uapi_host *host);
	void (*changed)(struct uapi_host *host); /* after a request, whatever it did */
	uint32_t fwmark; /* kept and shown: no packet of ours passes the kernel's rules */
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
	struct inet_prefix allowed[UAPI_PREFIXES_MAX];
	/* the answer: uapi_request_clear frees it */
	char *out;
	size_t out_len, out_cap;
};

/* One line, without its newline. An empty one ends the request: then the answer is in out. */
void uapi_request_line(struct uapi_request *request, struct slice line, uint64_t now_ns);
void uapi_request_sent(struct uapi_request *request); /* wipes the answer */
void uapi_request_clear(struct uapi_request *request);

#endif
