/* What a process that was just forked holds of its parent's. */
#ifndef BASE_DESCRIPTORS_H
#define BASE_DESCRIPTORS_H

#include <stddef.h>

/* Closes all but the three standard ones and those; a negative one of them is none. */
void descriptors_close_others(const int *keep, size_t keep_count);

#endif
