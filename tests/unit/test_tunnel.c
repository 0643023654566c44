/* tunnel_apply against a backend of its own, which keeps what it is told and counts every call. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/loop.h"
#include "tunnel/apply.h"
#include "tunnel/backend.h"

static struct tunnel_config state; /* of the fake interface */
static unsigned device_calls, peer_calls, remove_calls, dump_calls;
static int dump_fails_with;
static unsigned last_fields;
static int fail_with;

static int fake_set_device(struct tunnel *tunnel, const struct tunnel_config *config)
{
	(void)tunnel;
	device_calls++;
	memcpy(state.private_key, config->private_key, TUNNEL_KEY_LEN);
	state.has_private_key = true;
	state.listen_port = config->listen_port;
	return fail_with;
}

static int fake_set_peer(struct tunnel *tunnel, const struct tunnel_config *config, const struct tunnel_peer *peer,
			 unsigned fields)
{
	struct tunnel_peer *mine = NULL;

	(void)tunnel;
	peer_calls++;
	last_fields = fields;
	for (size_t i = 0; i < state.peer_count; i++)
		if (!memcmp(state.peers[i].public_key, peer->public_key, TUNNEL_KEY_LEN))
			mine = &state.peers[i];
	if (!mine) {
		mine = &state.peers[state.peer_count++];
		*mine = (struct tunnel_peer){ 0 };
		memcpy(mine->public_key, peer->public_key, TUNNEL_KEY_LEN);
	}
	if (fields & TUNNEL_SET_ENDPOINT)
		mine->endpoint = peer->endpoint;
	if (fields & TUNNEL_SET_KEEPALIVE)
		mine->keepalive_s = peer->keepalive_s;
	if (fields & TUNNEL_SET_PRESHARED_KEY)
		memcpy(mine->preshared_key, peer->preshared_key, TUNNEL_KEY_LEN);
	if (fields & TUNNEL_SET_ALLOWED) {
		mine->allowed_first = state.allowed_count;
		mine->allowed_count = peer->allowed_count;
		for (size_t i = 0; i < peer->allowed_count; i++)
			state.allowed[state.allowed_count++] = config->allowed[peer->allowed_first + i];
	}
	return 0;
}

static int fake_remove_peer(struct tunnel *tunnel, const uint8_t public_key[static TUNNEL_KEY_LEN])
{
	(void)tunnel;
	remove_calls++;
	for (size_t i = 0; i < state.peer_count; i++)
		if (!memcmp(state.peers[i].public_key, public_key, TUNNEL_KEY_LEN))
			state.peers[i] = state.peers[--state.peer_count];
	return 0;
}

static int fake_dump(struct tunnel *tunnel, struct tunnel_config *running)
{
	(void)tunnel;
	dump_calls++;
	if (dump_fails_with)
		return dump_fails_with;
	tunnel_config_copy(running, &state);
	return 0;
}

static const struct tunnel_ops fake = { .name = "fake",
					.set_device = fake_set_device,
					.set_peer = fake_set_peer,
					.remove_peer = fake_remove_peer,
					.dump = fake_dump };

static struct loop loop;
static struct tunnel tunnel = { .ops = &fake, .loop = &loop };
static struct tunnel_config wanted, applied, running;
static struct tunnel_report report;

/* In a turn of its own. */
static int apply(const struct tunnel_config *before)
{
	loop.turn++;
	return tunnel_apply(&tunnel, &wanted, before, &running, &report);
}

static struct tunnel_peer *add_peer(struct tunnel_config *config, uint8_t number)
{
	struct tunnel_peer *peer = &config->peers[config->peer_count++];

	*peer = (struct tunnel_peer){ .allowed_first = config->allowed_count,
				      .allowed_count = 1,
				      .endpoint = { .addr = { AF_INET, { 192, 0, 2, number } }, .port = 4567 },
				      .endpoint_id = number };
	memset(peer->public_key, number, TUNNEL_KEY_LEN);
	config->allowed[config->allowed_count++] = (struct inet_prefix){ { AF_INET, { 10, 8, 3, number } }, 32 };
	return peer;
}

/* A fake interface that runs peers 1 and 2, as applied. */
static void begin(void)
{
	tunnel_config_clear(&state);
	tunnel_config_clear(&wanted);
	wanted.has_private_key = true;
	memset(wanted.private_key, 7, TUNNEL_KEY_LEN);
	wanted.listen_port = 4567;
	add_peer(&wanted, 1);
	add_peer(&wanted, 2);
	memset(&report, 0, sizeof(report));
	fail_with = 0;
	apply(NULL);
	tunnel_config_copy(&applied, &wanted);
	device_calls = peer_calls = remove_calls = last_fields = 0;
	memset(&report, 0, sizeof(report));
}

TEST(apply_of_what_runs_changes_nothing)
{
	begin();
	CHECK_INT(apply(&applied), 0);
	CHECK_INT(device_calls + peer_calls + remove_calls, 0);
	CHECK_INT(report.count[TUNNEL_KEPT], 2);
	CHECK(!report.device_changed);
}

TEST(what_runs_is_asked_for_once_a_turn_and_again_once_something_was_set)
{
	begin();
	dump_calls = 0;
	loop.turn++;
	CHECK_INT(tunnel_dump(&tunnel, &running), 0);
	CHECK_INT(tunnel_dump(&tunnel, &running), 0);
	CHECK_INT(tunnel_apply(&tunnel, &wanted, &applied, &running, &report), 0);
	CHECK_INT(tunnel_dump(&tunnel, &running), 0);
	CHECK_INT(dump_calls, 1);
	loop.turn++;
	CHECK_INT(tunnel_dump(&tunnel, &running), 0);
	CHECK_INT(dump_calls, 2);
	wanted.listen_port++;
	CHECK_INT(tunnel_apply(&tunnel, &wanted, &applied, &running, &report), 0);
	CHECK_INT(tunnel_dump(&tunnel, &running), 0);
	CHECK_INT(dump_calls, 3);
}

TEST(what_does_not_answer_is_asked_once_a_turn)
{
	begin();
	dump_calls = 0;
	dump_fails_with = -ETIMEDOUT;
	loop.turn++;
	for (int i = 0; i < 4; i++)
		CHECK_INT(tunnel_dump(&tunnel, &running), -ETIMEDOUT);
	CHECK_INT(dump_calls, 1);
	loop.turn++;
	CHECK_INT(tunnel_dump(&tunnel, &running), -ETIMEDOUT);
	CHECK_INT(dump_calls, 2);
	dump_fails_with = 0;
	loop.turn++;
	CHECK_INT(tunnel_dump(&tunnel, &running), 0);
	/* the control: what failed at once costs nothing to ask again */
	dump_fails_with = -EPIPE;
	loop.turn++;
	CHECK_INT(tunnel_dump(&tunnel, &running), -EPIPE);
	dump_fails_with = 0;
	CHECK_INT(tunnel_dump(&tunnel, &running), 0);
}

/* Whether two say the same of peers, in any order. */
static bool same_peers(const struct tunnel_config *a, const struct tunnel_config *b)
{
	for (size_t i = 0; i < a->peer_count; i++) {
		const struct tunnel_peer *x = &a->peers[i], *y = tunnel_find(b, x->public_key);

		if (!y || !inet_endpoint_equal(&x->endpoint, &y->endpoint) || x->keepalive_s != y->keepalive_s ||
		    memcmp(x->preshared_key, y->preshared_key, TUNNEL_KEY_LEN) != 0 || x->received_bytes != y->received_bytes ||
		    x->handshake_s != y->handshake_s || x->allowed_count != y->allowed_count)
			return false;
		for (size_t j = 0; j < x->allowed_count; j++)
			if (!inet_prefix_equal(&a->allowed[x->allowed_first + j], &b->allowed[y->allowed_first + j]))
				return false;
	}
	return a->peer_count == b->peer_count;
}

TEST(what_runs_behind_a_change_is_known_without_asking)
{
	struct tunnel_peer *peer;

	begin();
	add_peer(&wanted, 3);
	CHECK_INT(apply(&applied), 0);
	tunnel_config_copy(&applied, &wanted);
	for (size_t i = 0; i < state.peer_count; i++) {
		state.peers[i].received_bytes = 100 + i;
		state.peers[i].handshake_s = 1000 + (int64_t)i;
		state.peers[i].endpoint.port = (uint16_t)(7000 + i); /* all have roamed */
	}
	tunnel_config_clear(&wanted);
	wanted.has_private_key = true;
	memset(wanted.private_key, 7, TUNNEL_KEY_LEN);
	wanted.listen_port = 4567;
	add_peer(&wanted, 4);
	add_peer(&wanted, 3)->keepalive_s = 25;
	peer = add_peer(&wanted, 2);
	peer->endpoint_id = 77;
	peer->endpoint.port = 5000;
	memset(peer->preshared_key, 9, TUNNEL_KEY_LEN);
	wanted.allowed[wanted.allowed_count++] = (struct inet_prefix){ { AF_INET, { 10, 8, 4 } }, 24 };
	peer->allowed_count++;
	dump_calls = 0;
	CHECK_INT(apply(&applied), 0);
	CHECK_INT(tunnel_dump(&tunnel, &running), 0);
	CHECK_INT(dump_calls, 1);
	CHECK(same_peers(&running, &state));
	CHECK_INT(tunnel_find(&running, wanted.peers[1].public_key)->endpoint.port, 7002);
	CHECK_INT(tunnel_find(&running, wanted.peers[2].public_key)->endpoint.port, 5000);
}

TEST(counters_of_now_are_asked_for)
{
	begin();
	add_peer(&wanted, 3);
	CHECK_INT(apply(&applied), 0);
	state.peers[0].received_bytes = 4711;
	CHECK_INT(tunnel_dump(&tunnel, &running), 0);
	CHECK(running.peers[0].received_bytes != 4711); /* as old as the turn */
	CHECK_INT(tunnel_dump_anew(&tunnel, &running), 0);
	CHECK_INT(running.peers[0].received_bytes, 4711);
}

TEST(what_runs_behind_a_change_that_failed_is_asked_for)
{
	begin();
	wanted.listen_port++;
	fail_with = -EADDRINUSE;
	dump_calls = 0;
	CHECK_INT(apply(&applied), -EADDRINUSE);
	CHECK_INT(tunnel_dump(&tunnel, &running), 0);
	CHECK_INT(dump_calls, 2);
}

TEST(apply_adds_updates_and_removes_only_what_differs)
{
	begin();
	tunnel_config_clear(&wanted);
	wanted.has_private_key = true;
	memset(wanted.private_key, 7, TUNNEL_KEY_LEN);
	wanted.listen_port = 4567;
	add_peer(&wanted, 2)->keepalive_s = 25;
	add_peer(&wanted, 3);
	CHECK_INT(apply(&applied), 0);
	CHECK_INT(device_calls, 0);
	CHECK_INT(remove_calls, 1);
	CHECK_INT(peer_calls, 2);
	CHECK_INT(report.count[TUNNEL_ADDED], 1);
	CHECK_INT(report.count[TUNNEL_UPDATED], 1);
	CHECK_INT(report.count[TUNNEL_REMOVED], 1);
	CHECK_INT(state.peer_count, 2);
}

TEST(reload_keeps_roamed_endpoint)
{
	begin();
	state.peers[0].endpoint.addr.bytes[3] = 99;
	wanted.peers[0].keepalive_s = 5;
	CHECK_INT(apply(&applied), 0);
	CHECK_INT(last_fields, TUNNEL_SET_KEEPALIVE);
	CHECK_INT(state.peers[0].endpoint.addr.bytes[3], 99);
}

TEST(reload_sets_endpoint_that_the_file_changed)
{
	begin();
	wanted.peers[0].endpoint.port = 5000;
	wanted.peers[0].endpoint_id = 77;
	CHECK_INT(apply(&applied), 0);
	CHECK_INT(last_fields, TUNNEL_SET_ENDPOINT);
	CHECK_INT(state.peers[0].endpoint.port, 5000);
}

/* A roamed peer whose name stays as it is, is another address now, or was not known before (after a crash: it stays). */
TEST(reload_sets_endpoint_whose_name_is_another_address)
{
	static const struct {
		uint8_t before, now;
		bool set;
	} rows[] = { { 1, 1, false }, { 1, 50, true }, { 0, 50, false }, { 1, 0, false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		state.peers[0].endpoint.addr.bytes[3] = 99;
		if (rows[i].before)
			applied.peers[0].resolved.addr = (struct inet_addr){ AF_INET, { 192, 0, 2, rows[i].before } };
		if (rows[i].now) {
			wanted.peers[0].resolved.addr = (struct inet_addr){ AF_INET, { 192, 0, 2, rows[i].now } };
			wanted.peers[0].endpoint.addr = wanted.peers[0].resolved.addr;
		}
		CHECK_INT(apply(&applied), 0);
		CHECK_INT(last_fields, rows[i].set ? TUNNEL_SET_ENDPOINT : 0);
		CHECK_INT(state.peers[0].endpoint.addr.bytes[3], rows[i].set ? rows[i].now : 99);
	}
}

TEST(changed_nics_are_looked_at_until_that_works)
{
	begin();
	tunnel.nics_changed = true;
	fail_with = -EIO;
	CHECK_INT(apply(&applied), -EIO);
	CHECK(tunnel.nics_changed);
	fail_with = 0;
	CHECK_INT(apply(&applied), 0);
	CHECK_INT(device_calls, 2);
	CHECK(!tunnel.nics_changed && !report.device_changed);
}

TEST(start_without_memory_keeps_endpoints_that_run)
{
	begin();
	state.peers[0].endpoint.addr.bytes[3] = 99;
	CHECK_INT(apply(NULL), 0);
	CHECK_INT(peer_calls, 0);
}

TEST(endpoint_that_is_missing_is_set_though_the_file_is_the_same)
{
	begin();
	state.peers[1].endpoint = (struct inet_endpoint){ 0 };
	CHECK_INT(apply(&applied), 0);
	CHECK_INT(last_fields, TUNNEL_SET_ENDPOINT);
}

TEST(name_that_does_not_resolve_leaves_the_endpoint_that_runs)
{
	begin();
	wanted.peers[0].endpoint = (struct inet_endpoint){ 0 };
	wanted.peers[0].endpoint_id = 5;
	CHECK_INT(apply(&applied), 0);
	CHECK_INT(peer_calls, 0);
	CHECK_INT(state.peers[0].endpoint.port, 4567);
}

TEST(allowed_ips_are_compared_as_sets)
{
	begin();
	state.allowed[state.allowed_count] = (struct inet_prefix){ { AF_INET, { 10, 8, 3, 50 } }, 32 };
	state.allowed[state.allowed_count + 1] = state.allowed[state.peers[0].allowed_first];
	state.peers[0].allowed_first = state.allowed_count;
	state.peers[0].allowed_count = 2;
	state.allowed_count += 2;
	wanted.peers[1].allowed_first = wanted.allowed_count; /* keeps its own one */
	wanted.allowed[wanted.allowed_count++] = wanted.allowed[1];
	wanted.peers[0].allowed_first = wanted.allowed_count;
	wanted.peers[0].allowed_count = 2;
	wanted.allowed[wanted.allowed_count++] = wanted.allowed[0];
	wanted.allowed[wanted.allowed_count++] = (struct inet_prefix){ { AF_INET, { 10, 8, 3, 50 } }, 32 };
	CHECK_INT(apply(&applied), 0);
	CHECK_INT(peer_calls, 0);
	wanted.allowed[wanted.allowed_count - 1].addr.bytes[3] = 51;
	CHECK_INT(apply(&applied), 0);
	CHECK_INT(last_fields, TUNNEL_SET_ALLOWED);
}

TEST(new_key_or_port_sets_the_device_and_a_failure_is_told)
{
	begin();
	wanted.listen_port = 4570;
	fail_with = -EADDRINUSE;
	CHECK_INT(apply(&applied), -EADDRINUSE);
	CHECK_INT(device_calls, 1);
	CHECK(report.device_changed);
	CHECK_INT(peer_calls, 0);
}

TEST(backend_that_is_not_built_in_is_not_known)
{
	CHECK(backend_known("auto") && backend_known("kernel"));
	CHECK(!backend_known("carrier-pigeon"));
}
