/* The model of network.conf: what each NIC gets, in systemd.network(5)'s words. */
#ifndef CONF_NETWORK_H
#define CONF_NETWORK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"
#include "conf/diag.h"

#define NETWORK_FILE "network.conf"

enum {
	NETWORK_NICS_MAX = 32,
	NETWORK_ADDRESSES_MAX = 16, /* per [Match] */
	NETWORK_ROUTES_MAX = 64,    /* per [Match], the default routes of Gateway= among them */
	NETWORK_DNS_MAX = 3,        /* per file: what resolv.conf(5) takes */
	NETWORK_NTP_MAX = 8,        /* per file */
	NETWORK_HOST_LEN = 256,     /* RFC 1035 2.3.4, with NUL */
	NETWORK_DEVICES_MAX = 32,   /* [NetDev] per file */
	NETWORK_VLANS_MAX = 16,     /* per [Match] */
	NETWORK_VLAN_ID_MAX = 4094,
	NETWORK_MAC_LEN = 6,
	NETWORK_PATTERN_LEN = 64,
	NETWORK_PATHS_LEN = 256,
};

struct network_route {
	struct inet_prefix destination; /* len 0 for a default route */
	struct inet_addr gateway;       /* family 0: the destination is on the link */
	uint32_t mtu_bytes;             /* 0: the NIC's */
	uint32_t metric;                /* of one that a lease gave; 0: the NIC's */
	unsigned line;
};

/* What a NIC may do with many packets at once, and what the file says of it: unsaid is as the driver has it, unless
 * network/offloads.h knows better. */
enum network_offload {
	NETWORK_TSO, NETWORK_TSO6, NETWORK_GSO, NETWORK_USO, NETWORK_GRO, NETWORK_GRO_FORWARDED, NETWORK_OFFLOADS,
};
enum network_switch { NETWORK_UNSAID, NETWORK_OFF, NETWORK_ON };

/* LLDP (IEEE 802.1AB). Of a bond it is its ports'. */
enum network_lldp { NETWORK_LLDP_YES, NETWORK_LLDP_NO, NETWORK_LLDP_ROUTERS };
/* How far what we send goes: over no bridge, no customer's, or a provider's too. */
enum network_emit { NETWORK_EMIT_DEFAULT, NETWORK_EMIT_NO, NETWORK_EMIT_NEAREST, NETWORK_EMIT_NON_TPMR, NETWORK_EMIT_CUSTOMER };

/* What [NetDev] makes. */
enum network_kind { NETWORK_NO_KIND, NETWORK_VLAN, NETWORK_BOND };
enum network_bond_mode { NETWORK_BOND_NO_MODE, NETWORK_BOND_ACTIVE_BACKUP, NETWORK_BOND_8023AD };
/* How ports are chosen by what is in a frame. */
enum network_bond_hash {
	NETWORK_HASH_LAYER2, NETWORK_HASH_LAYER34, NETWORK_HASH_LAYER23, NETWORK_HASH_ENCAP23, NETWORK_HASH_ENCAP34,
};

struct network_bond {
	enum network_bond_mode mode;
	enum network_bond_hash hash;
	uint32_t mii_ms; /* between two looks at the carrier of its ports */
	bool lacp_fast;
};

struct network_device {
	unsigned line;       /* of [NetDev] */
	char name[IFNAMSIZ]; /* "" when what stands there is none */
	enum network_kind kind;
	uint16_t vlan_id;    /* 0: not given, or not right */
	struct network_bond bond;
	unsigned options_line; /* of its [VLAN] or [Bond], 0: it has none */
};

enum network_ra { NETWORK_RA_DEFAULT, NETWORK_RA_NO, NETWORK_RA_YES };

/* Which protocols are to give the NIC an address, one bit each. */
enum network_dhcp { NETWORK_DHCP_NO, NETWORK_DHCP4 = 1, NETWORK_DHCP6 = 2 };

/* What of a lease is not for us. */
struct network_dhcp_use {
	unsigned line; /* of [DHCPv4] or [DHCPv6], 0: there is none */
	bool no_dns, no_ntp, no_routes;
	uint32_t metric; /* of its routes; 0: not given */
};

struct network_nic {
	unsigned line;                     /* of [Match] */
	char pattern[NETWORK_PATTERN_LEN]; /* Name=: a shell glob as fnmatch(3) takes it; "" when none */
	bool has_mac;
	uint8_t mac[NETWORK_MAC_LEN];
	char paths[NETWORK_PATHS_LEN]; /* Path=: shell globs with a blank between, one of which must fit; "" when none */
	struct inet_prefix addresses[NETWORK_ADDRESSES_MAX];
	uint8_t address_count;
	struct network_route routes[NETWORK_ROUTES_MAX]; /* Gateway= and [Route] */
	uint8_t route_count;
	uint32_t mtu_bytes; /* 0: leave it */
	enum network_switch offloads[NETWORK_OFFLOADS];
	enum network_lldp lldp;
	enum network_emit emit_lldp;
	unsigned lldp_line; /* of the last of the two, 0: neither is there */
	enum network_ra accept_ra;
	unsigned dhcp; /* enum network_dhcp */
	unsigned dhcp_line;
	struct network_dhcp_use dhcp4, dhcp6;
	bool unmanaged;     /* the kernel gets no address on it: it is the dataplane's, when lwIP carries that */
	struct network_vlan_name {
		char name[IFNAMSIZ]; /* of a [NetDev] */
		unsigned line;
	} vlans[NETWORK_VLANS_MAX]; /* that are on it */
	uint8_t vlan_count;
	char bond[IFNAMSIZ]; /* the [NetDev] that it is a port of; "": of none */
	unsigned bond_line;
	bool primary; /* of the ports of that bond */
	unsigned primary_line;
};

struct network_dns {
	struct inet_addr addr;
	char link[IFNAMSIZ]; /* the NIC it is on, for a link-local one; "" otherwise */
};

struct network_ntp {
	char host[NETWORK_HOST_LEN]; /* an address or a name */
	unsigned line;
};

struct network_conf {
	bool has_file;
	struct network_nic nics[NETWORK_NICS_MAX];
	uint8_t nic_count;
	struct network_device devices[NETWORK_DEVICES_MAX];
	uint8_t device_count;
	struct network_dns dns[NETWORK_DNS_MAX];
	uint8_t dns_count;
	struct network_ntp ntp[NETWORK_NTP_MAX];
	uint8_t ntp_count;
};

/* Empties conf, which was all zero or initialised before. */
void network_conf_init(struct network_conf *conf);
void network_parse(struct network_conf *conf, const char *text, size_t len, struct diag *diag);

/* The first [Match] that fits a NIC, or NULL. As in systemd.network, all conditions given must hold. path is the NIC's
 * ID_PATH, "" when it has none. */
const struct network_nic *network_match(const struct network_conf *conf, const char *name,
					const uint8_t mac[static NETWORK_MAC_LEN], const char *path);

/* The same for what [NetDev] makes, by its name alone: it borrows the address of a NIC. */
const struct network_nic *network_match_device(const struct network_conf *conf, const char *name);

/* The [NetDev] of that name and kind, or NULL. */
const struct network_device *network_device(const struct network_conf *conf, const char *name, enum network_kind kind);

const char *network_kind_name(enum network_kind kind); /* as the kernel has it, too */
const char *network_bond_mode_name(enum network_bond_mode mode);
const char *network_bond_hash_name(enum network_bond_hash hash);

/* Whether a NIC's path matters. */
bool network_has_paths(const struct network_conf *conf);

/* Whether routers may give the NIC addresses and routes; when the file does not say, they may where it has none of IPv6 (but
 * link-local ones) by the file: what a person wrote is all there is to be. */
bool network_accepts_ra(const struct network_nic *nic);

/* Its [Match] is for all NICs that no other one fits: that there is none left is no mistake. */
bool network_is_of_the_rest(const struct network_nic *nic);

/* How far who is at a NIC is told by it. When the file does not say: to the switch, but by none that is the dataplane's alone. */
enum network_emit network_emits(const struct network_nic *nic);

/* Only one NIC can have what the section says: an address, a route, a VLAN. */
bool network_is_of_one_nic(const struct network_nic *nic);

#endif
