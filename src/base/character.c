#include "base/character.h"

#include <string.h>

unsigned character_follow(uint8_t byte)
{
	return byte >= 0xf0 && byte <= 0xf4 ? 3 : byte >= 0xe0 && byte <= 0xef ? 2 : byte >= 0xc2 && byte <= 0xdf ? 1 : 0;
}

bool character_is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

size_t character_len(const char *bytes, size_t from, size_t len)
{
	size_t n = 1, whole = 1 + character_follow((uint8_t)bytes[from]);

	while (n < whole && from + n < len && character_is_continuation(bytes[from + n]))
		n++;
	return n;
}

size_t character_before(const char *bytes, size_t to)
{
	size_t from = to;

	while (from && to - from < CHARACTER_MAX) {
		from--;
		if (!character_is_continuation(bytes[from]))
			return from + character_len(bytes, from, to) == to ? from : to - 1;
	}
	return to - 1;
}

size_t character_count(const char *bytes, size_t from, size_t to)
{
	size_t count = 0;

	for (; from < to; from += character_len(bytes, from, to))
		count++;
	return count;
}

/* U+0080 to U+009F steer terminals as ESC does, and so may ESC itself, written longer than it has to be. */
static bool steers(const char *bytes)
{
	static const struct {
		unsigned char first, second_min;
	} rows[] = { { 0xc2, 0xa0 }, { 0xe0, 0xa0 }, { 0xf0, 0x90 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((unsigned char)bytes[0] == rows[i].first && (unsigned char)bytes[1] < rows[i].second_min)
			return true;
	return false;
}

struct character character_shown(const char *bytes, size_t len)
{
	struct character shown = { "?", 1 };
	uint8_t first = (uint8_t)bytes[0];

	if (first == '\t')
		shown.bytes[0] = ' ';
	else if (len == 1 && first >= ' ' && first < 0x7f)
		shown.bytes[0] = bytes[0];
	else if (len > 1 && len == 1 + character_follow(first) && !steers(bytes))
		memcpy(shown.bytes, bytes, shown.len = len);
	return shown;
}
