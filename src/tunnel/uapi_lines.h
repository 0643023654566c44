/* Lines that are to be sent: as many as there are. They hold keys. */
#ifndef TUNNEL_UAPI_LINES_H
#define TUNNEL_UAPI_LINES_H

#include "tunnel/uapi_line.h"

/* Zeros at first. */
struct uapi_lines {
	char *text; /* uapi_lines_free frees it */
	size_t len, cap;
	bool failed; /* for want of memory: what is there is not whole */
};

struct uapi_to uapi_lines_to(struct uapi_lines *lines);
void uapi_lines_wipe(struct uapi_lines *lines); /* empty again, its room kept */
void uapi_lines_free(struct uapi_lines *lines);

#endif
