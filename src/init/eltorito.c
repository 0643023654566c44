#include "init/eltorito.h"

#include <string.h>
#include <unistd.h>

#include "base/bytes.h"

enum {
	BLOCK_LEN = 2048,
	BOOT_RECORD = 17,
	CATALOG_AT = 71,
	ENTRY_AT = 32,
	ENTRY_BLOCK_AT = 8,
	BOOTABLE = 0x88,
};

static const char signature[] = "CD001\1EL TORITO SPECIFICATION";

static bool read_block(int fd, uint32_t number, uint8_t block[static BLOCK_LEN])
{
	return pread(fd, block, BLOCK_LEN, (off_t)number * BLOCK_LEN) == BLOCK_LEN;
}

/* The boot record names the catalog, whose first entry behind the validation is what boots. */
bool eltorito_find(int fd, uint64_t bytes, uint64_t *at)
{
	uint8_t block[BLOCK_LEN];

	if (!read_block(fd, BOOT_RECORD, block) || memcmp(block + 1, signature, sizeof(signature) - 1) != 0 ||
	    !read_block(fd, load_le32(block + CATALOG_AT), block) || block[ENTRY_AT] != BOOTABLE)
		return false;
	*at = (uint64_t)load_le32(block + ENTRY_AT + ENTRY_BLOCK_AT) * BLOCK_LEN;
	return *at < bytes;
}
