/* Where the sockets of our own program are: where wg(8) looks, or else in a directory of ours. */
#ifndef TUNNEL_UAPI_PLACE_H
#define TUNNEL_UAPI_PLACE_H

#include <limits.h>
#include <stddef.h>

struct uapi_place {
	const char *dir;        /* borrowed; NULL: there is none */
	char own_dir[PATH_MAX]; /* as a path that holds from anywhere; "": none, */
	int own_err;            /* and -errno why */
};

/* dir: NULL: there is none. name: of the sockets. */
void uapi_place_find(struct uapi_place *place, const char *dir, const char *name);

/* For a program that is started now. *warning, "" at first, says why wg(8) will not find it. */
const char *uapi_place_choose(const struct uapi_place *place, const char *name, const char *device, char *warning, size_t cap);

#endif
