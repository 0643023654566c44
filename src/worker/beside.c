#include "worker/beside.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/log.h"
#include "base/self.h"
#include "base/text.h"

enum { AGAIN_S = 5 };

static void start(struct beside *beside);

static void become(int fd, const void *arg)
{
	const struct beside *beside = arg;
	const char *const argv[] = { beside->applet, beside->arg, NULL };

	/* Its end of the pipe says for how long it lives. */
	self_become(argv, (const struct self_fd[]){ { beside->fd, STDIN_FILENO }, { fd, STDOUT_FILENO } }, 2);
}

static void again_fires(struct loop_timer *timer, uint64_t now_ns)
{
	(void)now_ns;
	start(container_of(timer, struct beside, again));
}

static void wait_and_start(struct beside *beside, const char *why)
{
	if (!beside->told)
		log_err("%s does not run: %s; it is started again every %d s", beside->applet, why, AGAIN_S);
	beside->told = true;
	loop_timer_set(beside->loop, &beside->again, clock_now_ns() + AGAIN_S * NS_PER_S, again_fires);
}

static void ended(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct beside *beside = container_of(source, struct beside, helper.source);
	char byte;

	(void)events;
	(void)now_ns;
	if (read(source->fd, &byte, 1) > 0)
		return;
	helper_kill(&beside->helper); /* which closed its end, and may live on */
	wait_and_start(beside, "it ended");
}

static void start(struct beside *beside)
{
	int err = helper_start(&beside->helper, beside->loop, become, beside, beside->fd, ended);

	if (err < 0)
		wait_and_start(beside, strerror(-err));
}

void beside_start(struct beside *beside, struct loop *loop, const char *applet, const char *arg, int fd)
{
	if (beside->wanted && fd < 0)
		return;
	beside_stop(beside);
	beside->applet = applet;
	beside->loop = loop;
	text_format(beside->arg, sizeof(beside->arg), "%s", arg);
	beside->fd = fd;
	beside->wanted = true;
	start(beside);
}

void beside_finish(struct beside *beside, int wait_ms)
{
	struct pollfd alive = { .fd = beside->helper.source.fd, .events = POLLIN };

	if (beside->wanted && beside->helper.child)
		(void)poll(&alive, 1, wait_ms);
	beside_stop(beside);
}

void beside_stop(struct beside *beside)
{
	if (!beside->wanted)
		return;
	helper_kill(&beside->helper);
	loop_timer_clear(beside->loop, &beside->again);
	if (beside->fd >= 0)
		close(beside->fd);
	beside->fd = -1;
	beside->wanted = beside->told = false;
}
