#include "engine/ends.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "engine/lwip.h"

static struct {
	struct loop *loop;
	struct loop_source signals, sockets;
	char socket_name[32];
} ends;

static void stop(const char *why)
{
	if (!ends.loop->stopping)
		log_info("ends: %s", why);
	loop_stop(ends.loop);
}

static void signal_came(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	(void)source;
	(void)events;
	(void)now_ns;
	stop("a signal");
}

static void interface_gone(void)
{
	stop("its interface was deleted");
}

/* What the news say is all there is: to look for oneself would take a right. */
static void sockets_changed(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	_Alignas(struct inotify_event) char news[4096];
	ssize_t n;

	(void)events;
	(void)now_ns;
	while ((n = read(source->fd, news, sizeof(news))) > 0) {
		const struct inotify_event *event;

		for (size_t at = 0; at < (size_t)n; at += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)(const void *)(news + at);
			if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED) ||
			    (event->len && !strcmp(event->name, ends.socket_name)))
				stop("its socket was removed");
		}
	}
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	return loop_signal_fd(&set);
}

static int open_sockets(const char *dir)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd >= 0 && inotify_add_watch(fd, dir, IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd < 0 ? -errno : fd;
}

int ends_follow(struct loop *loop, const char *sockets_dir, const char *uapi_name)
{
	int err;

	text_format(ends.socket_name, sizeof(ends.socket_name), "%s.sock", uapi_name);
	ends.loop = loop;
	lwip_when_gone(interface_gone);
	err = loop_take(loop, &ends.signals, open_signals(), signal_came);
	if (!err)
		err = loop_take(loop, &ends.sockets, open_sockets(sockets_dir), sockets_changed);
	return err;
}
