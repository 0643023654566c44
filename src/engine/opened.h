/* The packet process' side of its opener (engine/opener.h): what takes a right is asked for and waited for, a short time at most, and
 * what comes is looked at before it is used. While there is no opener packets go on, and what it should open is tried again later. */
#ifndef ENGINE_OPENED_H
#define ENGINE_OPENED_H

#include "base/loop.h"
#include "engine/rights.h"

/* Of one that does not answer no second thing is asked before it did. One that did not for OPENED_PATIENCE_MS, or not to a greeting, of
 * which there is one each OPENED_GREET_S, before the next, counts as none until it answers; one that says what is no answer is closed as
 * if it had ended. */
enum { OPENED_WAIT_MS = 200, OPENED_PATIENCE_MS = 3000, OPENED_GREET_S = 5 };

/* fd, the end of a socket to an opener, is taken over, and the place of the one before. changed is called when that opener is there no
 * more, or again, be it in the middle of a call below: it must not call outer. 0, or -errno and there is none. */
int opened_by(struct loop *loop, int fd, void (*changed)(void));
void opened_close(void); /* also when there is none */
bool opened_is_there(void); /* and answers */

/* Which do this. Each: -EPIPE: there is no opener; -ETIMEDOUT; -EBADMSG: what came is not what was asked for; or its own error. */
extern const struct engine_rights opened_rights;

#endif
