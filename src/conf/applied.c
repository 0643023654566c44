#include "conf/applied.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"
#include "conf/set_dir.h"

enum { NAME_LEN = 64 };

int applied_open(int dir_fd, const char *name)
{
	int all = set_dir_open(dir_fd, APPLIED_DIR), fd;

	if (all < 0)
		return all;
	fd = set_dir_open(all, name);
	close(all);
	return fd;
}

/* A power cut leaves the old set or the new one under name, never a mixture. */
static int put_in_place(int all, const char *fresh, const char *name, bool durable)
{
	if (syscall(SYS_renameat2, all, fresh, all, name, RENAME_EXCHANGE) < 0) {
		if (errno != ENOENT)
			return -errno;
		if (renameat(all, fresh, all, name) < 0)
			return -errno;
	}
	return durable && fsync(all) < 0 ? -errno : 0;
}

int applied_save(int dir_fd, const char *name, const struct conf_set *set, unsigned files, bool durable)
{
	char fresh[NAME_LEN];
	int all = set_dir_make(dir_fd, APPLIED_DIR), err = 0;

	if (all < 0)
		return all;
	text_format(fresh, sizeof(fresh), ".%s.new", name);
	if (!set_dir_same(all, name, set, files)) {
		err = set_dir_write(all, fresh, set, files, durable);
		if (!err)
			err = put_in_place(all, fresh, name, durable);
		set_dir_remove(all, fresh);
	}
	close(all);
	return err;
}

void applied_remove(int dir_fd, const char *name)
{
	int all = set_dir_open(dir_fd, APPLIED_DIR);

	if (all < 0)
		return;
	set_dir_remove(all, name);
	close(all);
}
