#include "init/variables.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { BORROWERS_MAX = 4, BORROW_S = 10, RETRY_S = 1, FLAGS = MS_NODEV | MS_NOSUID | MS_NOEXEC };

static struct loop *loop;
static struct loop_timer retry;
static bool retried;
static const char *lent_dir;
static struct loop_source borrowers[BORROWERS_MAX]; /* pidfds; -1: none */

int variables_mount(void)
{
	if (access(VARIABLES_DIR, F_OK) < 0)
		return 0;
	return mount("efivarfs", VARIABLES_DIR, "efivarfs", FLAGS | MS_RDONLY, NULL) < 0 && errno != EBUSY ? -errno : 0;
}

bool variables_exist(void)
{
	DIR *dir = opendir(VARIABLES_DIR);
	bool any = false;
	struct dirent *entry;

	while (dir && !any && (entry = readdir(dir)) != NULL)
		any = entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return any;
}

bool variables_are_read_only(const char *dir)
{
	struct statvfs fs;

	return statvfs(dir, &fs) == 0 && (fs.f_flag & ST_RDONLY);
}

static int remount(unsigned long read_only)
{
	return mount(NULL, lent_dir, NULL, MS_REMOUNT | FLAGS | read_only, NULL) < 0 ? -errno : 0;
}

void variables_open(struct loop *of, const char *dir)
{
	loop = of;
	lent_dir = dir;
	for (size_t i = 0; i < BORROWERS_MAX; i++)
		borrowers[i].fd = -1;
}

static void take_back(uint64_t now_ns);

static void take_back_again(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	take_back(now_ns);
}

/* When no one has them any more. It cannot be done while a file is still open for writing. */
static void take_back(uint64_t now_ns)
{
	int err;

	for (size_t i = 0; i < BORROWERS_MAX; i++)
		if (borrowers[i].fd >= 0)
			return;
	err = remount(MS_RDONLY);
	if (err < 0 && !retried)
		log_err("the firmware's variables are still writable: %s; tried again each second", strerror(-err));
	if (!err && retried)
		log_info("the firmware's variables are read-only again");
	retried = err < 0;
	if (err < 0)
		loop_timer_set(loop, &retry, now_ns + RETRY_S * NS_PER_S, take_back_again);
}

static void borrower_ended(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	(void)events;
	loop_give_back(loop, source);
	take_back(now_ns);
}

/* It waits for that: what is writable already, since another one has it, may be taken back before it is known here. */
static void answer(int pidfd, int err)
{
	siginfo_t info = { .si_signo = variables_signal(), .si_code = SI_QUEUE };

	info.si_value.sival_int = err;
	(void)syscall(SYS_pidfd_send_signal, pidfd, variables_signal(), &info, 0); /* it may have ended */
}

int variables_lend(pid_t pid)
{
	struct loop_source *borrower = NULL;
	int fd, err;

	for (size_t i = 0; i < BORROWERS_MAX && !borrower; i++)
		if (borrowers[i].fd < 0)
			borrower = &borrowers[i];
	if (!borrower)
		return -EBUSY;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	err = loop_take(loop, borrower, fd < 0 ? -errno : fd, borrower_ended);
	if (err < 0)
		return err;
	err = remount(0);
	answer(borrower->fd, err);
	if (err < 0)
		loop_give_back(loop, borrower);
	return err;
}

int variables_signal(void)
{
	return SIGRTMIN;
}

int variables_borrow(void)
{
	uint64_t deadline_ns = clock_now_ns() + BORROW_S * NS_PER_S, now_ns;
	sigset_t answers;
	siginfo_t info;

	sigemptyset(&answers);
	sigaddset(&answers, variables_signal());
	/* For good: one that comes late is to end nothing. */
	if (sigprocmask(SIG_BLOCK, &answers, NULL) < 0 || kill(1, variables_signal()) < 0)
		return -errno;
	while ((now_ns = clock_now_ns()) < deadline_ns) {
		uint64_t left_ns = deadline_ns - now_ns;
		const struct timespec left = { .tv_sec = (time_t)(left_ns / NS_PER_S), .tv_nsec = (long)(left_ns % NS_PER_S) };

		if (sigtimedwait(&answers, &info, &left) >= 0)
			return info.si_value.sival_int;
	}
	return -EROFS;
}
