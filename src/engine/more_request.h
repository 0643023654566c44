/* What UAPI has no words for, in its manner: drops, load, why handshakes fail, NICs that the kernel has no address on, and who is to
 * be told of changes. Lines in, lines out, apart from the socket they come by.
 *
 *   get=1    version=1 index=N under_load=0|1 opener=0|1 trouble=TEXT drop_NAME=N unknown_from=ENDPOINT unknown_age_s=N
 *            unknown_public_key=HEX misled_...; then of each peer public_key=HEX failing=1 failure=NAME failure_age_s=N failures=N
 *            drop_NAME=N. NAME is of tunnel_drop_words and tunnel_failure_words. What is zero, or is not known, is left out, and so
 *            is a peer of which nothing is left.
 *   set=1    replace_nics=true, then of each nic=NAME, and of that mtu=N, address=PREFIX, route=PREFIX, of which gateway=ADDRESS and
 *            route_mtu=N; opener=fd, and a descriptor comes with the request. All of it is done, or nothing.
 *   watch=1  errno=0; from then on, until it is closed, changed=1 and an empty line whenever trouble, load or opener changed.
 *
 * An answer ends with errno=N, N being 0 or -errno, before which error=TEXT may say it in words. Keys that are not known: in an answer
 * they are to be left alone; in a request they are -EPROTO, since what was asked for would not be done. */
#ifndef ENGINE_MORE_REQUEST_H
#define ENGINE_MORE_REQUEST_H

#include "base/text.h"
#include "engine/line_out.h"
#include "tunnel/tunnel.h"
#include "wg/wg.h"

struct more_about {
	uint32_t index; /* of the interface */
	bool opener;
	const char *trouble; /* "": none. Borrowed for as long as the request is at it. */
};

/* The device: its core, and what it has besides. */
struct more_host {
	struct wg_device *device;
	void (*about)(struct more_host *host, struct more_about *about);
	/* They are copied: 0 or -errno. */
	int (*set_nics)(struct more_host *host, const struct tunnel_nic *nics, size_t count);
	/* fd is taken over: 0 or -errno. */
	int (*set_opener)(struct more_host *host, int fd);
	int (*watch)(struct more_host *host, unsigned client); /* 0 or -errno */
};

struct more_request {
	struct more_host *host; /* borrowed */
	unsigned client;
	enum more_kind { MORE_IDLE, MORE_GET, MORE_SET, MORE_WATCH, MORE_UNKNOWN } kind;
	int err; /* the first; what follows in the request is read and left */
	char error[128];
	/* what is to be set */
	bool replaces_nics;
	struct tunnel_nic nics[TUNNEL_NICS_MAX];
	size_t nic_count;
	int opener_fd; /* -1: none came */
	bool sets_opener;
	/* the answer to a get that is under way, peer by peer */
	bool answers;
	const struct wg_peer *told; /* the last one that was looked at; NULL: none */
	struct tunnel_counts counts; /* of the device, when the answer began */
};

/* As uapi_request_line and its like. *fd is what came with the request, -1: nothing; who takes it puts -1 there. */
void more_request_line(struct more_request *request, struct slice line, int *fd, struct line_out *out, uint64_t now_ns);
bool more_request_more(struct more_request *request, struct line_out *out, uint64_t now_ns);
void more_request_clear(struct more_request *request);

#endif
