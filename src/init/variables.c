#include "init/variables.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { BORROWERS_MAX = 4, BORROW_S = 10, FLAGS = MS_NODEV | MS_NOSUID | MS_NOEXEC };

static struct loop *loop;
static const char *lent_dir;
static struct loop_source borrowers[BORROWERS_MAX]; /* pidfds; -1: none */

int variables_mount(void)
{
	if (access(VARIABLES_DIR, F_OK) < 0)
		return 0;
	return mount("efivarfs", VARIABLES_DIR, "efivarfs", FLAGS | MS_RDONLY, NULL) < 0 && errno != EBUSY ? -errno : 0;
}

bool variables_exist(void)
{
	DIR *dir = opendir(VARIABLES_DIR);
	bool any = false;
	struct dirent *entry;

	while (dir && !any && (entry = readdir(dir)) != NULL)
		any = entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return any;
}

bool variables_are_read_only(const char *dir)
{
	struct statvfs fs;

	return statvfs(dir, &fs) == 0 && (fs.f_flag & ST_RDONLY);
}

static int remount(unsigned long read_only)
{
	return mount(NULL, lent_dir, NULL, MS_REMOUNT | FLAGS | read_only, NULL) < 0 ? -errno : 0;
}

void variables_open(struct loop *of, const char *dir)
{
	loop = of;
	lent_dir = dir;
	for (size_t i = 0; i < BORROWERS_MAX; i++)
		borrowers[i].fd = -1;
}

static void borrower_end(struct loop_source *borrower)
{
	int err;

	loop_give_back(loop, borrower);
	for (size_t i = 0; i < BORROWERS_MAX; i++)
		if (borrowers[i].fd >= 0)
			return;
	err = remount(MS_RDONLY);
	if (err < 0)
		log_err("the firmware's variables stay writable until the machine starts again: %s", strerror(-err));
}

static void borrower_ended(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	(void)events;
	(void)now_ns;
	borrower_end(source);
}

int variables_lend(pid_t pid)
{
	struct loop_source *borrower = NULL;
	int fd, err;

	for (size_t i = 0; i < BORROWERS_MAX && !borrower; i++)
		if (borrowers[i].fd < 0)
			borrower = &borrowers[i];
	if (!borrower)
		return -EBUSY;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	err = loop_take(loop, borrower, fd < 0 ? -errno : fd, borrower_ended);
	if (err < 0)
		return err;
	err = remount(0);
	if (err < 0)
		borrower_end(borrower);
	return err;
}

int variables_signal(void)
{
	return SIGRTMIN;
}

/* proc(5): a poll of its mounts tells of each change since they were opened. */
int variables_borrow(void)
{
	uint64_t deadline_ns = clock_now_ns() + BORROW_S * NS_PER_S, now_ns;
	struct pollfd change = { .events = POLLPRI };
	int err = 0;

	change.fd = open("/proc/self/mounts", O_RDONLY | O_CLOEXEC);
	if (change.fd < 0)
		return -errno;
	if (kill(1, variables_signal()) < 0)
		err = -errno;
	while (!err && variables_are_read_only(VARIABLES_DIR)) {
		now_ns = clock_now_ns();
		if (now_ns >= deadline_ns)
			err = -EROFS;
		else
			poll(&change, 1, (int)((deadline_ns - now_ns) / NS_PER_MS) + 1);
	}
	close(change.fd);
	return err;
}
