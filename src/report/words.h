/* Spans of time and amounts in words, as wg(8) says them. */
#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include <stddef.h>
#include <stdint.h>

/* "1 minute, 12 seconds"; in dst. */
const char *words_duration(int64_t seconds, char *dst, size_t cap);
/* The same with "ago", or "Now"; in dst. */
const char *words_ago(int64_t seconds, char *dst, size_t cap);
/* "12 s", "3m42s", "4m", "2h05m", "3d04h", for a table; in dst. */
const char *words_age(int64_t seconds, char *dst, size_t cap);
/* "1.21 KiB"; in dst. */
const char *words_bytes(uint64_t bytes, char *dst, size_t cap);

#endif
