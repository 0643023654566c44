#include "init/hardening.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/text.h"
#include "init/board.h"
#include "init/lockdown.h"
#include "init/sysctls.h"
#include "init/variables.h"

/* By number, as capability(7) has them. */
static const char *const capabilities[] = {
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
	"linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
	"sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
	"sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
	"mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
	"checkpoint_restore",
};

enum { CAPABILITIES = sizeof(capabilities) / sizeof(capabilities[0]), PATH_LEN = 64, STATUS_LEN = 4096 };

struct counts {
	size_t held, lacking;
};

static void tell_sysctl(void *arg, const char *path, const char *wanted, const char *is)
{
	struct counts *counts = arg;

	if (!is[0])
		counts->lacking++;
	else if (!strcmp(is, wanted))
		counts->held++;
	else
		printf("  %s is %s, not %s\n", path, is, wanted);
}

static bool tell_sysctls(void)
{
	struct counts counts = { 0 };
	bool all = sysctls_each(SYSCTLS_DIR, tell_sysctl, &counts) == 0;

	printf("sysctls     %zu as they should be", counts.held);
	if (counts.lacking)
		printf(", %zu that this kernel lacks (see `boot`)", counts.lacking);
	printf("%s\n", all ? "" : ", those above not");
	return all;
}

static bool tell_kernel(void)
{
	const char *level = lockdown_level();
	bool modules_signed = lockdown_modules_are_signed();

	printf("modules     %s\n", lockdown_modules_ended() ? "none is loaded any more"
			       : modules_signed		? "only those that are signed"
							: "NOT SIGNED ONES TOO: module.sig_enforce=1 is not on the command line");
	printf("lockdown    %s\n", level[0] ? level : "this kernel has none");
	return modules_signed;
}

/* `install` has them for a moment. */
static bool tell_firmware(void)
{
	bool exist = variables_exist(), held = !exist || variables_are_read_only(VARIABLES_DIR);

	printf("firmware    %s\n", !exist ? "no EFI variables here"
			       : held  ? "its variables are read-only"
				       : "ITS VARIABLES CAN BE WRITTEN TO");
	return held;
}

static bool tell_stack(void)
{
#if defined(__SSP_STRONG__) && defined(__x86_64__)
	uint64_t canary;

	__asm__("mov %%fs:0x28, %0" : "=r"(canary));
	printf("stack       %s\n", canary ? "protected by a canary of each process's own" : "ITS CANARY IS ZERO");
	return canary != 0;
#else
	printf("stack       NOT PROTECTED: this build has no canary\n");
	return false;
#endif
}

/* The value of "name:\tvalue" in /proc/PID/status. */
static struct slice status_value(struct slice status, const char *name)
{
	struct slice line, key;

	while (slice_cut(&status, '\n', &line))
		if (slice_cut(&line, ':', &key) && slice_equal(key, name))
			return slice_trim(line);
	return slice_of("");
}

static void print_capabilities(uint64_t set)
{
	const uint64_t all = (UINT64_C(1) << CAPABILITIES) - 1;

	if ((set & all) == all)
		printf(" all");
	else if (!set)
		printf(" none");
	else
		for (unsigned i = 0; i < CAPABILITIES; i++)
			if (set >> i & 1)
				printf(" %s", capabilities[i]);
	printf("\n");
}

/* False: it should hold less than it does. The kernel's own threads have no command line. */
static bool tell_process(const char *pid)
{
	char path[PATH_LEN], name[STATUS_LEN], text[STATUS_LEN], number[32];
	struct slice status = { text, 0 }, user;
	const char *most;
	bool confined;
	ssize_t n;

	text_format(path, sizeof(path), "/proc/%s/cmdline", pid);
	if (file_read(AT_FDCWD, path, name, sizeof(name)) <= 0)
		return true;
	text_format(path, sizeof(path), "/proc/%s/status", pid);
	n = file_read(AT_FDCWD, path, text, sizeof(text));
	if (n <= 0)
		return true;
	status.len = (size_t)n;
	confined = slice_equal(status_value(status, "NoNewPrivs"), "1");
	/* Another user has what it holds, and gets no more by what it executes. */
	user = status_value(status, "Uid");
	most = confined && !slice_starts(user, "0") ? "CapPrm" : "CapBnd";
	printf("%-18s %5s  %s%s", name, pid, confined ? "no new privileges," : "",
	       slice_equal(status_value(status, "Seccomp"), "2") ? " listed system calls," : "");
	if (slice_copy(status_value(status, most), number, sizeof(number)) == 0)
		print_capabilities(strtoull(number, NULL, 16));
	return confined || !strcmp(pid, "1");
}

static bool tell_processes(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	bool all = dir;

	printf("process              PID  may at most\n");
	while (dir && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			all &= tell_process(entry->d_name);
	if (dir)
		closedir(dir);
	return all;
}

int hardening_main(void)
{
	bool all = board_load(BOARD_FILE) == 0;

	all &= tell_sysctls();
	all &= tell_kernel();
	all &= tell_firmware();
	all &= tell_stack();
	all &= tell_processes();
	return !all;
}
