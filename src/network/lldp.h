/* LLDP (IEEE 802.1AB-2016): what a frame says of who is at the other end of a cable, and a frame of our own. Pure: bytes and
 * values. The frames are Ethernet's payload, behind its header. */
#ifndef NETWORK_LLDP_H
#define NETWORK_LLDP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/inet.h"
#include "netlink/link.h"

enum {
	LLDP_ETHERTYPE = 0x88CC,
	LLDP_FRAME_MAX = 1500,
	LLDP_ID_MAX = 255,
	LLDP_TEXT_LEN = 96, /* of what is shown: longer texts are cut */
	LLDP_EVERY_S = 30,  /* msgTxInterval */
	LLDP_TTL_S = 121,   /* msgTxHold (4) intervals and a second */
};

/* 8.5.2, 8.5.3: subtype and bytes, which together are the identity. */
struct lldp_id {
	uint8_t subtype, len;
	uint8_t bytes[LLDP_ID_MAX];
};

/* Bits of system capabilities, table 8-4. */
enum {
	LLDP_REPEATER = 1 << 1, LLDP_BRIDGE = 1 << 2, LLDP_ACCESS_POINT = 1 << 3, LLDP_ROUTER = 1 << 4, LLDP_DOCSIS = 1 << 6,
	LLDP_STATION = 1 << 7, LLDP_CVLAN = 1 << 8, LLDP_SVLAN = 1 << 9, LLDP_TPMR = 1 << 10,
	LLDP_ROUTERS = LLDP_REPEATER | LLDP_BRIDGE | LLDP_ACCESS_POINT | LLDP_ROUTER | LLDP_DOCSIS | LLDP_CVLAN | LLDP_SVLAN | LLDP_TPMR,
};

/* Texts are "" where nothing is said, and printable ASCII alone. */
struct lldp_frame {
	struct lldp_id chassis, port;
	uint16_t ttl_s; /* 0: it goes */
	char port_description[LLDP_TEXT_LEN], name[LLDP_TEXT_LEN], description[LLDP_TEXT_LEN];
	uint16_t capabilities; /* that are enabled */
	uint16_t vlan_id;      /* of what is sent without a tag there (802.1's Port VLAN ID), 0: not said */
	struct inet_addr management; /* the first of IPv4 or IPv6; family 0: none */
};

/* False: it is no LLDPDU, or breaks the standard's rules. What follows the end, and what is not known, is passed over. */
bool lldp_read(const uint8_t *bytes, size_t len, struct lldp_frame *frame);

bool lldp_id_equal(const struct lldp_id *a, const struct lldp_id *b);
/* "52:54:00:00:01:01", "192.0.2.1", "Gi1/0/5"; bytes that are no text as hex. */
enum { LLDP_ID_TEXT_LEN = LLDP_TEXT_LEN };
const char *lldp_chassis_text(const struct lldp_id *id, char dst[static LLDP_ID_TEXT_LEN]);
const char *lldp_port_text(const struct lldp_id *id, char dst[static LLDP_ID_TEXT_LEN]);

/* What we are: one station, by the address of a NIC. */
struct lldp_own {
	uint8_t chassis[LINK_MAC_LEN];
	char port[IFNAMSIZ];
	uint16_t ttl_s;
	char name[64], description[64]; /* "": left out */
	struct inet_addr management[2]; /* family 0: left out */
	uint32_t link;                  /* their interface's number, 0: not known */
};

enum { LLDP_OWN_MAX = 256 };

/* Its length. */
size_t lldp_write(const struct lldp_own *own, uint8_t bytes[static LLDP_OWN_MAX]);

#endif
