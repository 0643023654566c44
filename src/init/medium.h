/* What this system was booted from, and the files of an ESP: read and written by mtools, which needs no mount. */
#ifndef INIT_MEDIUM_H
#define INIT_MEDIUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "init/disks.h"

enum { MEDIUM_PLACE_LEN = 64, MEDIUM_PATH_LEN = 64 };

/* A FAT, as mtools names it: on a disk "/dev/sda@@1048576"; in memory it has no disk. */
struct medium {
	char place[MEDIUM_PLACE_LEN];
	char disk[DISK_NAME_LEN];
};

/* The path of this version's UKI on an ESP, with slashes. */
void medium_uki(char path[static MEDIUM_PATH_LEN]);

/* The ESP that has this version's UKI: the one that the loader says it came from, else a CD, else any but the one of
 * `but`. False when there is none. */
bool medium_find(const struct disk *disks, size_t count, const char *but, struct medium *medium);

/* The disk that the loader came from, by its ESP's GUID: true when it is this one. */
bool medium_is_on(const struct disk *disk);
bool medium_is_known(void); /* the loader says what it came from: a CD has no such GUID */

/* A new FAT of that many bytes for that offset of a disk, in memory: a descriptor, which the caller closes, or -errno. */
int medium_make(const struct disk *disk, uint64_t at, uint64_t bytes, struct medium *medium);
/* To where it goes: 0 or -errno. */
int medium_write(int from, int to, uint64_t at);

bool medium_has(const struct medium *medium, const char *path);
/* One file from a medium to another; its folders are made first. 0, -ENODATA when `from` cannot be read, or -EIO. */
int medium_make_folder(const struct medium *medium, const char *path);
int medium_copy(const struct medium *from, const struct medium *to, const char *path);

#endif
