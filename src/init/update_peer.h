/* `update from NAME`: the bundle that a peer runs, onto the partition by either path, in as many pieces as it takes. */
#ifndef INIT_UPDATE_PEER_H
#define INIT_UPDATE_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "init/update_source.h"

/* is_wanted judges the header before the rest is taken, by the words of the source, and tells why not. True: all of it is there, to be
 * checked as any file is. False: told; what has come is kept when the rest can be asked for later, and gone else. */
bool update_peer_fetch(struct update_source *source, const char *name,
		       bool (*is_wanted)(const uint8_t header[static BUNDLE_HEADER_LEN], uint64_t len));
void update_peer_drop(struct update_source *source); /* it is worth nothing any more; also for one that is no peer's */

#endif
