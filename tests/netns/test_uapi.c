/* The backend for a program behind a UAPI socket, with a program that is not ours: wireguard-go. Root; needs `ip` and `wg`. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/pulse.h"
#include "netlink/netns.h"
#include "../unit/test.h"
#include "tunnel/apply.h"
#include "tunnel/uapi_line.h"

#define SPACE "uapi"
#define DEVICE "wg-other"
#define ALIAS LINK_ALIAS_OURS "test of uapi"

enum { PORT = 51900 };

static struct nl host;
static struct loop loop;
static struct tunnel tunnel;
static struct tunnel_config wanted, applied, running;
static struct tunnel_report report;
static int space = -1;

__attribute__((format(printf, 1, 2))) static int run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	return system(command);
}

static void stop(void)
{
	if (tunnel.ops)
		tunnel_close(&tunnel, true);
	(void)run("ip -n " SPACE " link del " DEVICE " 2>/dev/null");
	if (space >= 0)
		close(space);
	space = -1;
	(void)netns_remove(SPACE);
}

/* It is beside this program in the folder of what was built. */
static int start_other(void)
{
	char self[256], *slash;
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[len > 0 ? len : 0] = '\0';
	for (int i = 0; i < 2; i++)
		if ((slash = strrchr(self, '/')))
			*slash = '\0';
	return run("LOG_LEVEL=error ip netns exec " SPACE " %s/src/wireguard-go/usr/bin/wireguard-go " DEVICE " >/dev/null 2>&1 && "
		   "ip -n " SPACE " link set " DEVICE " alias '" ALIAS "'", self);
}

static int open_with(const struct tunnel_ops *ops)
{
	const struct tunnel_place place = { .device = DEVICE, .alias = ALIAS, .uapi_name = DEVICE, .netns_fd = space, .host = &host,
					    .loop = &loop };

	return tunnel_open(&tunnel, ops, &place);
}

static int open_tunnel(void)
{
	return open_with(&tunnel_uapi);
}

static int start(void)
{
	static bool begun;
	bool created;

	if (!begun) {
		if (nl_open(&host, NETLINK_ROUTE) < 0 || loop_open(&loop) < 0)
			return -1;
		(void)atexit(stop);
	}
	begun = true;
	stop();
	loop.turn++; /* with all its patience, whatever was before */
	space = netns_open(SPACE, &created);
	return space < 0 ? space : start_other();
}

static struct tunnel_peer *add_peer(uint8_t number)
{
	struct tunnel_peer *peer = &wanted.peers[wanted.peer_count++];

	*peer = (struct tunnel_peer){ .allowed_first = wanted.allowed_count, .endpoint_id = number };
	peer->public_key[0] = number;
	return peer;
}

static void allow(struct tunnel_peer *peer, struct inet_prefix prefix)
{
	wanted.allowed[wanted.allowed_count++] = prefix;
	peer->allowed_count++;
}

static void want(void)
{
	struct tunnel_peer *peer;

	tunnel_config_clear(&wanted);
	wanted.has_private_key = true;
	memset(wanted.private_key, 0x48, TUNNEL_KEY_LEN);
	wanted.listen_port = PORT;
	peer = add_peer(9);
	peer->endpoint = (struct inet_endpoint){ .addr = { AF_INET, { 192, 0, 2, 9 } }, .port = 1 };
	peer->keepalive_s = 25;
	memset(peer->preshared_key, 5, TUNNEL_KEY_LEN);
	allow(peer, (struct inet_prefix){ { AF_INET, { 10, 8, 3, 9 } }, 32 });
	peer = add_peer(11);
	peer->endpoint = (struct inet_endpoint){ .addr = { AF_INET6, { 0xfd, [15] = 11 } }, .port = 65535 };
	for (unsigned i = 0; i < 1000; i++)
		allow(peer, (struct inet_prefix){ { AF_INET, { 10, 9, (uint8_t)(i / 256), (uint8_t)i } }, 32 });
	allow(peer, (struct inet_prefix){ { AF_INET6, { 0xfd, 8 } }, 64 });
	add_peer(13);
}

static int apply(void)
{
	report = (struct tunnel_report){ .device_changed = false };
	loop.turn++;
	return tunnel_apply(&tunnel, &wanted, &applied, &running, &report);
}

/* What `wg` is told of it, which is neither this backend nor that program. */
static bool wg_shows(const char *what, const char *text)
{
	return run("wg show " DEVICE " %s | grep -q '%s'", what, text) == 0;
}

TEST(a_program_that_is_not_ours_is_taken_up_and_driven)
{
	CHECK_INT(start(), 0);
	CHECK_INT(open_tunnel(), 0);
	CHECK(tunnel.index > 0);
	want();
	CHECK_INT(apply(), 0);
	CHECK_STR(tunnel.error, "");
	CHECK_INT(report.count[TUNNEL_ADDED], 3);
	CHECK(report.device_changed);
	CHECK(wg_shows("listen-port", "^51900$") && wg_shows("peers | wc -l", "^3$") && wg_shows("endpoints", "192.0.2.9:1$"));
	tunnel_config_copy(&applied, &wanted);
	CHECK_INT(apply(), 0);
	CHECK_INT(report.count[TUNNEL_KEPT], 3);
	CHECK(!report.device_changed);
	/* What it cannot say is unknown, not zero. */
	CHECK(!running.counts.known && !running.peers[0].counts.known && running.counts.link_known);
	CHECK(running.public_key[0] || running.public_key[1]);
	wanted.peers[0].keepalive_s = 0;
	memset(wanted.peers[0].preshared_key, 0, TUNNEL_KEY_LEN);
	wanted.peers[1].allowed_count = 1;
	wanted.peer_count = 2;
	CHECK_INT(apply(), 0);
	CHECK_INT(report.count[TUNNEL_REMOVED], 1);
	CHECK_INT(report.count[TUNNEL_UPDATED], 2);
	CHECK(wg_shows("peers | wc -l", "^2$") && wg_shows("persistent-keepalive", "off$") && wg_shows("preshared-keys", "(none)$"));
	CHECK_INT(apply(), 0);
	CHECK_INT(report.count[TUNNEL_KEPT], 2);
}

TEST(it_outlives_who_drove_it_and_the_next_one_finds_it)
{
	uint32_t index;

	CHECK_INT(start(), 0);
	CHECK_INT(open_tunnel(), 0);
	index = tunnel.index;
	want();
	CHECK_INT(apply(), 0);
	tunnel_close(&tunnel, false);
	CHECK(wg_shows("peers | wc -l", "^3$"));
	CHECK_INT(open_tunnel(), 0);
	CHECK_INT(tunnel.index, index);
	CHECK_INT(apply(), 0);
	CHECK_INT(report.count[TUNNEL_KEPT], 3);
	tunnel_close(&tunnel, true);
	CHECK(run("ip -n " SPACE " link show " DEVICE " >/dev/null 2>&1") != 0);
	CHECK(run("wg show " DEVICE " >/dev/null 2>&1") != 0);
}

static int take_port(void *arg)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)arg;
	return fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : fd;
}

TEST(a_port_in_use_is_told_as_such)
{
	int fd;

	CHECK_INT(start(), 0);
	CHECK_INT(open_tunnel(), 0);
	CHECK_INT(run("ip -n " SPACE " link set " DEVICE " up"), 0);
	fd = netns_call(space, take_port, NULL);
	CHECK(fd >= 0);
	want();
	CHECK_INT(apply(), -EADDRINUSE);
	CHECK_STR(tunnel.error, "UDP port 51900 is in use by another program");
	close(fd);
	CHECK_INT(apply(), 0);
}

TEST(an_interface_that_is_not_ours_is_left_alone)
{
	CHECK_INT(start(), 0);
	CHECK_INT(run("ip -n " SPACE " link set " DEVICE " alias other"), 0);
	CHECK_INT(open_tunnel(), -EEXIST);
	CHECK_STR(tunnel.error,
		  "an interface " DEVICE " exists and is not ours, since its alias is another: remove it there, or choose another name");
	CHECK_INT(run("wg show " DEVICE " >/dev/null"), 0);
	/* The other backend leaves it alone too, and by the same words. */
	CHECK_INT(tunnel_look(space, DEVICE, ALIAS, tunnel.error, sizeof(tunnel.error)), -EEXIST);
	CHECK(strstr(tunnel.error, "remove it there"));
	tunnel.error[0] = '\0';
	CHECK_INT(open_with(&tunnel_kernel), -EEXIST);
	CHECK(strstr(tunnel.error, "remove it there"));
	/* The alias is all that it goes by. */
	CHECK_INT(run("ip -n " SPACE " link set " DEVICE " alias '" ALIAS "'"), 0);
	CHECK_INT(open_tunnel(), 0);
}

/* ---- a program that takes its time ---- */

#define SOCKETS UAPI_DIR "/" DEVICE

static int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	(void)unlink(path);
	return fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 8) < 0 ? -1 : fd;
}

static _Noreturn void answer(int fd, const struct timespec *delay)
{
	char asked[8192];
	ssize_t n;

	while ((n = recv(fd, asked, sizeof(asked), 0)) > 1)
		if (!memcmp(asked + n - 2, "\n\n", 2) && (nanosleep(delay, NULL) < 0 || send(fd, "errno=0\n\n", 9, MSG_NOSIGNAL) < 0))
			break;
	_exit(0);
}

/* Whatever is asked, it is fine, delay_ms later; each connection has a process. */
static _Noreturn void serve(int listener, unsigned delay_ms)
{
	const struct timespec delay = { delay_ms / 1000, (long)(delay_ms % 1000) * 1000000 };
	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		if (!fork())
			answer(fd, &delay);
		close(fd);
	}
	_exit(1);
}

/* An interface of ours, and who serves its two sockets; whoever listened is gone, as with wireguard-go: what is left is a group of processes. */
static pid_t start_slow(unsigned delay_ms)
{
	bool created;
	pid_t group;

	stop();
	space = netns_open(SPACE, &created);
	if (space < 0 || run("ip -n " SPACE " tuntap add dev " DEVICE " mode tun && ip -n " SPACE " link set " DEVICE " alias '" ALIAS "'") != 0)
		return -1;
	(void)mkdir(UAPI_DIR, 0700);
	group = fork();
	if (!group) {
		int device = listen_at(SOCKETS UAPI_SOCKET_END), more = listen_at(SOCKETS UAPI_MORE_END);

		if (setpgid(0, 0) < 0 || device < 0 || more < 0)
			_exit(1);
		if (!fork())
			serve(device, delay_ms);
		if (!fork())
			serve(more, delay_ms);
		_exit(0);
	}
	return waitpid(group, NULL, 0) == group ? group : -1;
}

static void stop_slow(pid_t group)
{
	(void)kill(-group, SIGKILL);
	(void)unlink(SOCKETS UAPI_SOCKET_END);
	(void)unlink(SOCKETS UAPI_MORE_END);
}

/* All that a change does, from an interface that is not open. */
static int open_and_apply(void)
{
	int err = open_tunnel();

	if (err < 0)
		return err;
	want();
	loop.turn--; /* apply() begins one: it is to be the same */
	return apply();
}

TEST(one_turn_waits_for_a_slow_program_less_than_half_as_long_as_it_may_stand_still)
{
	/* What is faster fails later in the same turn: to be taken up it is asked thrice. */
	static const unsigned delays_ms[] = { 1500, 1200, 600, 10000 };

	CHECK_INT(start(), 0);
	CHECK_INT(open_tunnel(), 0);
	for (size_t i = 0; i < sizeof(delays_ms) / sizeof(delays_ms[0]); i++) {
		pid_t group = start_slow(delays_ms[i]);
		uint64_t began_ns = clock_now_ns(), took_ns;
		const char *words = delays_ms[i] < 2000 ? "answers too slowly" : "does not answer";
		bool told;
		int err;

		CHECK(group > 0);
		loop.turn++;
		err = open_and_apply();
		took_ns = clock_now_ns() - began_ns;
		told = strstr(tunnel.error, "the program behind " SOCKETS) && strstr(tunnel.error, words);
		printf("  FIGURE  %u ms an answer: given up after %.1f s: %s\n", delays_ms[i], (double)took_ns / 1e9, tunnel.error);
		stop_slow(group);
		CHECK_INT(err, -ETIMEDOUT);
		CHECK(told);
		CHECK(took_ns < PULSE_STANDS_S * NS_PER_S / 2);
		CHECK(!tunnel.silent);
	}
}

static bool interface_is_there(void)
{
	return run("ip -n " SPACE " link show " DEVICE " >/dev/null 2>&1") == 0;
}

TEST(a_program_that_answers_slowly_is_not_ended_however_often_it_is_opened)
{
	bool slow = true, was_there = true;
	pid_t group;

	CHECK_INT(start(), 0);
	CHECK_INT(open_tunnel(), 0);
	group = start_slow(1500);
	CHECK(group > 0);
	for (int i = 0; i < 3 && slow && was_there; i++) {
		loop.turn++;
		slow = open_tunnel() == -ETIMEDOUT && strstr(tunnel.error, "answers too slowly");
		was_there = interface_is_there();
	}
	stop_slow(group);
	CHECK(was_there);
	CHECK(slow);
}

TEST(a_program_that_is_silent_in_two_turns_is_ended_and_another_started_in_the_next)
{
	int first, same_turn, second;
	bool told, was_there;
	uint64_t began_ns;
	pid_t group;

	CHECK_INT(start(), 0);
	CHECK_INT(open_tunnel(), 0); /* it begins with none that was silent */
	group = start_slow(10000);
	CHECK(group > 0);
	loop.turn++;
	first = open_tunnel();
	told = !strcmp(tunnel.error, "cannot take up what runs: the program behind " SOCKETS UAPI_SOCKET_END " does not answer");
	/* Again, but with the rest of that turn's patience: that is no proof. */
	same_turn = open_tunnel();
	was_there = interface_is_there();
	loop.turn++;
	began_ns = clock_now_ns();
	second = open_tunnel();
	began_ns = clock_now_ns() - began_ns;
	stop_slow(group);
	CHECK_INT(first, -ETIMEDOUT);
	CHECK(told);
	CHECK_INT(same_turn, -ETIMEDOUT);
	CHECK(was_there);
	CHECK_INT(second, -ETIMEDOUT);
	CHECK_STR(tunnel.error, "cannot start WireGuard in user space yet: what carried it took too long to answer, or to end");
	CHECK(!interface_is_there());
	CHECK(began_ns < PULSE_STANDS_S * NS_PER_S / 2);
}
