/* What an ext4 superblock says (kernel Documentation/filesystems/ext4/super.rst): pure. */
#ifndef INIT_SUPERBLOCK_H
#define INIT_SUPERBLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Of the device, and how long it is. */
enum { SUPERBLOCK_OFFSET = 1024, SUPERBLOCK_LEN = 1024 };

bool superblock_is_ext(const uint8_t block[static SUPERBLOCK_LEN]);
bool superblock_has_label(const uint8_t block[static SUPERBLOCK_LEN], const char *label);
uint64_t superblock_bytes(const uint8_t block[static SUPERBLOCK_LEN]); /* of the file system */
bool superblock_is_clean(const uint8_t block[static SUPERBLOCK_LEN]);

#endif
