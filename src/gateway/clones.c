#include "gateway/clones.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/key.h"
#include "gateway/overhear.h"

static void ear_close(struct clones_ear *ear)
{
	if (ear->open)
		close(ear->fd);
	*ear = (struct clones_ear){ 0 };
}

/* NULL when there is none, and none to be had: that is no fault of the path, and nothing is said of it. */
static struct clones_ear *ear_of(struct clones *clones, const struct tunnel_peer *peer, bool make)
{
	struct clones_ear *ear = NULL;

	for (size_t i = 0; i < CLONES_EARS; i++) {
		if (clones->ears[i].open && inet_endpoint_equal(&clones->ears[i].from, &peer->endpoint))
			return &clones->ears[i];
		if (!clones->ears[i].open)
			ear = &clones->ears[i];
	}
	if (!make || !ear)
		return NULL;
	ear->fd = overhear_open(&peer->endpoint, clones->port);
	ear->open = ear->fd >= 0;
	ear->from = peer->endpoint;
	ear->handshake_s = peer->handshake_s;
	ear->handshake_ns = peer->handshake_ns;
	return ear->open ? ear : NULL;
}

/* Only a response that the backend took makes a session whose index we know: one after which the peer has shaken hands. */
static void ear_learn(struct clones_ear *ear, const struct tunnel_peer *peer, const struct overheard *heard)
{
	bool same = ear->handshake_s == peer->handshake_s && ear->handshake_ns == peer->handshake_ns;

	if (same && !heard->initiated && !heard->responded)
		return;
	ear->knows_index = !same && heard->responded;
	ear->index = heard->receiver;
	ear->handshake_s = peer->handshake_s;
	ear->handshake_ns = peer->handshake_ns;
}

/* A peer that we wait for: does it speak to us meanwhile in another session than ours? */
static bool peer_left(struct clones *clones, const struct tunnel_peer *peer, bool waiting, uint64_t now_ns)
{
	struct clones_ear *ear = ear_of(clones, peer, waiting);
	struct overheard heard;

	if (!ear)
		return false;
	overhear_read(ear->fd, ear->from.addr.family, ear->index, &heard);
	if (waiting)
		ear->asked_ns = now_ns;
	else
		ear_learn(ear, peer, &heard);
	if (ear->data != waiting)
		ear->data = overhear_data(ear->fd, &ear->from, clones->port, waiting) == 0 && waiting;
	return waiting && ear->knows_index && heard.elsewhere;
}

static void clones_tell(struct clones *clones, const struct tunnel_peer *peer, const struct clone_signs *signs)
{
	char key[KEY_BASE64_LEN], here[INET_ENDPOINT_STRLEN], there[INET_ENDPOINT_STRLEN];

	key_to_base64(peer->public_key, key);
	if (clones->kind == CLONE_OF_US)
		text_format(clones->trouble, sizeof(clones->trouble),
			    "ANOTHER MACHINE HAS THIS INSTANCE'S KEY and takes its sessions: peer %.4s... answers in such as are "
			    "not ours. Is one disk a copy of the other? One of the two must have a key and VPN address of its own",
			    key);
	else
		text_format(clones->trouble, sizeof(clones->trouble),
			    "TWO MACHINES HAVE THE KEY OF PEER %.4s... and take the session from each other, at %s and at %s. "
			    "One of the two must have a key and VPN address of its own",
			    key, inet_endpoint_text(&signs->here, here), inet_endpoint_text(&signs->there, there));
	log_err("%s", clones->trouble);
}

static void clones_judge(struct clones *clones, const struct watch *watch, const struct tunnel_config *running,
			 uint64_t now_ns)
{
	enum clone_kind kind = CLONE_NONE;
	size_t who = 0;

	/* A peer that is two machines leaves us unanswered as well: ours is what remains. */
	for (size_t i = 0; i < watch->count && kind != CLONE_OF_PEER; i++) {
		enum clone_kind found = clone_signs_judge(&watch->peers[i].clone, now_ns);

		if (found > kind) {
			kind = found;
			who = i;
		}
	}
	if (kind == clones->kind)
		return;
	if (clones->kind != CLONE_NONE)
		log_info("over: %s", clones->trouble);
	clones->kind = kind;
	clones->trouble[0] = '\0';
	if (kind != CLONE_NONE)
		clones_tell(clones, &running->peers[who], &watch->peers[who].clone);
}

void clones_look(struct clones *clones, struct watch *watch, const struct tunnel_config *running, uint64_t now_ns)
{
	if (clones->port != running->listen_port)
		for (size_t i = 0; i < CLONES_EARS; i++)
			ear_close(&clones->ears[i]);
	clones->port = running->listen_port;
	for (size_t i = 0; i < watch->count; i++) {
		const struct tunnel_peer *peer = &running->peers[i];
		struct watched *watched = &watch->peers[i];

		if (peer->handshake_s && peer->endpoint.addr.family)
			clone_signs_look(&watched->clone, peer, peer_left(clones, peer, watched->waiting, now_ns), now_ns);
	}
	for (size_t i = 0; i < CLONES_EARS; i++)
		if (now_ns - clones->ears[i].asked_ns > CLONE_OVER_S * NS_PER_S)
			ear_close(&clones->ears[i]);
	clones_judge(clones, watch, running, now_ns);
}

void clones_close(struct clones *clones)
{
	for (size_t i = 0; i < CLONES_EARS; i++)
		ear_close(&clones->ears[i]);
	*clones = (struct clones){ 0 };
}
