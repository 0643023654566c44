/* Asks the time servers once by how much the clock is wrong. For a process that may wait; nothing is changed. */
#ifndef NTP_MEASURE_H
#define NTP_MEASURE_H

#include <stdint.h>

#include "ntp/wanted.h"

enum { NTP_MEASURE_S = 3 /* a server that answers at all takes tenths of a second, and one that is dead beside it two seconds */ };

/* *offset_us is to be added to the clock. 0, -ETIMEDOUT when no one who can be believed answers in time, or -errno. */
int ntp_measure(const struct ntp_wanted *wanted, const char *chronyd, int64_t *offset_us);

#endif
