#include "engine/opener.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/log.h"
#include "base/pass.h"
#include "base/self.h"
#include "base/servant.h"
#include "base/users.h"
#include "engine/confined.h"
#include "netlink/neigh.h"
#include "outer/packet_socket.h"
#include "tunnel/opener_words.h"

/* Its work is to open sockets of these families; where names lead is no business of it. */
static const struct syscall_row calls[] = {
	{ .number = SYS_recvmsg },
	{ .number = SYS_sendmsg },
	SYSCALLS_FAMILY(AF_PACKET),
	SYSCALLS_FAMILY(AF_INET),
	SYSCALLS_FAMILY(AF_INET6),
	{ .number = SYS_setsockopt },
	{ .number = SYS_bind },
	{ .number = SYS_getsockname },
	{ .number = SYS_sendto }, /* to the kernel's neighbours */
	{ .number = SYS_recvfrom },
};

static struct nl route;

/* Of what carries a path over, and no other: not of all NICs at once, of none that is inside this host, and of no tunnel. */
static int open_link(uint32_t index, bool alone, uint16_t port, bool brief)
{
	struct sockaddr_ll here = { .sll_hatype = 0 };
	socklen_t len = sizeof(here);
	int fd = index ? packet_socket_open(index, alone, port, brief) : -ENODEV;

	if (fd < 0 || (!getsockname(fd, (struct sockaddr *)&here, &len) && here.sll_hatype == ARPHRD_ETHER))
		return fd;
	close(fd);
	return -EPERM;
}

static int use_neighbour(uint32_t index, const struct inet_addr *addr)
{
	return neigh_use(&route, index, addr);
}

static int do_request(const struct opener_request *request, const struct opener_does *does, struct opener_answer *answer, int fds[2])
{
	struct placeholder placeholder;

	switch (request->what) {
	case OPENER_HELLO: /* was refused before, as all that is not known: that is the answer to it */
		break;
	case OPENER_LINK:
		fds[0] = does->link(request->index, request->alone, request->port, request->brief);
		return fds[0] < 0 ? fds[0] : 1;
	case OPENER_PORT:
		answer->err = does->port(&placeholder, request->port, request->merge);
		if (answer->err < 0)
			return answer->err;
		answer->port = placeholder_port(&placeholder);
		fds[0] = placeholder.fd4;
		fds[1] = placeholder.fd6;
		return fds[1] < 0 ? 1 : 2;
	case OPENER_NEIGHBOUR:
		return request->addr.family ? does->neighbour(request->index, &request->addr) : -EINVAL;
	}
	return -EOPNOTSUPP;
}

int opener_serve(int socket, const struct opener_does *does)
{
	uint8_t bytes[OPENER_REQUEST_LEN], said[OPENER_ANSWER_LEN];
	struct opener_request request;
	struct opener_answer answer = { .err = 0 };
	struct passed passed;
	int fds[PASS_FDS_MAX], count = -EBADMSG, err = pass_receive(socket, bytes, sizeof(bytes), &passed);

	if (err == -EBADMSG || err == -EINTR)
		return 0;
	if (err < 0)
		return err == -EAGAIN ? err : -EPIPE;
	pass_close(&passed);
	err = opener_read_request(bytes, passed.len, &request);
	/* What no one wrote who speaks this has no number to be answered by. */
	if (err == -EBADMSG)
		return 0;
	answer.number = request.number;
	answer.what = request.what;
	count = err < 0 ? err : do_request(&request, does, &answer, fds);
	answer.err = count < 0 ? count : 0;
	opener_write_answer(said, &answer);
	/* Who does not read its answers has given up waiting for this one too. */
	if (count < 0 || request.what != OPENER_NEIGHBOUR)
		(void)pass_message(socket, said, sizeof(said), fds, count > 0 ? (size_t)count : 0);
	while (count > 0)
		close(fds[--count]);
	return 0;
}

/* What a container lacks of these it does without: a port below 1024. */
enum { RIGHTS = 1 << CAP_NET_RAW | 1 << CAP_NET_ADMIN | 1 << CAP_NET_BIND_SERVICE };

static int give_up(void)
{
	uint32_t rights = servant_has() & RIGHTS;
	int err = nl_open(&route, NETLINK_ROUTE);

	if (err < 0)
		return err;
	engine_bound();
	(void)servant_see_nothing(); /* without SYS_CHROOT it opens nothing all the same */
	err = servant_become_with(USER_OPENER, rights);
	if (err == -EPERM) {
		log_info(ENGINE_STAYS, OPENER_NAME, (unsigned)getuid(), USER_OPENER);
		err = servant_keep(rights);
	}
	if (err < 0)
		return err;
	engine_open_nothing();
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return -errno;
	return engine_calls_only(calls, sizeof(calls) / sizeof(calls[0]));
}

int opener_main(void)
{
	static const struct opener_does does = { open_link, placeholder_open, use_neighbour };
	struct pollfd ready = { .fd = STDIN_FILENO, .events = POLLIN };
	int err;

	/* What whoever starts it left open to it, it would hold with a right to use it. */
	descriptors_close_others(NULL, 0);
	log_open(OPENER_NAME);
	(void)prctl(PR_SET_NAME, OPENER_NAME);
	(void)setsid(); /* not to be stopped with others of a terminal: its end comes by the socket */
	err = give_up();
	if (err < 0) {
		log_err("no NIC is opened for WireGuard on lwIP: the process for it cannot give up its other rights: %s", strerror(-err));
		return 1;
	}
	do {
		(void)poll(&ready, 1, -1);
		err = opener_serve(STDIN_FILENO, &does);
	} while (!err || err == -EAGAIN);
	_exit(0); /* not through the leak check of a sanitized build, which would have to trace us */
}

int opener_start(const char *alias)
{
	const char *const argv[] = { OPENER_APPLET, alias, NULL };
	pid_t pid;

	return self_spawn_behind(argv, &pid);
}
