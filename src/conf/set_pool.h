/* The sets that a process has at hand. A set is large, and each process has the static storage of all kinds of process: so these
 * stand there once, whichever kind it is. */
#ifndef CONF_SET_POOL_H
#define CONF_SET_POOL_H

#include "conf/set.h"

/* What is to run, and what it is held against. A service has both from its start on. Of a change, whoever has the files (config, rollback,
 * import) has one; what is called below that (access, boot, adopt, the files that are set aside, a key that is put) takes one and gives it
 * back before it returns, and calls none of the others meanwhile. */
enum { SET_POOL = 2 };

struct conf_set *set_pool_take(void);             /* wiped; one more than there are is a fault of the program, and its end */
void set_pool_give_back(struct conf_set *set); /* which is wiped */

#endif
