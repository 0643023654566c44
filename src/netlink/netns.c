#include "netlink/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define OWN_NETNS "/proc/thread-self/ns/net"

enum {
	PATH_LEN = sizeof(NETNS_DIR) + NAME_MAX + 1,
	WAIT_MS = 20,
	LOCK_WAITS = 250, /* 5 s */
	HALF_MADE_S = 5, /* so long after its first step a maker has died */
	HALF_MADE_WAITS = HALF_MADE_S * 1000 / WAIT_MS,
	STACKED_MOUNTS_MAX = 8,
};

static void wait_a_little(void)
{
	const struct timespec wait = { .tv_nsec = WAIT_MS * 1000000L };

	(void)nanosleep(&wait, NULL);
}

static int path_of(const char *name, char path[static PATH_LEN])
{
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..") || strchr(name, '/') || strlen(name) > NAME_MAX)
		return -EINVAL;
	(void)snprintf(path, PATH_LEN, "%s/%s", NETNS_DIR, name);
	return 0;
}

/* An fd of the namespace; -ENOENT when there is no such name, -EBADF when its file has no namespace mounted. */
static int open_named(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct statfs fs;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) == 0 && fs.f_type == NSFS_MAGIC && ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET)
		return fd;
	close(fd);
	return -EBADF;
}

/* The directory, shared between mount namespaces as iproute2 makes it, and locked with the lock iproute2 takes for
 * that: an fd, closing it unlocks; or -errno. */
static int lock_dir(void)
{
	int fd, err;

	if (mkdir(NETNS_DIR, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = open(NETNS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		err = -errno;
		if ((err != -EWOULDBLOCK && err != -EINTR) || i == LOCK_WAITS) {
			close(fd);
			return err;
		}
		wait_a_little();
	}
	return fd;
}

static int share_dir(void)
{
	if (mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL) == 0)
		return 0;
	/* EINVAL: not a mount yet. */
	if (errno != EINVAL || mount(NETNS_DIR, NETNS_DIR, "none", MS_BIND | MS_REC, NULL) < 0 ||
	    mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL) < 0)
		return -errno;
	return 0;
}

static int forget(const char *path)
{
	for (int i = 0; i < STACKED_MOUNTS_MAX && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0; i++)
		;
	return unlink(path) < 0 ? -errno : 0;
}

static int raise_lo(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* Leaves the thread in a namespace of its own, even on failure. */
static int make_here(const char *path)
{
	int err;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	err = raise_lo();
	if (!err && mount(OWN_NETNS, path, "none", MS_BIND, NULL) < 0)
		err = -errno;
	return err;
}

static void come_back(int here)
{
	if (setns(here, CLONE_NEWNET) < 0)
		abort();
	close(here);
}

/* Its file was made just now: whoever did may be about to mount the namespace on it. */
static bool is_being_made(const char *path)
{
	struct timespec now; /* time(2) is a tick behind what files are stamped with (multigrain timestamps, Linux 6.13) */
	struct stat st;

	return lstat(path, &st) == 0 && clock_gettime(CLOCK_REALTIME, &now) == 0 && st.st_mtime <= now.tv_sec &&
	       now.tv_sec - st.st_mtime < HALF_MADE_S;
}

/* The name is free, or its file is there with nothing mounted: a maker died, or iproute2, which locks only while it
 * makes the directory, is between its two steps. */
static int make(const char *path)
{
	int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0), here, err;

	if (fd < 0 && errno != EEXIST)
		return -errno;
	if (fd >= 0)
		close(fd);
	here = netns_current();
	if (here < 0) {
		err = here;
	} else {
		err = make_here(path);
		come_back(here);
	}
	if (!err)
		return open_named(path);
	(void)forget(path);
	return err;
}

int netns_open(const char *name, bool *created)
{
	char path[PATH_LEN];
	int lock, fd, err = path_of(name, path);

	*created = false;
	if (err < 0)
		return err;
	fd = open_named(path);
	if (fd >= 0)
		return fd;
	lock = lock_dir();
	if (lock < 0)
		return lock;
	fd = open_named(path);
	for (int i = 0; fd == -EBADF && i < HALF_MADE_WAITS && is_being_made(path); i++) {
		wait_a_little();
		fd = open_named(path);
	}
	if (fd == -ENOENT || fd == -EBADF) {
		err = share_dir();
		fd = err ? err : make(path);
		*created = fd >= 0;
	}
	close(lock);
	return fd;
}

int netns_remove(const char *name)
{
	char path[PATH_LEN];
	struct stat st;
	int lock, err = path_of(name, path);

	if (err < 0)
		return err;
	if (lstat(path, &st) < 0)
		return -errno;
	lock = lock_dir();
	if (lock < 0)
		return lock;
	err = forget(path);
	close(lock);
	return err;
}

int netns_current(void)
{
	int fd = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int netns_call(int fd, int (*fn)(void *arg), void *arg)
{
	int here, result;

	if (fd < 0)
		return fn(arg);
	here = netns_current();
	if (here < 0)
		return here;
	if (setns(fd, CLONE_NEWNET) < 0) {
		result = -errno;
		close(here);
		return result;
	}
	result = fn(arg);
	come_back(here);
	return result;
}
