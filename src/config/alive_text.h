/* Who was alive, as a file: peers of both paths, each with the sum of its section, and the NICs that had carrier. Pure. */
#ifndef CONFIG_ALIVE_TEXT_H
#define CONFIG_ALIVE_TEXT_H

#include "base/text.h"
#include "conf/vpn.h"

enum { ALIVE_PATHS = 2, ALIVE_NICS_MAX = 64, ALIVE_PLACE_LEN = 96, ALIVE_TEXT_LEN = 256 << 10 };

struct alive_peer {
	uint8_t public_key[VPN_KEY_LEN];
	uint64_t sum; /* alive_sum of its section */
};

/* Large: static storage. */
struct alive {
	struct alive_path {
		struct alive_peer peers[VPN_PEERS_MAX];
		size_t count;
	} paths[ALIVE_PATHS];
	/* By where they are: a virtual function has another MAC address at each boot. */
	struct alive_nic {
		char place[ALIVE_PLACE_LEN];
		uint32_t port;
	} nics[ALIVE_NICS_MAX];
	size_t nic_count;
};

/* The names of the paths' services, in the order of alive's paths. */
extern const char *const alive_path_names[ALIVE_PATHS];

/* What the files say of a peer, but for its name: the same sum. */
uint64_t alive_sum(const struct vpn_conf *vpn, const struct vpn_peer *peer);

const struct alive_peer *alive_find(const struct alive_path *path, const uint8_t public_key[static VPN_KEY_LEN]);
/* Each once; what finds no room is left out. */
void alive_add_peer(struct alive_path *path, const uint8_t public_key[static VPN_KEY_LEN], uint64_t sum);
void alive_add_nic(struct alive *alive, const char *place, uint32_t port);

/* Lines that are none of it are left out: an older or newer firmware may have written them. */
void alive_read(struct alive *alive, struct slice text);
void alive_write(const struct alive *alive, struct text *text);

#endif
