/* Links, addresses and routes over rtnetlink(7). Every call is one request; nl is a NETLINK_ROUTE socket of the
 * namespace that is meant. Results are 0 or -errno, the kernel's own words in nl->error. */
#ifndef NETLINK_LINK_H
#define NETLINK_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"
#include "netlink/netlink.h"

/* What the alias of every link that this program makes begins with. */
#define LINK_ALIAS_OURS "MITIGATOR "

enum { LINK_KIND_LEN = 16, LINK_MAC_LEN = 6, LINK_ALIAS_LEN = 256 };

struct link {
	uint32_t index;
	char name[IFNAMSIZ];
	char kind[LINK_KIND_LEN]; /* "wireguard", "tun", ..., "" for hardware */
	char alias[LINK_ALIAS_LEN]; /* a note that any program may leave; "" when none, or longer */
	uint16_t type;            /* ARPHRD_* */
	bool up;                  /* IFF_UP: as asked for */
	bool carrier;             /* IFF_LOWER_UP: the wire is there */
	uint32_t mtu_bytes;
	uint32_t mtu6_bytes; /* for IPv6, which a router may have advertised; 0: there is no IPv6 on it */
	uint32_t master; /* index of the bridge or bond that it is a port of; 0: none */
	bool is_bond_port; /* and that is a bond */
	uint32_t lower;    /* index of the link that a VLAN is on; 0: none, or in another namespace */
	uint16_t vlan_id;  /* of a VLAN, else 0 */
	uint32_t mtu_min_bytes, mtu_max_bytes; /* what the device takes; 0: it does not say */
	bool of_container; /* a veth into another namespace that is no bridge's port: what a container has for a NIC */
	bool has_mac; /* an address of six bytes; lo has one of zeros */
	uint8_t mac[LINK_MAC_LEN];
	uint8_t own_mac[LINK_MAC_LEN]; /* the same, but of a bond's port: what it had before it got the bond's */
};

/* Reads an RTM_NEWLINK or RTM_DELLINK, of an answer or of a monitor: 0, -ENOMSG for any other message (a bridge's word
 * about its ports too), -EBADMSG. */
int link_read(const struct nlmsghdr *message, struct link *link);

int link_get(struct nl *nl, const char *name, struct link *link); /* -ENODEV when there is none */
int link_get_index(struct nl *nl, uint32_t index, struct link *link);
/* This and the other ..._each: the table as it stood at one time. -EINTR when it never stood still. */
int link_each(struct nl *nl, void (*each)(const struct link *link, void *arg), void *arg);

/* Creates a link of a kind that needs no parameters ("wireguard", "dummy"). netns_fd >= 0 makes it there and not
 * where nl is; what the link sends still leaves from where nl is. -EOPNOTSUPP when the kernel has no such kind,
 * -EEXIST when the name is taken. */
int link_create(struct nl *nl, const char *name, const char *kind, int netns_fd);
int link_delete(struct nl *nl, uint32_t index);
int link_delete_name(struct nl *nl, const char *name); /* of one whose index is not known */
int link_set_up(struct nl *nl, uint32_t index, bool up);
int link_set_name(struct nl *nl, uint32_t index, const char *name); /* -EEXIST; older kernels: -EBUSY while it is up */
int link_set_alias(struct nl *nl, uint32_t index, const char *alias);
int link_set_mtu(struct nl *nl, uint32_t index, uint32_t mtu_bytes);

struct link_address {
	uint32_t index;            /* of the link */
	struct inet_prefix prefix; /* the address with its prefix length */
	uint8_t scope;             /* RT_SCOPE_* */
	uint8_t flags;             /* IFA_F_*, the low eight */
};

typedef void link_address_fn(const struct link_address *address, void *arg);

/* As link_read, for RTM_NEWADDR and RTM_DELADDR of IPv4 and IPv6. */
int link_address_read(const struct nlmsghdr *message, struct link_address *address);

/* index 0: of every link; -ENODEV when there is no such link (kernels before 4.20: nothing, and 0) */
int link_address_each(struct nl *nl, uint32_t index, link_address_fn *each, void *arg);
int link_address_add(struct nl *nl, uint32_t index, const struct inet_prefix *prefix); /* IPv6: no DAD; -EEXIST */
/* One that the kernel has by other means (a router's advertisement) becomes this one: no -EEXIST, but for another prefix
 * length of the same IPv6 address. */
int link_address_put(struct nl *nl, uint32_t index, const struct inet_prefix *prefix);
int link_address_remove(struct nl *nl, uint32_t index, const struct inet_prefix *prefix); /* -EADDRNOTAVAIL */

struct link_route {
	struct inet_prefix destination; /* len 0: the default route */
	struct inet_addr gateway;       /* family 0: on the link */
	struct inet_addr source;        /* preferred; family 0: none (read only) */
	uint32_t index;                 /* of the outgoing link */
	uint8_t protocol;               /* RTPROT_* */
	uint8_t type;                   /* RTN_* */
	bool on_link;                   /* the gateway is, whatever the addresses say (to add only) */
	uint32_t mtu_bytes;             /* the route's own MTU, 0 when it has none */
	uint32_t metric;
};

typedef void link_route_fn(const struct link_route *route, void *arg);

/* Calls each for every next hop an RTM_NEWROUTE or RTM_DELROUTE has, dead ones left out: 0, -ENOMSG for any other
 * message, -EBADMSG. Any table, any type. */
int link_route_read(const struct nlmsghdr *message, link_route_fn *each, void *arg);

/* Both families, main table only, unicast only; those for one source or TOS only are left out. */
int link_route_each(struct nl *nl, link_route_fn *each, void *arg);
/* Takes destination (host bits are cleared), gateway, index, protocol, metric and mtu_bytes of route. The gateway of
 * an IPv4 route may be an IPv6 address. In place of one to there with the same metric. */
int link_route_put(struct nl *nl, const struct link_route *route);
/* The same without mtu_bytes; what is 0 matches any. -ESRCH when there is none. */
int link_route_remove(struct nl *nl, const struct link_route *route);
/* The kernel's choice for a datagram to to->remote (a scope_id is the link that it leaves by) from to->local (family 0:
 * the kernel's choice too): index, gateway, source (family 0: to->local), type (RTN_LOCAL for an address of our own). Asking
 * counts as use: the kernel looks whether its IPv6 routers are there. -ENETUNREACH and its like when there is no way. */
int link_route_get(struct nl *nl, const struct inet_flow *to, struct link_route *route);
/* The route that holds for it, as it stands in the table, for every next hop: what path-MTU discovery learned, which anyone's
 * ICMP may have taught, is not in its mtu_bytes. */
int link_route_match(struct nl *nl, const struct inet_flow *to, link_route_fn *each, void *arg);

/* Reads a message of a monitor: true with *index set when it is about one link, its addresses or its neighbours. */
bool link_message_index(const struct nlmsghdr *message, uint32_t *index);

#endif
