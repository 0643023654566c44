#include "nics/dhcp_become.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/servant.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "base/users.h"
#include "conf/network.h"
#include "network/lease.h"
#include "nics/dhcp_stream.h"

/* Where it finds its directory and this binary: by descriptors, since no path to either need be open to its user. dhcpcd is built with
 * DIR_FD's as the place of its files (Makefile). */
#define OWN_DIR "/proc/self/fd/3"
#define CONF "conf"

enum { DIR_FD = 3, SELF_FD = 4, SPARE_FD = 10, CONF_LEN = 1024 };

/* ---- to dhcpcd ---- */

static int make_dir(const struct dhcp_order *order)
{
	char path[PATH_MAX];
	int fd;

	text_format(path, sizeof(path), "%s/" DHCP_DIR, order->run_dir);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	/* Its user's by the group alone: no capability is needed to give it that. */
	if (setegid(USER_DHCP) < 0)
		return -errno;
	text_format(path, sizeof(path), "%s/" DHCP_DIR "/%s", order->run_dir, order->nic);
	if ((mkdir(path, 0770) < 0 && errno != EEXIST) || chmod(path, 0770) < 0)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* dhcpcd.conf(5). Whether an address is another's is looked for where all addresses are (network/conflict): asked by dhcpcd, it would
 * take five seconds of each boot. Router advertisements are the kernel's. */
static int write_conf(const struct dhcp_order *order)
{
	static const char always[] = "noconfigure\nnoarp\nnoipv6rs\nnodelay\ntimeout 0\npersistent\nduid ll\nclientid\n"
				     "script " OWN_DIR "/" DHCP_HOOK_APPLET "\n"
				     "option subnet_mask, routers, classless_static_routes, domain_name_servers, ntp_servers\n"
				     "option dhcp6_name_servers, dhcp6_sntp_servers, dhcp6_ntp_server\n";
	char bytes[CONF_LEN], addr[INET_ADDR_STRLEN];
	struct text conf;
	ssize_t n;
	int fd;

	text_init(&conf, bytes, sizeof(bytes));
	text_add(&conf, "%s", always);
	text_add(&conf, "%s", order->wants & NETWORK_DHCP4 ? "ipv4\n" : "noipv4\n");
	text_add(&conf, "%s", order->wants & NETWORK_DHCP6 ? "ipv6\nia_na\n" : "noipv6\n");
	if (order->name[0])
		text_add(&conf, "hostname %s\n", order->name);
	if (order->last.family == AF_INET)
		text_add(&conf, "request %s\n", inet_addr_text(&order->last, addr));
	(void)unlinkat(DIR_FD, CONF, 0);
	(void)unlinkat(DIR_FD, DHCP_HOOK_APPLET, 0);
	if (symlinkat("/proc/self/fd/4", DIR_FD, DHCP_HOOK_APPLET) < 0)
		return -errno;
	fd = openat(DIR_FD, CONF, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	n = write(fd, bytes, conf.len);
	close(fd);
	return n == (ssize_t)conf.len ? 0 : -ENOSPC;
}

/* What is in the place of the first five may be what is to go there. */
static int hand_over(int out, int dir)
{
	int spare_out = fcntl(out, F_DUPFD_CLOEXEC, SPARE_FD), spare_dir = fcntl(dir, F_DUPFD_CLOEXEC, SPARE_FD);
	int self = open("/proc/self/exe", O_PATH | O_CLOEXEC), spare_self = fcntl(self, F_DUPFD_CLOEXEC, SPARE_FD);
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC), spare_nothing = fcntl(nothing, F_DUPFD_CLOEXEC, SPARE_FD);

	if (dup2(spare_nothing, STDIN_FILENO) < 0 || dup2(spare_out, STDOUT_FILENO) < 0 || dup2(spare_out, STDERR_FILENO) < 0 ||
	    dup2(spare_dir, DIR_FD) < 0 || dup2(spare_self, SELF_FD) < 0)
		return -errno;
	return 0;
}

/* What dhcpcd does, and its hook, which is this binary. It has frames, and speaks with the kernel. */
static const struct syscall_row calls[] = {
	SYSCALLS_PROGRAM,
	SYSCALLS_FAMILY(AF_PACKET),
	SYSCALLS_FAMILY(AF_NETLINK),
	{ .number = SYS_clone }, /* the hook's process */
	{ .number = SYS_fork },
	{ .number = SYS_vfork },
	{ .number = SYS_wait4 },
	{ .number = SYS_capget },
	{ .number = SYS_capset },
	{ .number = SYS_seccomp },
};

void dhcp_become(int fd, const void *arg)
{
	const struct dhcp_order *order = arg;
	char *argv[] = { (char[]){ "dhcpcd" }, (char[]){ "-q" },	     (char[]){ "-B" },
			 (char[]){ "-f" },     (char[]){ OWN_DIR "/" CONF }, (char *)(uintptr_t)order->nic,
			 NULL };
	static char *const environment[] = { NULL };
	int log = fcntl(fd, F_DUPFD_CLOEXEC, SPARE_FD), dir = make_dir(order), err = dir < 0 ? dir : hand_over(log, dir);

	umask(077);
	if (!err)
		err = servant_become_with(USER_DHCP, 1u << CAP_NET_RAW | 1u << CAP_NET_BIND_SERVICE); /* packets below UDP; ports below 1024 */
	if (!err)
		err = servant_bind();
	if (!err)
		err = write_conf(order);
	(void)syscalls_only(calls, sizeof(calls) / sizeof(calls[0])); /* addresses are asked for where that cannot be had, too */
	if (!err) {
		execve(order->program, argv, environment);
		err = -errno;
	}
	(void)dprintf(log, DHCP_CANNOT_START "%s: %s\n", order->program, strerror(-err));
	_exit(127);
}

/* ---- from dhcpcd ---- */

static const char *variable(const char *name)
{
	return getenv(name);
}

int dhcp_hook_main(void)
{
	const char *reason = getenv("reason");
	char bytes[PIPE_BUF];
	struct lease lease;
	struct text record;
	uint8_t family = 0;
	enum lease_event event = reason ? lease_event(reason, &family) : LEASE_NOTHING;

	if (servant_give_up() < 0)
		return 0;
	(void)syscalls_only(NULL, 0); /* it has all it reads, and writes to what it holds */
	if (event == LEASE_NOTHING || (event == LEASE_GIVEN && !lease_take(&lease, family, variable)))
		return 0;
	text_init(&record, bytes, sizeof(bytes));
	text_add(&record, "%c%s\n", DHCP_RECORD, reason);
	if (event == LEASE_GIVEN)
		lease_write(&lease, &record);
	/* With its NUL. */
	_exit(write(STDOUT_FILENO, bytes, record.len + 1) < 0); /* not through the leak check of a sanitized build */
}
