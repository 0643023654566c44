#include "conf/edit.h"

#include <errno.h>
#include <string.h>

struct walk {
	struct slice rest;
	unsigned number;
	struct slice line; /* with its end */
	struct slice bare; /* without end, blanks around it and byte order mark */
};

static bool walk_next(struct walk *walk)
{
	static const char bom[] = "\xef\xbb\xbf";
	const char *end = walk->rest.len ? memchr(walk->rest.ptr, '\n', walk->rest.len) : NULL;

	if (!walk->rest.len)
		return false;
	walk->line = (struct slice){ walk->rest.ptr, end ? (size_t)(end - walk->rest.ptr) + 1 : walk->rest.len };
	walk->rest.ptr += walk->line.len;
	walk->rest.len -= walk->line.len;
	walk->bare = walk->line;
	while (walk->bare.len && strchr("\r\n", walk->bare.ptr[walk->bare.len - 1]) && walk->bare.ptr[walk->bare.len - 1])
		walk->bare.len--;
	if (!walk->number++ && slice_starts(walk->bare, bom)) {
		walk->bare.ptr += sizeof(bom) - 1;
		walk->bare.len -= sizeof(bom) - 1;
	}
	walk->bare = slice_trim(walk->bare);
	return true;
}

static bool is_blank(const struct walk *walk)
{
	return !walk->bare.len || walk->bare.ptr[0] == '#';
}

/* The name of the section that begins in this line. */
static bool section_name(const struct walk *walk, struct slice *name)
{
	struct slice rest = walk->bare;

	slice_cut(&rest, '#', name);
	*name = slice_trim(*name);
	if (name->len < 2 || name->ptr[0] != '[' || name->ptr[name->len - 1] != ']')
		return false;
	*name = slice_trim((struct slice){ name->ptr + 1, name->len - 2 });
	return true;
}

unsigned edit_section(struct slice text, const char *name, unsigned behind, const char *until)
{
	struct walk walk = { .rest = text };
	struct slice found;

	while (walk_next(&walk)) {
		if (walk.number <= behind || !section_name(&walk, &found))
			continue;
		if (slice_equal_nocase(found, name))
			return walk.number;
		if (until && slice_equal_nocase(found, until))
			return 0;
	}
	return 0;
}

/* A section, or all of a text without sections. */
struct body {
	bool found;
	struct slice header;
	const char *last; /* behind the last line that is none of blanks and comments */
	const char *end;  /* behind all of it */
	const char *line_end;
};

/* Steps onto the next line of the section. */
static bool body_next(struct walk *walk, unsigned section)
{
	while (walk_next(walk)) {
		if (walk->number <= section)
			continue;
		return !section || !walk->bare.len || walk->bare.ptr[0] != '[';
	}
	return false;
}

static struct body find_body(struct slice text, unsigned section)
{
	struct walk walk = { .rest = text }, first = { .rest = text };
	struct body body = { .found = !section, .last = text.ptr, .end = text.ptr, .line_end = "\n" };

	if (walk_next(&first) && first.line.len > 1 && first.line.ptr[first.line.len - 2] == '\r')
		body.line_end = "\r\n";
	while (section && walk.number < section && walk_next(&walk))
		if (walk.number == section) {
			body.found = walk.bare.len && walk.bare.ptr[0] == '[';
			body.header = walk.line;
			body.last = body.end = walk.rest.ptr;
		}
	while (body_next(&walk, section)) {
		body.end = walk.rest.ptr;
		if (!section || !is_blank(&walk))
			body.last = walk.rest.ptr;
	}
	return body;
}

/* Nothing is behind a quoted value, or a comment. */
static bool ends_there(const char *p, const char *end)
{
	struct slice behind = slice_trim((struct slice){ p, (size_t)(end - p) });

	return !behind.len || (behind.ptr > p && behind.ptr[0] == '#');
}

/* The value of a line that sets key, as it stands there; false for any other line. */
static bool value_of(const struct walk *walk, unsigned section, const char *key, struct slice *value)
{
	struct slice rest = walk->bare, name, word;
	char quote = '\0';

	if (!section && slice_starts(rest, "export ") && slice_word(&rest, &word))
		rest = slice_trim(rest);
	if (is_blank(walk) || !memchr(rest.ptr, '=', rest.len) || !slice_cut(&rest, '=', &name))
		return false;
	name = slice_trim(name);
	if (section ? !slice_equal_nocase(name, key) : !slice_equal(name, key))
		return false;
	*value = slice_trim(rest);
	if (!section && value->len)
		quote = value->ptr[0];
	if (quote == '"' || quote == '\'') {
		const char *close = memchr(value->ptr + 1, quote, value->len - 1), *end = value->ptr + value->len;

		/* NULL: it goes on in the next line, or has what only .env's own reader knows. */
		if (close && !memchr(value->ptr, '\\', value->len) && ends_there(close + 1, end))
			value->len = (size_t)(close + 1 - value->ptr);
		else
			*value = (struct slice){ NULL, 0 };
		return true;
	}
	for (size_t i = 0; i < value->len; i++)
		if (value->ptr[i] == '#' && (section || !i || value->ptr[i - 1] == ' ' || value->ptr[i - 1] == '\t')) {
			value->len = i;
			*value = slice_trim(*value);
		}
	return true;
}

static bool may_stand(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < ' ' || value.ptr[i] > '~' || strchr("#;\"'\\$", value.ptr[i]))
			return false;
	return value.len > 0;
}

/* The parts behind each other. */
static ssize_t join(const struct slice *parts, size_t count, char *dst, size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		if (parts[i].len >= cap - len)
			return -EFBIG;
		if (parts[i].len)
			memcpy(dst + len, parts[i].ptr, parts[i].len);
		len += parts[i].len;
	}
	dst[len] = '\0';
	return (ssize_t)len;
}

#define JOIN(dst, cap, ...) \
	join((const struct slice[]){ __VA_ARGS__ }, sizeof((const struct slice[]){ __VA_ARGS__ }) / sizeof(struct slice), dst, cap)

static struct slice up_to(struct slice text, const char *p)
{
	return (struct slice){ text.ptr, (size_t)(p - text.ptr) };
}

static struct slice from(struct slice text, const char *p)
{
	return (struct slice){ p, (size_t)(text.ptr + text.len - p) };
}

/* The end that the line before p lacks. */
static struct slice missing_end(struct slice text, const char *p, const char *line_end)
{
	return slice_of(p == text.ptr || p[-1] == '\n' ? "" : line_end);
}

ssize_t edit_set(struct slice text, unsigned section, const char *key, struct slice value, char *dst, size_t cap)
{
	struct body body = find_body(text, section);
	struct walk walk = { .rest = text };
	struct slice there = { NULL, 0 }, seen;
	size_t count = 0;

	if (!body.found)
		return -ENOENT;
	if (!may_stand(value))
		return -EINVAL;
	while (body_next(&walk, section))
		if (value_of(&walk, section, key, &seen)) {
			there = seen;
			count++;
		}
	if (count > 1 && section)
		return -E2BIG;
	if (count && !there.ptr)
		return -EINVAL;
	/* A comment right behind nothing would be part of the value in .env. */
	if (count)
		return JOIN(dst, cap, up_to(text, there.ptr), value,
			    slice_of(!there.len && slice_starts(from(text, there.ptr), "#") ? " " : ""), from(text, there.ptr + there.len));
	return JOIN(dst, cap, up_to(text, body.last), missing_end(text, body.last, body.line_end), slice_of(key),
		    slice_of(section ? " = " : "="), value, slice_of(body.line_end), from(text, body.last));
}

ssize_t edit_unset(struct slice text, unsigned section, const char *key, struct slice value, char *dst, size_t cap)
{
	struct walk walk = { .rest = text };
	struct slice there = { NULL, 0 }, seen;
	size_t count = 0;

	while (body_next(&walk, section))
		if (value_of(&walk, section, key, &seen) &&
		    (!value.len || (seen.len == value.len && !memcmp(seen.ptr, value.ptr, value.len)))) {
			if (!seen.ptr)
				return -EINVAL;
			there = walk.line;
			count++;
		}
	if (count != 1)
		return count ? -E2BIG : -ENOENT;
	return JOIN(dst, cap, up_to(text, there.ptr), from(text, there.ptr + there.len));
}

ssize_t edit_add(struct slice text, unsigned section, struct slice lines, char *dst, size_t cap)
{
	struct body body = find_body(text, section);
	const char *at = section ? body.last : text.ptr + text.len;
	bool is_parted = at - text.ptr < 2 || (at[-1] == '\n' && (at[-2] == '\n' || (at[-2] == '\r' && at - text.ptr > 2 && at[-3] == '\n')));

	if (!body.found)
		return -ENOENT;
	return JOIN(dst, cap, up_to(text, at), missing_end(text, at, body.line_end), slice_of(is_parted ? "" : body.line_end), lines,
		    from(text, at));
}

ssize_t edit_insert(struct slice text, unsigned section, struct slice lines, char *dst, size_t cap)
{
	struct body body = find_body(text, section);

	if (!section || !body.found)
		return -ENOENT;
	return JOIN(dst, cap, up_to(text, body.header.ptr), lines, slice_of(body.line_end), from(text, body.header.ptr));
}

ssize_t edit_remove(struct slice text, unsigned section, char *dst, size_t cap)
{
	struct body body = find_body(text, section);
	struct walk behind;

	if (!section || !body.found)
		return -ENOENT;
	behind = (struct walk){ .rest = from(text, body.last), .number = section };
	if (!walk_next(&behind) || behind.bare.len)
		behind.rest = from(text, body.last);
	return JOIN(dst, cap, up_to(text, body.header.ptr), behind.rest);
}
