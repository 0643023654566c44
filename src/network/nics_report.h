/* What was done to the NICs, as numbers and sentences. */
#ifndef NETWORK_NICS_REPORT_H
#define NETWORK_NICS_REPORT_H

#include <stdbool.h>
#include <stddef.h>

struct nics_report {
	size_t changes;
	size_t matched;   /* NICs that some [Match] fits, those that yield to another one left out */
	size_t with_carrier; /* of those */
	size_t errors;
	/* Called per change and per error, a sentence without newline. */
	void (*say)(void *arg, bool error, const char *text);
	void *arg;
};

#endif
