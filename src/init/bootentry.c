#include "init/bootentry.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"

enum {
	ACTIVE = 1,
	DESCRIPTION_AT = 6,
	MEDIA = 4,
	HARD_DRIVE = 1,
	HARD_DRIVE_LEN = 42,
	FILE_PATH = 4,
	NODE_LEN = 4,
	FORMAT_GPT = 2,
	SIGNATURE_GUID = 2,
	END = 0x7f,
	END_WHOLE = 0xff,
	GUID_TEXT_LEN = 36,
};

static void put_node(uint8_t *at, uint8_t type, uint8_t subtype, size_t len)
{
	at[0] = type;
	at[1] = subtype;
	at[2] = (uint8_t)len;
	at[3] = (uint8_t)(len >> 8);
}

/* With its NUL: the bytes it takes. */
static size_t put_utf16(uint8_t *at, const char *text)
{
	size_t len = strlen(text) + 1;

	for (size_t i = 0; i < len; i++) {
		at[2 * i] = (uint8_t)text[i];
		at[2 * i + 1] = 0;
	}
	return 2 * len;
}

ssize_t bootentry_make(uint8_t dst[static BOOTENTRY_MAX], const char *description, const struct bootentry_partition *partition,
		       const char *path)
{
	size_t description_len = 2 * (strlen(description) + 1), file_len = NODE_LEN + 2 * (strlen(path) + 1);
	size_t paths_len = HARD_DRIVE_LEN + file_len + NODE_LEN;
	uint8_t *at = dst;

	if (DESCRIPTION_AT + description_len + paths_len > BOOTENTRY_MAX)
		return -ENAMETOOLONG;
	store_le32(at, ACTIVE);
	at[4] = (uint8_t)paths_len;
	at[5] = (uint8_t)(paths_len >> 8);
	at += DESCRIPTION_AT;
	at += put_utf16(at, description);
	put_node(at, MEDIA, HARD_DRIVE, HARD_DRIVE_LEN);
	store_le32(at + 4, partition->number);
	store_le64(at + 8, partition->first);
	store_le64(at + 16, partition->blocks);
	memcpy(at + 24, partition->guid, sizeof(partition->guid));
	at[40] = FORMAT_GPT;
	at[41] = SIGNATURE_GUID;
	at += HARD_DRIVE_LEN;
	put_node(at, MEDIA, FILE_PATH, file_len);
	put_utf16(at + NODE_LEN, path);
	at += file_len;
	put_node(at, END, END_WHOLE, NODE_LEN);
	return at + NODE_LEN - dst;
}

bool bootentry_description(const uint8_t *bytes, size_t len, char *dst, size_t cap)
{
	size_t count = 0;

	for (size_t at = DESCRIPTION_AT; at + 2 <= len; at += 2) {
		uint16_t unit = load_le16(bytes + at);

		if (!unit) {
			dst[count] = '\0';
			return true;
		}
		if (count + 1 < cap)
			dst[count++] = (char)(unit >= ' ' && unit < 0x7f ? unit : '?');
	}
	return false;
}

static bool holds(const uint16_t *numbers, size_t count, uint16_t number)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

size_t bootentry_order(uint16_t *order, size_t count, const uint16_t *first, size_t first_count, const uint16_t *gone,
		       size_t gone_count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!holds(first, first_count, order[i]) && !holds(gone, gone_count, order[i]))
			order[kept++] = order[i];
	memmove(order + first_count, order, kept * sizeof(order[0]));
	memcpy(order, first, first_count * sizeof(order[0]));
	return first_count + kept;
}

static int digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool bootentry_guid(const char *text, uint8_t guid[static BOOTENTRY_GUID_LEN])
{
	/* The first three groups are little-endian numbers. */
	static const uint8_t places[BOOTENTRY_GUID_LEN] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	size_t count = 0;

	if (strlen(text) != GUID_TEXT_LEN)
		return false;
	for (size_t i = 0; i < GUID_TEXT_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		int high, low;

		if (dash != (text[i] == '-'))
			return false;
		if (dash)
			continue;
		high = digit_of(text[i]);
		low = digit_of(text[++i]);
		if (high < 0 || low < 0)
			return false;
		guid[places[count++]] = (uint8_t)(high << 4 | low);
	}
	return count == BOOTENTRY_GUID_LEN;
}
