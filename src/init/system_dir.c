#include "init/system_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/paths.h"

int system_dir_open(void)
{
	struct stat data, root;
	int fd;

	if (stat(DATA_DIR, &data) < 0 || stat("/", &root) < 0)
		return -errno;
	if (data.st_dev == root.st_dev)
		return -ENODEV;
	if (mkdir(DATA_DIR "/" SYSTEM_DIR, 0700) < 0 && errno != EEXIST && errno != EROFS)
		return -errno;
	fd = open(DATA_DIR "/" SYSTEM_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
