/* The ESP that this system was booted from, changed by one process at a time: mended by fsck.fat, read and written by mtools, never
 * mounted.
 *
 * A rename is what a power cut must not tear. The kernel's vfat writes the new name, its first cluster, then takes the old name away: cut
 * in between, two names have the same clusters, and removing either frees the other's. By mtools the block with both names is changed
 * in memory and reaches the disk as one write: there is the old name or the new one. Nor may a console's process mount. */
#ifndef INIT_ESP_H
#define INIT_ESP_H

#include <stdint.h>
#include <sys/types.h>

#include "init/bootentry.h"

enum { ESP_DEVICE_LEN = 64, ESP_NAME_LEN = 128 };

struct esp {
	char device[ESP_DEVICE_LEN]; /* "/dev/sda1" */
	struct bootentry_partition partition;
	int lock;
};

/* For who only reads: 0 or -ENODEV, when no disk has it, as of a CD. */
int esp_find(struct esp *esp);
/* Finds it and keeps others from it until esp_close: 0, -ENODEV when no disk has it, as of a CD; -EBUSY with who has it (holder), or
 * -errno. Nothing to close after an error. */
int esp_open(struct esp *esp, pid_t *holder);
void esp_close(struct esp *esp);

/* What a power cut left: lost clusters, two names for the same file. 0, or -EUCLEAN when it does not come to an end. */
int esp_mend(const struct esp *esp);
/* Writes what is there already, and reads it: 0, or -errno of a disk that takes nothing any more. */
int esp_try(const struct esp *esp);
int esp_free(const struct esp *esp, uint64_t *bytes); /* 0 or -EIO */

/* A file is named as it is below EFI/Linux, or by its path from the top, which begins with a slash. */

/* Names below EFI/Linux (folder ""), or in a folder, "/loader", each once: 0 or -EIO. */
int esp_each(const struct esp *esp, const char *folder, void (*each)(void *arg, const char *name), void *arg);

/* A new file there, which fill writes to a pipe, and which is on the disk afterwards: 0 or -errno, fill's own first. */
int esp_write(const struct esp *esp, const char *name, int (*fill)(void *arg, int fd), void *arg);
/* The file as the disk has it, for take to read from a pipe to its end: 0 or -errno. */
int esp_read(const struct esp *esp, const char *name, int (*take)(void *arg, int fd), void *arg);
/* On the disk afterwards: 0 or -errno. */
int esp_rename(const struct esp *esp, const char *from, const char *to);
int esp_remove(const struct esp *esp, const char *name);

#endif
