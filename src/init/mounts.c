#include "init/mounts.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/log.h"

#define RUN_OPTIONS "mode=755,size=16m"
#define RUN_FLAGS (MS_NODEV | MS_NOSUID | MS_NOEXEC)

static const struct {
	const char *type, *target, *options;
	unsigned long flags;
	bool optional; /* a kernel may be built without it */
} mounts[] = {
	{ "proc", "/proc", NULL, MS_NODEV | MS_NOSUID | MS_NOEXEC, false },
	{ "sysfs", "/sys", NULL, MS_NODEV | MS_NOSUID | MS_NOEXEC, false },
	{ "pstore", "/sys/fs/pstore", NULL, MS_NODEV | MS_NOSUID | MS_NOEXEC, true },
	{ "securityfs", "/sys/kernel/security", NULL, MS_NODEV | MS_NOSUID | MS_NOEXEC, true },
	{ "devtmpfs", "/dev", "mode=755", MS_NOSUID | MS_NOEXEC, false },
	{ "tmpfs", "/run", RUN_OPTIONS, RUN_FLAGS, false },
};

int mounts_make(void)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].target, 0755);
		/* EBUSY: the kernel mounted it before us. */
		if (mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags, mounts[i].options) < 0 &&
		    errno != EBUSY && !mounts[i].optional && !err)
			err = -errno;
	}
	return err;
}

int mounts_root_read_only(void)
{
	return mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0 ? -errno : 0;
}

void mounts_open_run(void)
{
	/* As systemd would make it. */
	if (mount(NULL, "/run", NULL, MS_REMOUNT | MS_NODEV | MS_NOSUID, "size=20%,nr_inodes=800k") < 0)
		log_err("/run stays small: %s", strerror(errno));
}

void mounts_close_run(void)
{
	if (mount(NULL, "/run", NULL, MS_REMOUNT | RUN_FLAGS, RUN_OPTIONS) < 0)
		log_err("/run stays large, and programs there can be executed: %s", strerror(errno));
}
