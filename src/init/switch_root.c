#include "init/switch_root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "init/child.h"

/* <sys/mount.h> and <linux/mount.h> exclude each other. */
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *options);

enum { MOVE_S = 10, CLEAN_WAIT_S = 10, STDIO = STDERR_FILENO + 1 };

/* Named network namespaces go along with /run, the files of the instance with the last. */
static const struct {
	const char *name;
	bool if_mounted; /* else it has to be */
} moved[] = {
	{ "dev", false }, { "proc", false }, { "sys", false }, { "run", false }, { &DATA_DIR[1], true },
};

enum { MOVED = sizeof(moved) / sizeof(moved[0]) };

static int old_fd, new_fd; /* both roots */

static int move(int from_fd, int to_fd, const char *name)
{
	return syscall(SYS_move_mount, from_fd, name, to_fd, name, 0) < 0 ? -errno : 0;
}

static int move_back(void)
{
	/* What was not moved is not mounted there. */
	for (size_t i = MOVED; i-- > 0;)
		(void)move(new_fd, old_fd, moved[i].name);
	return 0;
}

/* For child_call, which has the same mounts: the exit status is the number of what could not be moved, 0 when all was. */
static int move_all(void)
{
	for (size_t i = 0; i < MOVED; i++) {
		int err = move(old_fd, new_fd, moved[i].name);

		if (!err || (moved[i].if_mounted && (err == -EINVAL || err == -ENOENT)))
			continue;
		(void)move_back();
		return (int)i + 1;
	}
	return 0;
}

/* ---- what is left in memory of the old root ---- */

static void remove_all(int dir_fd, dev_t device)
{
	DIR *dir = fdopendir(dir_fd);
	struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		int fd;

		if (!strcmp(name, ".") || !strcmp(name, "..") || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    st.st_dev != device)
			continue;
		if (S_ISDIR(st.st_mode) && (fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) >= 0)
			remove_all(fd, device);
		(void)unlinkat(dir_fd, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
	}
	if (dir)
		closedir(dir);
	else
		close(dir_fd);
}

/* Nothing else is ever emptied, whatever this was started from. */
static bool is_memory(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (fs.f_type == RAMFS_MAGIC || fs.f_type == TMPFS_MAGIC);
}

/* A process that outlives this program: it gives the memory back once the other runs, which closes the pipe. The end to be held, or -1. */
static int clean_begin(void)
{
	struct pollfd news = { .events = POLLIN };
	struct stat st;
	int ends[2], dir_fd;
	char byte;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid) {
		close(ends[0]);
		return ends[1];
	}
	/* Nothing else stays open here: the watchdog is the next one's to open. */
	dir_fd = dup2(ends[0], STDIN_FILENO) < 0 || dup2(old_fd, STDOUT_FILENO) < 0 || syscall(SYS_close_range, STDERR_FILENO, ~0U, 0) < 0
		 ? -1 : openat(STDOUT_FILENO, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	news.fd = STDIN_FILENO;
	/* A byte: it does not run. */
	if (dir_fd >= 0 && poll(&news, 1, CLEAN_WAIT_S * 1000) == 1 && read(STDIN_FILENO, &byte, 1) == 0 && is_memory(dir_fd) &&
	    fstat(dir_fd, &st) == 0)
		remove_all(dir_fd, st.st_dev);
	_exit(0);
}

/* ---- the program ---- */

/* As the kernel starts one: on its console, with nothing blocked or ignored. False: it is without a console. */
static bool take_console(int kept[static STDIO])
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	for (int i = 0; i < STDIO; i++)
		kept[i] = fcntl(i, F_DUPFD_CLOEXEC, STDIO);
	if (fd < 0)
		return false;
	(void)fcntl(fd, F_SETFL, 0);
	child_set_line(fd, 0); /* what ended there may have left it raw */
	for (int i = 0; i < STDIO; i++)
		dup2(fd, i);
	close(fd);
	return true;
}

static void give_console_back(const int kept[static STDIO])
{
	for (int i = 0; i < STDIO; i++) {
		if (kept[i] < 0)
			continue;
		dup2(kept[i], i);
		close(kept[i]);
	}
}

/* The number of what is wrong when it returns. */
static int execute(const char *program)
{
	char home[] = "HOME=/", term[] = "TERM=linux", path[64];
	char *const environment[] = { home, term, NULL }, *const argv[] = { path, NULL };
	struct sigaction pipe_before, by_default = { .sa_handler = SIG_DFL };
	sigset_t none, before;
	int kept[STDIO], err, holds = clean_begin();

	text_format(path, sizeof(path), "%s", program);
	(void)take_console(kept);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, &before);
	sigaction(SIGPIPE, &by_default, &pipe_before);
	(void)syscall(SYS_close_range, STDIO, ~0U, CLOSE_RANGE_CLOEXEC);
	execve(path, argv, environment);
	err = errno;
	sigaction(SIGPIPE, &pipe_before, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	give_console_back(kept);
	if (holds >= 0) {
		(void)!write(holds, "", 1);
		close(holds);
	}
	return err;
}

/* ---- there and back ---- */

/* MS_MOVE and the like, of <sys/mount.h>. */
enum { READ_ONLY = 1, REMOUNT = 32, MOVE = 8192 };

static int go_there(void)
{
	/* What is left is to be removed. */
	if (mount(NULL, "/", NULL, REMOUNT, NULL) < 0)
		log_err("the root file system stays in memory: %s", strerror(errno));
	return fchdir(new_fd) < 0 || mount(".", "/", NULL, MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0 ? errno : 0;
}

static void come_back(const char *dir)
{
	(void)child_call(move_back, MOVE_S * NS_PER_S);
	/* Behind chroot, what is mounted on it does not hide it. */
	if (fchdir(old_fd) < 0 || chroot(".") < 0 || chdir("/") < 0)
		log_err("cannot go back to the root file system: %s", strerror(errno));
	if (syscall(SYS_move_mount, new_fd, "", old_fd, dir + 1, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		log_err("cannot move the next root back: %s", strerror(errno));
	(void)mount(NULL, "/", NULL, REMOUNT | READ_ONLY, NULL);
}

static void open_and_switch(const char *dir, const char *program, char *words, size_t cap)
{
	int status = child_call(move_all, MOVE_S * NS_PER_S), err;

	if (status < 0)
		(void)child_call(move_back, MOVE_S * NS_PER_S);
	if (status) {
		text_format(words, cap, "/%s cannot be moved there", status > 0 && status <= MOVED ? moved[status - 1].name : moved[0].name);
		return;
	}
	err = go_there();
	if (err)
		text_format(words, cap, "cannot become the root: %s", strerror(err));
	if (!err) {
		err = execute(program);
		text_format(words, cap, "%s cannot be executed: %s", program, strerror(err));
	}
	come_back(dir);
}

void switch_root(const char *dir, const char *program, char *words, size_t cap)
{
	old_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	new_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (old_fd >= 0 && new_fd >= 0)
		open_and_switch(dir, program, words, cap);
	else
		text_format(words, cap, "%s: %s", dir, strerror(errno));
	if (old_fd >= 0)
		close(old_fd);
	if (new_fd >= 0)
		close(new_fd);
}
