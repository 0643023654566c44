/* The system calls that a process makes, as a table: from then on it makes no others (seccomp(2)). */
#ifndef BASE_SYSCALLS_H
#define BASE_SYSCALLS_H

#include <fcntl.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>

struct syscall_row {
	int number;      /* SYS_* */
	uint8_t arg;     /* 1 to 6: the call is made when this argument & mask is value, or another row lets it; 0: it is made */
	uint32_t mask;   /* of its lower half: descriptors, flags, families; never of an address */
	uint32_t value;
};

/* A row of sockets. */
#define SYSCALLS_FAMILY(family) { .number = SYS_socket, .arg = 1, .mask = UINT32_MAX, .value = (family) }

/* Rows of who asks name servers: getaddrinfo(3), with the files that it looks into. */
#define SYSCALLS_NAMES                                                                                    \
	SYSCALLS_FAMILY(AF_INET), SYSCALLS_FAMILY(AF_INET6),                                              \
	{ .number = SYS_setsockopt }, { .number = SYS_bind }, { .number = SYS_connect },                  \
	{ .number = SYS_getsockname }, { .number = SYS_sendto }, { .number = SYS_sendmsg },               \
	{ .number = SYS_recvfrom }, { .number = SYS_recvmsg },                                            \
	{ .number = SYS_open, .arg = 2, .mask = O_ACCMODE | O_CREAT | O_TRUNC, .value = O_RDONLY },       \
	{ .number = SYS_fcntl, .arg = 2, .mask = UINT32_MAX, .value = F_SETFD },                          \
	/* if_nametoindex(3), for a server with its NIC */                                                \
	SYSCALLS_FAMILY(AF_UNIX),                                                                         \
	{ .number = SYS_ioctl, .arg = 2, .mask = UINT32_MAX, .value = SIOCGIFINDEX }

/* Rows of a program that is not ours, is executed behind this, and serves an IP network with files of its own: what the static binaries on
 * board hold of it, whether a test walks there or not. What makes no sense there is not among them: namespaces, mounts, modules, tracing,
 * BPF, rings, keys. */
#define SYSCALLS_PROGRAM                                                                                                             \
	SYSCALLS_FAMILY(AF_INET), SYSCALLS_FAMILY(AF_INET6), SYSCALLS_FAMILY(AF_UNIX), { .number = SYS_bind }, { .number = SYS_connect }, \
	{ .number = SYS_mmap }, { .number = SYS_mprotect }, /* a program is executed: code is mapped */                              \
	{ .number = SYS_listen }, { .number = SYS_accept }, { .number = SYS_accept4 }, { .number = SYS_shutdown },                   \
	{ .number = SYS_getsockname }, { .number = SYS_getpeername }, { .number = SYS_getsockopt }, { .number = SYS_setsockopt },    \
	{ .number = SYS_sendto }, { .number = SYS_sendmsg }, { .number = SYS_sendmmsg }, { .number = SYS_recvfrom },                 \
	{ .number = SYS_recvmsg }, { .number = SYS_recvmmsg }, { .number = SYS_socketpair }, { .number = SYS_ioctl },                \
	{ .number = SYS_select }, { .number = SYS_pselect6 }, { .number = SYS_open }, { .number = SYS_openat },                      \
	{ .number = SYS_stat }, { .number = SYS_lstat }, { .number = SYS_newfstatat }, { .number = SYS_access },                     \
	{ .number = SYS_readlink }, { .number = SYS_getdents64 }, { .number = SYS_getcwd }, { .number = SYS_chdir },                 \
	{ .number = SYS_fchdir }, { .number = SYS_mkdir }, { .number = SYS_rmdir }, { .number = SYS_unlink },                        \
	{ .number = SYS_rename }, { .number = SYS_chmod }, { .number = SYS_fchmod }, { .number = SYS_chown },                        \
	{ .number = SYS_umask }, { .number = SYS_ftruncate }, { .number = SYS_flock }, { .number = SYS_fsync },                      \
	{ .number = SYS_pread64 }, { .number = SYS_pwrite64 }, { .number = SYS_fcntl }, { .number = SYS_dup },                       \
	{ .number = SYS_dup2 }, { .number = SYS_dup3 }, { .number = SYS_pipe }, { .number = SYS_pipe2 },                             \
	{ .number = SYS_execve }, { .number = SYS_arch_prctl }, { .number = SYS_set_tid_address }, { .number = SYS_set_robust_list }, \
	{ .number = SYS_prctl }, { .number = SYS_uname }, { .number = SYS_sysinfo }, { .number = SYS_getrlimit },                    \
	{ .number = SYS_prlimit64 }, { .number = SYS_getuid }, { .number = SYS_geteuid }, { .number = SYS_getgid },                  \
	{ .number = SYS_getegid }, { .number = SYS_getppid }, { .number = SYS_getpgrp }, { .number = SYS_getsid },                   \
	{ .number = SYS_setsid }, { .number = SYS_setpgid }, { .number = SYS_kill }, { .number = SYS_tkill },                        \
	{ .number = SYS_rt_sigsuspend }, { .number = SYS_rt_sigtimedwait }, { .number = SYS_setitimer }, { .number = SYS_alarm }

/* Those of rows and what every process does that lives on what it holds: it reads, writes, closes and waits, asks for the time, random
 * bytes and memory (none of it to be executed), and ends. They hold for this process and all of its own, for good, and for the calling
 * thread alone: call it before there are others. Rows that are called for each packet come first.
 *
 * Any other call is refused with EPERM, and not the end of the process: what an error of libc's or a way that no one walked before asks
 * for in vain costs a message or less, and the sessions stay. Whoever broke in gets no more from either. The kernel's log has what was
 * refused (audit, type=1326), and a call by another numbering of calls than this program's, which only an intruder makes, kills.
 *
 * 0; -ENOSYS: this kernel has no filters; or another -errno. A sanitized build does what it likes: 0. */
int syscalls_only(const struct syscall_row *rows, size_t count);

/* Whether syscalls_only holds anything back in this build. */
#if defined(__SANITIZE_ADDRESS__) /* gcc's way to say it */
enum { SYSCALLS_HELD = 0 };
#elif defined(__has_feature)
enum { SYSCALLS_HELD = !__has_feature(address_sanitizer) };
#else
enum { SYSCALLS_HELD = 1 };
#endif

#endif
