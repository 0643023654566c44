/* What is known of DHCP on each NIC: who asks, what is in use, and what all of it makes together. */
#ifndef NICS_DHCP_STATE_H
#define NICS_DHCP_STATE_H

#include "base/loop.h"
#include "network/filter.h"
#include "network/leases.h"
#include "nics/dhcp_kept.h"
#include "nics/dhcp_stream.h"
#include "nics/resolv.h"
#include "worker/helper.h"

enum { DHCP_NAME_LEN = 64, DHCP_SAID_LEN = 128 };

struct dhcp;

/* What is known of a NIC's lease of one family. */
struct dhcp_slot {
	bool bound;  /* a server gave it, and it is good */
	bool kept;   /* what is in use is from before this boot */
	bool silent; /* no server answers, and that was told */
	bool tunnels; /* something of it is the VPN's and was left out, and that was told */
	uint64_t since_ns; /* when a server said so last */
};

struct dhcp_client {
	struct dhcp *dhcp;
	struct link link; /* as it was looked at last */
	struct network_dhcp_use use[LEASE_FAMILIES];
	unsigned wants; /* enum network_dhcp */
	bool wanted, told;
	struct helper helper;
	struct loop_timer again, silence, overdue;
	struct dhcp_slot slots[LEASE_FAMILIES];
	char said[DHCP_SAID_LEN]; /* its last line in the log */
	struct dhcp_stream stream;
};

struct dhcp {
	struct loop *loop;
	const char *run_dir, *program;
	void (*changed)(struct dhcp *dhcp); /* leases are others now: nics_apply is due, but not from within */
	struct leases leases; /* in use; and what a server gave to who asks no more, while that is good: an undo has it at once */
	struct dhcp_kept kept;
	struct dhcp_client clients[LEASES_MAX];
	size_t count; /* of slots that were ever used */
	char name[DHCP_NAME_LEN]; /* of this host, for servers; "": none */
};

/* By lease_family: its bit of enum network_dhcp, and of addresses. */
struct dhcp_family {
	unsigned bit;
	uint8_t family;
};
extern const struct dhcp_family dhcp_families[LEASE_FAMILIES];

bool dhcp_is_used(const struct dhcp_client *client); /* a slot that is no one's has no NIC */

/* It may still come: no server has answered, and it was not long ago that one was asked. */
bool dhcp_waits(const struct dhcp *dhcp);

void dhcp_add_dns(const struct dhcp *dhcp, struct resolv_others *others); /* name servers, as far as they are wanted */
size_t dhcp_nics(const struct dhcp *dhcp, struct filter_nic nics[static LEASES_MAX]); /* that ask: how many */

/* What is in use of one, and asked for or had from a server; NULL: nothing. */
const struct lease *dhcp_in_use(const struct dhcp_client *client, enum lease_family family);
/* The client of the NIC, NULL: it does not ask. */
const struct dhcp_client *dhcp_of(const struct dhcp *dhcp, const char *nic);

/* Leases of NICs that ask no more, and of the other family, once they have run out: what takes DHCP away may be undone. */
void dhcp_forget_unwanted(struct dhcp *dhcp, uint64_t now_ns);

/* Before nics_apply: what of leases would draw packets out of a tunnel on this host is left out, and told; what no one asks for and has
 * run out is forgotten. vpn as leases_find_tunnels has it. */
void dhcp_guard_tunnels(struct dhcp *dhcp, struct nl *nl, const struct inet_prefix *vpn, uint64_t now_ns);

/* In memory: for who asks for the time, for `show`, and for this service when it is started again. */
void dhcp_publish(const struct dhcp *dhcp);

#endif
