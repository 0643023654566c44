#include "gateway/resolve.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/contained.h"
#include "base/container_of.h"
#include "base/log.h"
#include "base/users.h"
#include "gateway/lookup.h"

enum { RETRY_MIN_S = 5, RETRY_MAX_S = 300, SETTLE_MS = 300 };

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
	struct resolver *resolver = container_of(timer, struct resolver, retry);

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
	struct resolver *resolver = container_of(timer, struct resolver, settle);

	(void)now_ns;
	resolver->found(resolver);
}

static void finish(struct resolver *resolver, uint64_t now_ns)
{
	int status = helper_end(&resolver->helper);

	if (WIFEXITED(status) && WEXITSTATUS(status) == LOOKUP_NO_USER)
		log_err("names are not looked up: the process for it cannot become user %d (CAP_SETUID and CAP_SETGID?)%s",
			USER_RESOLVER, contained() ? ": " COMPOSE_ADD("cap_add: [SETUID, SETGID]") : "");
	if (resolver->settle.armed) {
		loop_timer_clear(resolver->loop, &resolver->settle);
		resolver->found(resolver);
	}
	/* One that was known and got no answer now is left at that. */
	for (size_t i = 0; i < resolver->count; i++)
		resolver->names[i].due = !resolver->names[i].known.count;
	if (any_due(resolver))
		wait_and_retry(resolver, now_ns);
	resolver->done(resolver);
}

static bool has_addr(const struct resolved_addrs *addrs, const struct inet_addr *addr)
{
	for (size_t i = 0; i < addrs->count; i++)
		if (inet_addr_equal(&addrs->list[i], addr))
			return true;
	return false;
}

/* Servers give several addresses in turn: another order is nothing new. */
static bool same_addrs(const struct resolved_addrs *a, const struct resolved_addrs *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (!has_addr(b, &a->list[i]))
			return false;
	return a->count == b->count;
}

static void take_answer(struct resolver *resolver, struct resolved_name *name, const struct inet_addr *addr, uint64_t now_ns)
{
	if (addr->family) {
		if (inet_contains(&resolver->network, addr))
			name->inside = true;
		else if (name->answer.count < RESOLVE_ADDRS_MAX && !has_addr(&name->answer, addr))
			name->answer.list[name->answer.count++] = *addr;
		return;
	}
	name->due = false;
	name->asked = true;
	if (name->answer.count && !same_addrs(&name->known, &name->answer)) {
		name->known = name->answer;
		if (!resolver->settle.armed)
			loop_timer_set(resolver->loop, &resolver->settle, now_ns + SETTLE_MS * NS_PER_MS, settle_fires);
	}
	name->answer.count = 0;
}

static void pipe_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct resolver *resolver = container_of(source, struct resolver, helper.source);
	struct lookup_answer answer;

	(void)events;
	if (read(source->fd, &answer, sizeof(answer)) != sizeof(answer))
		finish(resolver, now_ns);
	else if (answer.index < resolver->count)
		take_answer(resolver, &resolver->names[answer.index], &answer.addr, now_ns);
}

static int put_names(struct resolver *resolver, int fd)
{
	int err = 0;

	for (size_t i = 0; i < resolver->count && !err; i++) {
		resolver->names[i].answer.count = 0;
		resolver->names[i].inside = false;
		err = lookup_put(fd, resolver->names[i].due ? resolver->names[i].host : "");
	}
	return err;
}

static void become_lookup(int fd, const void *arg)
{
	lookup_become(*(const int *)arg, fd);
}

static void start(struct resolver *resolver)
{
	int fd = lookup_open(), err = fd < 0 ? fd : put_names(resolver, fd);

	if (!err)
		err = helper_start(&resolver->helper, resolver->loop, become_lookup, &fd, fd, pipe_ready);
	if (fd >= 0)
		close(fd);
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

const struct resolved_addrs *resolver_find(const struct resolver *resolver, const char *host)
{
	for (size_t i = 0; i < resolver->count; i++)
		if (resolver->names[i].known.count && !strcmp(resolver->names[i].host, host))
			return &resolver->names[i].known;
	return NULL;
}

static const struct resolved_name *find_name(const struct resolver *resolver, const char *host)
{
	for (size_t i = 0; i < resolver->count; i++)
		if (!strcmp(resolver->names[i].host, host))
			return &resolver->names[i];
	return NULL;
}

bool resolver_asked(const struct resolver *resolver, const char *host)
{
	const struct resolved_name *name = find_name(resolver, host);

	return name && name->asked;
}

bool resolver_inside(const struct resolver *resolver, const char *host)
{
	const struct resolved_name *name = find_name(resolver, host);

	return name && name->inside && !name->known.count;
}

const char *resolver_words(const struct resolver *resolver, const char *host)
{
	return resolver_inside(resolver, host) ? "resolves to an address inside the VPN network only" : "does not resolve";
}

static bool is_wanted(const struct vpn_conf *conf, const char *host)
{
	for (size_t i = 0; i < conf->peer_count; i++)
		if (!conf->peers[i].addr.family && !strcmp(conf->peers[i].host, host))
			return true;
	return false;
}

bool resolver_follow(struct resolver *resolver, const struct vpn_conf *conf, const struct inet_prefix *network)
{
	size_t kept = 0;

	resolver_stop(resolver);
	resolver->network = *network;
	for (size_t i = 0; i < resolver->count; i++)
		if (is_wanted(conf, resolver->names[i].host))
			resolver->names[kept++] = resolver->names[i];
	resolver->count = kept;
	for (size_t i = 0; i < conf->peer_count; i++) {
		const struct vpn_peer *peer = &conf->peers[i];

		if (!peer->host[0] || peer->addr.family || (int)i == conf->own || find_name(resolver, peer->host))
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
