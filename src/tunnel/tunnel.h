/* One WireGuard interface behind six operations, whichever backend carries it. The inner interface is a Linux netdev
 * in every backend, so its addresses and MTU are set over netlink by whoever owns the tunnel. */
#ifndef TUNNEL_TUNNEL_H
#define TUNNEL_TUNNEL_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inet.h"
#include "netlink/link.h"
#include "tunnel/counts.h"

enum { TUNNEL_KEY_LEN = 32, TUNNEL_PEERS_MAX = 1024, TUNNEL_PREFIXES_MAX = 4096, TUNNEL_ERROR_LEN = 320, TUNNEL_MTU_MAX = 16384,
       TUNNEL_NICS_MAX = 4, TUNNEL_NIC_ADDRESSES = 16, TUNNEL_NIC_ROUTES = 64 };

/* A format, of its name. */
#define TUNNEL_NOT_OURS "an interface %s exists and is not ours, since its alias is another: remove it there, or choose another name"
#define TUNNEL_NO_KERNEL "this kernel has no WireGuard: the module wireguard is not there or cannot be loaded"

struct tunnel_peer {
	uint8_t public_key[TUNNEL_KEY_LEN];
	uint8_t preshared_key[TUNNEL_KEY_LEN]; /* all zero: none */
	struct inet_endpoint endpoint;         /* family 0: not known (yet) */
	/* What the file says of the endpoint, as a number: equal means the file did not change it. 0: nothing. */
	uint64_t endpoint_id;
	/* The file's endpoint, as far as its host is known: another address of it is a change too. addr_count: how many the
	 * host has. */
	struct inet_endpoint resolved;
	uint8_t addr_count;
	uint16_t keepalive_s; /* 0: off */
	uint16_t allowed_first, allowed_count; /* in the config's allowed */
	/* of a dump only: */
	uint64_t received_bytes, sent_bytes;
	int64_t handshake_s; /* of the last one, seconds of CLOCK_REALTIME; 0: none yet */
	uint32_t handshake_ns;
	struct tunnel_peer_counts counts;
};

/* What a tunnel is to be, or is. Large: static storage. Holds keys. */
struct tunnel_config {
	bool has_private_key;
	uint8_t private_key[TUNNEL_KEY_LEN];
	uint8_t public_key[TUNNEL_KEY_LEN];
	uint16_t listen_port;
	uint32_t fwmark; /* of a dump only */
	struct tunnel_peer peers[TUNNEL_PEERS_MAX];
	uint16_t peer_count;
	struct inet_prefix allowed[TUNNEL_PREFIXES_MAX]; /* host bits clear */
	uint16_t allowed_count;
	struct tunnel_counts counts; /* of a dump only */
};

enum tunnel_set {
	TUNNEL_SET_ENDPOINT = 1 << 0,
	TUNNEL_SET_KEEPALIVE = 1 << 1,
	TUNNEL_SET_PRESHARED_KEY = 1 << 2,
	TUNNEL_SET_ALLOWED = 1 << 3, /* replaces the whole list */
	TUNNEL_SET_NEW = 1 << 4,     /* the peer is not there yet */
};

/* A NIC that is this tunnel's alone: the kernel has no address on it, so a backend in user space speaks for it. */
struct tunnel_nic {
	char link[IFNAMSIZ];
	uint32_t mtu_bytes;
	struct inet_prefix addresses[TUNNEL_NIC_ADDRESSES];
	size_t address_count;
	struct tunnel_nic_route {
		struct inet_prefix destination;
		struct inet_addr gateway; /* family 0: on the link */
		uint32_t mtu_bytes;       /* 0: the NIC's */
	} routes[TUNNEL_NIC_ROUTES];
	size_t route_count;
};

struct tunnel;

/* Each returns 0 or -errno and puts words into tunnel->error when errno alone does not say it; open may leave a warning
 * there though it succeeded. */
struct tunnel_ops {
	const char *name; /* as --backend and show say it */
	const char *kind; /* of its interface, as the kernel has it */
	bool takes_nics;  /* speaks for NICs that the kernel has no address on; others leave them unused */
	/* Makes the interface tunnel->device in tunnel->netns_fd, or takes up our own that outlived us. */
	int (*open)(struct tunnel *tunnel);
	/* Gives back what open took. remove: the interface too; otherwise it stays and carries on where it can. */
	void (*close)(struct tunnel *tunnel, bool remove);
	/* Private key, port, and the NICs that are there now. */
	int (*set_device)(struct tunnel *tunnel, const struct tunnel_config *config);
	int (*set_peer)(struct tunnel *tunnel, const struct tunnel_config *config, const struct tunnel_peer *peer,
			unsigned fields);
	int (*remove_peer)(struct tunnel *tunnel, const uint8_t public_key[static TUNNEL_KEY_LEN]);
	/* -ENOSPC when more runs than a config holds. */
	int (*dump)(struct tunnel *tunnel, struct tunnel_config *running);
};

struct tunnel {
	const struct tunnel_ops *ops; /* NULL: closed */
	char device[IFNAMSIZ];
	char alias[LINK_ALIAS_LEN];
	int netns_fd;    /* where the inner interface lives; -1: where the process is. Borrowed. */
	uint32_t index;  /* of the inner interface, from open */
	const struct tunnel_nic *nics; /* this tunnel's alone. Borrowed. */
	size_t nic_count;
	const char *uapi_name; /* of the socket that stock wg finds it by; borrowed */
	const char *sockets_dir; /* where that is, NULL: where wg(8) looks; borrowed */
	struct loop *loop;     /* of who owns it. Borrowed. */
	struct nl *host; /* NETLINK_ROUTE where the encrypted packets leave. Borrowed. */
	char error[TUNNEL_ERROR_LEN];
	/* What is wrong while it runs, "" when nothing is: for show and the log. troubled is called when it changes. */
	char trouble[TUNNEL_ERROR_LEN];
	void (*troubled)(struct tunnel *tunnel);
	/* What carried it is gone, and its interface with it: to be closed and made anew. NULL: no one is told. */
	void (*ended)(struct tunnel *tunnel);
	bool silent;       /* it did not answer when it was asked last: who only shows it does not wait for it again */
	uint64_t stuck_ns; /* since then what carries it does not answer, and no signal ends it; 0: it is not so */
	const struct tunnel_config *dumped; /* it is what runs, since dumped_turn of the loop; NULL: that is not known. Borrowed. */
	uint64_t dumped_turn;
	int dump_err; /* -ETIMEDOUT: it did not answer in dumped_turn, and is not waited for again in it */
	bool nics_changed; /* by whoever owns it: tunnel_apply has the backend look at them anew */
	struct nl inner; /* NETLINK_ROUTE where the inner interface is; the last, since its buffers are large, and need not be zero */
};

extern const struct tunnel_ops tunnel_kernel, tunnel_uapi;

/* Where a tunnel is to be, the same for every backend. */
struct tunnel_place {
	const char *device;
	const char *alias; /* LINK_ALIAS_OURS and more: an interface without exactly this one is never taken over */
	const char *uapi_name;
	const char *sockets_dir;
	const struct tunnel_nic *nics; /* they outlive the tunnel */
	size_t nic_count;
	int netns_fd;
	struct nl *host;
	struct loop *loop;
	void (*troubled)(struct tunnel *tunnel);
	void (*ended)(struct tunnel *tunnel);
};

int tunnel_open(struct tunnel *tunnel, const struct tunnel_ops *ops, const struct tunnel_place *place);

/* 0 when a tunnel could have device in that namespace: no interface is called so, or it is ours by its alias. Else
 * -EEXIST or another -errno, with words. */
int tunnel_look(int netns_fd, const char *device, const char *alias, char *words, size_t cap);
void tunnel_close(struct tunnel *tunnel, bool remove);

/* The interface of that name in that namespace, when it is ours by its alias: 0, -ENODEV, -EEXIST: it is another's, or -errno. */
int tunnel_find_link(int netns_fd, const char *device, const char *alias, struct link *link);

/* What runs, which is asked for once a turn of the loop: counters are as old as that, though something was set since. */
int tunnel_dump(struct tunnel *tunnel, struct tunnel_config *running);
int tunnel_dump_anew(struct tunnel *tunnel, struct tunnel_config *running); /* with the counters of now */

const struct tunnel_peer *tunnel_find(const struct tunnel_config *config,
				      const uint8_t public_key[static TUNNEL_KEY_LEN]);
/* Costs as much as is in from. */
void tunnel_config_copy(struct tunnel_config *to, const struct tunnel_config *from);
/* What the kernel counts of the inner interface goes into a dump; what it does not say stays unknown. */
void tunnel_count_link(struct tunnel *tunnel, struct tunnel_config *running);
void tunnel_config_clear(struct tunnel_config *config); /* wiped; cheap when little was in it */

#endif
