/* Our entries in the firmware's boot order, through efivarfs. */
#ifndef INIT_BOOTORDER_H
#define INIT_BOOTORDER_H

#include "init/bootentry.h"

/* Enters systemd-boot and, behind it, the UKI at that path first, in the place of entries that an earlier install made, and
 * prints what it did. 0 or -errno; -ENOENT without EFI variables. */
int bootorder_enter(const struct bootentry_partition *partition, const char *uki);

/* The entry without the loader starts that UKI from now on; where there is none, both are made, as by bootorder_enter. One write of one
 * variable: whenever the power goes, it starts the one or the other. */
int bootorder_move(const struct bootentry_partition *partition, const char *uki);

/* The loader starts that entry ("gateway_0.1.0.efi", lower case) at the next boot, once. 0 or -errno. */
int bootorder_once(const char *entry);

#endif
