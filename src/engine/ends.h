/* What ends the engine besides an error: a signal, its interface being deleted, one of its two sockets being taken away. */
#ifndef ENGINE_ENDS_H
#define ENGINE_ENDS_H

#include "base/loop.h"

/* The tunnel is open, and both sockets are served, in sockets_dir by uapi_name. Stops the loop at the first of them: 0 or -errno. */
int ends_follow(struct loop *loop, const char *sockets_dir, const char *uapi_name);

#endif
