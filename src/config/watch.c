#include "config/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/pending.h"

enum { RETRY_S = 10, EVENTS_LEN = 4096 };

/* What there is to wait for, besides a change of RUN/pending. */
struct wait {
	pid_t process;    /* its end; 0: none */
	uint64_t until_ns; /* 0: for ever */
};

static int undo(struct owner *owner, bool late)
{
	int status = owner_open(owner);

	if (status)
		return status;
	status = owner_put_back(owner, late ? "were not confirmed in time" : "were being applied when that was cut off");
	owner_close(owner);
	return status;
}

/* Whether it is to be undone now; else what to wait for. */
static bool is_due(int run_fd, const struct pending *pending, uint64_t now_ns, struct wait *wait)
{
	struct pending again;

	if (pending->due_ns > now_ns) {
		wait->until_ns = pending->due_ns;
		return false;
	}
	/* One that is over is gone from there before its process lets go of the lock. */
	wait->process = generations_owner(run_fd);
	return !wait->process && pending_read(run_fd, &again) && again.due_ns == pending->due_ns && again.number == pending->number;
}

static struct wait look(struct owner *owner, int run_fd)
{
	struct wait wait = { 0 };
	uint64_t now_ns = clock_now_ns();
	struct pending pending;

	if (pending_read(run_fd, &pending) && is_due(run_fd, &pending, now_ns, &wait) && undo(owner, pending.due_ns)) {
		log_err("generation %u is not undone yet: tried again in %d s", pending.number, RETRY_S);
		wait.until_ns = clock_now_ns() + RETRY_S * NS_PER_S;
	}
	return wait;
}

static int wait_ms(const struct wait *wait)
{
	uint64_t now_ns = clock_now_ns();

	if (!wait->until_ns)
		return -1;
	return wait->until_ns <= now_ns ? 0 : (int)((wait->until_ns - now_ns) / NS_PER_MS) + 1;
}

static void rest(int news_fd, const struct wait *wait)
{
	struct pollfd fds[] = { { .fd = news_fd, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
	char events[EVENTS_LEN];

	if (wait->process)
		fds[1].fd = (int)syscall(SYS_pidfd_open, wait->process, 0); /* -1: it has ended */
	if (!wait->process || fds[1].fd >= 0)
		(void)poll(fds, sizeof(fds) / sizeof(fds[0]), wait_ms(wait));
	if (fds[1].fd >= 0)
		close(fds[1].fd);
	while (read(news_fd, events, sizeof(events)) > 0)
		continue;
}

int watch_run(struct owner *owner)
{
	int run_fd = open(owner->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), news_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	log_open("config");
	if (run_fd < 0 || news_fd < 0 || inotify_add_watch(news_fd, owner->run_dir, IN_MOVED_TO | IN_DELETE) < 0) {
		log_err("%s: %s: what no one confirms is not undone", owner->run_dir, strerror(errno));
		return 1;
	}
	for (;;) {
		const struct wait wait = look(owner, run_fd);

		rest(news_fd, &wait);
	}
}
