/* How long programs behind UAPI sockets are waited for: in one turn of the loop, and whatever it calls in that, as long as the supervisor may do
 * without a word of it (base/pulse.h). Who could not be waited for any longer is tried again in another turn. */
#ifndef TUNNEL_UAPI_PATIENCE_H
#define TUNNEL_UAPI_PATIENCE_H

#include "tunnel/tunnel.h"
#include "tunnel/uapi_ask.h"

/* The waits of a turn: less than half of what a service may stand still. Who answers at once was not waited for, so that a thousand peers can be
 * set one by one: nothing bounds how many such answers a turn takes (0.3 ms each; 500 of 15 ms are 8.6 s). */
enum { UAPI_TURN_MS = 4800, UAPI_PROMPT_MS = 20 };

/* Zeros and the loop at first. */
struct uapi_patience {
	const struct loop *loop;
	uint64_t turn, waited_ns; /* in that one */
	bool was_short;           /* the last wait had less time than an answer may take: that none came says nothing of who was asked */
	unsigned silences;        /* requests in a row that were not answered in time */
};

unsigned uapi_patience_left_ms(struct uapi_patience *patience);

/* Until when a wait that begins now may last: of most_ms at most, with the time of an end left behind it; or for an end. */
uint64_t uapi_patience_until(struct uapi_patience *patience, unsigned most_ms);
uint64_t uapi_patience_until_end(struct uapi_patience *patience);

void uapi_patience_waited(struct uapi_patience *patience, uint64_t began_ns); /* it is over */

/* uapi_ask, as long as patience has it; the lines are empty then. A program that is silent again and again is ended. tunnel: NULL while it is not open. */
int uapi_patience_ask(struct uapi_patience *patience, struct uapi_asker *asker, struct uapi_lines *lines, struct uapi_answer *answer,
		      struct tunnel *tunnel);

#endif
