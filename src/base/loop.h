/* One epoll loop per process: file descriptors, deadlines and signals, each with a callback. */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct loop_source;
struct loop_timer;

/* now_ns is read once per wake-up. events are epoll's. */
typedef void loop_ready_fn(struct loop_source *source, uint32_t events, uint64_t now_ns);
typedef void loop_fire_fn(struct loop_timer *timer, uint64_t now_ns);

/* Embedded in what it serves; the owner keeps it alive until loop_remove. */
struct loop_source {
	int fd;
	loop_ready_fn *ready;
};

/* Embedded likewise; armed while it is in the loop's list. */
struct loop_timer {
	struct loop_timer *next; /* the loop's */
	uint64_t due_ns;
	bool armed;
	loop_fire_fn *fire;
};

enum { LOOP_BATCH = 32 };

struct loop {
	int epoll_fd;
	bool stopping;
	uint64_t turn; /* how often it woke up */
	struct loop_timer *timers; /* by due_ns */
	struct epoll_event batch[LOOP_BATCH];
	int batch_count;
};

int loop_open(struct loop *loop);
void loop_close(struct loop *loop);
int loop_add(struct loop *loop, struct loop_source *source, int fd, uint32_t events, loop_ready_fn *ready);
int loop_change(struct loop *loop, struct loop_source *source, uint32_t events);
void loop_remove(struct loop *loop, struct loop_source *source); /* does not close fd */

/* For an owner who opens fd for this alone: it may be the -errno of that, and is closed when it cannot be added. Then
 * source->fd is -1, as it is from loop_give_back on, which closes fd, and does nothing when that is -1. 0 or -errno. */
int loop_take(struct loop *loop, struct loop_source *source, int fd, loop_ready_fn *ready);
void loop_give_back(struct loop *loop, struct loop_source *source);

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t due_ns, loop_fire_fn *fire);
void loop_timer_clear(struct loop *loop, struct loop_timer *timer);

/* Blocks the signals of set and returns a signalfd for them, or -errno. */
int loop_signal_fd(const sigset_t *set);

int loop_run(struct loop *loop); /* until loop_stop: 0 or -errno */
void loop_stop(struct loop *loop);

#endif
