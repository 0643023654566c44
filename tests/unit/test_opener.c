/* engine/opener and engine/opened: who has the rights, and who has none and believes little. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sockaddr.h"
#include "base/syscalls.h"
#include "engine/confined.h"
#include "engine/opened.h"
#include "engine/opener.h"
#include "outer/host.h"
#include "outer/packet_socket.h"
#include "tunnel/opener_greet.h"
#include "tunnel/opener_words.h"

enum { LO = 1, PORT = 4571, UNAVAILABLE = 77 };

/* ---- words ---- */

TEST(opener_reads_the_request_that_was_written)
{
	const struct opener_request requests[] = {
		{ .number = 1, .what = OPENER_LINK, .alone = true, .port = 4567, .index = 0x12345678 },
		{ .number = UINT32_MAX, .what = OPENER_PORT, .merge = true, .port = 65535 },
		{ .number = 2, .what = OPENER_LINK, .brief = true, .port = 1, .index = 1 },
		{ .number = 3, .what = OPENER_NEIGHBOUR, .index = 2, .addr = { AF_INET, { 10, 8, 3, 1 } } },
		{ .number = 4, .what = OPENER_NEIGHBOUR, .index = 2, .addr = { AF_INET6, { 0xfe, 0x80, [15] = 1 } } },
	};
	uint8_t bytes[OPENER_REQUEST_LEN + 1] = { 0 };
	struct opener_request read;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		opener_write_request(bytes, &requests[i]);
		CHECK_INT(opener_read_request(bytes, OPENER_REQUEST_LEN, &read), 0);
		CHECK(read.number == requests[i].number && read.what == requests[i].what && read.alone == requests[i].alone &&
		      read.merge == requests[i].merge && read.brief == requests[i].brief &&
		      read.port == requests[i].port && read.index == requests[i].index && inet_addr_equal(&read.addr, &requests[i].addr));
	}
	CHECK_INT(opener_read_request(bytes, OPENER_REQUEST_LEN - 1, &read), -EBADMSG);
	CHECK_INT(opener_read_request(bytes, OPENER_REQUEST_LEN + 1, &read), -EBADMSG);
	bytes[12] = 5;
	CHECK_INT(opener_read_request(bytes, OPENER_REQUEST_LEN, &read), -EBADMSG);
	bytes[4] = 4; /* of a newer one: told by its number */
	CHECK_INT(opener_read_request(bytes, OPENER_REQUEST_LEN, &read), -EOPNOTSUPP);
	CHECK_INT(read.number, 4);
}

TEST(opened_reads_the_answer_that_was_written)
{
	const struct opener_answer answer = { .number = 7, .what = OPENER_PORT, .err = -EADDRINUSE, .port = 4567 };
	uint8_t bytes[OPENER_ANSWER_LEN];
	struct opener_answer read;

	opener_write_answer(bytes, &answer);
	CHECK_INT(opener_read_answer(bytes, sizeof(bytes), &read), 0);
	CHECK(read.number == 7 && read.what == OPENER_PORT && read.err == -EADDRINUSE && read.port == 4567);
	CHECK_INT(opener_read_answer(bytes, sizeof(bytes) - 1, &read), -EBADMSG);
	bytes[8] = 0x80; /* no errno */
	CHECK_INT(opener_read_answer(bytes, sizeof(bytes), &read), -EBADMSG);
}

/* ---- an opener that does as it is told here, in a process of its own ---- */

static int lies; /* which of them it tells next */
static struct loop loop;
static unsigned changes;

static void changed(void)
{
	changes++;
}

static int fds_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static int udp(int family, const struct inet_addr *addr, uint16_t port)
{
	const struct inet_endpoint endpoint = { .addr = addr ? *addr : (struct inet_addr){ .family = (uint8_t)family }, .port = port };
	union sockaddr_any here;
	socklen_t len = sockaddr_from(&here, &endpoint);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;

	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	return bind(fd, &here.any, len) < 0 ? -errno : fd;
}

static int packet(int type, int index, bool vnet)
{
	const struct sockaddr_ll here = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = index };
	int fd = socket(AF_PACKET, type | SOCK_CLOEXEC, 0), one = vnet;

	(void)setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one));
	return index && bind(fd, (const struct sockaddr *)&here, sizeof(here)) < 0 ? -errno : fd;
}

/* As links; the first is one. */
static int lie_link(uint32_t index, bool alone, uint16_t port, bool brief)
{
	switch (lies++) {
	case 0: return packet_socket_open(index, alone, port, brief);
	case 1: return memfd_create("no socket", MFD_CLOEXEC);
	case 2: return udp(AF_INET, NULL, 0);
	case 3: return packet(SOCK_RAW, 0, true);  /* of every NIC */
	case 4: return packet(SOCK_DGRAM, LO, true);
	case 5: return packet(SOCK_RAW, LO, false);
	case 6: return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	case 7: return open("/dev/null", O_RDWR | O_CLOEXEC);
	default: return -EMFILE;
	}
}
enum { LINK_LIES = 8 };

static int lie_port(struct placeholder *placeholder, uint16_t port, bool merge)
{
	const struct inet_addr one = { AF_INET, { 127, 0, 0, 1 } };

	placeholder->fd6 = -1;
	placeholder->port = port;
	switch (lies++) {
	case 0: return placeholder_open(placeholder, port, merge);
	case 1: placeholder->fd4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); break; /* not bound */
	case 2: placeholder->fd4 = udp(AF_INET, &one, port); break;                     /* to one address alone */
	case 3: placeholder->fd4 = udp(AF_INET, NULL, 0); break;                        /* to another port */
	case 4: placeholder->fd4 = udp(AF_INET6, NULL, port); break;                    /* of the other family */
	case 5: placeholder->fd4 = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); break;
	case 6: placeholder->fd4 = udp(AF_INET, NULL, port), placeholder->fd6 = memfd_create("no socket", MFD_CLOEXEC); break;
	case 7: placeholder->fd4 = udp(AF_INET, NULL, port), placeholder->port = 1; break;
	case 8: placeholder->fd4 = udp(AF_INET, NULL, port), placeholder->port = 0; break;
	default: return -EMFILE;
	}
	return 0;
}
enum { PORT_LIES = 9 };

static int lie_neighbour(uint32_t index, const struct inet_addr *addr)
{
	(void)addr;
	return index == LO ? 0 : -ENODEV;
}

static const struct opener_does liar = { lie_link, lie_port, lie_neighbour };

/* It lives until our end is closed; ends[0] is ours. */
static pid_t start_opener(int ends[2], const struct opener_does *does)
{
	pid_t pid;

	lies = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	pid = fork();
	if (pid) {
		close(ends[1]);
		return pid;
	}
	close(ends[0]);
	if (!does && dup2(ends[1], STDIN_FILENO) >= 0)
		_exit(opener_main());
	for (int err = 0; err != -EPIPE;) {
		char byte;

		(void)recv(ends[1], &byte, 1, MSG_PEEK);
		err = opener_serve(ends[1], does);
	}
	_exit(0);
}

/* In a network of its own, whose lo is up. */
static int in_network(int (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
		int fd;

		if (unshare(CLONE_NEWNET) < 0)
			_exit(UNAVAILABLE);
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (ioctl(fd, SIOCSIFFLAGS, &request) < 0 || close(fd) < 0 || loop_open(&loop) < 0)
			_exit(UNAVAILABLE);
		_exit(fn());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

/* A NIC; 0: there is none. It goes with the process. */
static uint32_t make_nic(void)
{
	struct ifreq request = { .ifr_name = "nic0", .ifr_flags = IFF_TAP | IFF_NO_PI };
	int tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC), fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (tap < 0 || ioctl(tap, TUNSETIFF, &request) < 0)
		return 0;
	request.ifr_flags = IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &request) < 0 || close(fd) < 0 ? 0 : if_nametoindex(request.ifr_name);
}

static const struct outer_link lo = { .index = LO, .alone = true };
static const struct inet_addr someone = { AF_INET, { 127, 0, 0, 9 } };

static int ask_link(void)
{
	return opened_rights.open_link(NULL, &lo, PORT, false);
}

static int queue_len(int fd)
{
	socklen_t len = sizeof(int);
	int bytes = -1;

	(void)getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &len);
	return bytes;
}

static int ask_port(uint16_t port, struct placeholder *placeholder)
{
	return opened_rights.open_port(NULL, port, true, placeholder);
}

/* 0, or the line that does not hold. */
#define HOLDS(what)              \
	do {                     \
		if (!(what))     \
			return __LINE__ & 0xff; \
	} while (0)

static int with_the_real_one(void)
{
	struct placeholder placeholder, second;
	const struct outer_link nic = { .index = make_nic(), .alone = true };
	int ends[2], fd;

	HOLDS(nic.index);
	HOLDS(start_opener(ends, NULL) > 0 && opened_by(&loop, ends[0], changed) == 0);
	HOLDS(ask_port(0, &placeholder) == 0 && placeholder.port && placeholder.fd4 >= 0);
	placeholder_close(&placeholder);
	HOLDS(engine_confine() == 0);
	/* All of it by one that has no right any more. */
	HOLDS(ask_port(PORT, &placeholder) == 0 && placeholder.port == PORT);
	HOLDS(ask_port(PORT, &second) == -EADDRINUSE);
	HOLDS(ask_port(80, &second) == 0);
	placeholder_close(&second);
	fd = opened_rights.open_link(NULL, &nic, PORT, false);
	HOLDS(fd >= 0 && packet_socket_is_of(fd, nic.index) && !packet_socket_is_of(fd, nic.index + 1));
	HOLDS(queue_len(opened_rights.open_link(NULL, &nic, PORT, true)) < queue_len(fd));
	HOLDS(packet_socket_set_port(fd, false, PORT + 1, &(const struct filter_take){ .part = FILTER_ALL }) == 0);
	HOLDS(send(fd, "no frame, but it is asked for", 10, MSG_DONTWAIT) < 0 && errno == EINVAL); /* without its vnet header */
	HOLDS(opened_rights.open_link(NULL, &(const struct outer_link){ .index = 4711 }, PORT, false) == -ENODEV);
	HOLDS(opened_rights.use_neighbour(LO, &someone) == 0);
	HOLDS(opened_rights.use_neighbour(4711, &someone) == 0);
	HOLDS(ask_link() == -EPERM && opened_rights.open_link(NULL, &(const struct outer_link){ .index = 0 }, PORT, false) == -ENODEV);
	HOLDS(opened_rights.use_neighbour(LO, &someone) == -ENODEV); /* of the one before */
	HOLDS(opened_rights.use_neighbour(LO, &someone) == 0);
	HOLDS(packet_socket_open(LO, true, PORT, false) < 0 && placeholder_open(&second, 80, true) < 0); /* the control */
	return 0;
}

static void check_in_network(int (*fn)(void))
{
	int status = geteuid() == 0 ? in_network(fn) : UNAVAILABLE;

	if (status == UNAVAILABLE)
		SKIP("no network namespace can be made here");
	CHECK_INT(status, 0);
}

/* A sanitized build has rows that are not held: it may open sockets as no one. */
TEST(one_without_rights_has_its_sockets_opened)
{
	check_in_network(with_the_real_one);
}

static int with_one_that_is_new(void)
{
	int ends[2], pair[2];
	pid_t pid = start_opener(ends, NULL);
	uint64_t began_ns;

	HOLDS(pid > 0 && opener_greet(ends[0], 20000) == 0);
	kill(pid, SIGSTOP);
	HOLDS(waitpid(pid, NULL, WUNTRACED) == pid);
	began_ns = clock_now_ns();
	HOLDS(opener_greet(ends[0], 100) == -ETIMEDOUT && clock_now_ns() - began_ns >= 100 * NS_PER_MS);
	kill(pid, SIGKILL);
	HOLDS(waitpid(pid, NULL, 0) == pid && opener_greet(ends[0], 20000) == -ECONNRESET && opener_greet(ends[0], 20000) == -EPIPE);
	/* What says something else is none. */
	HOLDS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0 && send(pair[1], "no answer", 9, 0) == 9);
	HOLDS(opener_greet(pair[0], 20000) == -EBADMSG);
	return 0;
}

TEST(opener_that_is_new_is_greeted)
{
	check_in_network(with_one_that_is_new);
}

static int with_a_liar(void)
{
	struct placeholder placeholder;
	int ends[2], fd, open_before;
	pid_t pid = start_opener(ends, &liar);

	HOLDS(pid > 0 && opened_by(&loop, ends[0], changed) == 0);
	fd = ask_link();
	HOLDS(fd >= 0);
	close(fd);
	open_before = fds_open();
	for (int i = 1; i < LINK_LIES; i++)
		HOLDS(ask_link() == -EBADMSG);
	HOLDS(ask_link() == -EMFILE); /* what it says itself */
	HOLDS(fds_open() == open_before && opened_is_there() && !changes);
	opened_close();
	HOLDS(!opened_is_there() && waitpid(pid, NULL, 0) == pid); /* which ends with us */

	pid = start_opener(ends, &liar);
	HOLDS(pid > 0 && opened_by(&loop, ends[0], changed) == 0);
	HOLDS(ask_port(PORT, &placeholder) == 0);
	placeholder_close(&placeholder);
	for (int i = 1; i < PORT_LIES; i++)
		HOLDS(ask_port(PORT, &placeholder) == -EBADMSG);
	HOLDS(ask_port(PORT, &placeholder) == -EMFILE);
	HOLDS(fds_open() == open_before && opened_is_there() && !changes);
	return 0;
}

TEST(descriptors_that_are_not_what_they_claim_are_closed)
{
	check_in_network(with_a_liar);
}

static int with_one_that_goes(void)
{
	struct placeholder placeholder;
	uint64_t began_ns;
	int ends[2], fd;
	pid_t pid = start_opener(ends, &liar);

	HOLDS(pid > 0 && opened_by(&loop, ends[0], changed) == 0);
	kill(pid, SIGSTOP);
	HOLDS(waitpid(pid, NULL, WUNTRACED) == pid);
	began_ns = clock_now_ns();
	HOLDS(ask_link() == -ETIMEDOUT);
	HOLDS(clock_now_ns() - began_ns >= OPENED_WAIT_MS * NS_PER_MS && clock_now_ns() - began_ns < NS_PER_S);
	/* It is not waited for a second time, and packets wait for nothing. */
	began_ns = clock_now_ns();
	for (int i = 0; i < 10000; i++) {
		int err = opened_rights.use_neighbour(LO, &someone);

		HOLDS(err == 0 || err == -ETIMEDOUT);
		HOLDS(i % 100 || ask_link() == -ETIMEDOUT);
	}
	HOLDS(clock_now_ns() - began_ns < NS_PER_S && !changes);
	kill(pid, SIGCONT);
	began_ns = clock_now_ns();
	while (ask_port(PORT, &placeholder) == -ETIMEDOUT) /* its first answer comes, and is closed */
		HOLDS(clock_now_ns() - began_ns < 20 * NS_PER_S);
	kill(pid, SIGKILL);
	HOLDS(waitpid(pid, NULL, 0) == pid);
	HOLDS(ask_link() == -EPIPE && ask_port(PORT, &placeholder) == -EPIPE && opened_rights.use_neighbour(LO, &someone) == -EPIPE);
	HOLDS(changes == 1 && !opened_is_there());
	/* another takes its place, which hangs for good */
	pid = start_opener(ends, &liar);
	HOLDS(pid > 0 && opened_by(&loop, ends[0], changed) == 0 && opened_is_there());
	HOLDS(ask_link() >= 0);
	kill(pid, SIGSTOP);
	HOLDS(waitpid(pid, NULL, WUNTRACED) == pid);
	HOLDS(ask_link() == -ETIMEDOUT);
	usleep(OPENED_PATIENCE_MS * 1000);
	HOLDS(ask_link() == -ETIMEDOUT && changes == 2 && !opened_is_there());
	/* or not for good: its answer comes, late */
	kill(pid, SIGCONT);
	began_ns = clock_now_ns();
	while ((fd = ask_link()) == -ETIMEDOUT)
		HOLDS(clock_now_ns() - began_ns < 20 * NS_PER_S);
	HOLDS(changes == 3 && opened_is_there());
	kill(pid, SIGKILL);
	return 0;
}

TEST(packets_do_not_wait_for_an_opener_that_is_gone_or_late)
{
	check_in_network(with_one_that_goes);
}

/* ---- greetings: their time comes when it is wanted, and the test is the opener, at the other end ---- */

static int with_itself(void)
{
	int ends[2] = { -1, -1 };

	if (loop_open(&loop) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0 ||
	    opened_by(&loop, ends[0], changed) < 0)
		return -1;
	return ends[1];
}

static void greeting_is_due(void)
{
	struct loop_timer *timer = loop.timers;

	loop_timer_clear(&loop, timer);
	timer->fire(timer, clock_now_ns());
}

/* All that it was asked; how many greetings are among that, which are answered. */
static unsigned answer_greetings(int fd)
{
	uint8_t bytes[OPENER_REQUEST_LEN], said[OPENER_ANSWER_LEN];
	struct opener_request request;
	unsigned count = 0;

	while (recv(fd, bytes, sizeof(bytes), 0) == sizeof(bytes)) {
		(void)opener_read_request(bytes, sizeof(bytes), &request);
		if (request.what != OPENER_HELLO)
			continue;
		count++;
		opener_write_answer(said, &(const struct opener_answer){ .number = request.number, .what = request.what, .err = -EOPNOTSUPP });
		(void)send(fd, said, sizeof(said), 0);
	}
	return count;
}

static void stop_greeting(int fd)
{
	opened_close();
	close(fd);
	loop_close(&loop);
	changes = 0; /* tests that fork begin with it */
}

TEST(opener_that_misses_a_greeting_is_kept_and_there_again_once_it_answers)
{
	int fd = with_itself();

	CHECK(fd >= 0);
	for (int i = 0; i < 3; i++) {
		greeting_is_due();
		CHECK_INT(answer_greetings(fd), 1);
	}
	CHECK(opened_is_there() && !changes);
	greeting_is_due();
	CHECK(opened_is_there());
	greeting_is_due();
	CHECK(!opened_is_there());
	CHECK_INT(changes, 1);
	greeting_is_due();
	CHECK_INT(changes, 1);
	/* It is asked once, and answers. */
	CHECK_INT(answer_greetings(fd), 1);
	greeting_is_due();
	CHECK(opened_is_there());
	CHECK_INT(changes, 2);
	stop_greeting(fd);
}

TEST(opener_that_ended_is_not_greeted)
{
	int fd = with_itself();

	CHECK(fd >= 0);
	close(fd);
	greeting_is_due();
	CHECK(!opened_is_there() && !loop.timers);
	CHECK_INT(changes, 1);
	loop_close(&loop);
	changes = 0;
}

TEST(greeting_that_found_no_room_is_not_waited_for)
{
	int fd = with_itself();

	CHECK(fd >= 0);
	while (opened_rights.use_neighbour(LO, &someone) == 0)
		;
	greeting_is_due();
	CHECK_INT(answer_greetings(fd), 0);
	greeting_is_due();
	CHECK(opened_is_there() && !changes);
	CHECK_INT(answer_greetings(fd), 1);
	/* But who reads nothing from one to the next hangs. */
	while (opened_rights.use_neighbour(LO, &someone) == 0)
		;
	greeting_is_due();
	CHECK(opened_is_there() && !changes);
	greeting_is_due();
	CHECK(!opened_is_there());
	CHECK_INT(changes, 1);
	CHECK_INT(answer_greetings(fd), 0);
	greeting_is_due();
	CHECK(!opened_is_there());
	CHECK_INT(answer_greetings(fd), 1);
	greeting_is_due();
	CHECK(opened_is_there());
	stop_greeting(fd);
}

/* What comes with the answer: more than was asked for, less, more descriptors than there is room for, and of another number, with
 * the end behind it. */
static int with_one_that_is_no_opener(int what)
{
	uint8_t bytes[64] = { 0 }, asked[OPENER_REQUEST_LEN];
	int ends[2], open_before, err;
	pid_t pid;

	HOLDS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	pid = fork();
	if (!pid) {
		int fds[] = { ends[1], ends[1], ends[1] };
		union {
			struct cmsghdr header;
			char bytes[CMSG_SPACE(sizeof(fds))];
		} space = { 0 };
		struct iovec part = { bytes, OPENER_ANSWER_LEN };
		struct msghdr three = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof(space.bytes) };

		close(ends[0]);
		(void)recv(ends[1], asked, sizeof(asked), 0);
		space.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(fds)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&space.header), fds, sizeof(fds));
		bytes[3] = 9;
		if (what < 2)
			(void)send(ends[1], bytes, what ? 3 : sizeof(bytes), 0);
		else if (what == 2)
			(void)sendmsg(ends[1], &three, 0);
		else
			_exit(send(ends[1], bytes, OPENER_ANSWER_LEN, 0) < 0);
		pause();
	}
	close(ends[1]);
	HOLDS(pid > 0 && opened_by(&loop, ends[0], changed) == 0);
	open_before = fds_open();
	/* On a busy machine it comes late, and yet before patience ends. */
	for (uint64_t began_ns = clock_now_ns(); (err = ask_link()) == -ETIMEDOUT;)
		HOLDS(clock_now_ns() - began_ns < (OPENED_PATIENCE_MS - 500) * NS_PER_MS);
	HOLDS(err == -EPIPE && changes == (unsigned)what + 1);
	HOLDS(fds_open() == open_before - 1);
	kill(pid, SIGKILL);
	return 0;
}

static int with_those_that_are_no_openers(void)
{
	int line = 0;

	for (int what = 0; what < 4 && !line; what++)
		line = with_one_that_is_no_opener(what);
	return line;
}

TEST(an_opener_that_says_what_is_no_answer_is_closed)
{
	check_in_network(with_those_that_are_no_openers);
}
