/* What any neighbour may send as LLDP, and what is kept of it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "exact.h"
#include "network/lldp.h"
#include "nics/lldp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_text(const char *text, size_t cap)
{
	if (strnlen(text, cap) == cap)
		abort();
	for (; *text; text++)
		if (!isprint((unsigned char)*text))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lldp_nic nic;
	char line[LLDP_LINE_LEN], text[LLDP_ID_TEXT_LEN];
	uint8_t *copy = exact_copy(data, size);
	struct lldp_frame frame;

	if (lldp_read(copy, size, &frame)) {
		must_be_text(frame.name, sizeof(frame.name));
		must_be_text(frame.description, sizeof(frame.description));
		must_be_text(frame.port_description, sizeof(frame.port_description));
		must_be_text(lldp_chassis_text(&frame.chassis, text), sizeof(text));
		must_be_text(lldp_port_text(&frame.port, text), sizeof(text));
		lldp_take(&nic, &frame, size * NS_PER_S, line);
		must_be_text(line, sizeof(line));
		if (nic.count > LLDP_NEIGHBOURS_MAX)
			abort();
	}
	free(copy);
	return 0;
}
