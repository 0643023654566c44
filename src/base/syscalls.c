#include "base/syscalls.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { FILTER_MAX = 768, ROW_MAX = 6, X32_BIT = 0x40000000 };

/* What libc does for a loop that holds all it needs, of those calls that can do no harm with what the process holds anyway. clock_gettime
 * is one where the vDSO has no clock; restart_syscall comes after SIGCONT. */
static const struct syscall_row always[] = {
	{ .number = SYS_read },
	{ .number = SYS_write },
	{ .number = SYS_readv },
	{ .number = SYS_writev },
	{ .number = SYS_poll },
	{ .number = SYS_ppoll },
	{ .number = SYS_clock_gettime },
	{ .number = SYS_gettimeofday },
	{ .number = SYS_getrandom },
	{ .number = SYS_close },
	{ .number = SYS_brk },
	{ .number = SYS_mmap, .arg = 3, .mask = PROT_EXEC },
	{ .number = SYS_mprotect, .arg = 3, .mask = PROT_EXEC },
	{ .number = SYS_munmap },
	{ .number = SYS_mremap },
	{ .number = SYS_madvise },
	{ .number = SYS_futex },
	{ .number = SYS_lseek },
	{ .number = SYS_fstat },
	{ .number = SYS_getpid },
	{ .number = SYS_gettid },
	{ .number = SYS_nanosleep },
	{ .number = SYS_clock_nanosleep },
	{ .number = SYS_rt_sigaction },
	{ .number = SYS_rt_sigprocmask },
	{ .number = SYS_rt_sigreturn },
	{ .number = SYS_restart_syscall },
	{ .number = SYS_exit },
	{ .number = SYS_exit_group },
};

struct program {
	struct sock_filter code[FILTER_MAX];
	unsigned short len;
};

static void put(struct program *program, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
	program->code[program->len++] = (struct sock_filter){ code, if_true, if_false, k };
}

static void load(struct program *program, size_t offset)
{
	put(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void end(struct program *program, uint32_t result)
{
	put(program, BPF_RET | BPF_K, result, 0, 0);
}

/* The number is loaded, before and behind it. */
static int add_row(struct program *program, const struct syscall_row *row)
{
	if (program->len + ROW_MAX + 1 > FILTER_MAX)
		return -ENOSPC;
	if (!row->arg) {
		put(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->number, 0, 1);
		end(program, SECCOMP_RET_ALLOW);
		return 0;
	}
	put(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->number, 0, ROW_MAX - 1);
	/* Little endian: the lower half comes first. */
	load(program, offsetof(struct seccomp_data, args) + (row->arg - 1u) * sizeof(uint64_t));
	put(program, BPF_ALU | BPF_AND | BPF_K, row->mask, 0, 0);
	put(program, BPF_JMP | BPF_JEQ | BPF_K, row->value, 0, 1);
	end(program, SECCOMP_RET_ALLOW);
	load(program, offsetof(struct seccomp_data, nr));
	return 0;
}

static int add_rows(struct program *program, const struct syscall_row *rows, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = add_row(program, &rows[i]);
	return err;
}

static int build(struct program *program, const struct syscall_row *rows, size_t count)
{
	/* abort(3) and its like, so that how it ended is told right. */
	const struct syscall_row own[] = {
		{ .number = SYS_tkill, .arg = 1, .mask = UINT32_MAX, .value = (uint32_t)syscall(SYS_gettid) },
	};
	int err;

	load(program, offsetof(struct seccomp_data, arch));
	put(program, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	end(program, SECCOMP_RET_KILL_PROCESS);
	load(program, offsetof(struct seccomp_data, nr));
	put(program, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	end(program, SECCOMP_RET_KILL_PROCESS);
	err = add_rows(program, rows, count);
	if (!err)
		err = add_rows(program, always, sizeof(always) / sizeof(always[0]));
	if (!err)
		err = add_rows(program, own, sizeof(own) / sizeof(own[0]));
	end(program, SECCOMP_RET_ERRNO | EPERM);
	return err;
}

int syscalls_only(const struct syscall_row *rows, size_t count)
{
	struct program program = { .len = 0 };
	int err = build(&program, rows, count);
	const struct sock_fprog filter = { program.len, program.code };

	if (err < 0 || !SYSCALLS_HELD)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* Before 4.14 it is not told what was refused. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &filter) == 0 ||
	    (errno == EINVAL && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0))
		return 0;
	return errno == EINVAL ? -ENOSYS : -errno;
}
