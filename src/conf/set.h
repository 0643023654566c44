/* One configuration set: the four files of a directory as read at one time, their models and their findings. */
#ifndef CONF_SET_H
#define CONF_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "conf/diag.h"
#include "conf/env.h"
#include "conf/files.h"
#include "conf/limits.h"
#include "conf/network.h"
#include "conf/vpn.h"

/* Large: static storage only. Holds the private key: conf_set_wipe when done. */
struct conf_set {
	struct conf_text texts[CONF_FILES];
	struct vpn_conf vpn;
	struct env_conf env;
	struct network_conf network;
	bool clustered; /* any of the three VPN inputs is present and, after a clean check, all are */
	char public_bytes[CONF_PUBLIC_MAX + 1];
	char env_bytes[CONF_ENV_MAX + 1];
	char private_bytes[CONF_OTHER_MAX + 1];
	char network_bytes[CONF_OTHER_MAX + 1];
};

/* A route of the host's main table that is not ours. */
struct conf_route {
	struct inet_prefix destination;
	char device[IFNAMSIZ];
	bool ours; /* over an interface that this program made */
};

/* An interface of the host. */
struct conf_link {
	char name[IFNAMSIZ];
	uint8_t mac[NETWORK_MAC_LEN];
	char path[NETWORK_PATHS_LEN]; /* its ID_PATH, "" when it has none */
	bool nic;  /* network.conf may configure it */
	bool ours; /* this program made it */
	bool carrier;           /* and it is up: one that is down does not tell */
	bool advertised;        /* it has routes of router advertisements */
	uint32_t mtu_max_bytes; /* what the device takes; 0: it does not say */
};

enum { CONF_ROUTES_MAX = 512, CONF_LINKS_MAX = 256 };

/* What the host is like, told by the caller: conf/ asks no kernel. */
struct conf_facts {
	bool mellanox;              /* a Mellanox NIC is present */
	const char *mellanox_where; /* for people, "" when absent */
	bool contained;             /* in a container, whose network the tunnels are in, whatever .env says */
	const struct conf_set *former; /* what this instance runs; NULL: not known. Borrowed. */
	size_t route_count;
	size_t link_count; /* 0: not known */
	struct conf_route routes[CONF_ROUTES_MAX];
	struct conf_link links[CONF_LINKS_MAX];
};

/* Reads and parses all four files of dir_fd; what is wrong with a line, a file or its mode goes to diag (mode of
 * vpn-private.conf is mended to 0600 where we may). Never fails otherwise. */
void conf_set_load(struct conf_set *set, int dir_fd, struct diag *diag);

/* Its two halves: what takes a disk, and what takes a processor. */
void conf_set_read(struct conf_set *set, int dir_fd, struct diag *diag);
void conf_set_parse(struct conf_set *set, struct diag *diag);

/* The set that from becomes with that text, no longer than its limit, as one of its files; what is wrong with it goes to diag. */
void conf_set_replace(struct conf_set *set, const struct conf_set *from, enum conf_file file, struct slice text, struct diag *diag);

/* from as conf_set_read left it, into to. */
void conf_set_copy(struct conf_set *to, const struct conf_set *from);

/* Everything that needs more than one line or file to see. strict: our own key in no [Peer] is an error. */
void conf_set_check(struct conf_set *set, const struct conf_facts *facts, bool strict, struct diag *diag);

/* The dataplane is isolated in its own namespace: .env decides, a Mellanox NIC when that says auto. */
bool conf_isolated(const struct env_conf *env, const struct conf_facts *facts);

void conf_set_wipe(struct conf_set *set);
void conf_set_wipe_vpn(struct conf_set *set); /* all but network.conf: for who has no use of keys */

#endif
