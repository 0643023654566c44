/* The tools on board, as a command at the console runs them: their complaints are for who stands there. */
#ifndef INIT_TOOL_H
#define INIT_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* /sbin/argv[0] between two descriptors; -1: nothing. pid or -errno. */
pid_t tool_start(const char *const *argv, int in, int out, bool quiet);
int tool_end(pid_t pid); /* waits: 0, -EIO when it ended with another status than 0, or -errno */
int tool_run(const char *const *argv, bool quiet);
/* What it prints, ended with NUL: the length, -EFBIG when there is no room for all of it, or as tool_end. */
ssize_t tool_read(const char *const *argv, char *buf, size_t cap);

#endif
