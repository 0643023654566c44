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
#include "tunnel/uapi_line.h"

static const char *const socket_ends[] = { UAPI_SOCKET_END, UAPI_MORE_END };
enum { SOCKETS = sizeof(socket_ends) / sizeof(socket_ends[0]) };

static struct {
	struct loop *loop;
	struct loop_source signals, sockets;
	int socket_fds[SOCKETS]; /* O_PATH, of the files: only that tells whether one still has a name */
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

	for (size_t i = 0; i < SOCKETS; i++)
		if (fstat(ends.socket_fds[i], &now) == 0 && now.st_nlink == 0)
			return true;
	return false;
}

/* What is held by then is all there is: to look for oneself would take a right. No one who makes other files fills this queue: it has news
 * of the sockets and of their directory themselves, and of what it loses it tells. */
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
			if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED))
				stop("a socket of it was removed");
		}
	}
	/* As long as one is served only its name goes: IN_ATTRIB. */
	if (is_removed())
		stop("a socket of it was removed");
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

static int follow_file(int fd, const char *path, int *file_fd)
{
	*file_fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return *file_fd < 0 || inotify_add_watch(fd, path, IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_DONT_FOLLOW) < 0 ? -errno : 0;
}

static int open_sockets(const char *dir, const char *uapi_name)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), err = 0;
	char path[LINE_PATH_LEN];

	if (fd < 0 || inotify_add_watch(fd, dir, IN_DELETE_SELF | IN_MOVE_SELF) < 0)
		err = -errno;
	for (size_t i = 0; !err && i < SOCKETS; i++) {
		text_format(path, sizeof(path), "%s/%s%s", dir, uapi_name, socket_ends[i]);
		err = follow_file(fd, path, &ends.socket_fds[i]);
	}
	if (err < 0 && fd >= 0)
		close(fd);
	return err < 0 ? err : fd;
}

int ends_follow(struct loop *loop, const char *sockets_dir, const char *uapi_name)
{
	int err;

	ends.loop = loop;
	lwip_when_gone(interface_gone);
	err = loop_take(loop, &ends.signals, open_signals(), signal_came);
	if (!err)
		err = loop_take(loop, &ends.sockets, open_sockets(sockets_dir, uapi_name), sockets_changed);
	return err;
}
