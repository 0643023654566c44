#include "gateway/attend.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/sockaddr.h"
#include "cluster/server.h"
#include "conf/hostname.h"
#include "gateway/exporter.h"
#include "netlink/netns.h"
#include "ntp/wanted.h"

enum {
	WAITING_MAX = 16,    /* clients that connect at once */
	LAST_WORDS_MS = 300, /* for what the log has said by the end */
	AGAIN_S = 5,         /* another program has the port */
};

/* ---- ports inside the VPN ---- */

struct listening {
	struct inet_endpoint at;
	int fd;
};

/* The interface may get its address later. */
static int listen_here(void *arg)
{
	struct listening *listening = arg;
	bool v6 = listening->at.addr.family == AF_INET6;
	union sockaddr_any addr;
	socklen_t len = sockaddr_from(&addr, &listening->at);
	int fd = socket(listening->at.addr.family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, err;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_FREEBIND : IP_FREEBIND, &one, sizeof(one)) == 0 &&
	    bind(fd, (const struct sockaddr *)&addr, len) == 0 && listen(fd, WAITING_MAX) == 0) {
		listening->fd = fd;
		return 0;
	}
	err = -errno;
	close(fd);
	return err;
}

static uint64_t number_of_netns(const struct path *path)
{
	struct stat st;

	return path->place.netns[0] && fstat(path->place.netns_fd, &st) == 0 ? st.st_ino : 0;
}

static void follow_ports(struct attend *attend);

/* What stands at a port of our VPN address. */
struct served {
	const char *what, *applet, *arg;
	bool wanted;
	uint16_t port;
};

static void again_fires(struct loop_timer *timer, uint64_t now_ns)
{
	(void)now_ns;
	follow_ports(container_of(timer, struct attend, again));
}

static void follow_port(struct attend *attend, struct attended *attended, const struct inet_addr *addr, const struct served *served)
{
	const struct path *path = attend->path;
	struct listening listening = { .at = { .addr = *addr, .port = served->port }, .fd = -1 };
	bool wanted = served->wanted && path->inner.tunnel.ops;
	int err;

	if (attended->beside.wanted && (!wanted || !inet_endpoint_equal(&attended->at, &listening.at) || attended->netns != number_of_netns(path) ||
					strcmp(attended->beside.arg, served->arg) != 0))
		beside_stop(&attended->beside);
	if (!wanted)
		attended->err = 0;
	if (!wanted || attended->beside.wanted)
		return;
	err = netns_call(path->place.netns_fd, listen_here, &listening);
	if (err < 0 && err != attended->err)
		log_err("%s: port %d: %s", served->what, served->port, strerror(-err));
	else if (!err && attended->err)
		log_info("over: %s", served->what);
	attended->err = err;
	if (err < 0) {
		loop_timer_set(attend->loop, &attend->again, clock_now_ns() + AGAIN_S * NS_PER_S, again_fires);
		return;
	}
	attended->at = listening.at;
	attended->netns = number_of_netns(path);
	beside_start(&attended->beside, attend->loop, served->applet, served->arg, listening.fd);
}

static void follow_ports(struct attend *attend)
{
	const struct path *path = attend->path;
	const struct conf_set *set = *attend->set;
	const struct env_conf *env = &set->env;
	char network[INET_PREFIX_STRLEN];
	const struct served metrics = { "the metrics are not served", EXPORTER_APPLET, attend->run_dir,
					set->clustered && env->metrics && !path->profile->dataplane, EXPORTER_PORT };
	const struct served cluster = { "no peer is answered", CLUSTER_APPLET, inet_prefix_text(&env->vpn_address, network),
					set->clustered && env_answers_peers(env, log_is_kernels()), env->cluster_port };

	follow_port(attend, &attend->exporter, &env->vpn_address.addr, &metrics);
	follow_port(attend, &attend->cluster, &env->vpn_address.addr, &cluster);
}

/* ---- the log ---- */

/* "HOST PORT NAME": what this instance is called there, RFC 5424's HOSTNAME; without a name its VPN address. */
static void write_server(const char *file, const struct conf_set *set)
{
	char text[ENV_HOST_LEN + ENV_HOSTNAME_LEN + 32], before[sizeof(text)], name[ENV_HOSTNAME_LEN];
	ssize_t n = file_read(AT_FDCWD, file, before, sizeof(before));
	int err;

	hostname_of(set, name);
	if (!name[0] && set->env.vpn_address.addr.family)
		(void)inet_addr_text(&set->env.vpn_address.addr, name);
	text_format(text, sizeof(text), "%s %u %s\n", set->env.syslog_host, set->env.syslog_port, name[0] ? name : "-");
	if (n > 0 && !strcmp(before, text))
		return;
	err = file_put(file, text, strlen(text));
	if (err < 0)
		log_err("the log goes to no server: %s: %s", file, strerror(-err));
}

/* The appliance's log is the kernel's buffer: PID 1 has one process for all of it, which reads this file. */
static void follow_syslog(struct attend *attend)
{
	const struct path *path = attend->path;
	const struct conf_set *set = *attend->set;
	char file[BESIDE_ARG_LEN];

	if (log_is_kernels() && path->profile->dataplane)
		return;
	text_format(file, sizeof(file), "%s/%s" SYSLOG_END, attend->run_dir, path->profile->name);
	if (!set->env.syslog_host[0]) {
		(void)unlink(file);
		return;
	}
	write_server(file, set);
	if (attend->log_fd >= 0)
		beside_start(&attend->syslog, attend->loop, SYSLOG_APPLET, file, attend->log_fd);
	attend->log_fd = -1;
}

/* ---- the time ---- */

/* The first of its allowed IPs is what an instance has in the VPN. */
static void write_peers(const struct conf_set *set, struct text *text)
{
	struct ntp_wanted wanted = { .peer_count = 0 };
	const struct vpn_conf *vpn = &set->vpn;
	char address[INET_ADDR_STRLEN];

	for (size_t i = 0; i < vpn->peer_count; i++)
		if ((int)i != vpn->own && vpn->peers[i].allowed_count)
			ntp_wanted_add_peer(&wanted, &vpn->allowed[vpn->peers[i].allowed_first].prefix.addr);
	for (size_t i = 0; i < wanted.peer_count; i++)
		text_add(text, "peer %s\n", inet_addr_text(&wanted.peers[i], address));
}

/* The process that keeps the time serves it where the tunnel is: the namespace by its number too, as a new one may have its name. */
static void follow_time(struct attend *attend)
{
	const struct path *path = attend->path;
	const struct conf_set *set = *attend->set;
	char bytes[NTP_FILE_MAX] = "", address[INET_PREFIX_STRLEN];
	struct text text;

	if (path->profile->dataplane)
		return;
	text_init(&text, bytes, sizeof(bytes));
	if (set->clustered && path->inner.tunnel.ops) {
		text_add(&text, "vpn %s\n", inet_prefix_text(&set->env.vpn_address, address));
		if (number_of_netns(path))
			text_add(&text, "netns %s %llu\n", path->place.netns, (unsigned long long)number_of_netns(path));
		write_peers(set, &text);
	}
	ntp_wanted_write(attend->run_dir, path->profile->name, bytes);
	attend->times = path->profile->name;
}

/* ---- all ---- */

/* What is said before a server is known waits in a pipe, which holds 64 KiB. */
void attend_open(struct attend *attend, struct loop *loop, const char *run_dir, const struct path *path, struct conf_set *const *set)
{
	int ends[2];

	*attend = (struct attend){ .run_dir = run_dir, .loop = loop, .path = path, .set = set, .log_fd = -1 };
	if (log_is_kernels() || pipe2(ends, O_CLOEXEC) < 0)
		return;
	log_copy(ends[1]);
	attend->log_fd = ends[0];
}

void attend_follow(struct attend *attend)
{
	follow_ports(attend);
	follow_syslog(attend);
	follow_time(attend);
}

void attend_close(struct attend *attend)
{
	if (attend->times)
		ntp_wanted_write(attend->run_dir, attend->times, "");
	loop_timer_clear(attend->loop, &attend->again);
	beside_stop(&attend->exporter.beside);
	beside_stop(&attend->cluster.beside);
	log_copy(-1);
	beside_finish(&attend->syslog, LAST_WORDS_MS);
	if (attend->log_fd >= 0)
		close(attend->log_fd);
	attend->log_fd = -1;
}
