#include "config/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/paths.h"
#include "conf/set_dir.h"
#include "config/numbers.h"

#define LOCK_FILE "commit.lock"

/* fcntl(2)'s lock: it tells who holds it, and goes with that process. */
static pid_t holder(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

pid_t generations_owner(int run_fd)
{
	int fd = openat(run_fd, LOCK_FILE, O_RDWR | O_CLOEXEC);
	pid_t pid = fd < 0 ? 0 : holder(fd);

	if (fd >= 0)
		close(fd);
	return pid;
}

static int take_lock(struct generations *generations)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = openat(generations->run_fd, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600), err;

	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_SETLK, &lock) == 0) {
		generations->lock_fd = fd; /* closed, it is unlocked */
		return 0;
	}
	err = errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
	generations->owner = holder(fd);
	close(fd);
	return err;
}

int generations_open(struct generations *generations, const char *run_dir)
{
	int err;

	*generations = (struct generations){ .dir_fd = -1, .lock_fd = -1 };
	generations->run_fd = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (generations->run_fd < 0)
		return -errno;
	err = take_lock(generations);
	if (!err) {
		generations->dir_fd = set_dir_make(generations->run_fd, GENERATIONS_DIR);
		err = generations->dir_fd < 0 ? generations->dir_fd : 0;
	}
	if (err < 0)
		generations_close(generations);
	return err;
}

void generations_close(struct generations *generations)
{
	if (generations->dir_fd >= 0)
		close(generations->dir_fd);
	if (generations->run_fd >= 0)
		close(generations->run_fd);
	if (generations->lock_fd >= 0)
		close(generations->lock_fd);
	generations->dir_fd = generations->run_fd = generations->lock_fd = -1;
}

static void take_highest(void *arg, unsigned number)
{
	unsigned *highest = arg;

	if (number > *highest)
		*highest = number;
}

unsigned generations_highest(const struct generations *generations)
{
	unsigned highest = 0;

	(void)numbers_each(generations->dir_fd, take_highest, &highest);
	return highest;
}

int generation_open(const struct generations *generations, unsigned number)
{
	char name[NUMBER_NAME_LEN];

	return set_dir_open(generations->dir_fd, number_name(number, name));
}

int generation_make(const struct generations *generations, unsigned number, const struct conf_set *set)
{
	char name[NUMBER_NAME_LEN];
	int err = set_dir_write(generations->dir_fd, number_name(number, name), set, ~0u, false);

	if (!err)
		return set_dir_open(generations->dir_fd, name);
	set_dir_remove(generations->dir_fd, name);
	return err;
}

struct keeping {
	const struct generations *generations;
	unsigned number;
};

static void remove_other(void *arg, unsigned number)
{
	const struct keeping *keeping = arg;
	char name[NUMBER_NAME_LEN];

	if (number != keeping->number)
		set_dir_remove(keeping->generations->dir_fd, number_name(number, name));
}

void generation_settle(const struct generations *generations, unsigned number, bool committed)
{
	struct keeping keeping = { generations, number };
	char name[NUMBER_NAME_LEN];

	if (committed)
		(void)numbers_each(generations->dir_fd, remove_other, &keeping);
	else
		set_dir_remove(generations->dir_fd, number_name(number, name));
}
