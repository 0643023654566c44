#include "init/gpt.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32.h"

/* Offsets in the header, and in an entry. */
enum {
	HEADER_LEN_AT = 12,
	HEADER_CRC_AT = 16,
	OWN_AT = 24,
	OTHER_AT = 32,
	FIRST_USABLE_AT = 40,
	LAST_USABLE_AT = 48,
	TABLE_AT = 72,
	COUNT_AT = 80,
	ENTRY_LEN_AT = 84,
	TABLE_CRC_AT = 88,
	ENTRY_FIRST_AT = 32,
	ENTRY_LAST_AT = 40,
	ENTRY_GUID_AT = 16,
	ENTRY_MARK_AT = 48 + 6, /* of its attributes, bits 48 to 55, which Linux gives no meaning */
	ENTRY_MARK = 1,
	ENTRY_NAME_AT = 56,
	ENTRY_NAME_UNITS = 36,
	REVISION_AT = 8,
	REVISION = 0x10000,
	GUID_AT = 56,
	/* The old boot record that keeps other systems' hands off. */
	MBR_ENTRY_AT = 446,
	MBR_TYPE_AT = 450,
	MBR_FIRST_AT = 454,
	MBR_COUNT_AT = 458,
	MBR_SIGNATURE_AT = 510,
	MBR_TYPE_GPT = 0xee,
	MBR_SIGNATURE = 0xaa55,
	SECTOR_LEN = 512,
};

static const uint8_t types[][GPT_GUID_LEN] = {
	/* c12a7328-f81f-11d2-ba4b-00a0c93ec93b, 0fc63daf-8483-4772-8e79-3d69d8477de4 */
	[GPT_ESP] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b },
	[GPT_LINUX] = { 0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4 },
};

static const uint8_t signature[8] = { 'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T' };

static uint32_t crc32(const uint8_t *bytes, size_t len)
{
	return crc32_end(crc32_add(crc32_begin(), bytes, len));
}

static uint32_t header_crc(const uint8_t header[static GPT_HEADER_LEN])
{
	uint8_t copy[GPT_HEADER_LEN];

	memcpy(copy, header, sizeof(copy));
	store_le32(copy + HEADER_CRC_AT, 0);
	return crc32(copy, sizeof(copy));
}

static int read_at(int fd, uint64_t offset, void *bytes, size_t len)
{
	ssize_t n = pread(fd, bytes, len, (off_t)offset);

	return n < 0 ? -errno : (size_t)n == len ? 0 : -EIO;
}

static int write_at(int fd, uint64_t offset, const void *bytes, size_t len)
{
	ssize_t n = pwrite(fd, bytes, len, (off_t)offset);

	return n < 0 ? -errno : (size_t)n == len ? 0 : -EIO;
}

static uint64_t table_blocks(const struct gpt *gpt)
{
	return sizeof(gpt->entries) / gpt->block_len;
}

/* One copy, whose header is at a block: as gpt_read has it. */
static int read_copy(struct gpt *gpt, int fd, uint64_t block)
{
	uint64_t table;
	int err = read_at(fd, block * gpt->block_len, gpt->header, sizeof(gpt->header));

	if (err < 0)
		return err;
	if (memcmp(gpt->header, signature, sizeof(signature)) != 0)
		return -ENOMEDIUM;
	if (load_le32(gpt->header + HEADER_LEN_AT) != GPT_HEADER_LEN ||
	    load_le32(gpt->header + HEADER_CRC_AT) != header_crc(gpt->header) ||
	    load_le64(gpt->header + OWN_AT) != block)
		return -EUCLEAN;
	if (load_le32(gpt->header + COUNT_AT) != GPT_ENTRIES || load_le32(gpt->header + ENTRY_LEN_AT) != GPT_ENTRY_LEN)
		return -ENOTSUP;
	table = load_le64(gpt->header + TABLE_AT);
	if (table >= gpt->blocks)
		return -EUCLEAN;
	err = read_at(fd, table * gpt->block_len, gpt->entries, sizeof(gpt->entries));
	if (err < 0)
		return err;
	return load_le32(gpt->header + TABLE_CRC_AT) == crc32(gpt->entries, sizeof(gpt->entries)) ? 0 : -EUCLEAN;
}

int gpt_read(struct gpt *gpt, int fd, uint64_t blocks, uint32_t block_len)
{
	static struct gpt backup;
	uint64_t at = blocks - 1;
	int err, backup_err;

	if (block_len < SECTOR_LEN || block_len > GPT_BLOCK_MAX || blocks < 8 + 2 * GPT_ENTRIES * GPT_ENTRY_LEN / block_len)
		return -ENOMEDIUM;
	gpt->blocks = backup.blocks = blocks;
	gpt->block_len = backup.block_len = block_len;
	err = read_copy(gpt, fd, 1);
	backup_err = read_copy(&backup, fd, at);
	gpt->primary_whole = !err;
	gpt->backup_whole = !backup_err && (err || (load_le64(gpt->header + OTHER_AT) == at &&
						     !memcmp(gpt->entries, backup.entries, sizeof(gpt->entries))));
	if (!err || backup_err)
		return err;
	memcpy(gpt->header, backup.header, sizeof(gpt->header));
	memcpy(gpt->entries, backup.entries, sizeof(gpt->entries));
	return 0;
}

static uint8_t *entry_of(const struct gpt *gpt, unsigned number)
{
	static const uint8_t unused[16];
	const uint8_t *entry;

	if (!number || number > GPT_ENTRIES)
		return NULL;
	entry = gpt->entries + (size_t)(number - 1) * GPT_ENTRY_LEN;
	return memcmp(entry, unused, sizeof(unused)) != 0 ? (uint8_t *)(uintptr_t)entry : NULL;
}

bool gpt_partition(const struct gpt *gpt, unsigned number, struct gpt_partition *partition)
{
	const uint8_t *entry = entry_of(gpt, number);

	if (!entry)
		return false;
	partition->first = load_le64(entry + ENTRY_FIRST_AT);
	partition->last = load_le64(entry + ENTRY_LAST_AT);
	return partition->first <= partition->last && partition->last < gpt->blocks;
}

/* The backup's table and header stand behind all partitions. */
static uint64_t last_usable(const struct gpt *gpt)
{
	return gpt->blocks - 2 - table_blocks(gpt);
}

bool gpt_grow(struct gpt *gpt, unsigned number, uint64_t max)
{
	const uint64_t align = (UINT64_C(1) << 20) / gpt->block_len;
	struct gpt_partition own, other;
	uint64_t end = last_usable(gpt) + 1; /* the first block that is not ours */

	if (!gpt_partition(gpt, number, &own))
		return false;
	for (unsigned n = 1; n <= GPT_ENTRIES; n++)
		if (n != number && gpt_partition(gpt, n, &other) && other.last >= own.first && other.first < end)
			end = other.first;
	if (end > own.first + max)
		end = own.first + max;
	end -= end % align;
	if (end <= own.last + 1)
		return false;
	store_le64(entry_of(gpt, number) + ENTRY_LAST_AT, end - 1);
	return true;
}

static bool has_name(const uint8_t *entry, const char *name)
{
	size_t len = strlen(name);

	if (len >= ENTRY_NAME_UNITS)
		return false;
	for (size_t i = 0; i <= len; i++)
		if (load_le16(entry + ENTRY_NAME_AT + 2 * i) != (uint8_t)name[i])
			return false;
	return true;
}

unsigned gpt_find(const struct gpt *gpt, const char *name)
{
	struct gpt_partition partition;

	for (unsigned number = 1; number <= GPT_ENTRIES; number++)
		if (gpt_partition(gpt, number, &partition) && has_name(entry_of(gpt, number), name))
			return number;
	return 0;
}

void gpt_name(const struct gpt *gpt, unsigned number, char *dst, size_t cap)
{
	const uint8_t *entry = entry_of(gpt, number);
	size_t len = 0;

	while (entry && len < ENTRY_NAME_UNITS && len + 1 < cap) {
		uint16_t unit = load_le16(entry + ENTRY_NAME_AT + 2 * len);

		if (!unit)
			break;
		dst[len++] = (char)(unit >= ' ' && unit < 0x7f ? unit : '?');
	}
	dst[len] = '\0';
}

const uint8_t *gpt_guid(const struct gpt *gpt, unsigned number)
{
	const uint8_t *entry = entry_of(gpt, number);

	return entry ? entry + ENTRY_GUID_AT : NULL;
}

bool gpt_is_marked(const struct gpt *gpt, unsigned number)
{
	const uint8_t *entry = entry_of(gpt, number);

	return entry && (entry[ENTRY_MARK_AT] & ENTRY_MARK);
}

bool gpt_mark(struct gpt *gpt, unsigned number, bool marked)
{
	uint8_t *entry = entry_of(gpt, number);

	if (!entry || gpt_is_marked(gpt, number) == marked)
		return false;
	entry[ENTRY_MARK_AT] ^= ENTRY_MARK;
	return true;
}

bool gpt_is(const struct gpt *gpt, unsigned number, enum gpt_type type)
{
	const uint8_t *entry = entry_of(gpt, number);

	return entry && !memcmp(entry, types[type], GPT_GUID_LEN);
}

void gpt_make(struct gpt *gpt, const uint8_t guid[static GPT_GUID_LEN])
{
	memset(gpt->header, 0, sizeof(gpt->header));
	memset(gpt->entries, 0, sizeof(gpt->entries));
	memcpy(gpt->header, signature, sizeof(signature));
	store_le32(gpt->header + REVISION_AT, REVISION);
	store_le32(gpt->header + HEADER_LEN_AT, GPT_HEADER_LEN);
	store_le64(gpt->header + FIRST_USABLE_AT, 2 + table_blocks(gpt));
	memcpy(gpt->header + GUID_AT, guid, GPT_GUID_LEN);
	store_le32(gpt->header + COUNT_AT, GPT_ENTRIES);
	store_le32(gpt->header + ENTRY_LEN_AT, GPT_ENTRY_LEN);
}

void gpt_set(struct gpt *gpt, unsigned number, enum gpt_type type, const uint8_t guid[static GPT_GUID_LEN], uint64_t first,
	     uint64_t last, const char *name)
{
	uint8_t *entry = gpt->entries + (size_t)(number - 1) * GPT_ENTRY_LEN;

	memset(entry, 0, GPT_ENTRY_LEN);
	memcpy(entry, types[type], GPT_GUID_LEN);
	memcpy(entry + ENTRY_GUID_AT, guid, GPT_GUID_LEN);
	store_le64(entry + ENTRY_FIRST_AT, first);
	store_le64(entry + ENTRY_LAST_AT, last);
	for (size_t i = 0; i < ENTRY_NAME_UNITS && name[i]; i++)
		entry[ENTRY_NAME_AT + 2 * i] = (uint8_t)name[i];
}

void gpt_keep(struct gpt *gpt, unsigned number, unsigned as)
{
	uint8_t entry[GPT_ENTRY_LEN];

	memcpy(entry, gpt->entries + (size_t)(number - 1) * GPT_ENTRY_LEN, sizeof(entry));
	memset(gpt->entries, 0, sizeof(gpt->entries));
	memcpy(gpt->entries + (size_t)(as - 1) * GPT_ENTRY_LEN, entry, sizeof(entry));
}

int gpt_protect(int fd)
{
	uint8_t block[SECTOR_LEN] = { [MBR_ENTRY_AT + 2] = 2, [MBR_TYPE_AT] = MBR_TYPE_GPT, [MBR_TYPE_AT + 1] = 0xff,
				      [MBR_TYPE_AT + 2] = 0xff, [MBR_TYPE_AT + 3] = 0xff, [MBR_FIRST_AT] = 1,
				      [MBR_SIGNATURE_AT] = MBR_SIGNATURE & 0xff, [MBR_SIGNATURE_AT + 1] = MBR_SIGNATURE >> 8 };

	return write_at(fd, 0, block, sizeof(block));
}

static int write_copy(struct gpt *gpt, int fd, uint64_t own, uint64_t other, uint64_t table)
{
	static uint8_t block[GPT_BLOCK_MAX];
	int err = write_at(fd, table * gpt->block_len, gpt->entries, sizeof(gpt->entries));

	store_le64(gpt->header + OWN_AT, own);
	store_le64(gpt->header + OTHER_AT, other);
	store_le64(gpt->header + TABLE_AT, table);
	store_le32(gpt->header + TABLE_CRC_AT, crc32(gpt->entries, sizeof(gpt->entries)));
	store_le32(gpt->header + HEADER_CRC_AT, header_crc(gpt->header));
	memset(block, 0, sizeof(block));
	memcpy(block, gpt->header, sizeof(gpt->header));
	if (!err)
		err = write_at(fd, own * gpt->block_len, block, gpt->block_len);
	return !err && fsync(fd) < 0 ? -errno : err;
}

/* The boot record says how large the disk is, where it holds nothing else than that. */
static int write_mbr(const struct gpt *gpt, int fd)
{
	uint8_t block[SECTOR_LEN];
	uint64_t count = gpt->blocks - 1;
	int err = read_at(fd, 0, block, sizeof(block));

	if (err < 0 || block[MBR_TYPE_AT] != MBR_TYPE_GPT || load_le16(block + MBR_SIGNATURE_AT) != MBR_SIGNATURE)
		return err;
	store_le32(block + MBR_COUNT_AT, count > UINT32_MAX ? UINT32_MAX : (uint32_t)count);
	return write_at(fd, 0, block, sizeof(block));
}

int gpt_write(struct gpt *gpt, int fd)
{
	const uint64_t at = gpt->blocks - 1;
	int err;

	store_le64(gpt->header + LAST_USABLE_AT, last_usable(gpt));
	err = write_copy(gpt, fd, at, 1, at - table_blocks(gpt));
	if (!err)
		err = write_copy(gpt, fd, 1, at, 2);
	return err ? err : write_mbr(gpt, fd);
}
