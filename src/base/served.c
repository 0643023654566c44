#include "base/served.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

bool served(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	bool is = false;
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return false;
	text_format(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	/* EAGAIN: it lives and is busy. */
	is = connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0 || errno == EAGAIN;
	close(fd);
	return is;
}
