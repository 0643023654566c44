#include "wg/handshake.h"
#include "wg/output.h"

/* No answer: maybe because of the address we send from. Let the route choose it, as the kernel does. */
static void forget_local(struct wg_peer *p)
{
	p->flow = (struct inet_flow){ .remote = p->flow.remote };
}

/* The last initiation led to nothing. If something told why, it came since then. */
static void no_answer(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	const uint64_t attempt_ns = REKEY_TIMEOUT_S * NS_PER_S + REKEY_JITTER_MAX_MS * NS_PER_MS;
	const struct wg_peer_counters *told = peer_told(d, p);

	if (!told->failing || told->failure == WG_FAILURE_NO_ANSWER || now_ns - told->failure_ns > attempt_ns)
		peer_failed(d, p, WG_FAILURE_NO_ANSWER, now_ns);
}

static void on_retransmit(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	unsigned dropped;

	no_answer(d, p, now_ns);
	if (p->attempts + 1 < REKEY_ATTEMPTS) {
		p->attempts++;
		forget_local(p);
		handshake_initiate(d, p, true, now_ns);
		return;
	}
	timer_clear(&d->timers, p->id, TIMER_KEEPALIVE);
	dropped = staged_purge(&d->staged, p->id);
	d->guard.counters.staged_dropped += dropped;
	peer_told(d, p)->gave_up += dropped;
	/* What is left of a half handshake must not stay for ever. */
	if (!timer_is_set(&d->timers, p->id, TIMER_ZERO_KEYS))
		peer_timer(d, p, TIMER_ZERO_KEYS, now_ns + ZERO_KEYS_AFTER_S * NS_PER_S);
	device_event(d, p, WG_EVENT_GAVE_UP);
}

static void on_keepalive(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	peer_send_keepalive(d, p, now_ns);
	if (!p->need_another_keepalive)
		return;
	p->need_another_keepalive = false;
	peer_timer(d, p, TIMER_KEEPALIVE, now_ns + KEEPALIVE_TIMEOUT_S * NS_PER_S);
}

static void on_new_handshake(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	forget_local(p);
	handshake_initiate(d, p, false, now_ns);
}

static void on_zero_keys(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	(void)now_ns;
	peer_stop_initiating(d, p);
	keypairs_clear(&p->keypairs, &d->index);
}

static void on_persistent(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	peer_traversed(d, p, now_ns); /* it goes on even when there is nowhere to send to yet */
	if (p->keepalive_s)
		peer_send_keepalive(d, p, now_ns);
}

void wg_poll(struct wg_device *d, uint64_t now_ns)
{
	static void (*const run[TIMERS])(struct wg_device *, struct wg_peer *, uint64_t) = {
		[TIMER_RETRANSMIT] = on_retransmit,
		[TIMER_KEEPALIVE] = on_keepalive,
		[TIMER_NEW_HANDSHAKE] = on_new_handshake,
		[TIMER_ZERO_KEYS] = on_zero_keys,
		[TIMER_PERSISTENT] = on_persistent,
	};
	enum timer timer;
	uint16_t peer;

	while (timers_take(&d->timers, now_ns, &peer, &timer))
		run[timer](d, &d->peers[peer], now_ns);
}

uint64_t wg_next_due(struct wg_device *d)
{
	return timers_next(&d->timers);
}
