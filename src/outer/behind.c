#include "outer/behind.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "outer/packet_socket.h"

enum {
	BATCH = 8,
	AGAIN_MS = 100,       /* what could not be put back into the loop rests on */
	TURN_NS = 200 * 1000, /* then it is the data's turn; the batch that was begun is finished */
};

struct behind {
	struct nic *nic; /* NULL: free */
	bool resting;    /* not in the loop */
	struct loop_source source;
};

static struct {
	struct loop *loop;
	const struct outer_host *host;
	behind_read_fn *read;
	uint32_t word;
	struct loop_timer timer;
	uint64_t dropped;
	struct behind all[OUTER_LINK_MAX];
} b;

static void ready(struct loop_source *source, uint32_t events, uint64_t now_ns);

static struct behind *find(const struct nic *nic)
{
	for (size_t i = 0; i < OUTER_LINK_MAX; i++)
		if (b.all[i].nic == nic)
			return &b.all[i];
	return NULL;
}

static void rested(struct loop_timer *timer, uint64_t now_ns)
{
	for (size_t i = 0; i < OUTER_LINK_MAX; i++) {
		if (b.all[i].nic && b.all[i].resting)
			b.all[i].resting = loop_add(b.loop, &b.all[i].source, b.all[i].source.fd, EPOLLIN, ready) < 0;
		if (b.all[i].nic && b.all[i].resting)
			loop_timer_set(b.loop, timer, now_ns + AGAIN_MS * NS_PER_MS, rested);
	}
}

/* Whether it rests now, as its owner wishes. */
static bool rest(struct behind *behind, bool none_waits, uint64_t now_ns)
{
	uint64_t rest_ns = b.host->rest ? b.host->rest(b.host->arg, none_waits, now_ns) : 0;

	if (!rest_ns)
		return false;
	loop_remove(b.loop, &behind->source);
	behind->resting = true;
	loop_timer_set(b.loop, &b.timer, now_ns + rest_ns, rested);
	return true;
}

static void ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct behind *behind = container_of(source, struct behind, source);
	uint64_t end_ns = now_ns + TURN_NS;
	bool none_waits = false;

	(void)events; /* as of the first socket */
	while (!rest(behind, none_waits, now_ns) && !none_waits && now_ns < end_ns) {
		none_waits = b.read(behind->nic, source->fd, BATCH, now_ns) < BATCH;
		now_ns = clock_now_ns();
	}
}

static void count_drops(const struct behind *behind)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);

	/* The kernel counts from the last time on. */
	if (!getsockopt(behind->source.fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		b.dropped += stats.tp_drops;
}

uint64_t behind_dropped(void)
{
	for (size_t i = 0; i < OUTER_LINK_MAX; i++)
		if (b.all[i].nic)
			count_drops(&b.all[i]);
	return b.dropped;
}

/* A socket of a NIC takes all that comes, at first. The second is narrowed before the first: for a moment both get the same, and
 * a message that comes twice is dropped once. */
static int share(struct nic *nic, int fd, uint16_t port)
{
	const struct filter_take take = { FILTER_BEHIND, b.word };
	int err = packet_socket_set_port(fd, nic->link.alone, port, &take);

	if (err < 0)
		return err;
	nic->take = (struct filter_take){ FILTER_AHEAD, b.word };
	err = nic_set_port(nic, port);
	if (err < 0)
		nic->take = (struct filter_take){ .part = FILTER_ALL };
	return err;
}

int behind_add(struct nic *nic, uint16_t port)
{
	struct behind *behind = find(NULL);
	int fd, err;

	if (!b.word)
		return 0;
	if (!behind)
		return -ENOSPC;
	fd = b.host->open_link(b.host->arg, &nic->link, port, true);
	if (fd < 0)
		return fd;
	err = share(nic, fd, port);
	if (!err)
		err = loop_add(b.loop, &behind->source, fd, EPOLLIN, ready);
	if (err < 0) {
		close(fd);
		return err;
	}
	behind->nic = nic;
	behind->resting = false;
	return 0;
}

void behind_remove(struct nic *nic)
{
	struct behind *behind = find(nic);

	if (!behind)
		return;
	count_drops(behind);
	if (!behind->resting)
		loop_remove(b.loop, &behind->source);
	close(behind->source.fd);
	behind->nic = NULL;
}

int behind_set_port(struct nic *nic, uint16_t port)
{
	const struct filter_take take = { FILTER_BEHIND, b.word };
	const struct behind *behind = find(nic);

	return behind ? packet_socket_set_port(behind->source.fd, nic->link.alone, port, &take) : 0;
}

void behind_open(struct loop *loop, const struct outer_host *host, uint32_t word, behind_read_fn *read)
{
	memset(&b, 0, sizeof(b));
	b.loop = loop;
	b.host = host;
	b.word = word;
	b.read = read;
}

void behind_close(void)
{
	loop_timer_clear(b.loop, &b.timer);
}
