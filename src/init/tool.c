#include "init/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

pid_t tool_start(const char *const *argv, int in, int out, bool quiet)
{
	static char skip_check[] = "MTOOLS_SKIP_CHECK=1";
	static char *const environment[] = { skip_check, NULL };
	char path[32], *copy[16] = { NULL };
	pid_t pid = fork();
	int null;

	if (pid)
		return pid < 0 ? -errno : pid;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(in < 0 ? null : in, STDIN_FILENO);
	dup2(out < 0 ? null : out, STDOUT_FILENO);
	if (quiet)
		dup2(null, STDERR_FILENO);
	for (size_t i = 0; i < sizeof(copy) / sizeof(copy[0]) - 1 && argv[i]; i++)
		copy[i] = strdup(argv[i]);
	text_format(path, sizeof(path), "/sbin/%s", argv[0]);
	execve(path, copy, environment);
	(void)fprintf(stderr, "cannot start %s: %s\n", path, strerror(errno));
	_exit(127);
}

int tool_end(pid_t pid)
{
	int status = 0;

	if (pid < 0)
		return pid;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

int tool_run(const char *const *argv, bool quiet)
{
	return tool_end(tool_start(argv, -1, -1, quiet));
}

ssize_t tool_read(const char *const *argv, char *buf, size_t cap)
{
	int ends[2], err;
	ssize_t len;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = tool_start(argv, -1, ends[1], true);
	close(ends[1]);
	len = file_read_fd(ends[0], buf, cap);
	close(ends[0]);
	err = tool_end(pid);
	return len < 0 ? len : err < 0 ? err : len;
}
