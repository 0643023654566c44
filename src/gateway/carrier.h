/* Which backend carries a path, and by which word of the files. */
#ifndef GATEWAY_CARRIER_H
#define GATEWAY_CARRIER_H

#include "tunnel/backend.h"

/* Empty words and no ops: nothing carried it yet. */
struct carrier {
	const char *word; /* by which what came up last was chosen, and */
	const struct tunnel_ops *ops;
	const char *reason; /* why this backend, for auto; "" otherwise */
};

/* Does ops, which carries the path now (NULL: nothing does), go on for that word? Then the reason is that word's. */
bool carrier_stays(struct carrier *carrier, const struct tunnel_ops *ops, const char *word, struct nl *host);

#endif
