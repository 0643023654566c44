/* What a DHCP client may write to the NICs' service, in pieces as whole; what is kept of it is read as it was written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "network/leases.h"
#include "nics/dhcp_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_kept(struct slice text)
{
	static struct leases leases;
	static char once[LEASES_TEXT_MAX], again[LEASES_TEXT_MAX];
	struct text first, second;

	leases_read(&leases, text);
	text_init(&first, once, sizeof(once));
	leases_write(&leases, &first);
	if (first.truncated)
		return;
	leases_read(&leases, slice_of(once));
	text_init(&second, again, sizeof(again));
	leases_write(&leases, &second);
	if (strcmp(once, again) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dhcp_stream stream;
	struct slice said;

	stream.len = stream.taken = 0;
	for (size_t at = 0; at < size;) {
		struct slice room = dhcp_stream_room(&stream);
		size_t len = size - at < room.len ? size - at : room.len;

		memcpy((char *)(uintptr_t)room.ptr, data + at, len);
		dhcp_stream_add(&stream, len);
		at += len;
		while (dhcp_stream_take(&stream, &said) != DHCP_SAID_NOTHING)
			check_kept(said);
	}
	check_kept((struct slice){ (const char *)data, size });
	return 0;
}
