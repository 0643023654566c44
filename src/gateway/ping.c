#include "gateway/ping.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/container_of.h"
#include "base/sockaddr.h"
#include "base/sum.h"
#include "crypto/random.h"
#include "base/text.h"
#include "netlink/netns.h"

/* RFC 792: type, code, checksum, identifier, sequence number; then our data: 8 bytes of send time, padding. */
enum {
	ECHO_TYPE = 0,
	ECHO_SUM = 2,
	ECHO_ID = 4,
	ECHO_SEQ = 6,
	ECHO_DATA = 8,
	ECHO_MIN = ECHO_DATA + sizeof(uint64_t),
	ECHO_MAX = ECHO_DATA + PING_DATA_MAX,
	WAIT_AFTER_LAST_MS = 1000,
	PROBE_ID = 0,
	ASKED_S = 10,
	RAW_ICMP_FILTER = 1, /* ICMP_FILTER of linux/icmp.h, which goes with no libc's netinet/ */
};

/* The socket is another job's too. IPv6 fragments at the sender alone, and then not either. */
static void set_df(int fd, bool v4, bool df)
{
	const int v4_how = df ? IP_PMTUDISC_DO : IP_PMTUDISC_WANT, v6_how = df ? IPV6_PMTUDISC_DO : IPV6_PMTUDISC_WANT;
	const int dont = df;

	if (v4) {
		(void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4_how, sizeof(v4_how));
		return;
	}
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6_how, sizeof(v6_how));
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_DONTFRAG, &dont, sizeof(dont));
}

/* len: of the ICMP message. */
static int send_echo(int fd, const struct inet_addr *target, uint16_t id, uint16_t seq, size_t len, bool df)
{
	const struct inet_endpoint endpoint = { .addr = *target };
	union sockaddr_any to;
	socklen_t to_len = sockaddr_from(&to, &endpoint);
	bool v4 = target->family == AF_INET;
	uint8_t packet[ECHO_MAX] = { 0 };
	uint64_t now_ns = clock_now_ns();
	ssize_t n;

	packet[ECHO_TYPE] = v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	store_be16(packet + ECHO_ID, id);
	store_be16(packet + ECHO_SEQ, seq);
	memcpy(packet + ECHO_DATA, &now_ns, sizeof(now_ns));
	set_df(fd, v4, df);
	/* RFC 3542 3.1: the kernel fills in the checksum of a raw ICMPv6 socket. */
	if (v4)
		sum_put(packet + ECHO_SUM, sum_bytes(0, packet, len));
	n = sendto(fd, packet, len, MSG_DONTWAIT, &to.any, to_len);
	return n < 0 ? -errno : 0;
}

static const char *words_of(int err)
{
	switch (-err) {
	case ENOKEY:
		return "no peer has this address in its AllowedIPs";
	case EDESTADDRREQ:
		return "the peer with this address has no endpoint (yet)";
	case ENETUNREACH:
		return "no route: the address is not in the VPN network, or the path is down";
	case EHOSTUNREACH:
		return "the host cannot be reached: no one on the link answers for it, or a router says so";
	case EMSGSIZE:
		return "longer than the MTU of the way: smaller with -s, or without -D";
	default:
		return strerror(-err);
	}
}

/* ---- the sockets ---- */

/* They hear echo replies alone: what others ask of us is the kernel's to answer. */
static int open_v4(void *arg)
{
	const uint32_t blocked = ~(UINT32_C(1) << ICMP_ECHOREPLY); /* struct icmp_filter */
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);

	(void)arg;
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_RAW, RAW_ICMP_FILTER, &blocked, sizeof(blocked));
	return fd;
}

static int open_v6(void *arg)
{
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	struct icmp6_filter replies;

	(void)arg;
	if (fd < 0)
		return -errno;
	/* RFC 3542 3.2: a bit that is set blocks. musl's macros for it do not pass -Wconversion. */
	memset(&replies, 0xff, sizeof(replies));
	replies.icmp6_filt[ICMP6_ECHO_REPLY >> 5] &= ~(UINT32_C(1) << (ICMP6_ECHO_REPLY & 31));
	(void)setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &replies, sizeof(replies));
	return fd;
}

static void v4_ready(struct loop_source *source, uint32_t events, uint64_t now_ns);
static void v6_ready(struct loop_source *source, uint32_t events, uint64_t now_ns);

static int open_socket(const struct pinger *pinger, uint8_t family)
{
	return netns_call(pinger->netns_fd, family == AF_INET ? open_v4 : open_v6, NULL);
}

/* The socket for a job's target, which others may use already. */
static int listen_for(struct pinger *pinger, uint8_t family)
{
	struct loop_source *source = family == AF_INET ? &pinger->v4 : &pinger->v6;

	if (source->fd >= 0)
		return 0;
	return loop_take(pinger->loop, source, open_socket(pinger, family), family == AF_INET ? v4_ready : v6_ready);
}

static void close_unused(struct pinger *pinger)
{
	struct loop_source *const sources[] = { &pinger->v4, &pinger->v6 };

	for (size_t i = 0; i < PING_JOBS_MAX; i++)
		if (pinger->jobs[i].pinger)
			return;
	if (pinger->answered)
		return;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		loop_give_back(pinger->loop, sources[i]);
}

/* ---- jobs ---- */

static void finish(struct ping_job *job)
{
	struct control_call *call = job->call;
	struct pinger *pinger = job->pinger;

	loop_timer_clear(job->pinger->loop, &job->timer);
	if (job->sent_error[0] && !job->received)
		control_print(call, CONTROL_ERR, "%s\n", job->sent_error);
	control_print(call, CONTROL_OUT, "%" PRIu64 " sent, %" PRIu64 " received, %" PRIu64 " lost", job->sent,
		      job->received, job->sent - job->received);
	if (job->received)
		control_print(call, CONTROL_OUT, ", min/avg/max %.3f/%.3f/%.3f ms", (double)job->min_ns / 1e6,
			      (double)job->sum_ns / (double)job->received / 1e6, (double)job->max_ns / 1e6);
	control_print(call, CONTROL_OUT, "\n");
	job->pinger = NULL;
	close_unused(pinger);
	control_end(call, job->received ? 0 : 1);
}

static void timer_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct ping_job *job = container_of(timer, struct ping_job, timer);
	uint64_t next_ns;
	int err;

	if (job->sent == job->count) {
		finish(job);
		return;
	}
	err = send_echo(job->target.family == AF_INET ? job->pinger->v4.fd : job->pinger->v6.fd, &job->target, job->id, (uint16_t)job->sent,
			ECHO_DATA + job->data_len, job->df);
	if (err < 0)
		text_format(job->sent_error, sizeof(job->sent_error), "%s", words_of(err));
	job->sent++;
	/* From when it was due and not from now, so that the rate holds. */
	next_ns = job->timer.due_ns + job->interval_ns;
	if (job->sent == job->count)
		next_ns = now_ns + WAIT_AFTER_LAST_MS * NS_PER_MS;
	loop_timer_set(job->pinger->loop, &job->timer, next_ns, timer_fires);
}

static void heard(struct pinger *pinger, const struct inet_addr *from, const uint8_t *echo, int ttl, uint64_t now_ns)
{
	uint16_t id = load_be16(echo + ECHO_ID);
	uint64_t sent_ns, rtt_ns;

	memcpy(&sent_ns, echo + ECHO_DATA, sizeof(sent_ns));
	for (size_t i = 0; i < PING_JOBS_MAX; i++) {
		struct ping_job *job = &pinger->jobs[i];

		if (!job->pinger || job->id != id || !inet_addr_equal(&job->target, from) || sent_ns > now_ns ||
		    job->received == job->sent)
			continue;
		rtt_ns = now_ns - sent_ns;
		job->min_ns = !job->received || rtt_ns < job->min_ns ? rtt_ns : job->min_ns;
		job->max_ns = rtt_ns > job->max_ns ? rtt_ns : job->max_ns;
		job->sum_ns += rtt_ns;
		job->received++;
		if (!job->quiet) {
			char text[INET_ADDR_STRLEN];

			control_print(job->call, CONTROL_OUT, "%d bytes from %s: seq=%u ttl=%d time=%.3f ms\n",
				      (int)(ECHO_DATA + job->data_len), inet_addr_text(from, text), load_be16(echo + ECHO_SEQ), ttl,
				      (double)rtt_ns / 1e6);
		}
		if (job->received == job->count)
			finish(job);
		return;
	}
	if (pinger->answered && id == pinger->asked_id)
		pinger->answered(pinger, from, now_ns);
}

static void v4_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct pinger *pinger = container_of(source, struct pinger, v4);
	struct inet_addr from = { .family = AF_INET };
	uint8_t packet[256];
	struct iphdr ip;
	ssize_t n;

	(void)events;
	/* What was heard may have been the last that a job waited for: then the socket is closed. */
	while (source->fd >= 0 && (n = recv(source->fd, packet, sizeof(packet), MSG_DONTWAIT)) >= 0) {
		size_t header_len;

		if ((size_t)n < sizeof(ip))
			continue;
		memcpy(&ip, packet, sizeof(ip));
		header_len = (size_t)ip.ihl * 4;
		if ((size_t)n < header_len + ECHO_MIN || packet[header_len] != ICMP_ECHOREPLY)
			continue;
		memcpy(from.bytes, &ip.saddr, sizeof(ip.saddr));
		heard(pinger, &from, packet + header_len, ip.ttl, now_ns);
	}
}

static void v6_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct pinger *pinger = container_of(source, struct pinger, v6);
	struct inet_endpoint from;
	union sockaddr_any addr;
	socklen_t len = sizeof(addr);
	uint8_t packet[256];
	ssize_t n;

	(void)events;
	while (source->fd >= 0 && (n = recvfrom(source->fd, packet, sizeof(packet), MSG_DONTWAIT,
						&addr.any, &len)) >= 0) {
		if (n >= ECHO_MIN && packet[0] == ICMP6_ECHO_REPLY && sockaddr_to(&from, &addr, len))
			heard(pinger, &from.addr, packet, 64, now_ns);
		len = sizeof(addr);
	}
}

void pinger_open(struct pinger *pinger, struct loop *loop, int netns_fd)
{
	*pinger = (struct pinger){ .loop = loop, .netns_fd = netns_fd, .v4.fd = -1, .v6.fd = -1 };
}

void pinger_close(struct pinger *pinger)
{
	if (!pinger->loop)
		return;
	for (size_t i = 0; i < PING_JOBS_MAX; i++)
		if (pinger->jobs[i].pinger)
			finish(&pinger->jobs[i]);
	loop_timer_clear(pinger->loop, &pinger->asked_over);
	pinger->answered = NULL;
	close_unused(pinger);
	pinger->loop = NULL;
}

static void cancelled(struct control_call *call)
{
	struct ping_job *job = call->job;
	struct pinger *pinger = job->pinger;

	loop_timer_clear(pinger->loop, &job->timer);
	job->pinger = NULL;
	close_unused(pinger);
}

/* What is still on its way has its time, as at the end. */
static void stop(struct control_call *call)
{
	struct ping_job *job = call->job;

	job->count = job->sent;
	if (job->received == job->count)
		finish(job);
	else
		loop_timer_set(job->pinger->loop, &job->timer, clock_now_ns() + WAIT_AFTER_LAST_MS * NS_PER_MS, timer_fires);
}

/* Seconds with up to three decimals, as ping(8) takes -i. */
static int parse_interval(const char *text, uint64_t *interval_ns)
{
	struct slice rest = slice_of(text), whole, part;
	uint64_t s, ms = 0;

	if (!slice_cut(&rest, '.', &whole) || text_uint(whole, 3600, &s) < 0)
		return -EINVAL;
	if (rest.ptr) {
		part = rest;
		if (part.len > 3 || text_uint(part, 999, &ms) < 0)
			return -EINVAL;
		for (size_t i = part.len; i < 3; i++)
			ms *= 10;
	}
	ms += s * 1000;
	*interval_ns = ms * NS_PER_MS;
	return ms < PING_INTERVAL_MIN_MS ? -ERANGE : 0;
}

static const char *parse_words(struct ping_job *job, int argc, char **argv)
{
	uint64_t data_len;

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(argv[i], "-q")) {
			job->quiet = true;
		} else if (!strcmp(argv[i], "-D")) {
			job->df = true;
		} else if (!strcmp(argv[i], "-s")) {
			if (text_uint(slice_of(value), PING_DATA_MAX, &data_len) < 0 || data_len < ECHO_MIN - ECHO_DATA)
				return "-s takes bytes of data from 8 to 8972";
			job->data_len = (size_t)data_len;
			i++;
		} else if (!strcmp(argv[i], "-c")) {
			if (text_uint(slice_of(value), PING_COUNT_MAX, &job->count) < 0 || !job->count)
				return "-c takes a number from 1 to 1000000";
			i++;
		} else if (!strcmp(argv[i], "-i")) {
			if (parse_interval(value, &job->interval_ns) < 0)
				return "-i takes seconds from 0.002 to 3600";
			i++;
		} else if (job->target.family || inet_addr_parse(slice_of(argv[i]), &job->target) < 0) {
			return "usage: ping ADDRESS [-c COUNT] [-i SECONDS] [-s BYTES] [-D] [-q]";
		}
	}
	return job->target.family ? NULL : "usage: ping ADDRESS [-c COUNT] [-i SECONDS] [-s BYTES] [-D] [-q]";
}

/* Another service in the same namespace hears our answers too. */
static uint16_t next_id(void)
{
	static uint16_t last_id;

	if (!last_id)
		(void)random_bytes(&last_id, sizeof(last_id));
	return ++last_id == PROBE_ID ? ++last_id : last_id;
}

void pinger_start(struct pinger *pinger, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct ping_job fresh = { .count = PING_COUNT_DEFAULT, .interval_ns = NS_PER_S, .call = call,
				  .data_len = PING_DATA_DEFAULT };
	const char *wrong = parse_words(&fresh, argc, argv);
	int err = wrong ? 0 : listen_for(pinger, fresh.target.family);

	if (err < 0)
		wrong = strerror(-err);
	for (size_t i = 0; i < PING_JOBS_MAX && !wrong; i++) {
		struct ping_job *job = &pinger->jobs[i];

		if (job->pinger)
			continue;
		fresh.id = next_id();
		*job = fresh;
		job->pinger = pinger;
		call->job = job;
		call->cancelled = cancelled;
		call->stop = stop;
		loop_timer_set(pinger->loop, &job->timer, now_ns, timer_fires);
		return;
	}
	control_print(call, CONTROL_ERR, "%s\n", wrong ? wrong : "too many pings at once");
	control_end(call, 2);
}

void pinger_probe(struct pinger *pinger, const struct inet_addr *target)
{
	int fd = pinger->loop ? open_socket(pinger, target->family) : -1;

	if (fd < 0)
		return;
	(void)send_echo(fd, target, PROBE_ID, 0, ECHO_DATA + PING_DATA_DEFAULT, false);
	close(fd);
}

static void asked_over(struct loop_timer *timer, uint64_t now_ns)
{
	struct pinger *pinger = container_of(timer, struct pinger, asked_over);

	(void)now_ns;
	pinger->answered = NULL;
	close_unused(pinger);
}

void pinger_ask(struct pinger *pinger, const struct inet_addr *target, uint64_t now_ns,
		void (*answered)(struct pinger *pinger, const struct inet_addr *from, uint64_t now_ns))
{
	if (!pinger->loop || listen_for(pinger, target->family) < 0)
		return;
	if (!pinger->answered)
		pinger->asked_id = next_id();
	pinger->answered = answered;
	loop_timer_set(pinger->loop, &pinger->asked_over, now_ns + ASKED_S * NS_PER_S, asked_over);
	(void)send_echo(target->family == AF_INET ? pinger->v4.fd : pinger->v6.fd, target, pinger->asked_id, 0,
			ECHO_DATA + PING_DATA_DEFAULT, false);
}
