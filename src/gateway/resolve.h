/* Endpoint names to addresses, in a process of their own (gateway/lookup): getaddrinfo(3) blocks, the service must not. */
#ifndef GATEWAY_RESOLVE_H
#define GATEWAY_RESOLVE_H

#include "conf/vpn.h"
#include "worker/helper.h"

enum { RESOLVE_ADDRS_MAX = 8 }; /* of one name; more are left out */

/* The addresses of a name in the order that getaddrinfo(3) gives them (RFC 6724). */
struct resolved_addrs {
	struct inet_addr list[RESOLVE_ADDRS_MAX];
	size_t count;
};

struct resolved_name {
	char host[VPN_HOST_LEN];
	struct resolved_addrs known;  /* none: does not resolve (yet) */
	struct resolved_addrs answer; /* of the look-up that is under way */
	bool due;              /* to be looked up, known or not */
	bool asked;            /* what there is to know of it came, once at least */
	bool inside;           /* and it has addresses inside the VPN network, which no endpoint can have */
};

struct resolver {
	struct loop *loop;
	struct helper helper;
	struct loop_timer retry, settle;
	uint64_t wait_ns; /* until the next attempt */
	struct inet_prefix network; /* the VPN's: a packet for an endpoint in it would go into the tunnel it comes from */
	struct resolved_name names[VPN_PEERS_MAX];
	size_t count;
	void (*found)(struct resolver *resolver); /* some have addresses now that had none, or others */
	void (*done)(struct resolver *resolver);  /* every name was tried once more */
};

void resolver_init(struct resolver *resolver, struct loop *loop, void (*found)(struct resolver *resolver),
		   void (*done)(struct resolver *resolver));
/* Makes the names of conf's endpoints the ones to know and looks all of them up, side by side: true when there are any, and
 * done will be called. What is known of them holds until then. Those that do not resolve are tried again, less and less
 * often. */
bool resolver_follow(struct resolver *resolver, const struct vpn_conf *conf, const struct inet_prefix *network);
/* What host resolves to, one address or more; NULL: not known. */
const struct resolved_addrs *resolver_find(const struct resolver *resolver, const char *host);
bool resolver_asked(const struct resolver *resolver, const char *host); /* name servers have spoken, or it was given up */
/* What is wrong with a name that is not known: "does not resolve"; or inside: it does, to what no endpoint can be. */
bool resolver_inside(const struct resolver *resolver, const char *host);
const char *resolver_words(const struct resolver *resolver, const char *host);
void resolver_stop(struct resolver *resolver);

#endif
