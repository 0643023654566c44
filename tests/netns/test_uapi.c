/* The backend for a program behind a UAPI socket, with a program that is not ours: wireguard-go. Root; needs `ip` and `wg`. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/loop.h"
#include "netlink/netns.h"
#include "../unit/test.h"
#include "tunnel/apply.h"

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
