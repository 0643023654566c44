/* The model of vpn-private.conf and vpn-public.conf: who we are in the VPN and who the others are. */
#ifndef CONF_VPN_H
#define CONF_VPN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"
#include "conf/diag.h"

enum {
	VPN_PEERS_MAX = 1024,    /* per path, the same on both backends */
	VPN_PREFIXES_MAX = 4096, /* allowed IPs of all peers */
	VPN_KEY_LEN = 32,
	VPN_HOST_LEN = 256,      /* RFC 1035 2.3.4, with NUL */
	VPN_NAME_LEN = 48,
};

#define VPN_PRIVATE_FILE "vpn-private.conf"
#define VPN_PUBLIC_FILE "vpn-public.conf"

struct vpn_allowed {
	struct inet_prefix prefix; /* host bits clear */
	unsigned line;
};

struct vpn_peer {
	unsigned line;           /* of its [Peer] */
	unsigned key_line;       /* of its PublicKey, 0 when it has none */
	unsigned endpoint_line;  /* 0 when it has none */
	char name[VPN_NAME_LEN]; /* from the comment behind [Peer], or friendly_name; "" when none */
	uint8_t public_key[VPN_KEY_LEN];
	bool has_preshared_key;
	uint8_t preshared_key[VPN_KEY_LEN];
	char host[VPN_HOST_LEN]; /* of Endpoint as written, without brackets; "" when none */
	struct inet_addr addr;   /* of host when that is an address; family 0 for a name */
	uint16_t port;           /* of Endpoint, for the management path */
	uint16_t keepalive_s;    /* 0 is off */
	uint16_t allowed_first;  /* index into vpn_conf.allowed */
	uint16_t allowed_count;
};

struct vpn_conf {
	unsigned port_line, private_key_line; /* 0 when missing */
	uint16_t listen_port;
	uint8_t private_key[VPN_KEY_LEN];
	uint8_t public_key[VPN_KEY_LEN]; /* of private_key, once that is valid */
	struct vpn_peer peers[VPN_PEERS_MAX]; /* as written, our own section among them */
	uint16_t peer_count;
	unsigned preshared_line; /* of the first PresharedKey, 0 when there is none */
	int own; /* index in peers of the section with our public key, -1 when there is none; set by the check */
	struct vpn_allowed allowed[VPN_PREFIXES_MAX];
	uint16_t allowed_count;
};

/* Empties conf, which was all zero or initialised before; wipes keys. */
void vpn_conf_init(struct vpn_conf *conf);

/* Each goes on after a bad line and reports every one. text is the file, len bytes; both may be called on the same
 * conf after vpn_conf_init in any order. */
void vpn_private_parse(struct vpn_conf *conf, const char *text, size_t len, struct diag *diag);
void vpn_public_parse(struct vpn_conf *conf, const char *text, size_t len, struct diag *diag);

/* The section with that public key, or NULL. */
const struct vpn_peer *vpn_find_peer(const struct vpn_conf *conf, const uint8_t public_key[static VPN_KEY_LEN]);

/* The same, for who goes through other peers in much the same order: it is looked for from *at on, where the last one was (0 at first).
 * Of a set without errors, where no key is there twice. */
const struct vpn_peer *vpn_find_near(const struct vpn_conf *conf, const uint8_t public_key[static VPN_KEY_LEN], size_t *at);

#endif
