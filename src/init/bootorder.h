/* Our entries in the firmware's boot order, through efivarfs. */
#ifndef INIT_BOOTORDER_H
#define INIT_BOOTORDER_H

#include "init/bootentry.h"

/* Enters systemd-boot and, behind it, the UKI at that path first, in the place of entries that an earlier install made, and
 * prints what it did. 0 or -errno; -ENOENT without EFI variables. */
int bootorder_enter(const struct bootentry_partition *partition, const char *uki);

#endif
