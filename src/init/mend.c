#include "init/mend.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "init/child.h"

#define FSCK "/sbin/e2fsck"

enum {
	FSCK_S = MEND_MAX_S / 2,
	/* e2fsck(8): errors corrected; corrected and reboot; anything above is not mended */
	FSCK_MENDED = 1,
	FSCK_MENDED_REBOOT = 2,
};

static int fsck(const char *path, const char *how)
{
	const char *const argv[] = { "e2fsck", how, path, NULL };
	/* The device is root's, and so is it: no capability. */
	const struct child_spec spec = { .argv = argv, .path = FSCK, .ready_fd = -1 };
	pid_t pid = child_start(&spec);
	int status = pid < 0 ? pid : child_wait(pid, FSCK_S * NS_PER_S);

	if (status < 0)
		return status;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

/* -p mends what cannot lose anything; -y all the rest, since no one stands beside the box to say yes. */
bool mend(const char *path, char *words, size_t cap)
{
	static const char *const hows[] = { "-p", "-y" };

	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
		int status;

		/* At a console where nothing else moves: a power cut now would make it worse. */
		log_err("%s was not unmounted cleanly: e2fsck %s mends it, up to %d s; leave the power on", path, hows[i], FSCK_S);
		status = fsck(path, hows[i]);

		text_format(words, cap, "%s was not clean: e2fsck %s said %d", path, hows[i], status);
		if (status >= 0 && status <= FSCK_MENDED_REBOOT)
			return true;
		log_err("%s", words);
	}
	return false;
}

bool mend_is_barred(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), protected = 0;

	if (fd < 0)
		return false;
	if (ioctl(fd, BLKROGET, &protected) < 0)
		protected = 0;
	close(fd);
	return protected != 0;
}
