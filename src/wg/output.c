#include "wg/output.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ecn.h"
#include "base/ip.h"
#include "base/unzeroed.h"
#include "crypto/aead.h"
#include "wg/handshake.h"
#include "wg/policy.h"

/* To a multiple of 16, but never beyond the MTU. A packet longer than that is padded as its last piece would be. */
static size_t padding(const struct wg_device *d, size_t len)
{
	size_t mtu = d->mtu_bytes, last = len, padded;

	if (mtu && last > mtu)
		last %= mtu;
	padded = (last + PADDING - 1) / PADDING * PADDING;
	if (mtu && padded > mtu)
		padded = mtu;
	return padded - last;
}

/* Paper 5.4.6, in place: the message begins WG_HEADROOM before packet; its length is returned. All but what job is to do, for
 * which the keypair must stay. */
static size_t seal_begin(const struct wg_device *d, struct keypair *keypair, uint8_t *packet, size_t len,
			 struct aead_job *job)
{
	uint8_t *header = packet - WG_HEADROOM;
	uint64_t counter = keypair->send_counter++;
	size_t pad = padding(d, len);

	store_le32(header, MESSAGE_DATA);
	store_le32(header + 4, keypair->remote_index);
	store_le64(header + 8, counter);
	memset(packet + len, 0, pad);
	*job = (struct aead_job){ .bytes = packet, .len = len + pad, .counter = counter, .key = keypair->send_key };
	return WG_HEADROOM + len + pad + AEAD_TAG_LEN;
}

static size_t seal(const struct wg_device *d, struct keypair *keypair, uint8_t *packet, size_t len)
{
	struct aead_job job;
	size_t sealed_len = seal_begin(d, keypair, packet, len, &job);

	aead_seal_many(&job, 1);
	return sealed_len;
}

static void after_seal(struct wg_device *d, struct wg_peer *p, const struct keypair *keypair, size_t len, bool data,
		       uint64_t now_ns)
{
	p->sent_bytes += len;
	policy_sent(d, p, now_ns);
	if (data)
		policy_data_sent(d, p, now_ns);
	if (policy_wants_rekey(keypair, now_ns))
		handshake_initiate(d, p, false, now_ns);
}

void peer_send_staged(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	while (d->staged.queues[p->id].count) {
		struct keypair *keypair = keypairs_sender(&p->keypairs, now_ns);
		uint8_t *packet, ds;
		size_t len;

		if (!keypair) {
			handshake_initiate(d, p, false, now_ns);
			return;
		}
		packet = staged_pop(&d->staged, p->id, &len);
		ds = ecn_encapsulate(packet);
		len = seal(d, keypair, packet, len);
		(d->host.sealed ? d->host.sealed : d->host.send)(d->host.arg, &p->flow, ds, packet - WG_HEADROOM, len);
		after_seal(d, p, keypair, len, true, now_ns);
	}
}

void peer_send_keepalive(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	struct keypair *keypair = keypairs_sender(&p->keypairs, now_ns);
	uint8_t bytes[DATA_LEN_MIN];
	size_t len;

	if (d->staged.queues[p->id].count) {
		peer_send_staged(d, p, now_ns);
		return;
	}
	if (!keypair) {
		handshake_initiate(d, p, false, now_ns);
		return;
	}
	if (!p->flow.remote.addr.family)
		return;
	len = seal(d, keypair, bytes + WG_HEADROOM, 0);
	d->host.send(d->host.arg, &p->flow, 0, bytes, len);
	after_seal(d, p, keypair, len, false, now_ns);
}

static enum wg_verdict stage(struct wg_device *d, struct wg_peer *p, const uint8_t *packet, size_t len,
			     uint64_t now_ns)
{
	uint16_t loser;

	if (len > d->staged.packet_len_max)
		return WG_TOO_LONG;
	loser = staged_push(&d->staged, p->id, packet, len);
	if (loser != STAGED_NONE) {
		d->guard.counters.staged_dropped++;
		d->guard.counters.queue_full++;
		d->told[loser].queue_full++;
	}
	handshake_initiate(d, p, false, now_ns);
	return WG_STAGED;
}

/* Nothing that a packet brings about takes a keypair away: job can wait until all packets were judged. */
static enum wg_verdict output(struct wg_device *d, uint8_t *packet, size_t len, uint64_t now_ns, struct wg_view *view,
			      struct aead_job *job)
{
	bool is_ipv6 = len && ip_version(packet) == 6;
	struct keypair *keypair;
	struct wg_peer *p;
	uint16_t id;

	if (!len || (!is_ipv6 && ip_version(packet) != 4) || len < (is_ipv6 ? IP6_LEN : IP4_LEN))
		return WG_NOT_IP;
	id = allowedips_find(&d->allowed, is_ipv6, packet + (is_ipv6 ? IP6_DESTINATION_AT : IP4_DESTINATION_AT));
	if (id == ALLOWED_NONE)
		return WG_NO_PEER;
	p = &d->peers[id];
	view->peer = p;
	if (!p->flow.remote.addr.family) {
		peer_told(d, p)->drops[WG_NO_ENDPOINT]++;
		return WG_NO_ENDPOINT;
	}
	keypair = keypairs_sender(&p->keypairs, now_ns);
	if (!keypair)
		return stage(d, p, packet, len, now_ns);
	/* Whatever brings a session sends what is staged; but order is cheap to keep. */
	if (d->staged.queues[id].count) {
		peer_send_staged(d, p, now_ns);
		keypair = keypairs_sender(&p->keypairs, now_ns);
		if (!keypair)
			return stage(d, p, packet, len, now_ns);
	}
	view->to = &p->flow;
	view->ds = ecn_encapsulate(packet);
	view->bytes = packet - WG_HEADROOM;
	view->len = seal_begin(d, keypair, packet, len, job);
	after_seal(d, p, keypair, view->len, true, now_ns);
	return WG_SEALED;
}

void wg_output_many(struct wg_device *d, struct wg_packet *packets, size_t count, uint64_t now_ns)
{
	UNZEROED struct aead_job jobs[WG_BATCH];
	size_t job_count = 0;

	for (size_t i = 0; i < count; i++) {
		struct wg_packet *p = &packets[i];

		p->view = (struct wg_view){ 0 };
		p->verdict = output(d, p->bytes, p->len, now_ns, &p->view, &jobs[job_count]);
		d->guard.counters.verdicts[p->verdict]++;
		job_count += p->verdict == WG_SEALED;
		if (job_count == WG_BATCH || (job_count && i + 1 == count)) {
			aead_seal_many(jobs, job_count);
			job_count = 0;
		}
	}
}

enum wg_verdict wg_output(struct wg_device *d, uint8_t *packet, size_t len, uint64_t now_ns, struct wg_view *view)
{
	struct wg_packet p = { .bytes = packet, .len = len };

	wg_output_many(d, &p, 1, now_ns);
	*view = p.view;
	return p.verdict;
}
