#include "config/numbers.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/text.h"

const char *number_name(unsigned number, char dst[static NUMBER_NAME_LEN])
{
	text_format(dst, NUMBER_NAME_LEN, "%u", number);
	return dst;
}

void numbers_each(int dir_fd, void (*each)(void *arg, unsigned number), void *arg)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	uint64_t number;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (!text_uint(slice_of(entry->d_name), UINT_MAX - 1, &number) && number)
			each(arg, (unsigned)number);
	closedir(dir);
}
