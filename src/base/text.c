#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct slice slice_of(const char *text)
{
	return (struct slice){ text, strlen(text) };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static unsigned char lower(char character)
{
	unsigned char c = (unsigned char)character;

	return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : c;
}

struct slice slice_trim(struct slice s)
{
	while (s.len && is_blank(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool slice_equal(struct slice a, const char *b)
{
	return a.len == strlen(b) && !memcmp(a.ptr, b, a.len);
}

bool slice_equal_nocase(struct slice a, const char *b)
{
	if (a.len != strlen(b))
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.ptr[i]) != lower(b[i]))
			return false;
	return true;
}

size_t slice_among(struct slice s, const char *const words[], size_t count)
{
	size_t at = 0;

	while (at < count && !slice_equal(s, words[at]))
		at++;
	return at;
}

bool slice_starts(struct slice s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && !memcmp(s.ptr, prefix, len);
}

bool slice_cut(struct slice *rest, char sep, struct slice *field)
{
	const char *end;

	if (!rest->ptr)
		return false;
	*field = *rest;
	end = memchr(rest->ptr, sep, rest->len);
	if (!end) {
		*rest = (struct slice){ NULL, 0 };
		return true;
	}
	field->len = (size_t)(end - rest->ptr);
	rest->ptr += field->len + 1;
	rest->len -= field->len + 1;
	return true;
}

bool slice_word(struct slice *rest, struct slice *word)
{
	*rest = slice_trim(*rest);
	*word = (struct slice){ rest->ptr, 0 };
	while (word->len < rest->len && !is_blank(rest->ptr[word->len]))
		word->len++;
	rest->ptr += word->len;
	rest->len -= word->len;
	return word->len != 0;
}

int slice_copy(struct slice s, char *dst, size_t cap)
{
	dst[0] = '\0';
	if (s.len >= cap)
		return -ENAMETOOLONG;
	memcpy(dst, s.ptr, s.len);
	dst[s.len] = '\0';
	return 0;
}

int text_uint(struct slice s, uint64_t max, uint64_t *value)
{
	uint64_t v = 0;
	bool over = false;

	if (!s.len)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.ptr[i] - (unsigned)'0';

		if (digit > 9)
			return -EINVAL;
		over = over || v > (max - (digit > max ? max : digit)) / 10 || digit > max;
		v = v * 10 + digit;
	}
	if (over)
		return -ERANGE;
	*value = v;
	return 0;
}

size_t text_distance(struct slice a, const char *b, size_t max)
{
	enum { NAME_MAX_LEN = 64 };
	size_t rows[3][NAME_MAX_LEN + 1], b_len = strlen(b); /* this one, and the two above it */

	if (a.len > NAME_MAX_LEN || b_len > NAME_MAX_LEN || a.len > b_len + max || b_len > a.len + max)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above_it = rows[(i + 1) % 3], least = i;

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = above[j - 1] + (lower(a.ptr[i - 1]) != lower(b[j - 1]));

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && lower(a.ptr[i - 1]) == lower(b[j - 2]) && lower(a.ptr[i - 2]) == lower(b[j - 1]) &&
			    above_it[j - 2] + 1 < best)
				best = above_it[j - 2] + 1;
			row[j] = best;
			least = best < least ? best : least;
		}
		if (least > max) /* no later row has less */
			return SIZE_MAX;
	}
	return rows[a.len % 3][b_len] > max ? SIZE_MAX : rows[a.len % 3][b_len];
}

void text_format(char *dst, size_t cap, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(dst, cap, fmt, ap) < 0)
		dst[0] = '\0';
	va_end(ap);
}

const char *text_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

char *text_digits(uint64_t number, char *end)
{
	do
		*--end = (char)('0' + number % 10);
	while (number /= 10);
	return end;
}

void text_make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

void text_init(struct text *t, char *buf, size_t cap)
{
	*t = (struct text){ .buf = buf, .cap = cap };
	buf[0] = '\0';
}

void text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, t->cap - t->len, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= t->cap - t->len) {
		t->truncated = true;
		t->len = t->cap - 1;
		return;
	}
	t->len += (size_t)n;
}
