/* The system's images on the ESP, each a UKI: which are there, which one runs, and when one on trial is confirmed. */
#ifndef INIT_SLOTS_H
#define INIT_SLOTS_H

#include <stdbool.h>
#include <stddef.h>

#include "init/slot_name.h"

enum { SLOTS_MAX = 16 };

/* What runs, as firmware and loader say it; asks no disk, so that PID 1 may call it, once the boot step `firmware` is over. Once it
 * was confirmed in this boot, it is not counted any more. 0, or -ENOENT: it came by no UKI of ours that is on an ESP (a kernel and an
 * initramfs of QEMU's; no EFI variables). A CD's is one, and never counted. */
int slots_running(struct slot *slot);

/* Drops the counter of the image that runs, and makes it the one that the firmware falls back to without a loader. Waits for the disk, for
 * PID 1 to lend the firmware's variables, and for whoever changes the ESP: so for child_begin, and never for PID 1 itself. What can be
 * asked again may be: 0, also when it was confirmed before or has no counter; -ENOENT as slots_running, or its file is gone; -ENODEV:
 * no disk has the ESP that it came from; -EBUSY: an update has the ESP; -EROFS, -EIO, ...: what the disk said. The counter may be gone
 * when the firmware's variables took nothing: that is logged, and is 0. */
int slots_confirm(void);

#endif
