/* The peers of a path that do not answer: probed while they have not shaken hands, watched, and looked for elsewhere. */
#ifndef GATEWAY_SILENT_H
#define GATEWAY_SILENT_H

#include "gateway/clones.h"
#include "gateway/inner.h"
#include "gateway/ping.h"
#include "gateway/resolve.h"
#include "gateway/watch.h"

/* What comes first is set before silent_watch; what is borrowed outlives it. */
struct silent {
	struct loop *loop;
	struct inner *inner;
	struct pinger *pinger;
	const char *roamed_file;                                 /* where peers were last is kept there (gateway/roamed) */
	void (*looked)(struct silent *silent, uint64_t now_ns);  /* inner->running is a dump of now */
	void (*elsewhere)(struct silent *silent);                /* applying again moves a peer that does not answer */

	struct loop_timer probe, look;
	bool sessions_lost; /* the interface was down: handshakes of before say nothing */
	struct watch watch; /* of inner->running */
	struct clones clones;
};

void silent_watch(struct silent *silent);     /* from now on */
void silent_stop(struct silent *silent);
void silent_probe(struct silent *silent);     /* those that may be bothered again: a knock, then an echo request */
void silent_probe_all(struct silent *silent); /* without a knock: they send to a tunnel that is gone */

/* For struct wanted_pick: which of its name's addresses a peer has; arg is the struct silent. */
size_t silent_pick(void *arg, const uint8_t public_key[static TUNNEL_KEY_LEN], const struct resolved_addrs *addrs);
/* A name has other addresses than the one that its peer has, to which no way leads. */
bool silent_address_is_due(const struct silent *silent);

#endif
