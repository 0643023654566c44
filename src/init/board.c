#include "init/board.h"

#include <fcntl.h>
#include <sys/types.h>

#include "base/file.h"

static char bytes[16384];
static struct slice text;

int board_load(const char *path)
{
	ssize_t n = file_read(AT_FDCWD, path, bytes, sizeof(bytes));

	text = (struct slice){ bytes, n > 0 ? (size_t)n : 0 };
	return n < 0 ? (int)n : 0;
}

struct slice board_value(const char *name)
{
	struct slice rest = text, line, key;

	while (slice_cut(&rest, '\n', &line)) {
		if (slice_cut(&line, '=', &key) && line.ptr && slice_equal(slice_trim(key), name))
			return slice_trim(line);
	}
	return slice_of("");
}
