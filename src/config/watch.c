#include "config/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pending.h"
#include "config/due.h"
#include "config/judge.h"

#define SOCKET_END ".sock" /* of control_path */

enum { LOST = 1, RETRY_MIN_S = 10, RETRY_MAX_S = 300, LOOK_AGAIN_S = 1, EVENTS_LEN = 4096 };

static struct {
	int run_fd, news_fd, due_fd;
	pid_t child;       /* that undoes, or applies what waited for its time; 0: none */
	bool applies;
	pid_t judge;       /* that asks whether management is lost, likewise: its service may hang */
	uint64_t judge_ns; /* not before; while one asks: not longer */
	uint64_t judged;   /* the due_ns of what it is asked for */
	uint64_t apply_ns; /* what waited for its time is not begun before */
	uint64_t retry_ns; /* not before */
	unsigned retry_s;  /* 0: nothing failed */
	unsigned number;   /* of what is to be retried */
} watch;

/* What there is to wait for, besides news of RUN. */
struct wait {
	pid_t processes[2]; /* the end of either; 0: none */
	uint64_t until_ns;  /* 0: for ever */
};

/* A disk that hangs holds this process, when all is done that needs none. */
static int undo(struct owner *owner, enum pending_cause cause)
{
	int status = owner_lock(owner);

	if (status)
		return owner->generations.owner ? 0 : status; /* that one is waited for */
	status = owner_put_back(owner, cause);
	if (!status && (cause == PENDING_LATE || cause == PENDING_LOST) && owner->undone)
		log_err("not confirmed: generation %u runs again", owner_remembered(owner));
	owner_tell_undone(owner);
	return status;
}

static void begin_anew(unsigned number)
{
	watch.number = number;
	watch.retry_ns = watch.retry_s = 0;
	watch.judge_ns = watch.judge ? watch.judge_ns : 0;
}

/* Whether it is to be undone now; else what to wait for. */
static bool is_due(const struct pending *pending, uint64_t now_ns, struct wait *wait)
{
	struct pending again;

	if (pending->due_ns > now_ns || (!pending->due_ns && watch.retry_ns > now_ns)) {
		wait->until_ns = pending->due_ns ? pending->due_ns : watch.retry_ns;
		if (pending->due_ns && !watch.judge && wait->until_ns > watch.judge_ns)
			wait->until_ns = watch.judge_ns;
		return false;
	}
	/* One that is over is gone from there before its process lets go of the lock. */
	wait->processes[0] = generations_owner(watch.run_fd);
	return !wait->processes[0] && pending_read(watch.run_fd, &again) && again.due_ns == pending->due_ns && again.number == pending->number;
}

static void reap(void)
{
	struct pending pending;
	int status;

	if (!watch.child || waitpid(watch.child, &status, WNOHANG) != watch.child)
		return;
	watch.child = 0;
	/* It may stand there still. */
	if (status && watch.applies)
		watch.apply_ns = clock_now_ns() + RETRY_MIN_S * NS_PER_S;
	if (!status || watch.applies || !pending_read(watch.run_fd, &pending))
		return;
	watch.retry_s = watch.retry_s ? 2 * watch.retry_s : RETRY_MIN_S;
	if (watch.retry_s > RETRY_MAX_S)
		watch.retry_s = RETRY_MAX_S;
	watch.retry_ns = clock_now_ns() + watch.retry_s * NS_PER_S;
	log_err("generation %u is not undone yet: tried again in %u s, or when a service starts", pending.number, watch.retry_s);
}

/* Whether management is lost by what waits for a word. It is asked by a process of its own: whoever does not answer holds that. */
static bool is_lost(const struct owner *owner, const struct pending *pending, uint64_t now_ns)
{
	int status = 0;
	bool lost = false;

	if (watch.judge && now_ns >= watch.judge_ns)
		(void)kill(watch.judge, SIGKILL);
	if (watch.judge && waitpid(watch.judge, &status, WNOHANG) == watch.judge) {
		watch.judge = 0;
		watch.judge_ns = now_ns + JUDGE_LOOK_S * NS_PER_S;
		lost = WIFEXITED(status) && WEXITSTATUS(status) == LOST && watch.judged == pending->due_ns;
	}
	if (watch.judge || pending->due_ns <= now_ns || now_ns < watch.judge_ns)
		return lost && pending->due_ns > now_ns;
	watch.judged = pending->due_ns;
	watch.judge = fork();
	if (!watch.judge)
		_exit(judge_is_lost(owner->run_dir) ? LOST : 0);
	watch.judge_ns = now_ns + (watch.judge < 0 ? JUDGE_LOOK_S : JUDGE_ANSWER_S) * NS_PER_S;
	if (watch.judge < 0)
		watch.judge = 0;
	return false;
}

static void wait_until(struct wait *wait, uint64_t until_ns)
{
	if (!wait->until_ns || until_ns < wait->until_ns)
		wait->until_ns = until_ns;
}

static void begin_due(struct owner *owner, uint64_t now_ns, struct wait *wait)
{
	if (!due_is(watch.run_fd, &wait->processes[0]))
		return;
	if (now_ns < watch.apply_ns) {
		wait_until(wait, watch.apply_ns);
		return;
	}
	watch.child = fork();
	watch.applies = true;
	if (!watch.child)
		_exit(due_run(owner));
	if (watch.child > 0)
		return;
	log_err("what waited for its time cannot be applied: %s", strerror(errno));
	watch.child = 0;
	watch.apply_ns = now_ns + RETRY_MIN_S * NS_PER_S;
	wait_until(wait, watch.apply_ns);
}

static struct wait look(struct owner *owner)
{
	struct wait wait = { 0 };
	struct pending pending;
	uint64_t now_ns = clock_now_ns();
	bool lost;

	reap();
	if (!pending_read(watch.run_fd, &pending) || pending.number != watch.number)
		begin_anew(pending.number);
	lost = is_lost(owner, &pending, now_ns) && !watch.child && !generations_owner(watch.run_fd);
	if (!watch.child && pending.number && (lost || is_due(&pending, now_ns, &wait))) {
		/* What is tried again keeps its cause. */
		if (pending.due_ns)
			pending.cause = lost ? PENDING_LOST : PENDING_LATE;
		watch.child = fork();
		watch.applies = false;
		if (!watch.child)
			_exit(undo(owner, pending.cause));
		if (watch.child < 0) {
			log_err("generation %u cannot be undone: %s", pending.number, strerror(errno));
			watch.child = 0;
			wait_until(&wait, clock_now_ns() + RETRY_MIN_S * NS_PER_S);
		}
	}
	if (!watch.child && !wait.processes[0])
		begin_due(owner, now_ns, &wait);
	if (watch.child)
		wait.processes[0] = watch.child;
	wait.processes[1] = watch.judge;
	if (watch.judge)
		wait_until(&wait, watch.judge_ns);
	return wait;
}

static int wait_ms(const struct wait *wait)
{
	uint64_t now_ns = clock_now_ns();

	if (!wait->until_ns)
		return -1;
	return wait->until_ns <= now_ns ? 0 : (int)((wait->until_ns - now_ns) / NS_PER_MS) + 1;
}

/* A service that starts has made its socket. */
static void read_news(void)
{
	_Alignas(struct inotify_event) char events[EVENTS_LEN];
	ssize_t n;

	while ((n = read(watch.news_fd, events, sizeof(events))) > 0)
		for (const char *at = events; at < events + n;) {
			const struct inotify_event *event = (const void *)at;

			if (event->mask & IN_CREATE && event->len && strstr(event->name, SOCKET_END))
				watch.retry_ns = 0;
			at += sizeof(*event) + event->len;
		}
}

static void rest(struct wait *wait)
{
	struct pollfd fds[4] = { { .fd = watch.news_fd, .events = POLLIN },
				 { .fd = wait->processes[0] ? -1 : watch.due_fd, .events = POLLIN } }; /* that one is waited for first */
	bool ended = false;

	for (size_t i = 0; i < 2; i++) {
		pid_t process = wait->processes[i];

		fds[i + 2] = (struct pollfd){ .fd = process ? (int)syscall(SYS_pidfd_open, process, 0) : -1, .events = POLLIN };
		ended = ended || (process && fds[i + 2].fd < 0 && errno == ESRCH);
		if (process && fds[i + 2].fd < 0) /* no descriptor is left: its end is not seen at once */
			wait_until(wait, clock_now_ns() + LOOK_AGAIN_S * NS_PER_S);
	}
	if (!ended)
		(void)poll(fds, sizeof(fds) / sizeof(fds[0]), wait_ms(wait));
	for (size_t i = 2; i < 4; i++)
		if (fds[i].fd >= 0)
			close(fds[i].fd);
	read_news();
}

int watch_run(struct owner *owner)
{
	watch.run_fd = open(owner->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	watch.news_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	watch.due_fd = due_open();
	if (watch.due_fd < 0)
		log_err("what waits for its time is not applied: %s", strerror(-watch.due_fd));
	if (watch.run_fd < 0 || watch.news_fd < 0 ||
	    inotify_add_watch(watch.news_fd, owner->run_dir, IN_CREATE | IN_MOVED_TO | IN_DELETE) < 0) {
		log_err("%s: %s: what no one confirms is not undone", owner->run_dir, strerror(errno));
		return 1;
	}
	for (;;) {
		struct wait wait = look(owner);

		rest(&wait);
	}
}
