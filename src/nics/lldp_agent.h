/* The process that sends and hears LLDP. What any neighbour writes is read by an image of its own, as a user of its own, that has
 * nothing but the packet sockets it is handed, one a NIC, and says what it heard. */
#ifndef NICS_LLDP_AGENT_H
#define NICS_LLDP_AGENT_H

#include "network/lldp.h"

#define LLDP_APPLET "lldp"

enum {
	LLDP_FRAMES_MAX = 10,  /* a second, of one NIC: what is above waits, and is lost when its queue is full */
	LLDP_QUEUE_LEN = 16384, /* bytes */
};

/* What it is told, a packet each on its standard input: of one NIC, from now on. A packet socket comes along when it is to be another
 * than before; it is the NIC's alone and of LLDP_ETHERTYPE. */
struct lldp_order {
	uint32_t index;
	bool gone;    /* nothing of it any more; what follows means nothing */
	bool listen;
	bool emit;    /* while it has carrier */
	bool carrier;
	uint8_t to[LINK_MAC_LEN];
	struct lldp_own own; /* ttl_s means nothing */
};

bool lldp_order_equal(const struct lldp_order *a, const struct lldp_order *b);

/* What it says there: that it has begun, with index 0, and each frame. */
struct lldp_word {
	uint32_t index;
	struct lldp_frame frame;
};

int lldp_agent_main(void); /* the applet */

#endif
