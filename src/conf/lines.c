#include "conf/lines.h"

#include <stdint.h>
#include <string.h>

#include "conf/set.h"

/* The length of the UTF-8 character at p (RFC 3629 4: no surrogates, nothing longer than needed), or 0. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	static const struct {
		unsigned char first, last, second_min, second_max;
		size_t len;
	} rows[] = {
		/* from c2 a0: what lies below steers terminals */
		{ 0xc2, 0xc2, 0xa0, 0xbf, 2 }, { 0xc3, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (*p < rows[i].first || *p > rows[i].last)
			continue;
		if (left < rows[i].len || p[1] < rows[i].second_min || p[1] > rows[i].second_max)
			return 0;
		for (size_t j = 2; j < rows[i].len; j++)
			if ((p[j] & 0xc0) != 0x80)
				return 0;
		return rows[i].len;
	}
	return 0;
}

/* The length of the character at p, or 0 when it has no place in a text file. */
static size_t character_len(const unsigned char *p, size_t left)
{
	if ((*p >= ' ' && *p <= '~') || *p == '\t' || *p == '\n')
		return 1;
	if (*p == '\r')
		return left == 1 || p[1] == '\n';
	return utf8_len(p, left);
}

static bool check_text(const struct lines *lines)
{
	const unsigned char *p = (const unsigned char *)lines->rest.ptr;
	unsigned line = 1;
	size_t len;

	for (size_t left = lines->rest.len; left; left -= len, p += len) {
		len = character_len(p, left);
		if (!len) {
			diag_error(
				lines->diag, lines->file, line,
				"byte 0x%02x is no text: nothing of this file was read; save it as plain text (UTF-8)",
				*p);
			return false;
		}
		line += *p == '\n';
	}
	return true;
}

bool lines_open(struct lines *lines, const char *file, const char *text, size_t len, struct diag *diag)
{
	static const char mark[] = "\xef\xbb\xbf";

	*lines = (struct lines){ .rest = { text, len }, .file = file, .diag = diag };
	if (slice_starts(lines->rest, mark)) {
		lines->rest.ptr += sizeof(mark) - 1;
		lines->rest.len -= sizeof(mark) - 1;
	}
	return check_text(lines);
}

bool lines_next(struct lines *lines, struct slice *line)
{
	while (slice_cut(&lines->rest, '\n', line)) {
		lines->line++;
		if (line->len && line->ptr[line->len - 1] == '\r')
			line->len--;
		if (line->len <= CONF_LINE_MAX)
			return true;
		diag_error(lines->diag, lines->file, lines->line, "a line of %zu bytes: the limit is %d", line->len,
			   CONF_LINE_MAX);
	}
	return false;
}

void lines_skip(struct lines *lines, const char *p)
{
	struct slice passed;

	while (lines->rest.ptr && lines->rest.ptr <= p) {
		slice_cut(&lines->rest, '\n', &passed);
		lines->line++;
	}
}
