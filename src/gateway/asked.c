#include "gateway/asked.h"

#include <sys/socket.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "crypto/key.h"
#include "crypto/random.h"

static void read_all(struct asked *asked, const struct loop_source *source, uint8_t family, uint64_t now_ns)
{
	struct echo echo;

	while (asked->answered && echo_receive(source->fd, family, &echo))
		if (echo.id == asked->id && ct_equal(echo.stamp, asked->stamp, sizeof(echo.stamp)))
			asked->answered(asked, &echo.from, now_ns);
}

static void v4_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	(void)events;
	read_all(container_of(source, struct asked, v4), source, AF_INET, now_ns);
}

static void v6_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	(void)events;
	read_all(container_of(source, struct asked, v6), source, AF_INET6, now_ns);
}

static void end(struct asked *asked)
{
	asked->answered = NULL;
	loop_timer_clear(asked->loop, &asked->over);
	loop_give_back(asked->loop, &asked->v4);
	loop_give_back(asked->loop, &asked->v6);
}

static void asked_over(struct loop_timer *timer, uint64_t now_ns)
{
	(void)now_ns;
	end(container_of(timer, struct asked, over));
}

void asked_open(struct asked *asked, struct loop *loop, int netns_fd, const char *device)
{
	*asked = (struct asked){ .loop = loop, .netns_fd = netns_fd, .device = device, .v4.fd = -1, .v6.fd = -1 };
}

void asked_close(struct asked *asked)
{
	if (asked->loop)
		end(asked);
	asked->loop = NULL;
}

/* Of that family, by the device as it is now: 0 or -errno. */
static int listen_for(struct asked *asked, struct loop_source *source, uint8_t family)
{
	if (source->fd >= 0)
		return echo_bind(source->fd, asked->device);
	return loop_take(asked->loop, source, echo_open(asked->netns_fd, family, asked->device), family == AF_INET ? v4_ready : v6_ready);
}

void asked_send(struct asked *asked, const struct inet_addr *target, uint64_t now_ns,
		void (*answered)(struct asked *asked, const struct inet_addr *from, uint64_t now_ns))
{
	struct loop_source *source = target->family == AF_INET ? &asked->v4 : &asked->v6;

	if (!asked->loop || !*asked->device || listen_for(asked, source, target->family) < 0)
		return;
	if (!asked->answered) {
		if (random_bytes(asked->stamp, sizeof(asked->stamp)) < 0)
			return;
		asked->id = echo_next_id();
	}
	asked->answered = answered;
	loop_timer_set(asked->loop, &asked->over, now_ns + ASKED_S * NS_PER_S, asked_over);
	(void)echo_send(source->fd, target, asked->id, 0, asked->stamp, ECHO_DATA_DEFAULT, false);
}
