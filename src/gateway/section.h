/* The [Peer] that all instances need of this one. */
#ifndef GATEWAY_SECTION_H
#define GATEWAY_SECTION_H

#include "gateway/amend.h"

enum { SECTION_LEN = 512 };

/* By the files as they are now; where they lack something it is a comment that says so. name "": what the section that is there is
 * called, if any. */
void section_write(const struct amend *change, const uint8_t public_key[static VPN_KEY_LEN], const char *name,
		   char dst[static SECTION_LEN]);

#endif
