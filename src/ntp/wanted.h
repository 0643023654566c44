/* What the clock is to follow, and who is served, as those write it down who know it: lines in files of the run directory, which the
 * process that keeps the time reads. Pure but for the last two.
 *
 *     network.ntp   the NICs' service: "mode on|peers|off", "server ADDRESS|NAME"...
 *     dhcp.ntp      whoever has leases: an address a line
 *     gateway.ntp   the management path, while it is up: "vpn ADDRESS/LENGTH", "netns NAME|- INODE", "peer ADDRESS"...
 *
 * A file that is not there says nothing; without a mode nothing is asked. */
#ifndef NTP_WANTED_H
#define NTP_WANTED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"

#define NTP_END ".ntp" /* behind the name of who writes it */
#define NTP_DHCP "dhcp"

enum {
	NTP_SERVERS_MAX = 16, /* of all files; more are not asked */
	NTP_PEERS_MAX = 8,    /* the first by address: of however many instances all ask the same */
	NTP_HOST_LEN = 256,
	NTP_NETNS_LEN = 64,
	NTP_FILE_MAX = 8192,
	NTP_PATH_LEN = 128,
};

enum ntp_mode { NTP_OFF, NTP_PEERS, NTP_ON, NTP_MODES };

extern const char *const ntp_mode_words[NTP_MODES];

struct ntp_wanted {
	enum ntp_mode mode;
	bool has_mode; /* someone said so */
	char servers[NTP_SERVERS_MAX][NTP_HOST_LEN]; /* outside of the VPN: NTP_ON */
	size_t server_count;
	struct inet_prefix vpn; /* our address in it, with its length; family 0: no one is served */
	char netns[NTP_NETNS_LEN]; /* where that address is, "": here */
	struct inet_addr peers[NTP_PEERS_MAX];
	size_t peer_count;
};

/* Lines that are none of these say nothing. */
void ntp_wanted_parse(struct ntp_wanted *wanted, struct slice text);
void ntp_wanted_parse_addresses(struct ntp_wanted *wanted, struct slice text); /* of NTP_DHCP */

/* One more peer: the first NTP_PEERS_MAX by address stay, in order. */
void ntp_wanted_add_peer(struct ntp_wanted *wanted, const struct inet_addr *peer);

void ntp_wanted_read(struct ntp_wanted *wanted, const char *run_dir);
/* text is the file of that name; an empty one is removed. Told in the log when that fails. Written only where it says another thing. */
void ntp_wanted_write(const char *run_dir, const char *name, const char *text);

#endif
