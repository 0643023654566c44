/* One line of WireGuard's cross-platform UAPI (wireguard.com/xplatform), KEY=VALUE, and of the second socket beside it, which has
 * what UAPI cannot say: the one coding, of those who serve a device and of those who ask. */
#ifndef TUNNEL_UAPI_LINE_H
#define TUNNEL_UAPI_LINE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inet.h"
#include "tunnel/tunnel.h"

/* UAPI_TEXT_MAX: of a line. UAPI_ANSWER_MAX: far above what TUNNEL_PEERS_MAX peers and TUNNEL_PREFIXES_MAX prefixes take. */
enum { UAPI_TEXT_MAX = 1024, UAPI_ANSWER_MAX = 4 << 20 };

#define UAPI_DIR "/var/run/wireguard"
#define UAPI_DIR_MOVED "/run/wireguard" /* the same, where /var is not that of who made it */
#define UAPI_SOCKET_END ".sock"
#define UAPI_MORE_END ".more" /* the second socket: NAME.more, beside NAME.sock */

enum { UAPI_SOCKET_PATH_LEN = 108 }; /* as a socket's address takes it */

enum uapi_key {
	/* of the device */
	UAPI_PRIVATE_KEY,
	UAPI_LISTEN_PORT,
	UAPI_FWMARK,
	UAPI_REPLACE_PEERS,
	/* of a peer: each belongs to the public_key before it */
	UAPI_PUBLIC_KEY,
	UAPI_REMOVE,
	UAPI_UPDATE_ONLY,
	UAPI_PRESHARED_KEY,
	UAPI_ENDPOINT,
	UAPI_KEEPALIVE,
	UAPI_REPLACE_ALLOWED,
	UAPI_ALLOWED,
	UAPI_PROTOCOL_VERSION,
	/* of an answer alone */
	UAPI_HANDSHAKE_S,
	UAPI_HANDSHAKE_NS,
	UAPI_SENT,
	UAPI_RECEIVED,
	UAPI_ERRNO,
	/* of the second socket: the program, */
	UAPI_VERSION,
	UAPI_INDEX,
	UAPI_UNDER_LOAD,
	UAPI_TROUBLE,
	UAPI_OPENER,
	UAPI_ERROR,
	UAPI_CHANGED,
	UAPI_DROP, /* drop_NAME, of the device, or of the peer before it: value.which is of enum tunnel_drop */
	UAPI_UNKNOWN_FROM,
	UAPI_UNKNOWN_AGE,
	UAPI_UNKNOWN_KEY,
	UAPI_MISLED_FROM,
	UAPI_MISLED_AGE,
	UAPI_MISLED_KEY,
	/* of a peer, */
	UAPI_FAILING,
	UAPI_FAILURE, /* value.which is of enum tunnel_failure */
	UAPI_FAILURE_AGE,
	UAPI_FAILURES,
	/* of the NICs that are the tunnel's alone: each belongs to the nic, or the route, before it */
	UAPI_REPLACE_NICS,
	UAPI_NIC,
	UAPI_MTU,
	UAPI_ADDRESS,
	UAPI_ROUTE,
	UAPI_GATEWAY,
	UAPI_ROUTE_MTU,
	UAPI_KEYS,
};

static inline bool uapi_is_of_peer(enum uapi_key key)
{
	return key > UAPI_PUBLIC_KEY && key < UAPI_ERRNO;
}

/* What stands behind the '=', in the field that is the key's. */
struct uapi_value {
	uint64_t number;        /* for 0|1 and true too */
	int64_t signed_number;  /* errno, seconds */
	unsigned which;         /* a name among the words of tunnel/counts.h */
	uint8_t key[TUNNEL_KEY_LEN];
	struct inet_endpoint endpoint;
	char scope[IFNAMSIZ]; /* of an endpoint, when a link is named there whose index is still to be found; "": none */
	struct inet_prefix prefix; /* host bits as they were written */
	struct inet_addr addr;
	struct slice text; /* borrowed from the line */
};

/* As a line has it; "drop_" of UAPI_DROP. */
const char *uapi_key_name(enum uapi_key key);

/* 0; -ENOENT: a key that is not known here, which a newer other end may have; -EPROTO: no line of this kind; -EINVAL: its value is
 * none of that key's. Of a value that may be a secret nothing stays but in value. */
int uapi_line_read(struct slice line, enum uapi_key *key, struct uapi_value *value);

/* Where lines go: each is added whole. Some hold keys. */
struct uapi_to {
	void (*add)(void *arg, const char *line, size_t len);
	void *arg;
};

void uapi_put_number(const struct uapi_to *to, enum uapi_key key, uint64_t number);
void uapi_put_signed(const struct uapi_to *to, enum uapi_key key, int64_t number);
void uapi_put_true(const struct uapi_to *to, enum uapi_key key);
void uapi_put_key(const struct uapi_to *to, enum uapi_key key, const uint8_t bytes[static TUNNEL_KEY_LEN]);
void uapi_put_endpoint(const struct uapi_to *to, enum uapi_key key, const struct inet_endpoint *endpoint);
void uapi_put_prefix(const struct uapi_to *to, enum uapi_key key, const struct inet_prefix *prefix);
void uapi_put_addr(const struct uapi_to *to, enum uapi_key key, const struct inet_addr *addr);
void uapi_put_text(const struct uapi_to *to, enum uapi_key key, const char *text); /* bytes that are not printable become '?' */
void uapi_put_drop(const struct uapi_to *to, enum tunnel_drop drop, uint64_t count);
void uapi_put_failure(const struct uapi_to *to, enum tunnel_failure failure);
void uapi_put_begin(const struct uapi_to *to, const char *request); /* "get=1" and its like */
void uapi_put_end(const struct uapi_to *to); /* the empty line */
void uapi_put_result(const struct uapi_to *to, int err); /* how an answer ends: errno=ERR, and that */

#endif
