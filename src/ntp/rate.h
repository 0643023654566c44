/* The rate of the kernel's clock, as a chronyd leaves it that was killed: one that ends by itself leaves what it has learned of the
 * machine, one that is killed also what it was adding to catch up, up to 8 %, and the clock runs away by it. */
#ifndef NTP_RATE_H
#define NTP_RATE_H

#include <stdbool.h>

/* tick: adjtimex(2)'s, in us; per_s: how many of them are a second. Small corrections chronyd makes by the frequency alone, large ones by
 * the length of a tick. */
bool ntp_rate_is_changed(long tick, long per_s);

/* While no chronyd runs. A clock that is at a large correction is put back to the kernel's own rate: the next chronyd finds what was
 * learned in its file. True: it was. */
bool ntp_rate_mend(void);

#endif
