/* The firmware's boot entries as bytes (UEFI 2.10, 3.1.3 EFI_LOAD_OPTION, 10.3.5 media device paths): made, recognised, put in
 * order. */
#ifndef INIT_BOOTENTRY_H
#define INIT_BOOTENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What each of ours begins with, of this version or another. */
#define BOOTENTRY_NAME "MITIGATOR gateway"

enum { BOOTENTRY_MAX = 512, BOOTENTRY_GUID_LEN = 16 };

struct bootentry_partition {
	uint32_t number; /* from 1 */
	uint64_t first, blocks;
	uint8_t guid[BOOTENTRY_GUID_LEN]; /* as the partition table has it */
};

/* An active entry for a file, path with backslashes, both texts ASCII: its length, or -ENAMETOOLONG. */
ssize_t bootentry_make(uint8_t dst[static BOOTENTRY_MAX], const char *description, const struct bootentry_partition *partition,
		       const char *path);

/* The description as ASCII, '?' for the rest and cut off at the end of dst: false when these bytes are no entry. */
bool bootentry_description(const uint8_t *bytes, size_t len, char *dst, size_t cap);

/* Puts the numbers of first at the front of order[count], which has room for first_count more; what is in gone, or in first,
 * is taken out elsewhere. The new count. */
size_t bootentry_order(uint16_t *order, size_t count, const uint16_t *first, size_t first_count, const uint16_t *gone,
		       size_t gone_count);

/* "01234567-89ab-cdef-0123-456789abcdef" as a partition table has it. */
bool bootentry_guid(const char *text, uint8_t guid[static BOOTENTRY_GUID_LEN]);

#endif
