/* What `show` says of the persistent partition. */
#ifndef CONSOLE_PARTITION_H
#define CONSOLE_PARTITION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Finds where dir is mounted from in the text of proc_mounts(5), and whether it is read-only. False when nothing is. */
bool partition_find(struct slice mounts, const char *dir, struct slice *device, bool *read_only);

/* A line: the device, how full it is, what is wrong with it. */
void partition_print(void);

#endif
