#include "config/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/lockfile.h"
#include "base/paths.h"
#include "conf/set_dir.h"
#include "config/numbers.h"

pid_t generations_owner(int run_fd)
{
	return lockfile_holder(run_fd, COMMIT_LOCK_FILE);
}

int generations_open(struct generations *generations, const char *run_dir)
{
	int err;

	*generations = (struct generations){ .dir_fd = -1, .lock_fd = -1 };
	generations->run_fd = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (generations->run_fd < 0)
		return -errno;
	err = generations->lock_fd = lockfile_take(generations->run_fd, COMMIT_LOCK_FILE, &generations->owner);
	if (err >= 0) {
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
