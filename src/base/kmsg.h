/* A record of the log as /dev/kmsg gives it (kernel Documentation/ABI/testing/dev-kmsg). Pure. */
#ifndef BASE_KMSG_H
#define BASE_KMSG_H

#include <stdbool.h>
#include <stdint.h>

enum { KMSG_RECORD_LEN = 8192 };

struct kmsg {
	unsigned facility; /* of syslog(3), LOG_KERN and so on as numbers; what processes write has another than the kernel's */
	unsigned level;   /* of syslog(2): LOG_ERR and below are for an operator to mend */
	uint64_t sequence; /* of this boot's records */
	uint64_t at_us;   /* since the boot, by the clock that CLOCK_MONOTONIC follows */
	const char *text; /* in record */
};

/* record: as it was read, ended by NUL; its text is cut to one line in place. False for what is none. */
bool kmsg_parse(char *record, struct kmsg *kmsg);

#endif
