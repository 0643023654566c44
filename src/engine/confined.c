#include "engine/confined.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/servant.h"
#include "base/users.h"

static const struct syscall_row calls[] = {
	/* packets */
	{ .number = SYS_recvmmsg },
	{ .number = SYS_sendmmsg },
	{ .number = SYS_epoll_pwait },
	{ .number = SYS_epoll_wait },
	{ .number = SYS_sendmsg },
	/* the kernel's tables, clients, the opener */
	{ .number = SYS_recvmsg },
	{ .number = SYS_sendto },
	{ .number = SYS_recvfrom },
	{ .number = SYS_accept4 },
	{ .number = SYS_shutdown },
	{ .number = SYS_epoll_ctl },
	{ .number = SYS_getsockopt },
	{ .number = SYS_getsockname },
	/* A filter for another port. With the others a packet socket would be bound to more (fan-out, rings). */
	{ .number = SYS_setsockopt, .arg = 3, .mask = UINT32_MAX, .value = SO_ATTACH_FILTER },
};

/* Descriptors: two for each NIC, and those that are served. Memory: 70 MiB are set aside for TUNNEL_PEERS_MAX peers and what they send. */
enum { FDS_MAX = 256, DATA_MAX = 256 << 20 };

/* Hard limits, for good. What cannot be had stays as it was: it is no reason to carry nothing. */
void engine_bound(void)
{
	static const struct rlimit fds = { FDS_MAX, FDS_MAX }, data = { DATA_MAX, DATA_MAX }, none = { 0, 0 };

	(void)setrlimit(RLIMIT_NOFILE, &fds);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)setrlimit(RLIMIT_MEMLOCK, &none);
	/* The shadow of a sanitizer is data too. */
	if (SYSCALLS_HELD)
		(void)setrlimit(RLIMIT_DATA, &data);
}

int engine_calls_only(const struct syscall_row *rows, size_t count)
{
	int err = syscalls_only(rows, count);

	if (err == -ENOSYS)
		log_info("it makes any system call: this kernel has no filters (CONFIG_SECCOMP_FILTER)");
	return err == -ENOSYS ? 0 : err;
}

void engine_open_nothing(void)
{
	int err = servant_open_nothing();

	if (err < 0)
		log_info("files are kept from it by its root and its list of system calls alone: no Landlock: %s", strerror(-err));
}

int engine_confine(void)
{
	int err;

	engine_bound();
	if (servant_see_nothing() < 0)
		log_info("it keeps its root directory, of which it opens nothing: an empty one takes CAP_SYS_CHROOT");
	/* The bounding set first, where there is CAP_SETPCAP to empty it: a new user id takes that. */
	err = servant_become_with(USER_PACKETS, 0);
	if (err == -EPERM) {
		log_info(ENGINE_STAYS, "the process for packets", (unsigned)getuid(), USER_PACKETS);
		err = servant_give_up();
	}
	if (err < 0)
		return err;
	engine_open_nothing();
	/* A new user id takes that back. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return -errno;
	return engine_calls_only(calls, sizeof(calls) / sizeof(calls[0]));
}
