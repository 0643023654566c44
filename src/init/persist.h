/* The persistent partition: found by name or label, checked when it is not clean, mounted. */
#ifndef INIT_PERSIST_H
#define INIT_PERSIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEFAULTS_DIR "/usr/share/gateway/data"

/* Finds the ext4 file system whose GPT partition name or volume label is label, a partition or a whole disk, waiting
 * for it to appear; has it checked when it was not unmounted cleanly; mounts it at DATA_DIR. A partition of that name
 * grows with its disk up to max_bytes, and one that holds nothing gets a file system with DEFAULTS_DIR's files. Where there is
 * none at all, memory takes its place. may_change is asked before what cannot be undone, when there is such. 0, -ECANCELED when it
 * said no, or -errno; words gets what is worth telling either way. */
int persist_mount(const char *label, uint64_t max_bytes, bool (*may_change)(void), char *words, size_t cap);

/* Says what is there, and does nothing. */
void persist_look(const char *label, char *words, size_t cap);

/* For child_call: all is written, and it is unmounted: 0. PERSIST_READ_ONLY: someone has it open, and no one writes any more; or 1. */
enum { PERSIST_READ_ONLY = 2 };
int persist_unmount(void);

#endif
