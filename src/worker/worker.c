#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/here.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/pulse.h"
#include "base/text.h"

#define READY "\n"
#define READY_BUT_DOWN "d"

enum { EXIT_USAGE = 2, FD_MAX = 1 << 20 };

void worker_tell_ready(struct worker *worker, bool up)
{
	char down[128];

	if (worker->told_ready)
		return;
	worker->told_ready = true;
	text_format(down, sizeof(down), "READY=1\nSTATUS=down: `%sshow` has the reason", here_service(worker->name));
	notify(up ? "READY=1" : down);
	if (worker->options->ready_fd < 0)
		return;
	if (write(worker->options->ready_fd, up ? READY : READY_BUT_DOWN, 1) < 0)
		log_err("cannot tell the supervisor that it is ready: %s", strerror(errno));
	close(worker->options->ready_fd);
}

bool worker_read_fd(const char *text, int *fd)
{
	uint64_t number;

	if (!text)
		return true;
	if (text_uint(slice_of(text), FD_MAX, &number) < 0)
		return false;
	*fd = (int)number;
	/* It is for this process: what it starts may not speak in its name. */
	(void)fcntl(*fd, F_SETFD, FD_CLOEXEC);
	return true;
}

void worker_usage(const struct worker_verb *verbs, void (*line)(void *arg, const char *text), void *arg)
{
	char text[128];

	for (; verbs->name; verbs++) {
		text_format(text, sizeof(text), "%s%s%s", verbs->name, *verbs->words ? " " : "", verbs->words);
		line(arg, text);
	}
}

static void print_usage(void *arg, const char *text)
{
	control_print(arg, CONTROL_ERR, "       %s\n", text);
}

static void request(struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct worker *worker = call->server->arg;

	for (const struct worker_verb *verb = worker->ops->verbs; verb->name && argc; verb++) {
		if (strcmp(verb->name, argv[0]) != 0)
			continue;
		verb->run(worker, call, argc, argv, now_ns);
		return;
	}
	control_print(call, CONTROL_ERR, "unknown verb; these are known:\n");
	worker_usage(worker->ops->verbs, print_usage, call);
	control_end(call, EXIT_USAGE);
}

static void signal_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct worker *worker = container_of(source, struct worker, signals);
	struct signalfd_siginfo info;

	(void)events;
	(void)now_ns;
	if (read(source->fd, &info, sizeof(info)) != sizeof(info))
		return;
	/* To many daemons it means to reload; to stop for it would cut an instance off. */
	if (info.ssi_signo == SIGHUP) {
		log_info("SIGHUP: not acted upon; `%sreconfigure` applies changed files", here_service(worker->name));
		return;
	}
	log_info("stopping: signal %u", info.ssi_signo);
	notify("STOPPING=1");
	loop_stop(&worker->loop);
}

/* By the loop itself, and by nothing else: who hears it knows that this turns. A supervisor that does not listen misses some. */
static void tell_pulse(struct loop_timer *timer, uint64_t now_ns)
{
	struct worker *worker = container_of(timer, struct worker, pulse);
	char byte = worker->ops->lost && worker->ops->lost(worker) ? PULSE_LOST : PULSE_TURNS;

	(void)!write(worker->options->pulse_fd, &byte, 1);
	loop_timer_set(&worker->loop, timer, now_ns + PULSE_S * NS_PER_S, tell_pulse);
}

static int watch_signals(struct worker *worker)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	fd = loop_signal_fd(&set);
	return fd < 0 ? fd : loop_add(&worker->loop, &worker->signals, fd, EPOLLIN, signal_came);
}

static int open_all(struct worker *worker)
{
	int err = loop_open(&worker->loop);

	if (!err)
		err = watch_signals(worker);
	if (!err)
		err = worker->ops->open(worker);
	if (!err)
		err = control_serve(&worker->control, &worker->loop, worker->options->run_dir, worker->name, request, worker);
	if (err == -EADDRINUSE)
		log_err("%s already runs with --run %s", worker->name, worker->options->run_dir);
	else if (err < 0)
		log_err("cannot start with --run %s: %s", worker->options->run_dir, strerror(-err));
	return err;
}

int worker_run(struct worker *worker)
{
	int err;

	log_open(worker->name);
	if (open_all(worker) < 0)
		return 1;
	err = worker->ops->start(worker);
	if (!err) {
		if (worker->options->pulse_fd >= 0)
			loop_timer_set(&worker->loop, &worker->pulse, clock_now_ns(), tell_pulse);
		err = loop_run(&worker->loop);
		if (err < 0)
			log_err("cannot go on: %s", strerror(-err));
	}
	worker->ops->close(worker);
	control_close(&worker->control);
	return err < 0 ? 1 : 0;
}
