#include "base/bytes.h"
#include "base/ecn.h"
#include "base/ip.h"
#include "base/unzeroed.h"
#include "crypto/aead.h"
#include "wg/handshake.h"
#include "wg/output.h"
#include "wg/policy.h"

/* Any authentic message of len bytes from the peer, after all else was done for it. */
static void received(struct wg_device *d, struct wg_peer *p, size_t len, uint64_t now_ns)
{
	p->received_bytes += len;
	policy_received(d, p, now_ns);
}

static bool send_cookie(struct wg_device *d, const struct inet_flow *from, const uint8_t *bytes, size_t len,
			uint64_t now_ns)
{
	struct message_cookie m;
	uint8_t secret[KEY_LEN];

	if (!load_may_send_cookie(&d->guard.load, now_ns))
		return false;
	if (cookie_secret_is_old(&d->checker, now_ns)) {
		if (d->host.random(d->host.arg, secret, sizeof(secret)) < 0)
			return false;
		cookie_set_secret(&d->checker, secret, now_ns);
		wipe(secret, sizeof(secret));
	}
	if (d->host.random(d->host.arg, m.nonce, sizeof(m.nonce)) < 0)
		return false;
	cookie_write(&d->checker, &m, bytes, len, &from->remote);
	d->guard.counters.cookies_sent++;
	(d->host.answer ? d->host.answer : d->host.send)(d->host.arg, from, 0, (const uint8_t *)&m, sizeof(m));
	return true;
}

/* A packet that is dropped, and we know whose it says it is. */
static enum wg_verdict drop_of(struct wg_device *d, const struct wg_peer *p, enum wg_verdict verdict)
{
	peer_told(d, p)->drops[verdict]++;
	return verdict;
}

/* A response to an initiation of ours, as far as its index tells, which only who saw the initiation on its way can know: that is
 * what a cookie is to show. The kernel wants one all the same, and whoever keeps it under load costs each of its own
 * handshakes one more attempt, 5 s later. */
static bool answers_ours(const struct wg_device *d, const uint8_t *bytes)
{
	const struct index_entry *entry;

	if (bytes[0] != MESSAGE_RESPONSE)
		return false;
	entry = index_find(&d->index, load_le32(((const struct message_response *)bytes)->receiver));
	return entry && entry->slot == INDEX_HANDSHAKE;
}

/* May the handshake message cost us a DH? WG_HANDSHAKE: yes. */
static enum wg_verdict admit(struct wg_device *d, const struct inet_flow *from, const uint8_t *bytes, size_t len,
			     uint64_t now_ns)
{
	if (!d->identity.known)
		return WG_DROP_IDENTITY;
	if (!cookie_mac1_is_right(&d->checker, bytes, len)) {
		device_note_stranger(&d->guard.counters.misled, from, NULL, now_ns);
		return WG_DROP_MAC1;
	}
	if (!load_is_high(&d->guard.load, now_ns))
		return WG_HANDSHAKE;
	if (!answers_ours(d, bytes) && !cookie_mac2_is_right(&d->checker, bytes, len, &from->remote, now_ns)) {
		load_refused(&d->guard.load, now_ns);
		return send_cookie(d, from, bytes, len, now_ns) ? WG_DROP_COOKIE : WG_DROP_BUSY;
	}
	if (ratelimit_allows(d->ratelimit, &from->remote.addr, now_ns))
		return WG_HANDSHAKE;
	load_refused(&d->guard.load, now_ns);
	return WG_DROP_RATE;
}

/* A message that was let in cost us so much, and came to something or not. */
static void account(struct wg_device *d, const struct inet_flow *from, uint64_t cost_ns, bool wasted, uint64_t now_ns)
{
	bool limited = load_is_high(&d->guard.load, now_ns);

	load_served(&d->guard.load, cost_ns, wasted, now_ns);
	if (wasted && limited)
		ratelimit_charge(d->ratelimit, &from->remote.addr, now_ns);
}

static enum wg_verdict input_handshake(struct wg_device *d, const struct inet_flow *from, const uint8_t *bytes,
				       size_t len, uint64_t now_ns, struct wg_view *view)
{
	enum wg_verdict verdict = admit(d, from, bytes, len, now_ns);
	uint64_t cost_ns = WG_HANDSHAKE_COST_NS;
	struct wg_peer *peer = NULL;

	if (verdict != WG_HANDSHAKE)
		return verdict;
	if (d->host.work_ns)
		cost_ns = d->host.work_ns(d->host.arg);
	if (bytes[0] == MESSAGE_INITIATION)
		verdict = handshake_take_initiation(d, from, (const struct message_initiation *)bytes, now_ns, &peer);
	else
		verdict = handshake_take_response(d, from, (const struct message_response *)bytes, now_ns, &peer);
	/* The responder may use the session only once something came under it. */
	if (bytes[0] == MESSAGE_RESPONSE && verdict == WG_HANDSHAKE)
		peer_send_keepalive(d, peer, now_ns);
	if (d->host.work_ns)
		cost_ns = d->host.work_ns(d->host.arg) - cost_ns;
	if (verdict != WG_DROP_INDEX) /* found out before the first DH */
		account(d, from, cost_ns, verdict != WG_HANDSHAKE, now_ns);
	if (verdict != WG_HANDSHAKE)
		return peer ? drop_of(d, peer, verdict) : verdict;
	view->peer = peer;
	/* An initiation is no sign of life. */
	if (bytes[0] == MESSAGE_INITIATION)
		peer->received_bytes += len;
	else
		received(d, peer, len, now_ns);
	return verdict;
}

static enum wg_verdict input_cookie(struct wg_device *d, const struct inet_flow *from, const uint8_t *bytes,
				    size_t len, uint64_t now_ns, struct wg_view *view)
{
	const struct message_cookie *m = (const struct message_cookie *)bytes;
	const struct index_entry *entry = index_find(&d->index, load_le32(m->receiver));
	struct wg_peer *p;

	(void)from;
	(void)len;
	(void)view;
	if (!entry)
		return WG_DROP_INDEX;
	p = &d->peers[entry->peer];
	if (!cookie_read(&p->jar, m, now_ns))
		return drop_of(d, p, WG_DROP_TAG);
	peer_failed(d, p, WG_FAILURE_LOAD, now_ns);
	return WG_HANDSHAKE;
}

/* What is inside: the length of an IP packet without its padding, and its source. 0: not a packet. */
static size_t inner_len(const uint8_t *packet, size_t len)
{
	size_t total;

	if (ip_version(packet) == 4 && len >= IP4_LEN) {
		total = load_be16(packet + IP4_TOTAL_AT);
		return total >= IP4_LEN && total <= len ? total : 0;
	}
	if (ip_version(packet) == 6 && len >= IP6_LEN) {
		total = (size_t)load_be16(packet + IP6_PAYLOAD_AT) + IP6_LEN;
		return total <= len ? total : 0;
	}
	return 0;
}

static bool source_is_allowed(const struct wg_device *d, const struct wg_peer *p, const uint8_t *packet)
{
	bool is_ipv6 = ip_version(packet) == 6;

	return allowedips_find(&d->allowed, is_ipv6, packet + (is_ipv6 ? IP6_SOURCE_AT : IP4_SOURCE_AT)) == p->id;
}

/* What the session at hand is, of a data message that may be opened. WG_DATA: it may. */
static enum wg_verdict find_session(struct wg_device *d, const uint8_t *bytes, uint64_t now_ns, struct wg_peer **peer,
				    struct keypair **keypair)
{
	const struct index_entry *entry = index_find(&d->index, load_le32(bytes + 4));

	*peer = NULL;
	if (!entry || entry->slot == INDEX_HANDSHAKE)
		return WG_DROP_INDEX;
	*peer = &d->peers[entry->peer];
	*keypair = &(*peer)->keypairs.slots[entry->slot];
	if (keypair_is_old(*keypair, now_ns) || load_le64(bytes + 8) >= REJECT_AFTER_MESSAGES)
		return WG_DROP_AGE;
	return WG_DATA;
}

static struct aead_job open_job(uint8_t *bytes, size_t len, const struct keypair *keypair)
{
	return (struct aead_job){ .bytes = bytes + sizeof(struct message_data), .len = len - DATA_LEN_MIN,
				  .counter = load_le64(bytes + 8), .key = keypair->receive_key };
}

/* What is opened ahead of its turn was opened with the keypair that its index named then. When its turn comes that index
 * names the same one, or none any more: only handshake messages bring new ones, and none stands between. */
enum ahead { AHEAD_NOT, AHEAD_RIGHT, AHEAD_WRONG };

static bool is_right(const struct keypair *keypair, uint8_t *bytes, size_t len, enum ahead ahead)
{
	struct aead_job job;

	if (ahead != AHEAD_NOT)
		return ahead == AHEAD_RIGHT;
	job = open_job(bytes, len, keypair);
	aead_open_many(&job, 1);
	return job.right;
}

static enum wg_verdict input_data(struct wg_device *d, const struct inet_flow *from, uint8_t ds, uint8_t *bytes,
				  size_t len, uint64_t now_ns, struct wg_view *view, enum ahead ahead)
{
	uint8_t *packet = bytes + sizeof(struct message_data);
	size_t padded_len = len - DATA_LEN_MIN, packet_len = 0;
	uint64_t counter = load_le64(bytes + 8);
	struct keypair *keypair;
	struct wg_peer *p;
	enum wg_verdict session = find_session(d, bytes, now_ns, &p, &keypair);

	if (session != WG_DATA)
		return p ? drop_of(d, p, session) : session;
	if (!is_right(keypair, bytes, len, ahead))
		return drop_of(d, p, WG_DROP_TAG);
	if (!replay_is_fresh(&keypair->replay, counter))
		return drop_of(d, p, WG_DROP_REPLAY);
	if (padded_len) {
		packet_len = inner_len(packet, padded_len);
		if (!packet_len)
			return drop_of(d, p, WG_DROP_INNER);
		if (!source_is_allowed(d, p, packet))
			return drop_of(d, p, WG_DROP_SOURCE);
	}
	/* From here on it is to be believed: only now may anything change. The kernel believes one with a wrong source inside
	 * as far as endpoint, session and timers go; here it changes nothing. */
	replay_mark(&keypair->replay, counter);
	if (peer_follow(p, from))
		device_event(d, p, WG_EVENT_ROAMED);
	if (keypairs_slot(&p->keypairs, keypair) == p->keypairs.next) {
		handshake_confirm(d, p, now_ns);
		peer_send_staged(d, p, now_ns);
	}
	if (policy_wants_last_rekey(p, now_ns))
		handshake_initiate(d, p, false, now_ns);
	received(d, p, len, now_ns);
	view->peer = p;
	if (!padded_len)
		return WG_KEEPALIVE;
	policy_data_received(d, p, now_ns);
	ecn_decapsulate(packet, ds);
	view->bytes = packet;
	view->len = packet_len;
	return WG_DATA;
}

/* Whatever is no data. */
static enum wg_verdict input_rare(struct wg_device *d, const struct inet_flow *from, const uint8_t *bytes,
				  size_t len, uint64_t now_ns, struct wg_view *view)
{
	static const struct {
		size_t len;
		enum wg_verdict (*take)(struct wg_device *, const struct inet_flow *, const uint8_t *, size_t,
					uint64_t, struct wg_view *);
	} messages[MESSAGE_TYPES] = {
		[MESSAGE_INITIATION] = { sizeof(struct message_initiation), input_handshake },
		[MESSAGE_RESPONSE] = { sizeof(struct message_response), input_handshake },
		[MESSAGE_COOKIE] = { sizeof(struct message_cookie), input_cookie },
	};
	uint32_t type = load_le32(bytes);

	if (load_is_full(&d->guard.load, now_ns))
		return WG_DROP_BUSY;
	if (type == MESSAGE_DATA)
		return WG_DROP_LENGTH;
	if (type >= MESSAGE_TYPES || !messages[type].take)
		return WG_DROP_TYPE;
	if (len != messages[type].len)
		return WG_DROP_LENGTH;
	return messages[type].take(d, from, bytes, len, now_ns, view);
}

static bool is_data(const uint8_t *bytes, size_t len)
{
	return len >= DATA_LEN_MIN && load_le32(bytes) == MESSAGE_DATA;
}

static void input(struct wg_device *d, const struct inet_flow *from, uint8_t ds, struct wg_packet *m, uint64_t now_ns,
		  enum ahead ahead)
{
	m->verdict = WG_DROP_LENGTH;
	m->view = (struct wg_view){ 0 };
	if (!d->up)
		m->verdict = WG_DROP_DOWN;
	else if (is_data(m->bytes, m->len))
		m->verdict = input_data(d, from, ds, m->bytes, m->len, now_ns, &m->view, ahead);
	else if (m->len >= sizeof(uint32_t))
		m->verdict = input_rare(d, from, m->bytes, m->len, now_ns, &m->view);
	if (m->verdict >= WG_DROP_FIRST && !is_data(m->bytes, m->len))
		load_glanced(&d->guard.load, now_ns);
	d->guard.counters.verdicts[m->verdict]++;
}

/* Data messages that follow one another are opened at once, and then judged one by one. The number of those. */
static size_t input_run(struct wg_device *d, const struct inet_flow *from, uint8_t ds, struct wg_packet *messages,
			size_t count, uint64_t now_ns)
{
	UNZEROED struct aead_job jobs[WG_BATCH];
	size_t run = 0, job_count = 0;
	bool has_job[WG_BATCH];

	for (; run < count && run < WG_BATCH && is_data(messages[run].bytes, messages[run].len); run++) {
		struct keypair *keypair;
		struct wg_peer *p;

		has_job[run] = d->up && find_session(d, messages[run].bytes, now_ns, &p, &keypair) == WG_DATA;
		if (has_job[run])
			jobs[job_count++] = open_job(messages[run].bytes, messages[run].len, keypair);
	}
	if (job_count)
		aead_open_many(jobs, job_count);
	job_count = 0;
	for (size_t i = 0; i < run; i++)
		input(d, from, ds, &messages[i], now_ns,
		      !has_job[i] ? AHEAD_NOT : jobs[job_count++].right ? AHEAD_RIGHT : AHEAD_WRONG);
	return run;
}

void wg_input_many(struct wg_device *d, const struct inet_flow *from, uint8_t ds, struct wg_packet *messages,
		   size_t count, uint64_t now_ns)
{
	for (size_t i = 0, run; i < count; i += run) {
		run = input_run(d, from, ds, messages + i, count - i, now_ns);
		if (!run) {
			input(d, from, ds, &messages[i], now_ns, AHEAD_NOT);
			run = 1;
		}
	}
}

enum wg_verdict wg_input(struct wg_device *d, const struct inet_flow *from, uint8_t ds, uint8_t *bytes, size_t len,
			 uint64_t now_ns, struct wg_view *view)
{
	struct wg_packet m = { .bytes = bytes, .len = len };

	wg_input_many(d, from, ds, &m, 1, now_ns);
	*view = m.view;
	return m.verdict;
}
