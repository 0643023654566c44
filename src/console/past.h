/* What the partition has of the log: read by a process of its own, which a disk that hangs may hold. */
#ifndef CONSOLE_PAST_H
#define CONSOLE_PAST_H

#include "base/text.h"

/* Older lines first; borrowed until the next call. -ETIMEDOUT: the disk does not answer. */
int past_read(struct slice *text);

#endif
