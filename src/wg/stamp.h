/* TAI64N stamps (paper 5.1): what a handshake says of when it was begun. Pure. */
#ifndef WG_STAMP_H
#define WG_STAMP_H

#include "wg/wg.h"

/* Above floor, unless it is already; a floor of zeros is none. */
void stamp_raise_above(uint8_t stamp[static WG_STAMP_LEN], const uint8_t floor[static WG_STAMP_LEN]);
/* The later of both. */
void stamp_raise_to(uint8_t stamp[static WG_STAMP_LEN], const uint8_t other[static WG_STAMP_LEN]);

#endif
