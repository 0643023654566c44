#include "init/console_level.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "base/log.h"

/* syslog(2) */
enum { SYSLOG_ACTION_CONSOLE_OFF = 6, SYSLOG_ACTION_CONSOLE_ON = 7 };

void console_level_set(bool ours)
{
	static bool set;

	if (ours == set)
		return;
	set = ours;
	if (klogctl(ours ? SYSLOG_ACTION_CONSOLE_OFF : SYSLOG_ACTION_CONSOLE_ON, NULL, 0) < 0)
		log_err("the kernel's console level: %s", strerror(errno));
}

int console_level_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && lseek(fd, 0, SEEK_END) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}
