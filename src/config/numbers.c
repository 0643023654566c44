#include "config/numbers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"

const char *number_name(unsigned number, char dst[static NUMBER_NAME_LEN])
{
	text_format(dst, NUMBER_NAME_LEN, "%u", number);
	return dst;
}

int numbers_each(int dir_fd, void (*each)(void *arg, unsigned number), void *arg)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	uint64_t number;

	if (!dir) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (errno = 0, (entry = readdir(dir)))
		if (entry->d_name[0] != '0' && !text_uint(slice_of(entry->d_name), NUMBER_MAX, &number))
			each(arg, (unsigned)number);
	err = -errno;
	closedir(dir);
	return err;
}
