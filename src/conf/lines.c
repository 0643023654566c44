#include "conf/lines.h"

#include "conf/limits.h"

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

const char *lines_no_text(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	size_t len;

	for (size_t left = s.len; left; left -= len, p += len) {
		len = character_len(p, left);
		if (!len)
			return (const char *)p;
	}
	return NULL;
}

static bool no_text(const struct lines *lines, const char *at)
{
	unsigned line = 1;

	for (const char *p = lines->rest.ptr; p < at; p++)
		line += *p == '\n';
	diag_error(lines->diag, lines->file, line,
		   "byte 0x%02x is no text: nothing of this file was read; save it as plain text (UTF-8)", (unsigned char)*at);
	return false;
}

static void begin(struct lines *lines, const char *file, const char *text, size_t len, struct diag *diag)
{
	static const char mark[] = "\xef\xbb\xbf";

	*lines = (struct lines){ .rest = { text, len }, .file = file, .diag = diag };
	if (slice_starts(lines->rest, mark)) {
		lines->rest.ptr += sizeof(mark) - 1;
		lines->rest.len -= sizeof(mark) - 1;
	}
}

bool lines_open(struct lines *lines, const char *file, const char *text, size_t len, struct diag *diag)
{
	const char *wrong;

	begin(lines, file, text, len, diag);
	wrong = lines_no_text(lines->rest);
	return !wrong || no_text(lines, wrong);
}

bool lines_open_foreign(struct lines *lines, const char *file, const char *text, size_t len, struct diag *diag)
{
	begin(lines, file, text, len, diag);
	lines->foreign = true;
	/* UTF-16: nothing of ours would be found in it. */
	if (slice_starts(lines->rest, "\xff\xfe") || slice_starts(lines->rest, "\xfe\xff"))
		return no_text(lines, text);
	return true;
}

bool lines_next(struct lines *lines, struct slice *line)
{
	while (slice_cut(&lines->rest, '\n', line)) {
		lines->line++;
		if (line->len && line->ptr[line->len - 1] == '\r')
			line->len--;
		if (lines->foreign || line->len <= CONF_LINE_MAX)
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
