#include "init/superblock.h"

#include <string.h>

#include "base/bytes.h"

enum {
	EXT_INODES_AT = 0x00,
	EXT_BLOCKS_AT = 0x04,
	EXT_FREE_INODES_AT = 0x10,
	EXT_BLOCK_SHIFT_AT = 0x18, /* of 1 KiB */
	EXT_MOUNT_TIME_AT = 0x2c,
	EXT_MOUNT_COUNT_AT = 0x34,
	EXT_MAGIC_AT = 0x38,
	EXT_STATE_AT = 0x3a,
	EXT_INCOMPAT_AT = 0x60,
	EXT_LABEL_AT = 0x78,
	EXT_BLOCKS_HIGH_AT = 0x150,
	EXT_LABEL_LEN = 16,
	EXT_MAGIC = 0xef53,
	EXT_NEW_INODES = 11, /* the reserved ones and lost+found */
	EXT_STATE_VALID = 1,
	EXT_STATE_ERROR = 2,
	EXT_INCOMPAT_RECOVER = 4,
	EXT_INCOMPAT_64BIT = 0x80,
	EXT_BLOCK_SHIFT_MAX = 6,
	GIVEN_UP_AT = 3, /* in the bytes of EXT_INCOMPAT: a bit that ext4 does not use */
	GIVEN_UP = 0x80,
};

bool superblock_is_ext(const uint8_t block[static SUPERBLOCK_LEN])
{
	return load_le16(block + EXT_MAGIC_AT) == EXT_MAGIC;
}

bool superblock_has_label(const uint8_t block[static SUPERBLOCK_LEN], const char *label)
{
	return !strncmp((const char *)block + EXT_LABEL_AT, label, EXT_LABEL_LEN);
}

uint64_t superblock_bytes(const uint8_t block[static SUPERBLOCK_LEN])
{
	uint64_t blocks = load_le32(block + EXT_BLOCKS_AT);
	uint32_t shift = load_le32(block + EXT_BLOCK_SHIFT_AT);

	if (load_le32(block + EXT_INCOMPAT_AT) & EXT_INCOMPAT_64BIT)
		blocks |= (uint64_t)load_le32(block + EXT_BLOCKS_HIGH_AT) << 32;
	return shift > EXT_BLOCK_SHIFT_MAX ? 0 : blocks * 1024 << shift;
}

bool superblock_is_clean(const uint8_t block[static SUPERBLOCK_LEN])
{
	uint16_t state = load_le16(block + EXT_STATE_AT);

	return (state & EXT_STATE_VALID) && !(state & EXT_STATE_ERROR) &&
	       !(load_le32(block + EXT_INCOMPAT_AT) & EXT_INCOMPAT_RECOVER);
}

bool superblock_is_used(const uint8_t block[static SUPERBLOCK_LEN])
{
	return load_le32(block + EXT_MOUNT_TIME_AT) || load_le16(block + EXT_MOUNT_COUNT_AT) ||
	       load_le32(block + EXT_INODES_AT) - load_le32(block + EXT_FREE_INODES_AT) > EXT_NEW_INODES;
}

void superblock_give_up(uint8_t block[static SUPERBLOCK_LEN])
{
	block[EXT_INCOMPAT_AT + GIVEN_UP_AT] |= GIVEN_UP;
}

bool superblock_is_given_up(const uint8_t block[static SUPERBLOCK_LEN])
{
	return block[EXT_INCOMPAT_AT + GIVEN_UP_AT] & GIVEN_UP;
}
