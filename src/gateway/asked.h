/* Echo requests into a tunnel whose answers are to show that it works: what comes in beside the tunnel, or answers no request of ours,
 * shows nothing. */
#ifndef GATEWAY_ASKED_H
#define GATEWAY_ASKED_H

#include "base/loop.h"
#include "gateway/echo.h"

enum { ASKED_S = 10 };

struct asked {
	struct loop *loop; /* NULL: closed */
	int netns_fd;
	const char *device;
	struct loop_source v4, v6; /* fd -1 but while an answer is waited for */
	uint16_t id;
	uint8_t stamp[ECHO_STAMP_LEN]; /* random: who has not seen the request does not know it */
	struct loop_timer over;
	void (*answered)(struct asked *asked, const struct inet_addr *from, uint64_t now_ns); /* NULL: none is waited for */
};

/* By device, borrowed until asked_close ("": there is none now), in the namespace netns_fd (-1: here), likewise. */
void asked_open(struct asked *asked, struct loop *loop, int netns_fd, const char *device);
void asked_close(struct asked *asked);

/* One request. Who answers within ASKED_S of the last one is told of. */
void asked_send(struct asked *asked, const struct inet_addr *target, uint64_t now_ns,
		void (*answered)(struct asked *asked, const struct inet_addr *from, uint64_t now_ns));

#endif
