#include "init/keepers.h"

#include <signal.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/paths.h"
#include "init/child.h"
#include "init/clockfloor.h"
#include "init/trial.h"

enum { ALIVE_FIRST_S = 10, ALIVE_S = 60 /* it writes where that changed */, ALIVE_OOM = -100 };

/* A disk that hangs holds one of each, and not one more every time. */
static pid_t clock_pid, alive_pid; /* 0 or less: none, or it could not be started */
static struct loop_timer clock_timer, alive_timer;
static struct loop *loop;

/* Also where its end was heard by someone else. */
static bool runs(pid_t pid)
{
	return pid > 0 && kill(pid, 0) == 0;
}

static void keep_clock(struct loop_timer *timer, uint64_t now_ns)
{
	if (!runs(clock_pid))
		clock_pid = child_begin(clockfloor_keep);
	loop_timer_set(loop, timer, now_ns + CLOCKFLOOR_INTERVAL_S * NS_PER_S, keep_clock);
}

static void keep_alive(struct loop_timer *timer, uint64_t now_ns)
{
	static const char *const argv[] = { NAME_CONFIG, "alive", NULL };
	/* Files on the partition may be anyone's, as another Linux left them. */
	const struct child_spec spec = { .argv = argv, .ready_fd = -1,
					 .confinement = { CONFINE_CAP(DAC_OVERRIDE) | CONFINE_CAP(FOWNER), ALIVE_OOM } };

	/* An image on trial is judged by what the one before it wrote. */
	if (!runs(alive_pid) && !trial_is_on())
		alive_pid = child_start(&spec);
	loop_timer_set(loop, timer, now_ns + ALIVE_S * NS_PER_S, keep_alive);
}

void keepers_begin(struct loop *of, uint64_t now_ns)
{
	loop = of;
	loop_timer_set(loop, &alive_timer, now_ns + ALIVE_FIRST_S * NS_PER_S, keep_alive);
}

void keepers_clock(uint64_t now_ns)
{
	keep_clock(&clock_timer, now_ns);
}

void keepers_exited(pid_t pid)
{
	if (pid == clock_pid)
		clock_pid = 0;
	if (pid == alive_pid)
		alive_pid = 0;
}

void keepers_stop(void)
{
	if (!loop)
		return;
	loop_timer_clear(loop, &clock_timer);
	loop_timer_clear(loop, &alive_timer);
}
