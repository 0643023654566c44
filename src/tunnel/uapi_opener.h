/* Who opens sockets for a program that lost its own, and has no right to start one: an image of this binary, whose other end the program is
 * handed. One that does not live is not started again and again. */
#ifndef TUNNEL_UAPI_OPENER_H
#define TUNNEL_UAPI_OPENER_H

#include "tunnel/uapi_ask.h"
#include "tunnel/uapi_process.h"

/* Zeros at first. */
struct uapi_opener {
	bool takes_none; /* the program said so */
	bool failed;     /* the last try, which was told */
	uint64_t last_ns; /* of the last try, */
	unsigned wait_s;  /* from which the next is that long; 0: there was none */
};

/* Is it time for a try? Then that one counts. */
bool uapi_opener_is_due(struct uapi_opener *opener, uint64_t now_ns);

/* One that was started just now is waited for by the first: there is a next try. Behind the end of the last, and before the program takes it. */
enum { UAPI_OPENER_WAIT_MS = 500, UAPI_OPENER_MEND_MS = UAPI_PROCESS_END_MS + UAPI_OPENER_WAIT_MS + UAPI_PATIENCE_MS };

/* Takes up to UAPI_OPENER_MEND_MS. The program behind more, of tunnel's interface, lacks one: true once it has another. */
bool uapi_opener_mend(struct uapi_opener *opener, struct uapi_asker *more, const struct tunnel *tunnel, uint64_t now_ns);

#endif
