/* Whether someone answers at a stream socket's name, so that it is not one which a dead process left. */
#ifndef BASE_SERVED_H
#define BASE_SERVED_H

#include <stdbool.h>

/* Waits for no one. A path that is too long for an address is served by no one. */
bool served(const char *path);

#endif
