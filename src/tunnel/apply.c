#include "tunnel/apply.h"

#include <string.h>

#include "crypto/key.h"

static bool has_prefix(const struct tunnel_config *config, const struct tunnel_peer *peer,
		       const struct inet_prefix *prefix)
{
	for (size_t i = 0; i < peer->allowed_count; i++)
		if (inet_prefix_equal(&config->allowed[peer->allowed_first + i], prefix))
			return true;
	return false;
}

/* Both lists are without duplicates: the parser refuses them and no backend keeps them. */
static bool same_allowed(const struct tunnel_config *a, const struct tunnel_peer *x, const struct tunnel_config *b,
			 const struct tunnel_peer *y)
{
	if (x->allowed_count != y->allowed_count)
		return false;
	for (size_t i = 0; i < x->allowed_count; i++)
		if (!has_prefix(b, y, &a->allowed[x->allowed_first + i]))
			return false;
	return true;
}

/* The name stands in the file as before, and is another address now. What it was before is not known after a crash: then the
 * peer is left where it is, as it may have roamed; whoever watches it finds out when it does not answer there. */
static bool resolves_anew(const struct tunnel_peer *wanted, const struct tunnel_peer *applied)
{
	return wanted->resolved.addr.family && applied->resolved.addr.family &&
	       !inet_addr_equal(&wanted->resolved.addr, &applied->resolved.addr);
}

static bool endpoint_is_due(const struct tunnel_peer *wanted, const struct tunnel_peer *running,
			    const struct tunnel_peer *applied)
{
	if (!wanted->endpoint.addr.family || inet_endpoint_equal(&wanted->endpoint, &running->endpoint))
		return false;
	return !running->endpoint.addr.family ||
	       (applied && (applied->endpoint_id != wanted->endpoint_id || resolves_anew(wanted, applied)));
}

static unsigned differing_fields(const struct tunnel_config *wanted, const struct tunnel_peer *peer,
				 const struct tunnel_config *running, const struct tunnel_peer *now,
				 const struct tunnel_peer *before)
{
	unsigned fields = 0;

	if (endpoint_is_due(peer, now, before))
		fields |= TUNNEL_SET_ENDPOINT;
	if (peer->keepalive_s != now->keepalive_s)
		fields |= TUNNEL_SET_KEEPALIVE;
	if (!ct_equal(peer->preshared_key, now->preshared_key, TUNNEL_KEY_LEN))
		fields |= TUNNEL_SET_PRESHARED_KEY;
	if (!same_allowed(wanted, peer, running, now))
		fields |= TUNNEL_SET_ALLOWED;
	return fields;
}

static void tell(struct tunnel_report *report, enum tunnel_change change, const struct tunnel_peer *peer,
		 unsigned fields)
{
	report->count[change]++;
	if (report->peer)
		report->peer(report->arg, change, peer->public_key, fields);
}

static int remove_peers(struct tunnel *tunnel, const struct tunnel_config *wanted, const struct tunnel_config *running,
			struct tunnel_report *report)
{
	for (size_t i = 0; i < running->peer_count; i++) {
		const struct tunnel_peer *peer = &running->peers[i];
		int err;

		if (tunnel_find(wanted, peer->public_key))
			continue;
		tunnel->dumped = NULL;
		err = tunnel->ops->remove_peer(tunnel, peer->public_key);
		if (err < 0)
			return err;
		tell(report, TUNNEL_REMOVED, peer, 0);
	}
	return 0;
}

static int set_device(struct tunnel *tunnel, const struct tunnel_config *wanted, const struct tunnel_config *running,
		      struct tunnel_report *report)
{
	int err = 0;

	report->device_changed = !running->has_private_key || running->listen_port != wanted->listen_port ||
				 !ct_equal(running->private_key, wanted->private_key, TUNNEL_KEY_LEN);
	if (report->device_changed || tunnel->nics_changed) {
		tunnel->dumped = NULL;
		err = tunnel->ops->set_device(tunnel, wanted);
	}
	tunnel->nics_changed = tunnel->nics_changed && err < 0;
	return err;
}

/* Peers that run are updated before new ones come, so that a prefix is given up before another peer takes it. */
static int set_peers(struct tunnel *tunnel, const struct tunnel_config *wanted, const struct tunnel_config *applied,
		     const struct tunnel_config *running, bool add, struct tunnel_report *report)
{
	for (size_t i = 0; i < wanted->peer_count; i++) {
		const struct tunnel_peer *peer = &wanted->peers[i];
		const struct tunnel_peer *now = tunnel_find(running, peer->public_key);
		const struct tunnel_peer *before = applied ? tunnel_find(applied, peer->public_key) : NULL;
		unsigned fields = TUNNEL_SET_NEW | TUNNEL_SET_ENDPOINT | TUNNEL_SET_KEEPALIVE |
				  TUNNEL_SET_PRESHARED_KEY | TUNNEL_SET_ALLOWED;
		int err;

		if (add == (now != NULL))
			continue;
		if (now)
			fields = differing_fields(wanted, peer, running, now, before);
		if (!fields) {
			tell(report, TUNNEL_KEPT, peer, 0);
			continue;
		}
		tunnel->dumped = NULL;
		err = tunnel->ops->set_peer(tunnel, wanted, peer, fields);
		if (err < 0)
			return err;
		tell(report, add ? TUNNEL_ADDED : TUNNEL_UPDATED, peer, fields);
	}
	return 0;
}

/* Of a peer that runs. */
static void follow_peer(struct tunnel_peer *running, const struct tunnel_peer *wanted, bool has_endpoint)
{
	if (has_endpoint)
		running->endpoint = wanted->endpoint;
	memcpy(running->preshared_key, wanted->preshared_key, sizeof(running->preshared_key));
	running->keepalive_s = wanted->keepalive_s;
	running->allowed_first = wanted->allowed_first;
	running->allowed_count = wanted->allowed_count;
}

/* What runs, once all was set: that need not be asked for again. Peers come as the backend may tell them: those that were there, then others. */
static void follow(struct tunnel_config *running, const struct tunnel_config *wanted, const struct tunnel_config *applied)
{
	uint16_t was = running->peer_count;

	running->peer_count = 0;
	for (uint16_t i = 0; i < was; i++) {
		const struct tunnel_peer *peer = tunnel_find(wanted, running->peers[i].public_key);
		struct tunnel_peer *now = &running->peers[running->peer_count];

		if (!peer)
			continue;
		*now = running->peers[i];
		follow_peer(now, peer, endpoint_is_due(peer, now, applied ? tunnel_find(applied, peer->public_key) : NULL));
		running->peer_count++;
	}
	for (uint16_t i = 0; i < wanted->peer_count; i++) {
		const struct tunnel_peer *peer = &wanted->peers[i];
		struct tunnel_peer *now = &running->peers[running->peer_count];

		if (tunnel_find(running, peer->public_key))
			continue;
		*now = (struct tunnel_peer){ .counts.known = running->counts.known };
		memcpy(now->public_key, peer->public_key, sizeof(now->public_key));
		follow_peer(now, peer, true);
		running->peer_count++;
	}
	if (running->peer_count < was)
		wipe(&running->peers[running->peer_count], (was - running->peer_count) * sizeof(running->peers[0]));
	memcpy(running->allowed, wanted->allowed, wanted->allowed_count * sizeof(wanted->allowed[0]));
	running->allowed_count = wanted->allowed_count;
}

int tunnel_apply(struct tunnel *tunnel, const struct tunnel_config *wanted, const struct tunnel_config *applied,
		 struct tunnel_config *running, struct tunnel_report *report)
{
	int err = tunnel_dump(tunnel, running);

	if (!err)
		err = remove_peers(tunnel, wanted, running, report);
	if (!err)
		err = set_device(tunnel, wanted, running, report);
	if (!err)
		err = set_peers(tunnel, wanted, applied, running, false, report);
	if (!err)
		err = set_peers(tunnel, wanted, applied, running, true, report);
	/* Another private key ends sessions: that is asked for. */
	if (!err && !tunnel->dumped && !report->device_changed) {
		follow(running, wanted, applied);
		tunnel->dumped = running;
	}
	return err;
}
