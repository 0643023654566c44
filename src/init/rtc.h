/* The machine's own clock, in UTC. */
#ifndef INIT_RTC_H
#define INIT_RTC_H

#include <stdint.h>

int rtc_read(int64_t *s);  /* 0 or -errno */
int rtc_write(int64_t s);

#endif
