/* Owns one TUN device: super-packets of the kernel in, split to the MTU; packets out, put together to super-packets. */
#ifndef ENGINE_TUN_H
#define ENGINE_TUN_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum {
	TUN_MTU_MAX = 16384,
	TUN_GSO_SIZE = 61600, /* so that one super-packet, sealed, is one outer super-frame */
	TUN_GSO_SEGMENTS = 45,
	TUN_WRITE_MAX = 256,  /* writes in one flush */
	TUN_IOV_MAX = 2048,   /* packets in one flush */
	TUN_FLOW_SLOTS = 64,  /* power of two */
	TUN_HEADER_MAX = 128, /* IPv6 and TCP with all its options */
};

enum tun_flags {
	TUN_NO_VNET = 1, /* plain packets both ways, as a kernel without offload would have it: for tests */
	TUN_NO_USO = 2,
};

/* How packets lie in the caller's buffer, one behind the other: headroom, packet, padding to align (but not beyond limit, the
 * MTU), tailroom. With WireGuard's { 16, 16, 16, mtu } sealed packets of one length are an outer super-frame as they
 * lie, whether one super-packet or many reads brought them. */
struct tun_layout {
	uint16_t headroom, tailroom, align, limit;
};

struct tun_packet {
	uint8_t *bytes; /* in the caller's buffer */
	size_t len;
};

struct tun_stats {
	uint64_t reads, read_packets, read_dropped;
	uint64_t writes, write_packets, write_dropped;
};

/* A super-packet that is being split: what is left of it is in tun->in. */
struct tun_split {
	uint8_t header[TUN_HEADER_MAX];
	const uint8_t *payload; /* in tun->in */
	size_t left;
	size_t segment_len;
	size_t header_len, l4_at;
	uint32_t seq;           /* TCP: of the next segment */
	uint16_t id;            /* IPv4: of the next segment */
	uint8_t l4;             /* IPPROTO_TCP or IPPROTO_UDP */
	uint32_t sum;           /* of what is the same in every segment */
};

/* One write to be: a packet, and payloads that follow on it. */
struct tun_item {
	uint8_t *packet;
	size_t len;             /* of all, headers once */
	uint32_t first_iov, iov_count;
	uint32_t last_iov;
	uint32_t next_seq;
	uint16_t segment_len, header_len, l4_at;
	uint8_t l4;             /* 0: not to be added to */
	bool psh;
	bool checked;           /* its checksum is right */
};

struct tun {
	int fd;                 /* non-blocking, for the owner's loop; -1 when closed */
	uint32_t index;         /* of the device, in its namespace */
	char name[IFNAMSIZ];
	bool vnet, tso, uso;    /* what the kernel took */
	uint32_t mtu_bytes;     /* set by the owner with tun_set_mtu, 1420 at start */
	struct tun_stats stats;
	struct tun_split split;
	size_t item_count, iov_count;
	struct tun_item items[TUN_WRITE_MAX];
	struct iovec iov[TUN_IOV_MAX];
	uint16_t iov_next[TUN_IOV_MAX];
	uint16_t flows[TUN_FLOW_SLOTS]; /* item + 1 of the last packet of a flow, 0: none */
	uint8_t in[TUN_MTU_MAX + 65536 + 64];
};

/* Creates the device in the namespace netns_fd (-1: here), not up, without addresses. It goes when tun is closed.
 * flags: enum tun_flags. 0, -EBUSY when the name is taken by another program's, or -errno. tun is large: static. */
int tun_open(struct tun *tun, const char *name, int netns_fd, unsigned flags);
void tun_close(struct tun *tun); /* also after a failed tun_open */

/* What the device's MTU was set to (netlink/link.h sets it): packets up to this size are read without a copy. */
void tun_set_mtu(struct tun *tun, uint32_t mtu_bytes);

/* One packet or one super-packet, split, into the first *used bytes of buf, where the next call may go on: the number of
 * packets, 0 when nothing waits, or -errno (-EIO while the device is down). A malformed super-packet is dropped, counted,
 * and the next one read. When cap or packet_cap end early the rest comes with the next call; cap is at least tun_room().
 * Packets have complete checksums. Those of one super-packet have one length but for its last. */
int tun_read(struct tun *tun, const struct tun_layout *layout, uint8_t *buf, size_t cap, struct tun_packet *packets,
	     size_t packet_cap, size_t *used);
size_t tun_room(const struct tun_layout *layout); /* for the longest packet */
/* The rest of a super-packet stands in tun: the next tun_read gives it out, and no event will tell of it. */
static inline bool tun_pending(const struct tun *tun)
{
	return tun->split.left > 0;
}

/* Queues an IP packet to be written; bytes are borrowed (and their headers changed) until tun_flush. Packets of one flow
 * keep their order. A full queue flushes by itself. A wrong checksum inside stays wrong: such a packet goes alone. */
void tun_write(struct tun *tun, uint8_t *packet, size_t len);
void tun_flush(struct tun *tun);

#endif
