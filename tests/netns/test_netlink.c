/* netlink/ against the running kernel and iproute2, in a network and mount namespace of its own. Needs root, the kind
 * dummy or ifb, and tun; skips (77) without namespaces. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit/test.h"
#include "base/clock.h"
#include "netlink/link.h"
#include "netlink/netns.h"

enum { OUTPUT_LEN = 262144, RACERS = 8, RACE_ROUNDS = 15, MANY_ADDRESSES = 1500, SKIP = 77 };

static char output[OUTPUT_LEN];
static const char *kind = "dummy"; /* some kernels have none; ifb is as good for us */
static struct nl here, there; /* of our namespace and of the named one, while a test has one */

__attribute__((constructor)) static void isolate(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", "/run", "tmpfs", 0, "mode=755") == 0 && nl_open(&here, NETLINK_ROUTE) == 0) {
		if (link_create(&here, "probe0", kind, -1) < 0)
			kind = "ifb";
		return;
	}
	perror("skipped: no namespaces of our own");
	_exit(SKIP);
}

/* Runs a shell command: its exit status, what it printed in output. */
static int run(const char *command)
{
	FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c): fixed words of this file */
	size_t len;

	output[0] = '\0';
	if (!pipe)
		return -1;
	len = fread(output, 1, sizeof(output) - 1, pipe);
	output[len] = '\0';
	return pclose(pipe);
}

static bool says(const char *words)
{
	return strstr(output, words) != NULL;
}

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static ino_t own_inode(void)
{
	int fd = netns_current();
	ino_t inode = inode_of(fd);

	close(fd);
	return inode;
}

static int entries(void)
{
	DIR *dir = opendir(NETNS_DIR);
	int count = 0;

	if (!dir)
		return 0;
	for (const struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	(void)closedir(dir);
	return count;
}

static int open_nl(void *arg)
{
	return nl_open(arg, NETLINK_ROUTE);
}

/* A namespace "t" with a link d0 in it: its fd, *link is d0. */
static int begin(struct link *link)
{
	bool created;
	int fd = netns_open("t", &created);

	memset(link, 0, sizeof(*link));
	if (fd < 0 || !created || netns_call(fd, open_nl, &there) < 0 || link_create(&here, "d0", kind, fd) < 0 ||
	    link_get(&there, "d0", link) < 0)
		return -1;
	return fd;
}

static int end(int fd)
{
	nl_close(&there);
	close(fd);
	return netns_remove("t");
}

static struct inet_prefix prefix(const char *text)
{
	struct inet_prefix p = { 0 };
	bool has_len;

	(void)inet_prefix_parse(slice_of(text), &p, &has_len);
	return p;
}

static struct inet_addr addr(const char *text)
{
	return prefix(text).addr;
}

TEST(netns_is_one_that_ip_knows)
{
	ino_t own = own_inode();
	bool created;
	int fd = netns_open("gateway", &created), again;

	CHECK(fd >= 0 && created);
	CHECK(own_inode() == own && inode_of(fd) != own);
	CHECK_INT(run("ip netns list"), 0);
	CHECK(says("gateway"));
	CHECK_INT(run("ip -n gateway link show lo"), 0);
	CHECK(says("LOOPBACK,UP"));
	again = netns_open("gateway", &created);
	CHECK(again >= 0 && !created);
	CHECK(inode_of(again) == inode_of(fd));
	close(again);
	close(fd);
	CHECK_INT(run("ip netns delete gateway 2>&1"), 0);
	CHECK_STR(output, "");
	CHECK_INT(entries(), 0);
}

TEST(netns_that_ip_made_is_opened_and_removed)
{
	bool created;
	int fd;

	CHECK_INT(run("ip netns add theirs 2>&1"), 0);
	fd = netns_open("theirs", &created);
	CHECK(fd >= 0 && !created);
	close(fd);
	CHECK_INT(netns_remove("theirs"), 0);
	CHECK_INT(netns_remove("theirs"), -ENOENT);
	CHECK_INT(entries(), 0);
	CHECK_INT(run("ip netns list"), 0);
	CHECK_STR(output, "");
}

/* Each racer says what it got: the inode, and whether it made it. */
struct finding {
	ino_t inode;
	bool created;
};

static struct finding race(const char *name)
{
	struct finding found;
	int fd = netns_open(name, &found.created);

	found.inode = fd < 0 ? 0 : inode_of(fd);
	close(fd);
	return found;
}

TEST(netns_opened_by_many_at_once_is_one)
{
	struct finding first = { 0 }, found;
	int pipe_fds[2], created = 0;

	CHECK_INT(pipe(pipe_fds), 0);
	for (int i = 0; i < RACERS; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			found = race("raced");
			_exit(write(pipe_fds[1], &found, sizeof(found)) != sizeof(found));
		}
	}
	for (int i = 0; i < RACERS; i++) {
		CHECK_INT(read(pipe_fds[0], &found, sizeof(found)), sizeof(found));
		if (!i)
			first = found;
		CHECK(found.inode && found.inode == first.inode);
		created += found.created;
	}
	while (wait(NULL) > 0)
		;
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	CHECK_INT(created, 1);
	CHECK_INT(run("grep -c netns/raced /proc/self/mountinfo"), 0);
	CHECK_STR(output, "1\n");
	CHECK_INT(netns_remove("raced"), 0);
	CHECK_INT(entries(), 0);
}

TEST(netns_raced_with_ip_is_one)
{
	for (int i = 0; i < RACE_ROUNDS; i++) {
		struct finding found, after;
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			int status = run("ip netns add raced 2>/dev/null");

			_exit(status < 0);
		}
		usleep((useconds_t)i * 500);
		found = race("raced");
		CHECK(waitpid(pid, NULL, 0) == pid);
		after = race("raced");
		CHECK(found.inode && found.inode == after.inode && !after.created);
		CHECK_INT(netns_remove("raced"), 0);
		CHECK_INT(entries(), 0);
	}
}

/* As a maker between its two steps leaves it, so many seconds ago. */
static bool half_make(const char *path, time_t age_s)
{
	struct timespec then;
	int fd = open(path, O_CREAT | O_RDONLY | O_CLOEXEC, 0600);
	bool made;

	(void)clock_gettime(CLOCK_REALTIME, &then);
	then.tv_sec -= age_s;
	made = fd >= 0 && futimens(fd, (const struct timespec[]){ then, then }) == 0;
	close(fd);
	return made;
}

static void any_moment(void)
{
}

/* A file can be stamped with a second that time(2) does not tell yet. */
static void turn_of_a_second(void)
{
	const uint64_t until = clock_now_ns() + 2 * NS_PER_S;
	struct timespec now;

	do
		(void)clock_gettime(CLOCK_REALTIME, &now);
	while (time(NULL) == now.tv_sec && clock_now_ns() < until);
}

static void a_slow_maker_is_waited_for(void (*moment)(void))
{
	int begun[2], fd;
	bool created;
	pid_t pid;

	CHECK_INT(mkdir(NETNS_DIR, 0755) < 0 && errno != EEXIST, 0);
	CHECK_INT(pipe(begun), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		if (read(begun[0], &created, 1) != 1)
			_exit(1);
		usleep(800000);
		_exit(unshare(CLONE_NEWNET) < 0 || mount("/proc/self/ns/net", NETNS_DIR "/slow", "none", MS_BIND, NULL) < 0);
	}
	moment();
	CHECK(half_make(NETNS_DIR "/slow", 0));
	CHECK_INT(write(begun[1], "", 1), 1);
	fd = netns_open("slow", &created);
	CHECK(fd >= 0 && !created);
	close(fd), close(begun[0]), close(begun[1]);
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK_INT(netns_remove("slow"), 0);
	CHECK_INT(entries(), 0);
}

TEST(netns_of_a_maker_that_is_slow_is_waited_for)
{
	a_slow_maker_is_waited_for(any_moment);
}

TEST(netns_made_at_the_turn_of_a_second_is_waited_for)
{
	a_slow_maker_is_waited_for(turn_of_a_second);
}

TEST(netns_left_half_made_is_mended)
{
	bool created;
	int fd;

	CHECK(half_make(NETNS_DIR "/stale", 5));
	fd = netns_open("stale", &created);
	CHECK(fd >= 0 && created);
	close(fd);
	CHECK_INT(run("ip netns exec stale true 2>&1"), 0);
	CHECK_INT(netns_remove("stale"), 0);
	CHECK_INT(entries(), 0);
}

TEST(netns_that_fails_leaves_the_thread_where_it_was)
{
	ino_t own = own_inode();
	bool created;

	/* Found out only when the namespace is mounted, and the thread is in the new one. */
	CHECK_INT(mkdir(NETNS_DIR "/blocked", 0700), 0);
	CHECK_INT(netns_open("blocked", &created), -ENOTDIR);
	CHECK(!created && own_inode() == own);
	CHECK_INT(rmdir(NETNS_DIR "/blocked"), 0);
}

static int inode_matches(void *arg)
{
	return own_inode() == *(ino_t *)arg ? 23 : -1;
}

TEST(netns_call_goes_there_and_back)
{
	ino_t own = own_inode(), inode;
	bool created;
	int fd = netns_open("t", &created), null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0 && null >= 0);
	inode = inode_of(fd);
	CHECK_INT(netns_call(fd, inode_matches, &inode), 23);
	CHECK(own_inode() == own);
	CHECK_INT(netns_call(-1, inode_matches, &own), 23);
	CHECK_INT(netns_call(null, inode_matches, &own), -EINVAL);
	CHECK(own_inode() == own);
	close(null);
	close(fd);
	CHECK_INT(netns_remove("t"), 0);
}

TEST(link_is_made_in_another_namespace)
{
	struct link link, other;
	int fd = begin(&link);

	CHECK(fd >= 0);
	CHECK_STR(link.name, "d0");
	CHECK_STR(link.kind, kind);
	CHECK(link.has_mac && !link.up && link.mtu_bytes == 1500);
	CHECK_INT(link_get(&here, "d0", &other), -ENODEV);
	CHECK_INT(run("ip -n t -j link show d0"), 0);
	CHECK(says("\"ifname\":\"d0\""));
	CHECK_INT(link_create(&here, "d0", kind, fd), -EEXIST);
	CHECK_INT(link_create(&there, "d0", kind, -1), -EEXIST);
	CHECK_INT(link_create(&here, "x0", "nosuchkind", fd), -EOPNOTSUPP);
	CHECK_STR(here.error, "Unknown device type");
	CHECK_INT(end(fd), 0);
	CHECK_INT(entries(), 0);
}

TEST(link_changes_and_goes)
{
	struct link link;
	int fd = begin(&link);

	CHECK(fd >= 0);
	CHECK_INT(link_set_mtu(&there, link.index, 1380), 0);
	CHECK_INT(link_set_up(&there, link.index, true), 0);
	CHECK_INT(link_get_index(&there, link.index, &link), 0);
	CHECK(link.up && link.carrier && link.mtu_bytes == 1380);
	CHECK_INT(run("ip -n t -j link show d0"), 0);
	CHECK(says("\"mtu\":1380") && says("\"UP\""));
	CHECK_INT(link_set_up(&there, link.index, false), 0);
	CHECK_INT(link_get_index(&there, link.index, &link), 0);
	CHECK(!link.up);
	CHECK_INT(link_delete(&there, link.index), 0);
	CHECK_INT(link_delete(&there, link.index), -ENODEV);
	CHECK_INT(link_set_up(&there, link.index, true), -ENODEV);
	CHECK_INT(link_get(&there, "d0", &link), -ENODEV);
	CHECK_INT(link_create(&there, "d1", kind, -1), 0);
	CHECK_INT(link_delete_name(&there, "d1"), 0);
	CHECK_INT(link_delete_name(&there, "d1"), -ENODEV);
	CHECK_INT(link_delete_name(&there, ""), -ENODEV);
	CHECK_INT(end(fd), 0);
}

TEST(link_of_kind_tun_is_told_by_its_kind)
{
	struct link link;
	int fd = begin(&link);

	CHECK(fd >= 0);
	CHECK_INT(run("ip -n t tuntap add mode tun name tun0 2>&1"), 0);
	CHECK_INT(link_get(&there, "tun0", &link), 0);
	CHECK_STR(link.kind, "tun");
	CHECK(!link.has_mac);
	CHECK_INT(link_set_mtu(&there, link.index, 70000), -EINVAL);
	CHECK_STR(there.error, "mtu greater than device maximum");
	CHECK_INT(link_set_mtu(&there, link.index, 1420), 0);
	CHECK_STR(there.error, "");
	CHECK_INT(end(fd), 0);
}

struct addresses {
	struct link_address rows[8];
	size_t count;
};

static void take_address(const struct link_address *address, void *arg)
{
	struct addresses *all = arg;

	if (all->count < sizeof(all->rows) / sizeof(*all->rows))
		all->rows[all->count] = *address;
	all->count++;
}

/* index 0 when it is not among them */
static struct link_address find_address(const struct addresses *all, const struct inet_prefix *wanted)
{
	for (size_t i = 0; i < all->count; i++)
		if (inet_prefix_equal(&all->rows[i].prefix, wanted))
			return all->rows[i];
	return (struct link_address){ .index = 0 };
}

TEST(addresses_of_both_families_are_added_listed_and_removed)
{
	static const char *const texts[] = { "10.1.2.3/24", "10.1.2.4/32", "fd00::1/64" };
	struct link link;
	int fd = begin(&link);
	struct inet_prefix p;

	CHECK(fd >= 0);
	CHECK_INT(link_set_up(&there, link.index, true), 0);
	for (size_t i = 0; i < 3; i++) {
		p = prefix(texts[i]);
		CHECK_INT(link_address_add(&there, link.index, &p), 0);
		CHECK_INT(link_address_add(&there, link.index, &p), -EEXIST);
	}
	CHECK_INT(run("ip -n t -j addr show d0"), 0);
	CHECK(says("\"local\":\"10.1.2.3\",\"prefixlen\":24") && says("\"local\":\"fd00::1\",\"prefixlen\":64"));
	CHECK(says("\"nodad\":true") && !says("tentative\":true,\"local\":\"fd00"));
	for (size_t i = 0; i < 3; i++) {
		struct addresses all = { .count = 0 };
		struct link_address found;

		p = prefix(texts[i]);
		CHECK_INT(link_address_each(&there, link.index, take_address, &all), 0);
		found = find_address(&all, &p);
		CHECK(found.index == link.index && found.scope == RT_SCOPE_UNIVERSE);
		CHECK(!(found.flags & IFA_F_TENTATIVE));
		CHECK_INT(link_address_remove(&there, link.index, &p), 0);
		CHECK_INT(link_address_remove(&there, link.index, &p), -EADDRNOTAVAIL);
		all.count = 0;
		CHECK_INT(link_address_each(&there, 0, take_address, &all), 0);
		CHECK(!find_address(&all, &p).index);
	}
	CHECK_INT(end(fd), 0);
}

TEST(addresses_are_those_of_the_link_asked_for)
{
	struct addresses all = { .count = 0 };
	struct inet_prefix p = prefix("10.1.2.3/24"), loopback = prefix("127.0.0.1/8");
	struct link link;
	int fd = begin(&link);

	CHECK(fd >= 0);
	CHECK_INT(link_address_add(&there, link.index, &p), 0);
	CHECK_INT(link_address_each(&there, 1, take_address, &all), 0);
	CHECK(find_address(&all, &loopback).index == 1 && !find_address(&all, &p).index);
	CHECK_INT(find_address(&all, &loopback).scope, RT_SCOPE_HOST);
	CHECK_INT(link_address_each(&there, 4711, take_address, &all), -ENODEV);
	CHECK_INT(end(fd), 0);
}

static void count_address(const struct link_address *address, void *arg)
{
	(void)address;
	++*(int *)arg;
}

TEST(dump_of_many_datagrams_is_whole)
{
	int count = 0;
	struct link link;
	int fd = begin(&link);

	CHECK(fd >= 0);
	for (int i = 0; i < MANY_ADDRESSES; i++) {
		struct inet_prefix p = prefix("10.0.0.0/32");

		p.addr.bytes[2] = (uint8_t)(i >> 8);
		p.addr.bytes[3] = (uint8_t)i;
		CHECK_INT(link_address_add(&there, link.index, &p), 0);
	}
	CHECK_INT(link_address_each(&there, link.index, count_address, &count), 0);
	CHECK_INT(count, MANY_ADDRESSES);
	CHECK_INT(end(fd), 0);
}

struct routes {
	struct link_route rows[16];
	size_t count;
};

static void take_route(const struct link_route *route, void *arg)
{
	struct routes *all = arg;

	if (all->count < sizeof(all->rows) / sizeof(*all->rows))
		all->rows[all->count++] = *route;
}

static const struct link_route *find_route(const char *text)
{
	static struct routes all;
	struct inet_prefix wanted = prefix(text);

	all.count = 0;
	if (link_route_each(&there, take_route, &all) < 0)
		return NULL;
	for (size_t i = 0; i < all.count; i++)
		if (inet_prefix_equal(&all.rows[i].destination, &wanted))
			return &all.rows[i];
	return NULL;
}

static int begin_routed(struct link *link)
{
	struct inet_prefix v4 = prefix("10.1.2.3/24"), v6 = prefix("fd00::1/64");
	int fd = begin(link);

	if (fd < 0 || link_set_up(&there, link->index, true) < 0 || link_address_add(&there, link->index, &v4) < 0 ||
	    link_address_add(&there, link->index, &v6) < 0)
		return -1;
	return fd;
}

TEST(routes_are_added_listed_and_removed)
{
	static const struct {
		const char *destination, *gateway, *ip;
		uint32_t metric, mtu_bytes;
	} rows[] = {
		{ "0.0.0.0/0", "10.1.2.1", "default via 10.1.2.1 dev d0 proto static metric 77", 77, 0 },
		{ "192.0.2.0/24", NULL, "192.0.2.0/24 dev d0 proto static scope link", 0, 0 },
		{ "198.51.100.7/32", "10.1.2.1", "198.51.100.7 via 10.1.2.1 dev d0 proto static mtu 1300", 0, 1300 },
		{ "203.0.113.0/24", "fd00::9", "203.0.113.0/24 via inet6 fd00::9 dev d0", 0, 0 },
		{ "::/0", "fd00::9", "default via fd00::9 dev d0 proto static metric 77", 77, 0 },
		{ "2001:db8::/32", NULL, "2001:db8::/32 dev d0 proto static metric 5 mtu 1280", 5, 1280 },
	};
	struct link link;
	int fd = begin_routed(&link);

	CHECK(fd >= 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct link_route route = {
			.destination = prefix(rows[i].destination),
			.gateway = rows[i].gateway ? addr(rows[i].gateway) : (struct inet_addr){ 0 },
			.index = link.index,
			.protocol = RTPROT_STATIC,
			.metric = rows[i].metric,
			.mtu_bytes = rows[i].mtu_bytes,
		};
		const struct link_route *found;

		CHECK_INT(link_route_put(&there, &route), 0);
		CHECK_INT(run("ip -n t -4 route; ip -n t -6 route"), 0);
		CHECK(says(rows[i].ip));
		found = find_route(rows[i].destination);
		CHECK(found);
		CHECK(inet_addr_equal(&found->gateway, &route.gateway));
		CHECK_INT(found->index, link.index);
		CHECK_INT(found->protocol, RTPROT_STATIC);
		CHECK_INT(found->type, RTN_UNICAST);
		CHECK_INT(found->metric, rows[i].metric);
		CHECK_INT(found->mtu_bytes, rows[i].mtu_bytes);
		CHECK_INT(link_route_remove(&there, &route), 0);
		CHECK_INT(link_route_remove(&there, &route), -ESRCH);
		CHECK(!find_route(rows[i].destination));
	}
	CHECK_INT(end(fd), 0);
}

TEST(route_takes_a_destination_with_host_bits)
{
	struct link link;
	int fd = begin_routed(&link);
	struct link_route route = { .destination = prefix("192.0.2.77/24"), .protocol = RTPROT_STATIC };

	CHECK(fd >= 0);
	route.index = link.index;
	CHECK_INT(link_route_put(&there, &route), 0);
	CHECK(find_route("192.0.2.0/24"));
	CHECK_INT(link_route_remove(&there, &route), 0);
	CHECK_INT(end(fd), 0);
}

TEST(routes_of_other_tables_types_and_tos_are_left_out)
{
	struct link link;
	int fd = begin_routed(&link);

	CHECK(fd >= 0);
	CHECK_INT(run("ip -n t route add 192.0.2.0/24 dev d0 table 1000 2>&1"), 0);
	CHECK_INT(run("ip -n t route add blackhole 198.51.100.0/24 2>&1"), 0);
	CHECK_INT(run("ip -n t route add 203.0.113.0/24 tos 0x10 dev d0 2>&1"), 0);
	CHECK(!find_route("192.0.2.0/24") && !find_route("198.51.100.0/24") && !find_route("203.0.113.0/24"));
	CHECK(find_route("10.1.2.0/24") && find_route("fd00::/64"));
	CHECK(!find_route("10.1.2.3/32") && !find_route("ff00::/8"));
	CHECK_INT(end(fd), 0);
}

static int count_hops(const char *text, const char *gateway)
{
	struct routes all = { .count = 0 };
	struct inet_prefix wanted = prefix(text);
	struct inet_addr via = addr(gateway);
	int count = 0;

	if (link_route_each(&there, take_route, &all) < 0)
		return -1;
	for (size_t i = 0; i < all.count; i++)
		count += inet_prefix_equal(&all.rows[i].destination, &wanted) &&
			 inet_addr_equal(&all.rows[i].gateway, &via);
	return count;
}

TEST(default_route_of_several_next_hops_is_listed_per_hop)
{
	struct link link;
	int fd = begin_routed(&link);

	CHECK(fd >= 0);
	CHECK_INT(run("ip -n t route add default nexthop via 10.1.2.1 dev d0 nexthop via 10.1.2.2 dev d0 2>&1 &&"
		      "ip -n t route add default nexthop via fd00::8 dev d0 nexthop via fd00::9 dev d0 2>&1"), 0);
	CHECK_INT(count_hops("0.0.0.0/0", "10.1.2.1"), 1);
	CHECK_INT(count_hops("0.0.0.0/0", "10.1.2.2"), 1);
	CHECK_INT(count_hops("::/0", "fd00::8"), 1);
	CHECK_INT(count_hops("::/0", "fd00::9"), 1);
	CHECK_INT(end(fd), 0);
}

static struct inet_flow flow_to(const char *text)
{
	return (struct inet_flow){ .remote.addr = addr(text) };
}

TEST(route_get_tells_the_kernels_choice)
{
	static const struct {
		const char *to, *gateway, *source;
		uint32_t mtu_bytes;
		uint8_t type;
	} rows[] = {
		{ "10.1.2.9", NULL, "10.1.2.3", 0, RTN_UNICAST },
		{ "192.0.2.1", "10.1.2.1", "10.1.2.3", 1300, RTN_UNICAST },
		{ "192.0.2.129", "10.1.2.1", "10.1.2.99", 0, RTN_UNICAST },
		{ "2001:db8::1", "fd00::9", "fd00::1", 1290, RTN_UNICAST },
		{ "fd00::77", NULL, "fd00::1", 0, RTN_UNICAST },
		{ "10.1.2.3", NULL, "10.1.2.3", 0, RTN_LOCAL },
	};
	struct routes match;
	struct link_route route;
	struct inet_flow to;
	struct link link;
	int fd = begin_routed(&link);

	CHECK(fd >= 0);
	CHECK_INT(run("ip -n t address add 10.1.2.99/24 dev d0 2>&1 &&"
		      "ip -n t route add 192.0.2.0/25 via 10.1.2.1 mtu 1300 2>&1 &&"
		      "ip -n t route add 192.0.2.128/25 via 10.1.2.1 src 10.1.2.99 2>&1 &&"
		      "ip -n t route add 2001:db8::/32 via fd00::9 mtu 1290 2>&1 &&"
		      "ip -n t route add unreachable 198.51.100.0/24 2>&1 &&"
		      "ip -n t route add unreachable 2001:db9::/32 2>&1"), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct inet_addr gateway = rows[i].gateway ? addr(rows[i].gateway) : (struct inet_addr){ 0 };
		struct inet_addr source = addr(rows[i].source);

		to = flow_to(rows[i].to);
		CHECK_INT(link_route_get(&there, &to, &route), 0);
		CHECK(inet_addr_equal(&route.gateway, &gateway));
		CHECK(inet_addr_equal(&route.source, &source));
		CHECK_INT(route.index, rows[i].type == RTN_LOCAL ? 1 : link.index);
		CHECK_INT(route.type, rows[i].type);
		match.count = 0;
		CHECK_INT(link_route_match(&there, &to, take_route, &match), 0);
		CHECK_INT(match.count, 1);
		CHECK(inet_addr_equal(&match.rows[0].gateway, &gateway));
		CHECK_INT(match.rows[0].mtu_bytes, rows[i].mtu_bytes);
	}
	to = flow_to("192.0.2.1"); /* from an address of ours */
	to.local = addr("10.1.2.99");
	CHECK_INT(link_route_get(&there, &to, &route), 0);
	to.local = addr("10.1.2.98"); /* from one that is not */
	CHECK(link_route_get(&there, &to, &route) < 0);
	to = flow_to("fe80::5");
	to.remote.scope_id = link.index;
	CHECK_INT(link_route_get(&there, &to, &route), 0);
	CHECK_INT(route.index, link.index);
	to = flow_to("203.0.113.1");
	CHECK_INT(link_route_get(&there, &to, &route), -ENETUNREACH);
	CHECK_INT(link_route_match(&there, &to, take_route, &match), -ENETUNREACH);
	to = flow_to("2001:dba::1");
	CHECK_INT(link_route_get(&there, &to, &route), -ENETUNREACH);
	CHECK(link_route_match(&there, &to, take_route, &match) < 0);
	to = flow_to("198.51.100.1");
	CHECK_INT(link_route_get(&there, &to, &route), -EHOSTUNREACH);
	to = flow_to("2001:db9::1");
	CHECK_INT(link_route_get(&there, &to, &route), -EHOSTUNREACH);
	CHECK_INT(end(fd), 0);
}

TEST(route_match_tells_each_next_hop)
{
	struct routes match = { .count = 0 };
	struct link_route route;
	struct inet_flow to = flow_to("203.0.113.1");
	struct link link;
	int fd = begin_routed(&link);

	CHECK(fd >= 0);
	CHECK_INT(run("ip -n t route add default mtu 1400 nexthop via 10.1.2.1 dev d0 nexthop via 10.1.2.2 dev d0 2>&1"), 0);
	CHECK_INT(link_route_get(&there, &to, &route), 0);
	CHECK_INT(route.index, link.index);
	CHECK_INT(link_route_match(&there, &to, take_route, &match), 0);
	CHECK_INT(match.count, 2);
	CHECK_INT(match.rows[0].mtu_bytes, 1400);
	CHECK(!inet_addr_equal(&match.rows[0].gateway, &match.rows[1].gateway));
	CHECK_INT(end(fd), 0);
}

/* What a router advertised for the link, as the kernel keeps it. */
TEST(link_tells_its_ipv6_mtu)
{
	struct link link;
	int fd = begin_routed(&link);

	CHECK(fd >= 0);
	CHECK_INT(link_get(&there, link.name, &link), 0);
	CHECK_INT(link.mtu6_bytes, link.mtu_bytes);
	CHECK_INT(run("ip netns exec t sh -c 'echo 1380 > /proc/sys/net/ipv6/conf/d0/mtu' 2>&1"), 0);
	CHECK_INT(link_get(&there, link.name, &link), 0);
	CHECK_INT(link.mtu6_bytes, 1380);
	CHECK_INT(run("ip netns exec t sh -c 'echo 1 > /proc/sys/net/ipv6/conf/d0/disable_ipv6' 2>&1"), 0);
	CHECK_INT(link_set_mtu(&there, link.index, 1000), 0);
	CHECK_INT(link_get(&there, link.name, &link), 0);
	CHECK_INT(link.mtu6_bytes, 0);
	CHECK_INT(end(fd), 0);
}

static int open_monitor(void *arg)
{
	(void)arg;
	return nl_monitor_open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE);
}

/* How many messages of each type were about the link. */
struct seen {
	uint32_t index;
	int links, addresses, routes;
};

static void see_route(const struct link_route *route, void *arg)
{
	struct seen *seen = arg;

	seen->routes += route->index == seen->index;
}

static int see(const struct nlmsghdr *message, void *arg)
{
	struct seen *seen = arg;
	struct link_address address;
	struct link link;
	uint32_t index;

	if (!link_read(message, &link))
		seen->links += link.index == seen->index;
	if (!link_address_read(message, &address))
		seen->addresses += address.index == seen->index;
	(void)link_route_read(message, see_route, seen);
	return link_message_index(message, &index) && index != seen->index ? -E2BIG : 0;
}

TEST(monitor_sees_changes)
{
	struct inet_prefix p = prefix("10.1.2.3/24");
	struct seen seen = { 0 };
	struct link link;
	int fd = begin(&link), monitor;

	CHECK(fd >= 0);
	seen.index = link.index;
	monitor = netns_call(fd, open_monitor, NULL);
	CHECK(monitor >= 0);
	CHECK_INT(nl_monitor_read(monitor, see, &seen), 0);
	CHECK_INT(seen.links, 0);
	CHECK_INT(link_set_up(&there, link.index, true), 0);
	CHECK_INT(link_address_add(&there, link.index, &p), 0);
	CHECK_INT(nl_monitor_read(monitor, see, &seen), 0);
	CHECK(seen.links > 0 && seen.addresses > 0 && seen.routes > 0);
	seen.links = 0;
	CHECK_INT(link_delete(&there, link.index), 0);
	CHECK_INT(nl_monitor_read(monitor, see, &seen), 0);
	CHECK(seen.links > 0);
	close(monitor);
	CHECK_INT(end(fd), 0);
}

TEST(monitor_that_overflows_says_so_and_goes_on)
{
	struct seen seen = { 0 };
	int small = 1;
	struct link link;
	int fd = begin(&link), monitor;

	CHECK(fd >= 0);
	seen.index = link.index;
	monitor = netns_call(fd, open_monitor, NULL);
	CHECK(monitor >= 0);
	CHECK_INT(setsockopt(monitor, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (uint32_t i = 0; i < 50; i++)
		CHECK_INT(link_set_mtu(&there, link.index, 1000 + i), 0);
	CHECK_INT(nl_monitor_read(monitor, see, &seen), -ENOBUFS);
	seen.links = 0;
	CHECK_INT(link_set_mtu(&there, link.index, 900), 0);
	CHECK_INT(nl_monitor_read(monitor, see, &seen), 0);
	CHECK(seen.links > 0);
	close(monitor);
	CHECK_INT(end(fd), 0);
}

static void count_link(const struct link *link, void *arg)
{
	(void)link;
	++*(int *)arg;
}

TEST(dump_under_changes_is_whole_and_told_once_or_eintr)
{
	struct link link;
	int fd = begin(&link), stop[2], interrupted = 0, still = 0, err;
	pid_t pid;

	CHECK(fd >= 0);
	CHECK_INT(pipe2(stop, O_NONBLOCK), 0);
	for (int i = 0; i < 60; i++) {
		char name[IFNAMSIZ];

		(void)snprintf(name, sizeof(name), "many%d", i);
		CHECK_INT(link_create(&there, name, kind, -1), 0);
	}
	CHECK_INT(link_each(&there, count_link, &still), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		char byte;

		/* A socket of its own: answers on a shared one would go to either process. */
		if (netns_call(fd, open_nl, &here) < 0)
			_exit(1);
		while (read(stop[0], &byte, 1) < 0 && !link_create(&here, "flap0", kind, -1) &&
		       !link_get(&here, "flap0", &link) && !link_delete(&here, link.index))
			;
		_exit(0);
	}
	for (int i = 0; i < 300; i++) {
		int links = 0;

		err = link_each(&there, count_link, &links);
		CHECK(err == -EINTR || (!err && (links == still || links == still + 1)));
		interrupted += err == -EINTR;
	}
	CHECK_INT(write(stop[1], "x", 1), 1);
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(interrupted < 300);
	close(stop[0]);
	close(stop[1]);
	CHECK_INT(end(fd), 0);
	CHECK_INT(entries(), 0);
}
