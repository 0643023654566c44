/* What a DHCP client and its hook write into one pipe, taken apart. Pure. */
#ifndef NICS_DHCP_STREAM_H
#define NICS_DHCP_STREAM_H

#include "base/text.h"

/* How the one line begins that is no client's: there is none. */
#define DHCP_CANNOT_START "cannot start "

enum {
	/* A record is this, what lease_event takes, a newline, the lines of a lease, a NUL; written at once, and so no longer than PIPE_BUF.
	 * Anything else is a line for the log. */
	DHCP_RECORD = 1,
	DHCP_STREAM_LEN = 8192,
};

struct dhcp_stream {
	char bytes[DHCP_STREAM_LEN];
	size_t len, taken; /* of len, those before what comes next */
};

enum dhcp_said { DHCP_SAID_NOTHING, DHCP_SAID_RECORD, DHCP_SAID_LINE };

/* Where the next bytes go, and how many have room; then dhcp_stream_add says how many came. */
struct slice dhcp_stream_room(struct dhcp_stream *stream);
void dhcp_stream_add(struct dhcp_stream *stream, size_t len);

/* The next one that is whole, without what it begins and ends with; borrowed until dhcp_stream_room. */
enum dhcp_said dhcp_stream_take(struct dhcp_stream *stream, struct slice *said);

#endif
