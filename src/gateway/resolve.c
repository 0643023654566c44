#include "gateway/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { RETRY_MIN_S = 5, RETRY_MAX_S = 300, SETTLE_MS = 300 };

/* One record on the child's pipe; shorter than PIPE_BUF, so it comes whole. */
struct answer {
	uint16_t index;
	struct inet_addr addr;
};

static struct inet_addr addr_of(const struct addrinfo *entry)
{
	struct inet_addr addr = { .family = (uint8_t)entry->ai_family };
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (entry->ai_family == AF_INET) {
		memcpy(&in, entry->ai_addr, sizeof(in));
		memcpy(addr.bytes, &in.sin_addr, sizeof(in.sin_addr));
	} else if (entry->ai_family == AF_INET6) {
		memcpy(&in6, entry->ai_addr, sizeof(in6));
		memcpy(addr.bytes, &in6.sin6_addr, sizeof(in6.sin6_addr));
	} else {
		addr.family = 0;
	}
	return addr;
}

/* The first address, but the known one while the name still has it: servers give several in turn. */
static void look_up(int fd, const struct resolver *resolver, size_t index)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	const struct resolved_name *name = &resolver->names[index];
	struct answer answer = { .index = (uint16_t)index };
	struct addrinfo *list;

	if (getaddrinfo(name->host, NULL, &hints, &list))
		return;
	for (const struct addrinfo *entry = list; entry; entry = entry->ai_next) {
		struct inet_addr addr = addr_of(entry);

		if (addr.family && (!answer.addr.family || inet_addr_equal(&addr, &name->addr)))
			answer.addr = addr;
	}
	freeaddrinfo(list);
	if (answer.addr.family && write(fd, &answer, sizeof(answer)) < 0)
		_exit(1);
}

static bool any_due(const struct resolver *resolver)
{
	for (size_t i = 0; i < resolver->count; i++)
		if (resolver->names[i].due)
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
	helper_end(&resolver->helper);
	if (resolver->settle.armed) {
		loop_timer_clear(resolver->loop, &resolver->settle);
		resolver->found(resolver);
	}
	/* One that was known and got no answer now is left at that. */
	for (size_t i = 0; i < resolver->count; i++)
		resolver->names[i].due = !resolver->names[i].addr.family;
	if (any_due(resolver))
		wait_and_retry(resolver, now_ns);
	resolver->done(resolver);
}

static void pipe_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct resolver *resolver = (struct resolver *)((char *)source - offsetof(struct resolver, helper.source));
	struct resolved_name *name;
	struct answer answer;

	(void)events;
	if (read(source->fd, &answer, sizeof(answer)) != sizeof(answer)) {
		finish(resolver, now_ns);
		return;
	}
	if (answer.index >= resolver->count)
		return;
	name = &resolver->names[answer.index];
	name->due = false;
	if (inet_addr_equal(&name->addr, &answer.addr))
		return;
	name->addr = answer.addr;
	if (!resolver->settle.armed)
		loop_timer_set(resolver->loop, &resolver->settle, now_ns + SETTLE_MS * NS_PER_MS, settle_fires);
}

static void look_up_all(int fd, const void *arg)
{
	const struct resolver *resolver = arg;

	for (size_t i = 0; i < resolver->count; i++)
		if (resolver->names[i].due)
			look_up(fd, resolver, i);
}

static void start(struct resolver *resolver)
{
	int err = helper_start(&resolver->helper, resolver->loop, look_up_all, resolver, -1, pipe_ready);

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
	helper_kill(&resolver->helper);
}

const struct inet_addr *resolver_address(const struct resolver *resolver, const char *host)
{
	for (size_t i = 0; i < resolver->count; i++)
		if (resolver->names[i].addr.family && !strcmp(resolver->names[i].host, host))
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
	for (size_t i = 0; i < resolver->count; i++)
		resolver->names[i].due = true;
	resolver->wait_ns = 0;
	if (any_due(resolver))
		start(resolver);
	return resolver->helper.child != 0;
}
