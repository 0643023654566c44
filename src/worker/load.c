#include "worker/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/denied.h"
#include "base/paths.h"
#include "base/text.h"
#include "conf/applied.h"

int conf_dir_open(const char *dir, char *words, size_t cap)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	fd = -errno;
	text_format(words, cap, "cannot open %s: %s%s", dir, strerror(-fd), denied_hint(-fd));
	return fd;
}

static int run_dir_open(const struct change *change)
{
	return open(change->worker->options->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool change_load(struct change *change, int dir_fd, bool ran_before)
{
	diag_clear(&change->diag, ran_before);
	conf_set_load(change->candidate, dir_fd, &change->diag);
	change->ops->check(change);
	return change->diag.error_count == 0;
}

static bool load_named(struct change *change, int dir_fd, const char *name)
{
	int fd = applied_open(dir_fd, name);
	bool good = fd >= 0 && change_load(change, fd, true);

	if (fd >= 0)
		close(fd);
	return good;
}

static bool load_from_memory(struct change *change, const char *name)
{
	int dir_fd = run_dir_open(change);
	bool good = dir_fd >= 0 && load_named(change, dir_fd, name);

	if (dir_fd >= 0)
		close(dir_fd);
	return good;
}

bool change_load_applied(struct change *change, int dir_fd)
{
	return load_from_memory(change, APPLIED_CONFIRMED) || (dir_fd >= 0 && load_named(change, dir_fd, change->worker->name));
}

bool change_load_running(struct change *change)
{
	return load_from_memory(change, change->worker->name);
}

bool change_load_held(struct change *change)
{
	int dir_fd = run_dir_open(change);
	bool held = dir_fd >= 0 && !faccessat(dir_fd, HELD_FILE, F_OK, 0) && load_named(change, dir_fd, APPLIED_CONFIRMED);

	if (dir_fd >= 0)
		close(dir_fd);
	return held;
}

bool change_pending(const struct change *change)
{
	int dir_fd = run_dir_open(change);
	bool pending = dir_fd >= 0 && !faccessat(dir_fd, PENDING_FILE, F_OK, 0);

	if (dir_fd >= 0)
		close(dir_fd);
	return pending;
}
