/* What ends the engine besides an error: a signal, its interface being deleted, its UAPI socket being taken away. */
#ifndef ENGINE_ENDS_H
#define ENGINE_ENDS_H

#include "base/loop.h"

/* The tunnel is open, its UAPI socket is sockets_dir/uapi_name.sock. Stops the loop at the first of them: 0 or -errno. */
int ends_follow(struct loop *loop, const char *sockets_dir, const char *uapi_name);

#endif
