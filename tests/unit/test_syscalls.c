/* base/syscalls and engine/confined: what is left to a process, tried from inside. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/syscalls.h"
#include "base/users.h"
#include "engine/confined.h"

/* What fn leaves as the exit status of a child, or 256 and the signal. */
static int in_child(int (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(fn());
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

static const struct syscall_row rows[] = {
	{ .number = SYS_epoll_create1 },
	{ .number = SYS_socket, .arg = 1, .mask = UINT32_MAX, .value = AF_UNIX },
	{ .number = SYS_socket, .arg = 1, .mask = UINT32_MAX, .value = AF_INET },
	{ .number = SYS_fcntl, .arg = 2, .mask = 1, .value = 0 },
};

static bool refused(long result)
{
	return result < 0 && errno == EPERM;
}

/* 0, or which of them went through. */
static int try_what_no_list_has(void)
{
	char *const argv[] = { (char[]){ "sh" }, NULL };
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char byte;

	if (!refused(socket(AF_PACKET, SOCK_RAW, 0)) || !refused(socket(AF_INET6, SOCK_DGRAM, 0)) || !refused(socket(AF_NETLINK, SOCK_RAW, 0)))
		return 1;
	if (!refused(open("/proc/self/status", O_RDONLY | O_CLOEXEC)) || !refused(syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY | O_CLOEXEC)) ||
	    !refused(syscall(SYS_openat2, AT_FDCWD, "/", NULL, 0)))
		return 2;
	if (!refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL)) || !refused(syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0)))
		return 3;
	if (!refused(fork()) || !refused(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0)) || !refused(syscall(SYS_clone3, NULL, 0)) ||
	    !refused(syscall(SYS_vfork)))
		return 4;
	if (!refused(execve("/bin/sh", argv, argv + 1)) || !refused(syscall(SYS_execveat, AT_FDCWD, "/bin/sh", argv, argv + 1, 0)))
		return 5;
	if (!refused(kill(getppid(), 0)) || !refused(syscall(SYS_tkill, getppid(), 0)))
		return 6;
	if (page == MAP_FAILED || !refused(mprotect(page, 4096, PROT_READ | PROT_EXEC)) ||
	    mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		return 7;
	if (!refused(unlink("/nothing")) || !refused(chdir("/")) || !refused(setuid(0)) || !refused(unshare(CLONE_NEWNS)) ||
	    !refused(syscall(SYS_bpf, 0, NULL, 0)) || !refused(syscall(SYS_io_uring_setup, 1, NULL)) ||
	    !refused(syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0)) || !refused(syscall(SYS_pidfd_getfd, 0, 0, 0)))
		return 8;
	/* what is left works */
	return getrandom(&byte, 1, 0) == 1 && munmap(page, 4096) == 0 ? 0 : 9;
}

static int by_rows(void)
{
	int fd, went;

	if (syscalls_only(rows, sizeof(rows) / sizeof(rows[0])) < 0)
		return 100;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || close(fd) < 0)
		return 101;
	fd = epoll_create1(EPOLL_CLOEXEC);
	/* F_DUPFD is 0, F_GETFD is 1 */
	if (fd < 0 || fcntl(fd, F_DUPFD, 0) < 0 || !refused(fcntl(fd, F_GETFD)))
		return 102;
	went = try_what_no_list_has();
	return went;
}

TEST(a_process_makes_the_system_calls_of_its_list_and_no_others)
{
	if (!SYSCALLS_HELD)
		SKIP("a sanitized build makes calls of its own");
	CHECK_INT(in_child(by_rows), 0);
}

/* The numbers of another kind of program, which would be others in the list. */
static int by_x32(void)
{
	return syscalls_only(rows, sizeof(rows) / sizeof(rows[0])) < 0 ? 100 : (int)syscall(0x40000000 | SYS_getpid);
}

static int by_i386(void)
{
	long result = 20; /* getpid */

	if (syscalls_only(rows, sizeof(rows) / sizeof(rows[0])) < 0)
		return 100;
	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
	return 101;
}

static int by_abort(void)
{
	if (syscalls_only(rows, sizeof(rows) / sizeof(rows[0])) < 0)
		return 100;
	abort();
}

TEST(calls_by_another_numbering_end_the_process)
{
	int i386;

	if (!SYSCALLS_HELD)
		SKIP("a sanitized build makes calls of its own");
	CHECK_INT(in_child(by_x32), 256 + SIGSYS);
	i386 = in_child(by_i386);
	CHECK(i386 == 256 + SIGSYS || i386 == 256 + SIGSEGV); /* a kernel without that door */
	CHECK_INT(in_child(by_abort), 256 + SIGABRT);
}

static int too_many(void)
{
	static struct syscall_row many[1000];

	return syscalls_only(many, sizeof(many) / sizeof(many[0])) == -ENOSPC && getppid() > 0 ? 0 : 1;
}

TEST(a_list_that_is_too_long_is_refused_whole)
{
	CHECK_INT(in_child(too_many), 0);
}

/* ---- the packet process ---- */

static char status[4096];

static bool has_line(const char *line)
{
	return strstr(status, line) != NULL;
}

/* Its own status, read by a descriptor that it holds, as everything. */
static int as_packet_process(void)
{
	int own = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	uint8_t byte = 0;
	int ends[2];
	ssize_t n;

	if (own < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return 100;
	if (engine_confine() < 0)
		return 101;
	if (send(ends[0], &byte, 1, MSG_DONTWAIT) != 1 || recv(ends[1], &byte, 1, MSG_DONTWAIT) != 1)
		return 102;
	/* The list of a sanitized build is empty, its root is not the less. */
	if (!SYSCALLS_HELD && (access("/", R_OK) == 0 || access("/proc", F_OK) == 0 || open("..", O_RDONLY | O_CLOEXEC) >= 0))
		return 103;
	n = read(own, status, sizeof(status) - 1);
	if (n <= 0)
		return 104;
	if (!has_line("\nUid:\t64782\t64782\t64782\t64782\n") || !has_line("\nGid:\t64782\t64782\t64782\t64782\n") || !has_line("\nGroups:\t \n"))
		return 105;
	if (!has_line("\nCapInh:\t0000000000000000\n") || !has_line("\nCapPrm:\t0000000000000000\n") ||
	    !has_line("\nCapEff:\t0000000000000000\n") || !has_line("\nCapAmb:\t0000000000000000\n") || !has_line("\nNoNewPrivs:\t1\n"))
		return 106;
	if (SYSCALLS_HELD && !has_line("\nSeccomp:\t2\n"))
		return 107;
	if (SYSCALLS_HELD && (!refused(socket(AF_UNIX, SOCK_STREAM, 0)) || !refused(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &n, sizeof(int))) ||
			      !refused(bind(ends[0], NULL, 0)) || !refused(listen(ends[0], 1))))
		return 108;
	return SYSCALLS_HELD ? try_what_no_list_has() : 0;
}

TEST(the_packet_process_is_no_one_sees_nothing_and_opens_nothing)
{
	if (geteuid() != 0)
		SKIP("who is no root cannot become another user");
	CHECK_INT((int)USER_PACKETS, 64782);
	CHECK_INT(in_child(as_packet_process), 0);
}
