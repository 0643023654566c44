/* How much of our time handshake messages take that lead to nothing, and what is done about it (paper 5.3 leaves open what
 * "under load" is).
 *
 * The kernel counts messages: more than 512 that wait are load, for a second more, and then each initiation gets a cookie. Here
 * one thread moves the data too, so what counts is time, and whose: a message that proves itself (a peer's fresh initiation or
 * response) is never held against anyone, since a peer can have 50 of them a second and no one can forge one. So 1,000 peers
 * that come back at once are no load. What leads to nothing fills three buckets:
 *
 * - asked: what it cost, and what was refused as if it had been served. Over its rim there is load. It lasts while what is
 *   refused would be too much, and for a second behind that; few refusals do not keep it up. (A guard that counts only
 *   what it lets in forgets the flood that it holds off, and lets it in again each second.)
 * - taken: the time that did go there, refusals and cookies included. Over its rim no more of it is read until time emptied it:
 *   the rest of a flood is dropped by the kernel's queue, at the least price there is.
 * - cookies: two thirds of that, 25,000 a second. Who floods from forged addresses gets cookies sent there; the kernel sends one for each. */
#ifndef WG_LOAD_H
#define WG_LOAD_H

#include <stdbool.h>
#include <stdint.h>

/* What work fills and time empties, by rate_ns a second. */
struct load_bucket {
	uint64_t rate_ns, rim_ns;
	uint64_t level_ns;
	uint64_t at_ns; /* of that level */
};

struct load {
	struct load_bucket asked, taken, cookies;
	uint64_t served_ns; /* a message that is let in costs so much: a mean of what was measured */
	uint64_t until_ns;  /* load */
};

enum {
	/* What it costs to read a message and to refuse it, by mac1 or mac2, and to make and send a cookie: of which most is system calls. Not
	 * measured, as a look at the clock costs a good part of that. */
	LOAD_GLANCE_NS = 1500,
	LOAD_COOKIE_NS = 4000,
	LOAD_SERVED_NS = 100000, /* before anything is measured */
};

/* Of a second budget_ns may go to what leads to nothing. */
void load_open(struct load *load, uint64_t budget_ns);

/* A message came to nothing; whatever else is charged for it. */
void load_glanced(struct load *load, uint64_t now_ns);
/* One was let in, and came to something or not. */
void load_served(struct load *load, uint64_t cost_ns, bool wasted, uint64_t now_ns);
/* One was not let in that would have been without load. */
void load_refused(struct load *load, uint64_t now_ns);
/* False: no cookie for this one. */
bool load_may_send_cookie(struct load *load, uint64_t now_ns);

bool load_is_high(const struct load *load, uint64_t now_ns);
/* How long no more is to be read; 0: read on. */
uint64_t load_rest_ns(const struct load *load, uint64_t now_ns);
/* What comes all the same, among data, is not looked at. */
bool load_is_full(const struct load *load, uint64_t now_ns);

#endif
