/* Where the persistent partition is: a block device by its GPT partition's name, or by its file system's label. Nothing here
 * writes. */
#ifndef INIT_LOCATE_H
#define INIT_LOCATE_H

#include <stdbool.h>
#include <stddef.h>

#include "init/superblock.h"

enum { LOCATE_NAME_LEN = 32, LOCATE_MAX = 16 };

/* The block device (its name in /sys/class/block); how many fit. One with an ext4 file system comes before one that has but the
 * name; of several, one on the disk that the loader came from, else the first by name. */
size_t locate(const char *label, char name[static LOCATE_NAME_LEN]);
/* All of both kinds, as many as LOCATE_MAX: what locate takes is the first. */
size_t locate_all(const char *label, char names[static LOCATE_MAX][LOCATE_NAME_LEN]);
/* As locate, for a disk that may appear yet, as its driver finds it. */
size_t locate_in_time(const char *label, char name[static LOCATE_NAME_LEN]);

/* False: there is no ext4 file system on that device. */
bool locate_superblock(const char *name, uint8_t block[static SUPERBLOCK_LEN]);
bool locate_has_name(const char *name, const char *label); /* as a partition */

#endif
