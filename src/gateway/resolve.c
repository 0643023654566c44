#include "gateway/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { RETRY_MIN_S = 5, RETRY_MAX_S = 300, SETTLE_MS = 300 };

/* One record on the child's pipe; shorter than PIPE_BUF, so it comes whole. */
struct answer {
	uint16_t index;
	struct inet_addr addr;
};

static void look_up(int fd, const struct resolver *resolver, size_t index)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct answer answer = { .index = (uint16_t)index };
	struct addrinfo *list, *entry;

	if (getaddrinfo(resolver->names[index].host, NULL, &hints, &list))
		return;
	for (entry = list; entry && !answer.addr.family; entry = entry->ai_next) {
		if (entry->ai_family == AF_INET) {
			struct sockaddr_in in;

			memcpy(&in, entry->ai_addr, sizeof(in));
			memcpy(answer.addr.bytes, &in.sin_addr, sizeof(in.sin_addr));
		} else if (entry->ai_family == AF_INET6) {
			struct sockaddr_in6 in6;

			memcpy(&in6, entry->ai_addr, sizeof(in6));
			memcpy(answer.addr.bytes, &in6.sin6_addr, sizeof(in6.sin6_addr));
		} else {
			continue;
		}
		answer.addr.family = (uint8_t)entry->ai_family;
	}
	freeaddrinfo(list);
	if (answer.addr.family && write(fd, &answer, sizeof(answer)) < 0)
		_exit(1);
}

static bool is_unknown(const struct resolver *resolver, size_t index)
{
	return !resolver->names[index].addr.family;
}

static bool any_unknown(const struct resolver *resolver)
{
	for (size_t i = 0; i < resolver->count; i++)
		if (is_unknown(resolver, i))
			return true;
	return false;
}

static void start(struct resolver *resolver);

static void retry_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct resolver *resolver = (struct resolver *)((char *)timer - offsetof(struct resolver, retry));

	(void)now_ns;
	start(resolver);
}

static void wait_and_retry(struct resolver *resolver, uint64_t now_ns)
{
	resolver->wait_ns = resolver->wait_ns ? resolver->wait_ns * 2 : RETRY_MIN_S * NS_PER_S;
	if (resolver->wait_ns > RETRY_MAX_S * NS_PER_S)
		resolver->wait_ns = RETRY_MAX_S * NS_PER_S;
	loop_timer_set(resolver->loop, &resolver->retry, now_ns + resolver->wait_ns, retry_fires);
}

/* Those that are found do not wait for those that are not. */
static void settle_fires(struct loop_timer *timer, uint64_t now_ns)
{
	struct resolver *resolver = (struct resolver *)((char *)timer - offsetof(struct resolver, settle));

	(void)now_ns;
	resolver->found(resolver);
}

static void finish(struct resolver *resolver, uint64_t now_ns)
{
	loop_remove(resolver->loop, &resolver->source);
	close(resolver->source.fd);
	/* Its end of the pipe is closed, so it is on its way out. */
	waitpid(resolver->child, NULL, 0);
	resolver->child = 0;
	if (resolver->settle.armed) {
		loop_timer_clear(resolver->loop, &resolver->settle);
		resolver->found(resolver);
	}
	if (any_unknown(resolver))
		wait_and_retry(resolver, now_ns);
	resolver->done(resolver);
}

static void pipe_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct resolver *resolver = (struct resolver *)((char *)source - offsetof(struct resolver, source));
	struct answer answer;

	(void)events;
	if (read(source->fd, &answer, sizeof(answer)) != sizeof(answer)) {
		finish(resolver, now_ns);
		return;
	}
	if (answer.index < resolver->count) {
		resolver->names[answer.index].addr = answer.addr;
		if (!resolver->settle.armed)
			loop_timer_set(resolver->loop, &resolver->settle, now_ns + SETTLE_MS * NS_PER_MS, settle_fires);
	}
}

static _Noreturn void look_up_all(int fd, const struct resolver *resolver)
{
	sigset_t none;

	/* It holds copies of all our sockets and must not outlive us; and what its parent takes from a signalfd is to
	 * end it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < resolver->count; i++)
		if (is_unknown(resolver, i))
			look_up(fd, resolver, i);
	_exit(0);
}

static int start_child(struct resolver *resolver)
{
	int ends[2], err;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	err = loop_add(resolver->loop, &resolver->source, ends[0], EPOLLIN, pipe_ready);
	if (!err) {
		resolver->child = fork();
		if (!resolver->child)
			look_up_all(ends[1], resolver);
		if (resolver->child < 0) {
			err = -errno;
			resolver->child = 0;
			loop_remove(resolver->loop, &resolver->source);
		}
	}
	close(ends[1]);
	if (err < 0)
		close(ends[0]);
	return err;
}

static void start(struct resolver *resolver)
{
	int err = start_child(resolver);

	if (err < 0) {
		log_err("cannot resolve names: %s", strerror(-err));
		wait_and_retry(resolver, clock_now_ns());
	}
}

void resolver_init(struct resolver *resolver, struct loop *loop, void (*found)(struct resolver *resolver),
		   void (*done)(struct resolver *resolver))
{
	resolver->loop = loop;
	resolver->found = found;
	resolver->done = done;
}

void resolver_stop(struct resolver *resolver)
{
	loop_timer_clear(resolver->loop, &resolver->retry);
	loop_timer_clear(resolver->loop, &resolver->settle);
	if (!resolver->child)
		return;
	kill(resolver->child, SIGKILL);
	loop_remove(resolver->loop, &resolver->source);
	close(resolver->source.fd);
	waitpid(resolver->child, NULL, 0);
	resolver->child = 0;
}

const struct inet_addr *resolver_address(const struct resolver *resolver, const char *host)
{
	for (size_t i = 0; i < resolver->count; i++)
		if (!is_unknown(resolver, i) && !strcmp(resolver->names[i].host, host))
			return &resolver->names[i].addr;
	return NULL;
}

static bool is_wanted(const struct vpn_conf *conf, const char *host)
{
	for (size_t i = 0; i < conf->peer_count; i++)
		if (!conf->peers[i].addr.family && !strcmp(conf->peers[i].host, host))
			return true;
	return false;
}

static bool is_followed(const struct resolver *resolver, const char *host)
{
	for (size_t i = 0; i < resolver->count; i++)
		if (!strcmp(resolver->names[i].host, host))
			return true;
	return false;
}

bool resolver_follow(struct resolver *resolver, const struct vpn_conf *conf)
{
	size_t kept = 0;

	resolver_stop(resolver);
	for (size_t i = 0; i < resolver->count; i++)
		if (is_wanted(conf, resolver->names[i].host))
			resolver->names[kept++] = resolver->names[i];
	resolver->count = kept;
	for (size_t i = 0; i < conf->peer_count; i++) {
		const struct vpn_peer *peer = &conf->peers[i];

		if (!peer->host[0] || peer->addr.family || (int)i == conf->own || is_followed(resolver, peer->host))
			continue;
		resolver->names[resolver->count] = (struct resolved_name){ 0 };
		memcpy(resolver->names[resolver->count++].host, peer->host, sizeof(peer->host));
	}
	resolver->wait_ns = 0;
	if (any_unknown(resolver))
		start(resolver);
	return resolver->child != 0;
}
