#include "init/clockmark.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.h"

#define MARK_FILE DATA_DIR "/.clock"
#define STOPPED "stopped\n"

int clockmark_read(struct clock_mark *mark)
{
	char text[sizeof(STOPPED)] = "";
	struct stat st;
	int fd = open(MARK_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), err = 0;

	*mark = (struct clock_mark){ 0 };
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0 || read(fd, text, sizeof(text) - 1) < 0)
		err = -errno;
	else
		*mark = (struct clock_mark){ .known = true, .stopped = !strcmp(text, STOPPED), .at_s = st.st_mtime };
	close(fd);
	return err;
}

static int mark_now(const char *text)
{
	int fd = open(MARK_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), err = 0;

	if (fd < 0)
		return -errno;
	if ((*text && write(fd, text, strlen(text)) < 0) || futimens(fd, NULL) < 0 || fsync(fd) < 0)
		err = -errno;
	close(fd);
	return err;
}

int clockmark_running(void)
{
	return mark_now("");
}

int clockmark_stopped(void)
{
	return mark_now(STOPPED);
}
