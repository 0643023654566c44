#include "engine/more.h"

#include <errno.h>

#include "base/clock.h"
#include "base/container_of.h"

enum { LOOK_MS = 1000 }; /* at the load: no event tells of its end */

static size_t watcher_count(const struct more *more)
{
	size_t count = 0;

	for (unsigned i = 0; i < LINE_CLIENTS_MAX; i++)
		count += more->watches[i];
	return count;
}

bool more_is_watched(const struct more *more)
{
	return watcher_count(more);
}

static void soon_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct more *more = container_of(timer, struct more, soon);

	(void)now_ns;
	for (unsigned i = 0; i < LINE_CLIENTS_MAX; i++)
		if (more->watches[i])
			line_server_tell(&more->server, i, "changed=1\n\n");
}

void more_changed(struct more *more)
{
	if (more->server.loop && watcher_count(more) && !more->soon.armed)
		loop_timer_set(more->server.loop, &more->soon, clock_now_ns(), soon_fires);
}

static void look_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct more *more = container_of(timer, struct more, look);
	bool under_load = wg_under_load(more->host.device, now_ns);

	if (under_load != more->under_load)
		more_changed(more);
	more->under_load = under_load;
	if (watcher_count(more))
		loop_timer_set(more->server.loop, &more->look, now_ns + LOOK_MS * NS_PER_MS, look_fires);
}

static int watch(struct more_host *host, unsigned client)
{
	struct more *more = container_of(host, struct more, host);

	if (!more->watches[client] && watcher_count(more) == MORE_WATCHERS_MAX)
		return -EBUSY;
	more->watches[client] = true;
	line_server_keep(&more->server, client);
	if (!more->look.armed)
		loop_timer_set(more->server.loop, &more->look, clock_now_ns() + LOOK_MS * NS_PER_MS, look_fires);
	return 0;
}

static void take_line(void *arg, unsigned client, struct slice line, int *fd, struct line_out *out, uint64_t now_ns)
{
	struct more *more = arg;

	more->requests[client].host = &more->host;
	more->requests[client].client = client;
	more_request_line(&more->requests[client], line, fd, out, now_ns);
}

static bool tell_more(void *arg, unsigned client, struct line_out *out, uint64_t now_ns)
{
	struct more *more = arg;

	return more_request_more(&more->requests[client], out, now_ns);
}

static void forget(void *arg, unsigned client)
{
	struct more *more = arg;

	more->watches[client] = false;
	more_request_clear(&more->requests[client]);
}

int more_open(struct more *more, struct loop *loop, const char *dir, const char *name, const struct more_host *host)
{
	const struct line_service service = {
		.arg = more, .line = take_line, .more = tell_more, .left = forget, .takes_fds = true
	};
	char file[LINE_PATH_LEN];

	more->host = *host;
	more->host.watch = watch;
	more->under_load = false;
	text_format(file, sizeof(file), "%s.more", name);
	return line_server_open(&more->server, loop, dir, file, &service);
}

void more_close(struct more *more)
{
	if (!more->server.loop)
		return;
	loop_timer_clear(more->server.loop, &more->soon);
	loop_timer_clear(more->server.loop, &more->look);
	line_server_close(&more->server);
}
