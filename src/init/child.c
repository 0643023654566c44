#include "init/child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"

#define SELF "/sbin/gateway"

enum { LOOK_MS = 500 }; /* for all command lines */

static const struct {
	unsigned bits_per_s;
	speed_t speed;
} speeds[] = {
	{ 9600, B9600 }, { 19200, B19200 }, { 38400, B38400 }, { 57600, B57600 }, { 115200, B115200 },
};

static void default_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void child_set_line(int fd, unsigned bits_per_s)
{
	struct termios line;

	if (tcgetattr(fd, &line) < 0)
		return;
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
		if (speeds[i].bits_per_s == bits_per_s)
			cfsetspeed(&line, speeds[i].speed);
	line.c_cflag = (line.c_cflag & ~(tcflag_t)(CSIZE | PARENB | CSTOPB)) | CS8 | CREAD | CLOCAL | HUPCL;
	line.c_iflag = ICRNL | IXON | IUTF8;
	line.c_oflag = OPOST | ONLCR;
	line.c_lflag = ICANON | ISIG | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
	tcsetattr(fd, TCSANOW, &line);
}

static int take_tty(const char *tty, unsigned bits_per_s)
{
	char path[64];
	int fd;

	text_format(path, sizeof(path), "/dev/%s", tty);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		log_err("%s for a console: %s", path, strerror(errno));
		return -errno;
	}
	fcntl(fd, F_SETFL, 0);
	/* The 1 takes it from whoever had it: a console that died may have left it to its session. */
	if (ioctl(fd, TIOCSCTTY, 1) < 0)
		log_err("%s as controlling terminal: %s", path, strerror(errno));
	child_set_line(fd, bits_per_s);
	for (int std = 0; std <= STDERR_FILENO; std++)
		dup2(fd, std);
	return 0;
}

/* Out of each other's way first. What dup2 makes stays open in the program. */
static void hand_over(const struct child_spec *spec)
{
	const int fds[] = { spec->ready_fd, spec->second_fd ? spec->second_fd : -1 };
	int moved[sizeof(fds) / sizeof(fds[0])];

	for (int i = 0; i < (int)(sizeof(fds) / sizeof(fds[0])); i++)
		moved[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, CHILD_SECOND_FD + 1);
	for (int i = 0; i < (int)(sizeof(fds) / sizeof(fds[0])); i++)
		if (moved[i] >= 0)
			dup2(moved[i], CHILD_READY_FD + i);
}

static _Noreturn void become(const struct child_spec *spec)
{
	static char search_path[] = "PATH=/sbin";
	static char *const environment[] = { search_path, NULL };
	const char *path = spec->path ? spec->path : SELF;
	char *argv[16] = { 0 };
	int err;

	setsid();
	default_signals();
	if (spec->tty && take_tty(spec->tty, spec->tty_speed) < 0)
		_exit(127);
	hand_over(spec);
	for (size_t i = 0; i < sizeof(argv) / sizeof(argv[0]) - 1 && spec->argv[i]; i++)
		argv[i] = strdup(spec->argv[i]);
	/* Behind the terminal, which is taken by force. One that is not confined is still better than none. */
	err = confine(&spec->confinement);
	if (err < 0)
		log_err("cannot confine %s: %s", spec->argv[0], strerror(-err));
	execve(path, argv, environment);
	log_err("cannot execute %s: %s", path, strerror(errno));
	_exit(127);
}

pid_t child_start(const struct child_spec *spec)
{
	pid_t pid = fork();

	if (!pid)
		become(spec);
	return pid < 0 ? -errno : pid;
}

int child_await(pid_t pid, uint64_t timeout_ns)
{
	uint64_t deadline_ns = clock_now_ns() + timeout_ns;
	int process = (int)syscall(SYS_pidfd_open, pid, 0), status = 0, err;

	if (process < 0)
		return -errno;
	err = await_ready(process, POLLIN, deadline_ns);
	close(process);
	if (err < 0)
		return err;
	return waitpid(pid, &status, WNOHANG) == pid ? status : -ECHILD;
}

int child_wait(pid_t pid, uint64_t timeout_ns)
{
	int status = child_await(pid, timeout_ns);

	if (status == -ETIMEDOUT)
		kill(pid, SIGKILL);
	return status;
}

pid_t child_begin(int (*fn)(void))
{
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? -errno : pid;
	default_signals();
	_exit(fn());
}

int child_call(int (*fn)(void), uint64_t timeout_ns)
{
	pid_t pid = child_begin(fn);
	int status = pid < 0 ? pid : child_wait(pid, timeout_ns);

	return status < 0 ? status : WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

/* ---- the end of all others ---- */

enum left { LEFT_NONE, LEFT_SOME, LEFT_UNKNOWN };

/* Of an entry of /proc: a process but PID 1 and this one, or 0. */
static pid_t other_process(const char *entry)
{
	uint64_t pid;

	return text_uint(slice_of(entry), INT32_MAX, &pid) < 0 || pid == 1 || (pid_t)pid == getpid() ? 0 : (pid_t)pid;
}

/* The kernel's, and those that ended, have no command line. To read one waits for whoever holds the memory of its process, maybe for
 * good: not in PID 1. */
static bool is_spared_by_command_line(pid_t pid)
{
	char path[32], name[8];

	text_format(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	return file_read_begin(AT_FDCWD, path, name, sizeof(name)) <= 0 || name[0] == '@';
}

/* Waits for no one, and knows those of our own. `PID (NAME) STATE PPID PGRP SESSION TTY TPGID FLAGS ...`, as in proc_pid_stat(5). */
static bool is_spared_by_stat(pid_t pid)
{
	enum { AT_FLAGS = 6, KERNEL_THREAD = 0x200000 /* PF_KTHREAD */ };
	static const char *const ours[] = { ENGINE_APPLET, OPENER_NAME };
	char path[32], stat[512], *name, *end;
	struct slice rest, word = { NULL, 0 };
	uint64_t flags;

	text_format(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read_begin(AT_FDCWD, path, stat, sizeof(stat)) <= 0)
		return true;
	name = strchr(stat, '(');
	end = strrchr(stat, ')'); /* there may be more of both in a name */
	if (!name || !end || end[1] != ' ' || end[2] == 'Z' || end[2] == 'X')
		return true;
	*end = '\0';
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (!strcmp(name + 1, ours[i]))
			return true;
	rest = slice_of(end + 2);
	for (int i = 0; i <= AT_FLAGS; i++)
		(void)slice_cut(&rest, ' ', &word);
	return text_uint(word, UINT32_MAX, &flags) < 0 || flags & KERNEL_THREAD;
}

static enum left end_all_but(bool (*is_spared)(pid_t pid))
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	enum left left = LEFT_NONE;

	if (!dir)
		return LEFT_UNKNOWN;
	while ((entry = readdir(dir)) != NULL) {
		pid_t pid = other_process(entry->d_name);

		if (!pid || is_spared(pid))
			continue;
		left = LEFT_SOME;
		kill(pid, SIGKILL);
	}
	closedir(dir);
	return left;
}

static int end_by_command_line(void)
{
	return (int)end_all_but(is_spared_by_command_line);
}

/* True: all ended that are to. *hangs, false at first: once a command line could not be read in time, none is any more. */
static bool end_all_but_spared(bool *hangs)
{
	int left = *hangs ? -ETIMEDOUT : child_call(end_by_command_line, LOOK_MS * NS_PER_MS);

	*hangs = left < 0;
	if (left < 0)
		left = (int)end_all_but(is_spared_by_stat);
	return left == LEFT_NONE;
}

void child_end_all(uint64_t timeout_ns, bool spare)
{
	uint64_t deadline_ns = clock_now_ns() + timeout_ns;
	bool hangs = false;

	if (!spare)
		kill(-1, SIGKILL);
	while (clock_now_ns() < deadline_ns) {
		const struct timespec wait = { .tv_nsec = (spare ? 50 : 100) * (long)NS_PER_MS };
		sigset_t child;
		pid_t ended;

		while ((ended = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if ((ended < 0 && errno == ECHILD) || (spare && end_all_but_spared(&hangs)))
			break;
		/* A look's own child tells of its end as well. */
		if (spare) {
			(void)nanosleep(&wait, NULL);
			continue;
		}
		sigemptyset(&child);
		sigaddset(&child, SIGCHLD);
		sigtimedwait(&child, NULL, &wait);
	}
}
