/* What is due is done. */
#include "wg/ephemeral.h"
#include "wg/handshake.h"
#include "wg/output.h"
#include "wg/policy.h"

static void peer_act(struct wg_device *d, struct wg_peer *p, enum policy_act act, uint64_t now_ns)
{
	switch (act) {
	case POLICY_INITIATE:
	case POLICY_INITIATE_AGAIN:
		handshake_initiate(d, p, act == POLICY_INITIATE_AGAIN, now_ns);
		break;
	case POLICY_KEEPALIVE:
		peer_send_keepalive(d, p, now_ns);
		break;
	case POLICY_NOTHING:
		break;
	}
}

void wg_poll(struct wg_device *d, uint64_t now_ns)
{
	enum timer timer;
	uint16_t peer;

	while (timers_take(&d->timers, now_ns, &peer, &timer)) {
		struct wg_peer *p = &d->peers[peer];

		peer_act(d, p, policy_expired(d, p, timer, now_ns), now_ns);
		policy_acted(d, p, timer, now_ns);
	}
	ephemerals_forget_old(d, now_ns);
}

uint64_t wg_next_due(struct wg_device *d)
{
	uint64_t peers_ns = timers_next(&d->timers), keys_ns = ephemerals_due_ns(d);

	return peers_ns < keys_ns ? peers_ns : keys_ns;
}
