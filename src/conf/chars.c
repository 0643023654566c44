#include "conf/chars.h"

#include <stdint.h>
#include <string.h>

static const struct odd {
	uint32_t first, last;
	bool blank;
	const char *name; /* Unicode's, or what it is */
} odd[] = {
	{ 0x00a0, 0x00a0, true, "no-break space" },
	{ 0x00ad, 0x00ad, false, "soft hyphen" },
	{ 0x061c, 0x061c, false, "Arabic letter mark" },
	{ 0x1680, 0x1680, true, "ogham space mark" },
	{ 0x180e, 0x180e, false, "Mongolian vowel separator" },
	{ 0x2000, 0x200a, true, "a space of another width" },
	{ 0x200b, 0x200b, false, "zero width space" },
	{ 0x200e, 0x200e, false, "left-to-right mark" },
	{ 0x200f, 0x200f, false, "right-to-left mark" },
	{ 0x2028, 0x2028, true, "line separator" },
	{ 0x2029, 0x2029, true, "paragraph separator" },
	{ 0x202a, 0x202a, false, "left-to-right embedding" },
	{ 0x202b, 0x202b, false, "right-to-left embedding" },
	{ 0x202c, 0x202c, false, "pop directional formatting" },
	{ 0x202d, 0x202d, false, "left-to-right override" },
	{ 0x202e, 0x202e, false, "right-to-left override" },
	{ 0x202f, 0x202f, true, "narrow no-break space" },
	{ 0x205f, 0x205f, true, "medium mathematical space" },
	{ 0x2060, 0x2060, false, "word joiner" },
	{ 0x2061, 0x2065, false, "an invisible character" },
	{ 0x2066, 0x2069, false, "a directional isolate" },
	{ 0x206a, 0x206f, false, "an invisible character" },
	{ 0x3000, 0x3000, true, "ideographic space" },
	{ 0x3164, 0x3164, true, "Hangul filler" },
	{ 0xfeff, 0xfeff, false, "zero width no-break space" },
	{ 0xfff9, 0xfffb, false, "an invisible character" },
	{ 0xe0000, 0xe0fff, false, "an invisible character" },
};

/* The next character of *rest. A byte that begins none (of a file that is not ours to judge) is one by itself. */
static uint32_t next_char(struct slice *rest)
{
	unsigned char c = (unsigned char)rest->ptr[0];
	size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
	uint32_t code = c;

	if (len > rest->len)
		len = 1;
	if (len > 1)
		code = c & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)rest->ptr[i] & 0x3fu);
	rest->ptr += len;
	rest->len -= len;
	return code;
}

static const struct odd *find_odd(uint32_t code)
{
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		if (code >= odd[i].first && code <= odd[i].last)
			return &odd[i];
	return NULL;
}

bool chars_find(struct slice s, bool plain, char shown[static CHARS_SHOWN_LEN])
{
	while (s.len) {
		uint32_t code = next_char(&s);
		const struct odd *found = code > '~' ? find_odd(code) : NULL;

		if (found)
			text_format(shown, CHARS_SHOWN_LEN, "U+%04X (%s)", code, found->name);
		else if (plain && (code > '~' || (code < ' ' && code != '\t')))
			text_format(shown, CHARS_SHOWN_LEN, "U+%04X", code);
		else
			continue;
		return true;
	}
	return false;
}

struct slice chars_clean(struct slice s, char *dst)
{
	size_t len = 0;

	while (s.len) {
		const char *from = s.ptr;
		const struct odd *found = find_odd(next_char(&s));

		if (found && found->blank)
			dst[len++] = ' ';
		if (found)
			continue;
		memcpy(dst + len, from, (size_t)(s.ptr - from));
		len += (size_t)(s.ptr - from);
	}
	return (struct slice){ dst, len };
}
