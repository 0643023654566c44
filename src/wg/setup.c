/* What its owner sets on a device: peers, the private key, stamps, up or down. */
#include <errno.h>
#include <string.h>

#include "crypto/x25519.h"
#include "wg/ephemeral.h"
#include "wg/output.h"
#include "wg/policy.h"
#include "wg/stamp.h"

/* ---- peers ---- */

/* Every way to fail, before anything is changed. */
static int check_change(const struct wg_device *d, const struct wg_peer *p, const struct wg_peer_change *c)
{
	bool replace = c->flags & WG_PEER_REPLACE_ALLOWED;
	size_t count = d->allowed.prefix_count;

	if (!p && c->flags & WG_PEER_UPDATE_ONLY)
		return -ENOENT;
	if (c->endpoint && c->endpoint->addr.family != AF_INET && c->endpoint->addr.family != AF_INET6)
		return -EINVAL;
	for (size_t i = 0; i < c->allowed_count; i++)
		if (!allowedips_prefix_is_valid(&c->allowed[i]))
			return -EINVAL;
	if (!p && d->peer_count == d->limits.peers)
		return -ENOSPC;
	if (p && replace)
		count -= d->allowed.lists[p->id].count;
	count += allowedips_needed(&d->allowed, p ? p->id : ALLOWED_NONE, replace, c->allowed, c->allowed_count);
	return count > d->limits.prefixes ? -ENOSPC : 0;
}

int wg_set_peer(struct wg_device *d, const struct wg_peer_change *c, uint64_t now_ns)
{
	struct wg_peer *p = device_find(d, c->public_key);
	bool wake = false;
	int err;

	if (d->identity.known && !memcmp(c->public_key, d->identity.public_key, WG_KEY_LEN))
		return 0;
	err = check_change(d, p, c);
	if (err < 0)
		return err;
	if (!p)
		p = device_create_peer(d, c->public_key);
	if (c->preshared_key)
		memcpy(p->remote.preshared_key, c->preshared_key, WG_KEY_LEN);
	if (c->endpoint) {
		wake = !p->flow.remote.addr.family && p->keepalive_s;
		p->flow = (struct inet_flow){ .remote = *c->endpoint };
	}
	if (c->flags & WG_PEER_REPLACE_ALLOWED)
		allowedips_remove_peer(&d->allowed, p->id);
	for (size_t i = 0; i < c->allowed_count; i++)
		allowedips_insert(&d->allowed, &c->allowed[i], p->id);
	if (c->flags & WG_PEER_SET_KEEPALIVE) {
		wake = wake || (!p->keepalive_s && c->keepalive_s);
		p->keepalive_s = c->keepalive_s;
		timer_clear(&d->timers, p->id, TIMER_PERSISTENT);
		policy_traversed(d, p, now_ns);
	}
	if (wake)
		peer_send_keepalive(d, p, now_ns);
	else
		peer_send_staged(d, p, now_ns);
	return 0;
}

int wg_remove_peer(struct wg_device *d, const uint8_t public_key[static WG_KEY_LEN])
{
	struct wg_peer *p = device_find(d, public_key);

	if (!p)
		return -ENOENT;
	device_destroy_peer(d, p);
	return 0;
}

void wg_remove_peers(struct wg_device *d)
{
	for (uint16_t i = 0; i < d->peer_top; i++)
		if (d->peers[i].live)
			device_destroy_peer(d, &d->peers[i]);
}

/* ---- our own key ---- */

static void set_identity(struct wg_device *d, const uint8_t private_key[static WG_KEY_LEN])
{
	wipe(&d->identity, sizeof(d->identity));
	if (key_is_zero(private_key))
		return;
	memcpy(d->identity.private_key, private_key, WG_KEY_LEN);
	x25519_clamp(d->identity.private_key);
	x25519_public(d->identity.public_key, d->identity.private_key);
	d->identity.known = true;
	cookie_checker_set_key(&d->checker, d->identity.public_key);
}

void wg_set_private_key(struct wg_device *d, const uint8_t private_key[static WG_KEY_LEN], uint64_t now_ns)
{
	struct noise_identity old = d->identity;

	set_identity(d, private_key);
	if (old.known == d->identity.known && ct_equal(old.private_key, d->identity.private_key, WG_KEY_LEN))
		goto out;
	if (d->identity.known)
		(void)wg_remove_peer(d, d->identity.public_key);
	for (uint16_t i = 0; i < d->peer_top; i++) {
		struct wg_peer *p = &d->peers[i];

		if (!p->live)
			continue;
		noise_precompute(&p->remote, &d->identity);
		peer_stop_initiating(d, p);
		keypairs_stop_sending(&p->keypairs);
		p->quiet_until_ns = 0;
		if (!old.known && p->keepalive_s)
			peer_send_keepalive(d, p, now_ns);
		else
			peer_send_staged(d, p, now_ns);
	}
out:
	wipe(&old, sizeof(old));
}

bool wg_private_key(const struct wg_device *d, uint8_t private_key[static WG_KEY_LEN])
{
	memcpy(private_key, d->identity.private_key, WG_KEY_LEN);
	return d->identity.known;
}

bool wg_public_key(const struct wg_device *d, uint8_t public_key[static WG_KEY_LEN])
{
	memcpy(public_key, d->identity.public_key, WG_KEY_LEN);
	return d->identity.known;
}

/* ---- the inner interface ---- */

static void peer_comes_up(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	if (p->keepalive_s)
		peer_send_keepalive(d, p, now_ns);
	else
		peer_send_staged(d, p, now_ns);
}

static void peer_goes_down(struct wg_device *d, struct wg_peer *p)
{
	d->guard.counters.staged_dropped += staged_purge(&d->staged, p->id);
	for (unsigned timer = 0; timer < TIMERS; timer++)
		timer_clear(&d->timers, p->id, (enum timer)timer);
	peer_stop_initiating(d, p);
	keypairs_clear(&p->keypairs, &d->index);
	p->quiet_until_ns = 0;
	p->need_another_keepalive = p->sent_lastminute = false;
}

void wg_set_up(struct wg_device *d, bool up, uint64_t now_ns)
{
	bool was_up = d->up;

	d->up = up;
	if (!up)
		ephemerals_forget(d);
	for (uint16_t i = 0; i < d->peer_top && up != was_up; i++) {
		if (!d->peers[i].live)
			continue;
		if (up)
			peer_comes_up(d, &d->peers[i], now_ns);
		else
			peer_goes_down(d, &d->peers[i]);
	}
}

/* ---- stamps ---- */

void wg_set_stamp_sent(struct wg_device *d, const uint8_t stamp[static WG_STAMP_LEN])
{
	stamp_raise_to(d->stamp_floor, stamp);
}
