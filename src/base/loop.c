#include "base/loop.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"

int loop_open(struct loop *loop)
{
	*loop = (struct loop){ .epoll_fd = epoll_create1(EPOLL_CLOEXEC) };
	return loop->epoll_fd < 0 ? -errno : 0;
}

void loop_close(struct loop *loop)
{
	close(loop->epoll_fd);
	loop->epoll_fd = -1;
}

static int control(struct loop *loop, int op, struct loop_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	return epoll_ctl(loop->epoll_fd, op, source->fd, &event) < 0 ? -errno : 0;
}

int loop_add(struct loop *loop, struct loop_source *source, int fd, uint32_t events, loop_ready_fn *ready)
{
	source->fd = fd;
	source->ready = ready;
	return control(loop, EPOLL_CTL_ADD, source, events);
}

int loop_change(struct loop *loop, struct loop_source *source, uint32_t events)
{
	return control(loop, EPOLL_CTL_MOD, source, events);
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	control(loop, EPOLL_CTL_DEL, source, 0);
	/* An event of this wake-up may still wait behind the one that removes it. */
	for (int i = 0; i < loop->batch_count; i++)
		if (loop->batch[i].data.ptr == source)
			loop->batch[i].data.ptr = NULL;
}

int loop_take(struct loop *loop, struct loop_source *source, int fd, loop_ready_fn *ready)
{
	int err = fd < 0 ? fd : loop_add(loop, source, fd, EPOLLIN, ready);

	if (err < 0 && fd >= 0)
		close(fd);
	if (err < 0)
		source->fd = -1;
	return err;
}

void loop_give_back(struct loop *loop, struct loop_source *source)
{
	if (source->fd < 0)
		return;
	loop_remove(loop, source);
	close(source->fd);
	source->fd = -1;
}

void loop_timer_clear(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer **link = &loop->timers;

	if (!timer->armed)
		return;
	while (*link != timer)
		link = &(*link)->next;
	*link = timer->next;
	timer->armed = false;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t due_ns, loop_fire_fn *fire)
{
	struct loop_timer **link = &loop->timers;

	loop_timer_clear(loop, timer);
	while (*link && (*link)->due_ns <= due_ns)
		link = &(*link)->next;
	timer->next = *link;
	timer->due_ns = due_ns;
	timer->fire = fire;
	timer->armed = true;
	*link = timer;
}

int loop_signal_fd(const sigset_t *set)
{
	int fd;

	if (sigprocmask(SIG_BLOCK, set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int wait_ms(const struct loop *loop)
{
	uint64_t now_ns, ms;

	if (!loop->timers)
		return -1;
	now_ns = clock_now_ns();
	if (loop->timers->due_ns <= now_ns)
		return 0;
	ms = (loop->timers->due_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

int loop_run(struct loop *loop)
{
	while (!loop->stopping) {
		uint64_t now_ns;
		int n = epoll_wait(loop->epoll_fd, loop->batch, LOOP_BATCH, wait_ms(loop));

		if (n < 0 && errno != EINTR)
			return -errno;
		loop->batch_count = n < 0 ? 0 : n;
		loop->turn++;
		now_ns = clock_now_ns();
		for (int i = 0; i < loop->batch_count; i++) {
			struct loop_source *source = loop->batch[i].data.ptr;

			if (source)
				source->ready(source, loop->batch[i].events, now_ns);
		}
		loop->batch_count = 0;
		while (loop->timers && loop->timers->due_ns <= now_ns) {
			struct loop_timer *timer = loop->timers;

			loop_timer_clear(loop, timer);
			timer->fire(timer, now_ns);
		}
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
}
