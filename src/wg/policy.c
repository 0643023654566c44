#include "wg/policy.h"

/* The jitter also holds for initiations that traffic asks for: with steady traffic both ways, initiations that crossed
 * once would cross for ever. */
void policy_initiated(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	p->quiet_until_ns = now_ns + REKEY_TIMEOUT_S * NS_PER_S + device_jitter_ns(d);
	policy_timer(d, p, TIMER_RETRANSMIT, p->quiet_until_ns);
}

/* What is left of a half handshake must not stay for ever. */
static void forget_in_time(struct wg_device *d, const struct wg_peer *p, uint64_t now_ns)
{
	if (!timer_is_set(&d->timers, p->id, TIMER_ZERO_KEYS))
		policy_timer(d, p, TIMER_ZERO_KEYS, now_ns + ZERO_KEYS_AFTER_S * NS_PER_S);
}

void policy_answered(struct wg_device *d, const struct wg_peer *p, uint64_t now_ns)
{
	forget_in_time(d, p, now_ns);
}

void policy_session(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	policy_timer(d, p, TIMER_ZERO_KEYS, now_ns + ZERO_KEYS_AFTER_S * NS_PER_S);
	timer_clear(&d->timers, p->id, TIMER_RETRANSMIT);
	p->attempts = 0;
	p->sent_lastminute = false;
}

bool policy_is_flood(const struct wg_peer *p, uint64_t now_ns)
{
	return p->has_initiation && now_ns - p->initiation_ns < NS_PER_S / INITIATIONS_PER_S;
}

/* No answer: maybe because of the address we send from. Let the route choose it, as the kernel does. */
static void forget_local(struct wg_peer *p)
{
	p->flow = (struct inet_flow){ .remote = p->flow.remote };
}

/* The last initiation led to nothing. Whatever told why, if it came since then; and for as long as we would try, it is the better
 * reason. */
static void no_answer(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	const uint64_t attempt_ns = REKEY_TIMEOUT_S * NS_PER_S + REKEY_JITTER_MAX_MS * NS_PER_MS;
	struct wg_peer_counters *told = peer_told(d, p);
	uint64_t age_ns = now_ns - told->failure_ns;
	bool is_known = told->failing && told->failure != WG_FAILURE_NO_ANSWER;

	if (!is_known || age_ns > REKEY_ATTEMPT_TIME_S * NS_PER_S)
		peer_failed(d, p, WG_FAILURE_NO_ANSWER, now_ns);
	else if (age_ns > attempt_ns)
		told->failures[WG_FAILURE_NO_ANSWER]++;
}

static enum policy_act on_retransmit(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	unsigned dropped;

	no_answer(d, p, now_ns);
	if (p->attempts + 1 < REKEY_ATTEMPTS) {
		p->attempts++;
		forget_local(p);
		return POLICY_INITIATE_AGAIN;
	}
	timer_clear(&d->timers, p->id, TIMER_KEEPALIVE);
	dropped = staged_purge(&d->staged, p->id);
	d->guard.counters.staged_dropped += dropped;
	peer_told(d, p)->gave_up += dropped;
	forget_in_time(d, p, now_ns);
	device_event(d, p, WG_EVENT_GAVE_UP);
	return POLICY_NOTHING;
}

static enum policy_act on_keepalive(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	(void)d;
	(void)p;
	(void)now_ns;
	return POLICY_KEEPALIVE;
}

static enum policy_act on_new_handshake(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	(void)d;
	(void)now_ns;
	forget_local(p);
	return POLICY_INITIATE;
}

static enum policy_act on_zero_keys(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	(void)now_ns;
	peer_stop_initiating(d, p);
	keypairs_clear(&p->keypairs, &d->index);
	return POLICY_NOTHING;
}

static enum policy_act on_persistent(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	policy_traversed(d, p, now_ns); /* it goes on even when there is nowhere to send to yet */
	return p->keepalive_s ? POLICY_KEEPALIVE : POLICY_NOTHING;
}

enum policy_act policy_expired(struct wg_device *d, struct wg_peer *p, enum timer timer, uint64_t now_ns)
{
	static enum policy_act (*const run[TIMERS])(struct wg_device *, struct wg_peer *, uint64_t) = {
		[TIMER_RETRANSMIT] = on_retransmit,
		[TIMER_KEEPALIVE] = on_keepalive,
		[TIMER_NEW_HANDSHAKE] = on_new_handshake,
		[TIMER_ZERO_KEYS] = on_zero_keys,
		[TIMER_PERSISTENT] = on_persistent,
	};

	return run[timer](d, p, now_ns);
}

void policy_acted(struct wg_device *d, struct wg_peer *p, enum timer timer, uint64_t now_ns)
{
	if (timer != TIMER_KEEPALIVE || !p->need_another_keepalive)
		return;
	p->need_another_keepalive = false;
	policy_timer(d, p, TIMER_KEEPALIVE, now_ns + KEEPALIVE_TIMEOUT_S * NS_PER_S);
}
