#include "nics/lldp_agent.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/pass.h"
#include "base/servant.h"
#include "base/syscalls.h"
#include "base/users.h"
#include "network/nics.h"

/* A NIC that comes to carry tells who we are a few times in a row (txFast). */
enum { FAST_COUNT = 4, FAST_S = 1 };

static const struct syscall_row calls[] = {
	{ .number = SYS_epoll_pwait },
	{ .number = SYS_epoll_wait },
	{ .number = SYS_recvfrom },
	{ .number = SYS_recvmsg }, /* orders, with sockets */
	{ .number = SYS_sendto },
	{ .number = SYS_epoll_ctl },
};

struct port {
	struct lldp_order order; /* index 0: a free place */
	struct loop_source source;
	uint64_t due_ns;
	unsigned fast;
	unsigned frames; /* in this second */
};

static struct agent {
	struct loop loop;
	struct loop_source service;
	struct loop_timer send, second;
	struct port ports[NICS_MAX];
} agent;

static void say(const struct lldp_word *word)
{
	/* A service that does not read has enough to read. */
	(void)send(STDIN_FILENO, word, sizeof(*word), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* ---- hearing ---- */

static void second_fires(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	(void)now_ns;
	for (size_t i = 0; i < NICS_MAX; i++) {
		struct port *port = &agent.ports[i];

		if (port->order.index && port->frames >= LLDP_FRAMES_MAX)
			(void)loop_change(&agent.loop, &port->source, EPOLLIN);
		port->frames = 0;
	}
}

static void frame_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct port *port = container_of(source, struct port, source);
	static struct lldp_word word;
	uint8_t bytes[LLDP_FRAME_MAX];
	ssize_t n = recv(source->fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_TRUNC);

	(void)events;
	if (n < 0 || (size_t)n > sizeof(bytes))
		n = 0;
	if (!agent.second.armed)
		loop_timer_set(&agent.loop, &agent.second, now_ns + NS_PER_S, second_fires);
	if (++port->frames >= LLDP_FRAMES_MAX)
		(void)loop_change(&agent.loop, source, 0);
	word.index = port->order.index;
	if (n && port->order.listen && lldp_read(bytes, (size_t)n, &word.frame))
		say(&word);
}

/* ---- sending ---- */

static void emit(const struct port *port, uint16_t ttl_s)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(LLDP_ETHERTYPE),
				  .sll_ifindex = (int)port->order.index,
				  .sll_halen = LINK_MAC_LEN };
	struct lldp_own own = port->order.own;
	uint8_t bytes[LLDP_OWN_MAX];

	own.ttl_s = ttl_s;
	memcpy(to.sll_addr, port->order.to, LINK_MAC_LEN);
	(void)sendto(port->source.fd, bytes, lldp_write(&own, bytes), MSG_DONTWAIT, (const struct sockaddr *)&to, sizeof(to));
}

static void send_fires(struct loop_timer *timer, uint64_t now_ns)
{
	uint64_t next_ns = UINT64_MAX;

	for (size_t i = 0; i < NICS_MAX; i++) {
		struct port *port = &agent.ports[i];

		if (!port->order.index || !port->order.emit || !port->order.carrier)
			continue;
		if (port->due_ns <= now_ns) {
			emit(port, LLDP_TTL_S);
			port->fast -= port->fast != 0;
			port->due_ns = now_ns + (port->fast ? FAST_S : LLDP_EVERY_S) * NS_PER_S;
		}
		next_ns = port->due_ns < next_ns ? port->due_ns : next_ns;
	}
	if (next_ns != UINT64_MAX)
		loop_timer_set(&agent.loop, timer, next_ns, send_fires);
}

/* ---- what it is told ---- */

bool lldp_order_equal(const struct lldp_order *a, const struct lldp_order *b)
{
	struct lldp_own own = a->own, other_own = b->own;
	uint8_t bytes[LLDP_OWN_MAX], other[LLDP_OWN_MAX];
	size_t len;

	own.ttl_s = other_own.ttl_s = LLDP_TTL_S;
	len = lldp_write(&own, bytes);
	return a->index == b->index && a->gone == b->gone && a->listen == b->listen && a->emit == b->emit && a->carrier == b->carrier &&
	       !memcmp(a->to, b->to, sizeof(a->to)) && len == lldp_write(&other_own, other) && !memcmp(bytes, other, len);
}

static struct port *find_or_free(uint32_t index)
{
	struct port *free = NULL;

	for (size_t i = 0; i < NICS_MAX; i++) {
		if (agent.ports[i].order.index == index)
			return &agent.ports[i];
		if (!agent.ports[i].order.index && !free)
			free = &agent.ports[i];
	}
	return free;
}

static void drop(struct port *port)
{
	if (port->order.index)
		loop_give_back(&agent.loop, &port->source);
	*port = (struct port){ .source.fd = -1 };
}

/* fd is taken over. */
static void obey(const struct lldp_order *order, int fd, uint64_t now_ns)
{
	struct port *port = find_or_free(order->index);
	bool fresh, was;

	if (port && (order->gone || fd >= 0))
		drop(port);
	if (!port || order->gone || (fd < 0 && !port->order.index)) {
		if (fd >= 0)
			close(fd);
		return;
	}
	/* Started again, it is handed all of them. */
	if (fd >= 0 && loop_take(&agent.loop, &port->source, fd, frame_came) < 0)
		_exit(1);
	was = port->order.emit && port->order.carrier;
	fresh = order->emit && order->carrier && (!was || !lldp_order_equal(&port->order, order));
	if (was && !order->emit)
		emit(port, 0);
	port->order = *order;
	if (!fresh)
		return;
	port->fast = was ? 1 : FAST_COUNT;
	port->due_ns = now_ns;
	loop_timer_set(&agent.loop, &agent.send, now_ns, send_fires);
}

static void order_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct lldp_order order;
	struct passed passed;
	int err = pass_receive(source->fd, &order, sizeof(order), &passed);

	(void)events;
	if (!err && passed.len == sizeof(order) && passed.count < 2)
		obey(&order, passed.count ? passed.fd[0] : -1, now_ns);
	else if (!err)
		pass_close(&passed);
	else if (err != -EAGAIN && err != -EINTR && err != -EBADMSG)
		loop_stop(&agent.loop); /* the service is gone */
}

int lldp_agent_main(void)
{
	static const struct lldp_word begun;
	int err = servant_become(USER_LLDP);

	log_open(LLDP_APPLET);
	if (!err)
		err = servant_bind();
	if (!err)
		err = servant_give_up();
	(void)servant_open_nothing(); /* of no one's that are open to all, either, where that can be had */
	if (!err)
		err = loop_open(&agent.loop);
	for (size_t i = 0; i < NICS_MAX; i++)
		agent.ports[i].source.fd = -1;
	if (!err)
		err = loop_add(&agent.loop, &agent.service, STDIN_FILENO, EPOLLIN, order_came);
	(void)syscalls_only(calls, sizeof(calls) / sizeof(calls[0])); /* the same */
	if (err < 0) {
		log_err("it is not told which switch a NIC is at: %s", strerror(-err));
		return 1;
	}
	say(&begun);
	err = loop_run(&agent.loop);
	_exit(err < 0); /* not through the leak check of a sanitized build, which would have to trace us */
}
