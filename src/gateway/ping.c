#include "gateway/ping.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/text.h"
#include "gateway/echo.h"

#define USAGE "usage: ping ADDRESS [-c COUNT] [-i SECONDS] [-s BYTES] [-D] [-q]\n" \
	      "ADDRESS is inside the VPN; probe takes a peer's name"

enum { WAIT_AFTER_LAST_MS = 1000, BEHIND_MAX = 20 };

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

static void v4_ready(struct loop_source *source, uint32_t events, uint64_t now_ns);
static void v6_ready(struct loop_source *source, uint32_t events, uint64_t now_ns);

/* The socket for a job's target, which others may use already. */
static int listen_for(struct pinger *pinger, uint8_t family)
{
	struct loop_source *source = family == AF_INET ? &pinger->v4 : &pinger->v6;

	if (source->fd >= 0)
		return 0;
	return loop_take(pinger->loop, source, echo_open(pinger->netns_fd, family, NULL), family == AF_INET ? v4_ready : v6_ready);
}

static void close_unused(struct pinger *pinger)
{
	struct loop_source *const sources[] = { &pinger->v4, &pinger->v6 };

	for (size_t i = 0; i < PING_JOBS_MAX; i++)
		if (pinger->jobs[i].pinger)
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

/* From when the last one was due and not from now, so that the rate holds. One that the machine cannot hold does not: what was missed
 * would be sent all at once, in which time more is missed, and the loop has tunnels to look after. */
uint64_t ping_next_ns(uint64_t due_ns, uint64_t interval_ns, uint64_t now_ns)
{
	uint64_t next_ns = due_ns + interval_ns;

	return now_ns > next_ns + BEHIND_MAX * interval_ns ? now_ns : next_ns;
}

static void timer_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct ping_job *job = container_of(timer, struct ping_job, timer);
	uint8_t stamp[ECHO_STAMP_LEN];
	uint64_t next_ns, sent_ns;
	int err;

	if (job->sent == job->count) {
		finish(job);
		return;
	}
	sent_ns = clock_now_ns();
	memcpy(stamp, &sent_ns, sizeof(sent_ns));
	err = echo_send(job->target.family == AF_INET ? job->pinger->v4.fd : job->pinger->v6.fd, &job->target, job->id, (uint16_t)job->sent,
			stamp, job->data_len, job->df);
	if (err < 0)
		text_format(job->sent_error, sizeof(job->sent_error), "%s", words_of(err));
	job->sent++;
	next_ns = ping_next_ns(job->timer.due_ns, job->interval_ns, now_ns);
	if (job->sent == job->count)
		next_ns = now_ns + WAIT_AFTER_LAST_MS * NS_PER_MS;
	loop_timer_set(job->pinger->loop, &job->timer, next_ns, timer_fires);
}

static void take_reply(struct pinger *pinger, const struct echo *echo, uint64_t now_ns)
{
	uint64_t sent_ns, rtt_ns;

	memcpy(&sent_ns, echo->stamp, sizeof(sent_ns));
	for (size_t i = 0; i < PING_JOBS_MAX; i++) {
		struct ping_job *job = &pinger->jobs[i];
		char text[INET_ADDR_STRLEN];

		if (!job->pinger || job->id != echo->id || !inet_addr_equal(&job->target, &echo->from) || sent_ns > now_ns ||
		    job->received == job->sent)
			continue;
		rtt_ns = now_ns - sent_ns;
		job->min_ns = !job->received || rtt_ns < job->min_ns ? rtt_ns : job->min_ns;
		job->max_ns = rtt_ns > job->max_ns ? rtt_ns : job->max_ns;
		job->sum_ns += rtt_ns;
		job->received++;
		if (!job->quiet)
			control_print(job->call, CONTROL_OUT, "%d bytes from %s: seq=%u ttl=%d time=%.3f ms\n",
				      (int)(ECHO_HEADER_LEN + job->data_len), inet_addr_text(&echo->from, text), echo->seq, echo->ttl,
				      (double)rtt_ns / 1e6);
		if (job->received == job->count)
			finish(job);
		return;
	}
}

/* What was heard may have been the last that a job waited for: then the socket is closed. */
static void v4_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct echo echo;

	(void)events;
	while (source->fd >= 0 && echo_receive(source->fd, AF_INET, &echo))
		take_reply(container_of(source, struct pinger, v4), &echo, now_ns);
}

static void v6_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct echo echo;

	(void)events;
	while (source->fd >= 0 && echo_receive(source->fd, AF_INET6, &echo))
		take_reply(container_of(source, struct pinger, v6), &echo, now_ns);
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
			if (text_uint(slice_of(value), ECHO_DATA_MAX, &data_len) < 0 || data_len < ECHO_STAMP_LEN)
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
			return USAGE;
		}
	}
	return job->target.family ? NULL : USAGE;
}

void pinger_start(struct pinger *pinger, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct ping_job fresh = { .count = PING_COUNT_DEFAULT, .interval_ns = NS_PER_S, .call = call,
				  .data_len = ECHO_DATA_DEFAULT };
	const char *wrong = parse_words(&fresh, argc, argv);
	int err = wrong ? 0 : listen_for(pinger, fresh.target.family);

	if (err < 0)
		wrong = strerror(-err);
	for (size_t i = 0; i < PING_JOBS_MAX && !wrong; i++) {
		struct ping_job *job = &pinger->jobs[i];

		if (job->pinger)
			continue;
		fresh.id = echo_next_id();
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
	static const uint8_t stamp[ECHO_STAMP_LEN];
	int fd = pinger->loop ? echo_open(pinger->netns_fd, target->family, NULL) : -1;

	if (fd < 0)
		return;
	(void)echo_send(fd, target, ECHO_PROBE_ID, 0, stamp, ECHO_DATA_DEFAULT, false);
	close(fd);
}
