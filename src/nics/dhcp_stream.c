#include "nics/dhcp_stream.h"

#include <string.h>

struct slice dhcp_stream_room(struct dhcp_stream *stream)
{
	stream->len -= stream->taken;
	memmove(stream->bytes, stream->bytes + stream->taken, stream->len);
	stream->taken = 0;
	/* Full, and neither a record nor a line. */
	if (stream->len == sizeof(stream->bytes))
		stream->len = 0;
	return (struct slice){ stream->bytes + stream->len, sizeof(stream->bytes) - stream->len };
}

void dhcp_stream_add(struct dhcp_stream *stream, size_t len)
{
	stream->len += len;
}

enum dhcp_said dhcp_stream_take(struct dhcp_stream *stream, struct slice *said)
{
	const char *begin = stream->bytes + stream->taken, *end;
	size_t len = stream->len - stream->taken;
	bool record = len && *begin == DHCP_RECORD;

	end = len ? memchr(begin, record ? '\0' : '\n', len) : NULL;
	if (!end)
		return DHCP_SAID_NOTHING;
	*said = (struct slice){ begin + record, (size_t)(end - begin) - record };
	stream->taken += (size_t)(end - begin) + 1;
	return record ? DHCP_SAID_RECORD : DHCP_SAID_LINE;
}
