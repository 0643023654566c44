#include "base/kmsg.h"

#include <stdlib.h>
#include <string.h>

enum { LEVEL_MASK = 7, FACILITY_SHIFT = 3 };

/* "priority,sequence,microseconds,flags;text\n", and lines behind it that name a device. */
bool kmsg_parse(char *record, struct kmsg *kmsg)
{
	char *text = strchr(record, ';'), *sequence = strchr(record, ','), *at;

	if (!text || !sequence || sequence > text || !(at = strchr(sequence + 1, ',')) || at > text)
		return false;
	kmsg->level = (unsigned)strtoul(record, NULL, 10);
	kmsg->facility = kmsg->level >> FACILITY_SHIFT;
	kmsg->level &= LEVEL_MASK;
	kmsg->sequence = strtoull(sequence + 1, NULL, 10);
	kmsg->at_us = strtoull(at + 1, NULL, 10);
	kmsg->text = ++text;
	text[strcspn(text, "\n")] = '\0';
	return true;
}
