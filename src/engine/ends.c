#include "engine/ends.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "engine/line_server.h"
#include "engine/lwip.h"

static struct {
	struct loop *loop;
	struct loop_source signals, socket;
	int socket_fd; /* O_PATH, of the file: only that tells whether it still has a name */
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

static bool is_removed(void)
{
	struct stat now;

	return fstat(ends.socket_fd, &now) == 0 && now.st_nlink == 0;
}

/* What is held by then is all there is: to look for oneself would take a right. No one who makes other files fills this queue: it has news
 * of the socket and of its directory themselves, and of what it loses it tells. */
static void socket_changed(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	_Alignas(struct inotify_event) char news[4096];
	ssize_t n;

	(void)events;
	(void)now_ns;
	while ((n = read(source->fd, news, sizeof(news))) > 0) {
		const struct inotify_event *event;

		for (size_t at = 0; at < (size_t)n; at += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)(const void *)(news + at);
			if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED))
				stop("its socket was removed");
		}
	}
	/* As long as it is served only its name goes: IN_ATTRIB. */
	if (is_removed())
		stop("its socket was removed");
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

static int open_socket(const char *dir, const char *path)
{
	int fd;

	ends.socket_fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (ends.socket_fd < 0)
		return -errno;
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd >= 0 && (inotify_add_watch(fd, path, IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_DONT_FOLLOW) < 0 ||
			inotify_add_watch(fd, dir, IN_DELETE_SELF | IN_MOVE_SELF) < 0)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd < 0 ? -errno : fd;
}

int ends_follow(struct loop *loop, const char *sockets_dir, const char *uapi_name)
{
	char path[LINE_PATH_LEN];
	int err;

	text_format(path, sizeof(path), "%s/%s.sock", sockets_dir, uapi_name);
	ends.loop = loop;
	lwip_when_gone(interface_gone);
	err = loop_take(loop, &ends.signals, open_signals(), signal_came);
	if (!err)
		err = loop_take(loop, &ends.socket, open_socket(sockets_dir, path), socket_changed);
	return err;
}
