#include "init/supervise.h"

#include "base/clock.h"

typedef enum supervise_action step_fn(struct supervised *service, uint64_t now_ns);

static enum supervise_action spawn(struct supervised *service, uint64_t now_ns)
{
	service->state = SUPERVISE_STARTING;
	service->started_ns = now_ns;
	service->due_ns = 0;
	return SUPERVISE_SPAWN;
}

static enum supervise_action respawn(struct supervised *service, uint64_t now_ns)
{
	service->restarts++;
	return spawn(service, now_ns);
}

static enum supervise_action ready(struct supervised *service, uint64_t now_ns)
{
	(void)now_ns;
	service->state = SUPERVISE_READY;
	service->was_ready = true;
	return SUPERVISE_NOTHING;
}

static enum supervise_action crashed(struct supervised *service, uint64_t now_ns)
{
	uint64_t max_s = service->was_ready ? BACKOFF_READY_MAX_S : BACKOFF_MAX_S;

	if (!service->backoff_s || now_ns - service->started_ns >= STABLE_S * NS_PER_S)
		service->backoff_s = BACKOFF_MIN_S;
	else if (service->backoff_s < max_s / 2)
		service->backoff_s *= 2;
	else
		service->backoff_s = max_s;
	service->state = SUPERVISE_WAITING;
	service->due_ns = now_ns + service->backoff_s * NS_PER_S;
	return SUPERVISE_NOTHING;
}

static enum supervise_action terminate(struct supervised *service, uint64_t now_ns)
{
	service->state = SUPERVISE_STOPPING;
	service->due_ns = now_ns + STOP_WAIT_S * NS_PER_S;
	return SUPERVISE_TERMINATE;
}

static enum supervise_action kill_it(struct supervised *service, uint64_t now_ns)
{
	service->due_ns = now_ns + STOP_WAIT_S * NS_PER_S;
	return SUPERVISE_KILL;
}

/* It is wanted again, and is started once it has ended. */
static enum supervise_action stay(struct supervised *service, uint64_t now_ns)
{
	service->state = SUPERVISE_STARTING;
	service->started_ns = now_ns;
	service->due_ns = 0;
	return SUPERVISE_NOTHING;
}

static enum supervise_action is_down(struct supervised *service, uint64_t now_ns)
{
	(void)now_ns;
	service->state = SUPERVISE_DOWN;
	service->due_ns = 0;
	return SUPERVISE_NOTHING;
}

static step_fn *const steps[SUPERVISE_STATES][SUPERVISE_EVENTS] = {
	[SUPERVISE_DOWN] = { [SUPERVISE_START] = spawn },
	[SUPERVISE_STARTING] = { [SUPERVISE_IS_READY] = ready,
				 [SUPERVISE_EXITED] = crashed,
				 [SUPERVISE_STOP] = terminate },
	[SUPERVISE_READY] = { [SUPERVISE_EXITED] = crashed, [SUPERVISE_STOP] = terminate },
	[SUPERVISE_WAITING] = { [SUPERVISE_DUE] = respawn, [SUPERVISE_STOP] = is_down },
	[SUPERVISE_STOPPING] = { [SUPERVISE_START] = stay, [SUPERVISE_EXITED] = is_down, [SUPERVISE_DUE] = kill_it },
};

enum supervise_action supervise_step(struct supervised *service, enum supervise_event event, uint64_t now_ns)
{
	step_fn *step = steps[service->state][event];

	return step ? step(service, now_ns) : SUPERVISE_NOTHING;
}
