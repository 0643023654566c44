/* A line of the log as a syslog server takes it (RFC 5424). Pure. */
#ifndef CONSOLE_SYSLOG_LINE_H
#define CONSOLE_SYSLOG_LINE_H

#include <stddef.h>
#include <stdint.h>

/* RFC 5424 6.1: each receiver takes 480 bytes and should take 2048; what is longer is cut. */
enum { SYSLOG_LINE_MAX = 1024 };

/* host: "-" when there is none. text: "gateway: words" is of the process gateway, all else of app; it ends at len, or at a line
 * end. at_us: since 1970, UTC. The length, without a line end. */
size_t syslog_line(char line[static SYSLOG_LINE_MAX], unsigned priority, int64_t at_us, const char *host, const char *app,
		   const char *text, size_t len);

#endif
