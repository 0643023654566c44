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

/* It was mounted to be written to, or holds more than mke2fs leaves. */
bool superblock_is_used(const uint8_t block[static SUPERBLOCK_LEN]);

/* What is behind it goes: from now on neither the kernel nor e2fsck takes it for a file system that they know. */
void superblock_give_up(uint8_t block[static SUPERBLOCK_LEN]);
bool superblock_is_given_up(const uint8_t block[static SUPERBLOCK_LEN]);

#endif
