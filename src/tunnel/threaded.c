#include "tunnel/threaded.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "netlink/netns.h"

#define SYSFS "/sys"

struct asked {
	const char *device;
	bool other_netns;
};

/* sysfs shows the links of the namespace that it was mounted in: for another one it is mounted anew, for this process alone and
 * without a place in the tree. */
static int open_sysfs(bool other_netns)
{
	int context, fd = -1;

	if (!other_netns)
		return open(SYSFS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	context = (int)syscall(SYS_fsopen, "sysfs", FSOPEN_CLOEXEC);
	if (context < 0)
		return -1;
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		fd = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
	close(context);
	return fd;
}

static int stop_here(void *arg)
{
	const struct asked *asked = arg;
	char path[64], value[8];
	int sysfs = open_sysfs(asked->other_netns), fd = -1, err = 0;

	text_format(path, sizeof(path), "class/net/%s/threaded", asked->device);
	/* Where it cannot be read it is not known to be 1: a kernel before 5.12 has no such file. */
	if (sysfs >= 0 && file_read(sysfs, path, value, sizeof(value)) > 0 && value[0] == '1') {
		fd = openat(sysfs, path, O_WRONLY | O_CLOEXEC);
		err = fd >= 0 && write(fd, "0", 1) == 1 ? 1 : -errno;
	}
	if (fd >= 0)
		close(fd);
	if (sysfs >= 0)
		close(sysfs);
	return err;
}

int threaded_stop(int netns_fd, const char *device)
{
	struct asked asked = { device, netns_fd >= 0 };

	return netns_call(netns_fd, stop_here, &asked);
}
