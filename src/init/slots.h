/* The system's images on the ESP, each a UKI: which are there, which one runs, and when one on trial is confirmed. */
#ifndef INIT_SLOTS_H
#define INIT_SLOTS_H

#include <stdbool.h>
#include <stddef.h>

#include "init/esp.h"
#include "init/slot_name.h"

enum { SLOTS_MAX = 24, SLOT_PATH_LEN = SLOT_NAME_LEN + 16 };

/* What an update is called while it is written: no name that the loader takes. */
#define SLOT_TEMPORARY "update.tmp"

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

/* The same by hand, also for one that was confirmed before: it is what starts from now on, since images that are newer go. */
int slots_keep(void);

/* Those on the ESP, the newest version first; what does not fit is left out. How many, or -errno. */
ssize_t slots_list(const struct esp *esp, struct slot slots[static SLOTS_MAX]);

bool slots_have_confirmed(const struct slot *slots, ssize_t count, const char *version);

/* With what a bundle is beside its image. 0, or -EIO: the image is still there. */
int slots_remove(const struct esp *esp, const struct slot *slot);

/* Where the ESP has what a bundle is beside its image, which goes on to other instances: its header, behind it its SBOM. */
void slot_rest_path(const char *version, char path[static SLOT_PATH_LEN]);
/* What of that has no image any more is removed, as far as it can be. */
void slots_sweep_rests(const struct esp *esp, const struct slot *slots, ssize_t count);

/* As a boot entry names it: "\\EFI\\Linux\\gateway_0.1.0.efi". */
void slot_path(const struct slot *slot, char path[static SLOT_PATH_LEN]);

/* The boot step: which image runs, in words, and whether it trusts the tree's own keys. board.conf is loaded. 0 or -errno. */
int slots_describe(char *words, size_t cap);
/* For child_begin: what an update that the power cut off left is removed. 0 or 1. */
int slots_sweep(void);

#endif
