#include "worker/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/container_of.h"
#include "conf/applied.h"

static void save(int fd, const void *arg)
{
	const struct keeper *keeper = arg;
	int dir_fd = open(keeper->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = dir_fd < 0 ? -errno : applied_save(dir_fd, keeper->name, keeper->set, keeper->files, true);

	if (write(fd, &err, sizeof(err)) < 0)
		_exit(1);
}

static void start(struct keeper *keeper);

static void pipe_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct keeper *keeper = container_of(source, struct keeper, helper.source);
	int err;

	(void)events;
	(void)now_ns;
	if (read(source->fd, &err, sizeof(err)) == sizeof(err)) {
		keeper->err = err;
		return;
	}
	helper_end(&keeper->helper);
	if (keeper->again)
		start(keeper);
	else
		keeper->done(keeper, keeper->err);
}

static void start(struct keeper *keeper)
{
	int err;

	keeper->again = false;
	keeper->err = -ECHILD; /* it died without a word */
	err = helper_start(&keeper->helper, keeper->loop, save, keeper, -1, pipe_ready);
	if (err < 0)
		keeper->done(keeper, err);
}

void keeper_start(struct keeper *keeper, struct loop *loop, const char *dir, const char *name,
		  const struct conf_set *set, unsigned files)
{
	keeper->loop = loop;
	keeper->dir = dir;
	keeper->name = name;
	keeper->set = set;
	keeper->files = files;
	if (keeper->helper.child)
		keeper->again = true;
	else
		start(keeper);
}

bool keeper_forget(struct keeper *keeper)
{
	bool waited = keeper->again;

	keeper->again = false;
	return waited;
}

void keeper_stop(struct keeper *keeper)
{
	helper_end(&keeper->helper);
}
