#include "init/steps_tell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/paths.h"

void steps_tell(const char *name, uint64_t took_ns, int err, const char *said)
{
	char line[320];
	int fd = open(RUN_DIR "/" BOOT_FILE, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int len = snprintf(line, sizeof(line), "%8.3f s  %7.3f s  %-24s %s%s%s%s%s", (double)clock_now_ns() / 1e9,
			   (double)took_ns / 1e9, name, err < 0 ? "FAILED" : "ok", *said ? ": " : "", said,
			   err < 0 ? ": " : "", err < 0 ? strerror(-err) : "");

	if (err < 0)
		log_err("%s", line);
	else
		log_info("%s", line);
	if (len > 0 && (size_t)len < sizeof(line) - 1)
		line[len++] = '\n';
	if (fd < 0)
		return;
	if (len > 0 && write(fd, line, (size_t)len) < 0)
		log_err("cannot write %s: %s", BOOT_FILE, strerror(errno));
	close(fd);
}
