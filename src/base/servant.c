#include "base/servant.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int servant_become(uid_t uid)
{
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0))
		return -errno;
	return 0;
}

/* As far as this process may; set_capabilities is enough. */
static void drop_all_but(uint32_t capabilities)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if (cap >= 32 || !(capabilities >> cap & 1))
			(void)prctl(PR_CAPBSET_DROP, cap);
}

static int set_capabilities(uint32_t capabilities)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { capabilities, capabilities, capabilities } };

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int servant_become_with(uid_t uid, uint32_t capabilities)
{
	int err;

	drop_all_but(capabilities);
	if (prctl(PR_SET_KEEPCAPS, 1) < 0)
		return -errno;
	err = servant_become(uid);
	if (!err)
		err = set_capabilities(capabilities);
	for (unsigned cap = 0; cap < 32 && !err; cap++)
		if (capabilities >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			err = -errno;
	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		err = -errno;
	return err;
}

/* A parent that died before prctl is seen by its pipe: no one reads there. */
int servant_bind(void)
{
	struct pollfd parent = { .fd = STDOUT_FILENO };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return poll(&parent, 1, 0) > 0 && parent.revents & POLLERR ? -ESRCH : 0;
}

uint32_t servant_has(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	return syscall(SYS_capget, &header, data) < 0 ? 0 : data[0].permitted;
}

int servant_keep(uint32_t capabilities)
{
	int err;

	drop_all_but(capabilities);
	err = set_capabilities(capabilities);
	return !err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : err;
}

int servant_give_up(void)
{
	return servant_keep(0);
}

/* The child has root and working directory in common with us, and is gone when its own directory in /proc is the root: nothing is in it,
 * and nothing can be put there. No directory of our own must be kept for it, and none be made, in whatever a container leaves us. */
int servant_see_nothing(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_FS, NULL, NULL, NULL, 0), ended;
	int status = 0;

	if (!pid) {
		if (chroot("/proc/self/fdinfo") < 0 || chdir("/") < 0)
			_exit(errno);
		_exit(0);
	}
	if (pid < 0)
		return -errno;
	do
		ended = waitpid(pid, &status, __WALL); /* it ends without a signal to us, whatever we do with those */
	while (ended < 0 && errno == EINTR);
	if (ended < 0)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECANCELED;
}

/* All that Landlock's first version knows of files, and no rule that lets any of it through. */
int servant_open_nothing(void)
{
	const struct landlock_ruleset_attr all = { .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };
	int fd = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0), err = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		err = -errno;
	close(fd);
	return err;
}
