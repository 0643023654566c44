#include "tunnel/uapi_text.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "crypto/key.h"

/* ---- answers ---- */

static int begin_peer(struct uapi_answer *answer, const uint8_t public_key[static TUNNEL_KEY_LEN])
{
	struct tunnel_config *running = answer->running;
	struct tunnel_peer *end = &running->peers[running->peer_count];

	answer->of_peer = true;
	if (answer->program) {
		/* Both sockets name them in the same order, as a rule: from where the last one was. */
		struct tunnel_peer *from = answer->peer ? answer->peer : running->peers;

		for (answer->peer = from; answer->peer < end && memcmp(answer->peer->public_key, public_key, TUNNEL_KEY_LEN) != 0;)
			answer->peer++;
		for (size_t i = 0; answer->peer == end && &running->peers[i] < from; i++)
			if (!memcmp(running->peers[i].public_key, public_key, TUNNEL_KEY_LEN))
				answer->peer = &running->peers[i];
		if (answer->peer == end)
			answer->peer = NULL; /* it came after the other socket was asked */
		return 0;
	}
	if (running->peer_count == TUNNEL_PEERS_MAX)
		return -ENOSPC;
	answer->peer = end;
	*answer->peer = (struct tunnel_peer){ .allowed_first = running->allowed_count };
	memcpy(answer->peer->public_key, public_key, TUNNEL_KEY_LEN);
	running->peer_count++;
	return 0;
}

static int add_allowed(struct tunnel_config *running, struct tunnel_peer *peer, const struct inet_prefix *prefix)
{
	struct inet_prefix *allowed = &running->allowed[running->allowed_count];

	if (running->allowed_count == TUNNEL_PREFIXES_MAX)
		return -ENOSPC;
	*allowed = *prefix;
	allowed->addr = inet_prefix_first(prefix);
	running->allowed_count++;
	peer->allowed_count++;
	return 0;
}

static int device_value(struct uapi_answer *answer, enum uapi_key key, const struct uapi_value *value)
{
	struct tunnel_config *running = answer->running;

	switch (key) {
	case UAPI_PRIVATE_KEY:
		memcpy(running->private_key, value->key, TUNNEL_KEY_LEN);
		running->has_private_key = !key_is_zero(value->key);
		return 0;
	case UAPI_LISTEN_PORT:
		running->listen_port = (uint16_t)value->number;
		return 0;
	case UAPI_FWMARK:
		running->fwmark = (uint32_t)value->number;
		return 0;
	case UAPI_PUBLIC_KEY:
		return begin_peer(answer, value->key);
	default:
		return -EPROTO; /* what belongs to a peer, or to a set */
	}
}

static int peer_value(struct uapi_answer *answer, enum uapi_key key, const struct uapi_value *value)
{
	struct tunnel_peer *peer = answer->peer;

	switch (key) {
	case UAPI_PRESHARED_KEY:
		memcpy(peer->preshared_key, value->key, TUNNEL_KEY_LEN);
		return 0;
	case UAPI_ENDPOINT:
		peer->endpoint = value->endpoint;
		if (value->scope[0])
			peer->endpoint.scope_id = if_nametoindex(value->scope);
		/* The link may have gone since it was named: no one is reached there. */
		if (value->scope[0] && !peer->endpoint.scope_id)
			peer->endpoint = (struct inet_endpoint){ .port = 0 };
		return 0;
	case UAPI_KEEPALIVE:
		peer->keepalive_s = (uint16_t)value->number;
		return 0;
	case UAPI_ALLOWED:
		return add_allowed(answer->running, peer, &value->prefix);
	case UAPI_HANDSHAKE_S:
		peer->handshake_s = value->signed_number;
		return 0;
	case UAPI_HANDSHAKE_NS:
		peer->handshake_ns = (uint32_t)value->number;
		return 0;
	case UAPI_SENT:
		peer->sent_bytes = value->number;
		return 0;
	case UAPI_RECEIVED:
		peer->received_bytes = value->number;
		return 0;
	case UAPI_PROTOCOL_VERSION:
		return value->number == 1 ? 0 : -EPROTO;
	default:
		return device_value(answer, key, value);
	}
}

static int more_of_program(struct uapi_answer *answer, enum uapi_key key, const struct uapi_value *value)
{
	struct tunnel_counts *counts = &answer->running->counts;

	switch (key) {
	case UAPI_INDEX:
		answer->program->index = (uint32_t)value->number;
		return 0;
	case UAPI_TROUBLE:
		slice_copy(value->text, answer->program->trouble, sizeof(answer->program->trouble));
		text_make_printable(answer->program->trouble);
		return 0;
	case UAPI_UNDER_LOAD:
		counts->under_load = value->number;
		return 0;
	case UAPI_DROP:
		counts->drops[value->which] = value->number;
		return 0;
	case UAPI_UNKNOWN_FROM:
		counts->unknown.from = value->endpoint;
		return 0;
	case UAPI_UNKNOWN_AGE:
		counts->unknown.age_s = value->number;
		return 0;
	case UAPI_UNKNOWN_KEY:
		memcpy(counts->unknown.public_key, value->key, TUNNEL_KEY_LEN);
		return 0;
	case UAPI_MISLED_FROM:
		counts->misled.from = value->endpoint;
		return 0;
	case UAPI_MISLED_AGE:
		counts->misled.age_s = value->number;
		return 0;
	case UAPI_MISLED_KEY:
		memcpy(counts->misled.public_key, value->key, TUNNEL_KEY_LEN);
		return 0;
	case UAPI_PUBLIC_KEY:
		return begin_peer(answer, value->key);
	case UAPI_OPENER:
		answer->program->lacks_opener = slice_equal(value->text, "0");
		return 0;
	case UAPI_VERSION:
		return 0;
	default:
		return -EPROTO;
	}
}

static int more_of_peer(struct uapi_answer *answer, enum uapi_key key, const struct uapi_value *value)
{
	struct tunnel_peer_counts unused = { .known = false }, *counts = answer->peer ? &answer->peer->counts : &unused;

	switch (key) {
	case UAPI_DROP:
		/* The device's here; a newer program may tell it of peers. */
		if (value->which < TUNNEL_PEER_DROPS)
			counts->drops[value->which] = value->number;
		return 0;
	case UAPI_FAILING:
		counts->failing = value->number;
		return 0;
	case UAPI_FAILURE:
		counts->failure = (uint8_t)value->which;
		return 0;
	case UAPI_FAILURE_AGE:
		counts->failure_age_s = value->number;
		return 0;
	case UAPI_FAILURES:
		counts->failures = value->number;
		return 0;
	default:
		return key == UAPI_PUBLIC_KEY ? begin_peer(answer, value->key) : -EPROTO;
	}
}

static int take_value(struct uapi_answer *answer, enum uapi_key key, const struct uapi_value *value)
{
	if (answer->ended)
		return -EPROTO;
	if (key == UAPI_ERRNO) {
		/* Positive or negative, as programs have it. */
		answer->refused = (int)(value->signed_number > 0 ? -value->signed_number : value->signed_number);
		answer->ended = true;
		return 0;
	}
	if (key == UAPI_ERROR) {
		slice_copy(value->text, answer->error, sizeof(answer->error));
		text_make_printable(answer->error);
		return 0;
	}
	if (!answer->running)
		return -EPROTO;
	if (answer->program)
		return answer->of_peer ? more_of_peer(answer, key, value) : more_of_program(answer, key, value);
	return answer->of_peer ? peer_value(answer, key, value) : device_value(answer, key, value);
}

int uapi_answer_line(struct uapi_answer *answer, struct slice line)
{
	struct uapi_value value;
	enum uapi_key key;
	int err = uapi_line_read(line, &key, &value);

	if (!err)
		err = take_value(answer, key, &value);
	wipe(&value, sizeof(value));
	return err == -ENOENT ? 0 : err;
}

/* ---- requests ---- */

void uapi_text_get(struct uapi_lines *lines)
{
	const struct uapi_to to = uapi_lines_to(lines);

	uapi_put_begin(&to, "get=1");
	uapi_put_end(&to);
}

void uapi_text_opener(struct uapi_lines *lines)
{
	const struct uapi_to to = uapi_lines_to(lines);

	uapi_put_begin(&to, "set=1");
	uapi_put_text(&to, UAPI_OPENER, "fd");
	uapi_put_end(&to);
}

void uapi_text_watch(struct uapi_lines *lines)
{
	const struct uapi_to to = uapi_lines_to(lines);

	uapi_put_begin(&to, "watch=1");
	uapi_put_end(&to);
}

void uapi_text_device(struct uapi_lines *lines, const struct tunnel_config *config)
{
	const struct uapi_to to = uapi_lines_to(lines);

	uapi_put_begin(&to, "set=1");
	uapi_put_number(&to, UAPI_LISTEN_PORT, config->listen_port);
	uapi_put_key(&to, UAPI_PRIVATE_KEY, config->private_key);
	uapi_put_end(&to);
}

void uapi_text_peer(struct uapi_lines *lines, const struct tunnel_config *config, const struct tunnel_peer *peer, unsigned fields)
{
	const struct uapi_to to = uapi_lines_to(lines);

	uapi_put_begin(&to, "set=1");
	uapi_put_key(&to, UAPI_PUBLIC_KEY, peer->public_key);
	if (!(fields & TUNNEL_SET_NEW))
		uapi_put_true(&to, UAPI_UPDATE_ONLY);
	if (fields & TUNNEL_SET_PRESHARED_KEY)
		uapi_put_key(&to, UAPI_PRESHARED_KEY, peer->preshared_key);
	if ((fields & TUNNEL_SET_ENDPOINT) && peer->endpoint.addr.family)
		uapi_put_endpoint(&to, UAPI_ENDPOINT, &peer->endpoint);
	if (fields & TUNNEL_SET_KEEPALIVE)
		uapi_put_number(&to, UAPI_KEEPALIVE, peer->keepalive_s);
	if (fields & TUNNEL_SET_ALLOWED)
		uapi_put_true(&to, UAPI_REPLACE_ALLOWED);
	for (size_t i = 0; (fields & TUNNEL_SET_ALLOWED) && i < peer->allowed_count; i++)
		uapi_put_prefix(&to, UAPI_ALLOWED, &config->allowed[peer->allowed_first + i]);
	uapi_put_end(&to);
}

void uapi_text_remove(struct uapi_lines *lines, const uint8_t public_key[static TUNNEL_KEY_LEN])
{
	const struct uapi_to to = uapi_lines_to(lines);

	uapi_put_begin(&to, "set=1");
	uapi_put_key(&to, UAPI_PUBLIC_KEY, public_key);
	uapi_put_true(&to, UAPI_REMOVE);
	uapi_put_end(&to);
}

static void put_nic(const struct uapi_to *to, const struct tunnel_nic *nic)
{
	uapi_put_text(to, UAPI_NIC, nic->link);
	uapi_put_number(to, UAPI_MTU, nic->mtu_bytes < UINT16_MAX ? nic->mtu_bytes : UINT16_MAX);
	for (size_t i = 0; i < nic->address_count; i++)
		uapi_put_prefix(to, UAPI_ADDRESS, &nic->addresses[i]);
	for (size_t i = 0; i < nic->route_count; i++) {
		const struct tunnel_nic_route *route = &nic->routes[i];

		uapi_put_prefix(to, UAPI_ROUTE, &route->destination);
		if (route->gateway.family)
			uapi_put_addr(to, UAPI_GATEWAY, &route->gateway);
		if (route->mtu_bytes)
			uapi_put_number(to, UAPI_ROUTE_MTU, route->mtu_bytes);
	}
}

void uapi_text_nics(struct uapi_lines *lines, const struct tunnel_nic *nics, size_t count)
{
	const struct uapi_to to = uapi_lines_to(lines);

	uapi_put_begin(&to, "set=1");
	uapi_put_true(&to, UAPI_REPLACE_NICS);
	for (size_t i = 0; i < count; i++)
		put_nic(&to, &nics[i]);
	uapi_put_end(&to);
}
