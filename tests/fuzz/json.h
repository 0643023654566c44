/* Is a text one value of JSON (RFC 8259) and nothing more? */
#ifndef TESTS_FUZZ_JSON_H
#define TESTS_FUZZ_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool json_value(const char **at, const char *end, unsigned depth);

static inline bool json_take(const char **at, const char *end, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(end - *at) < len || memcmp(*at, word, len) != 0)
		return false;
	*at += len;
	return true;
}

static inline bool json_string(const char **at, const char *end)
{
	if (!json_take(at, end, "\""))
		return false;
	while (*at < end && **at != '"') {
		if ((unsigned char)**at < ' ')
			return false;
		if (*(*at)++ == '\\' && (*at == end || !strchr("\"\\/bfnrt", *(*at)++)))
			return false; /* \u is nowhere printed */
	}
	return json_take(at, end, "\"");
}

static inline bool json_number(const char **at, const char *end)
{
	const char *first;

	(void)json_take(at, end, "-");
	first = *at;
	while (*at < end && **at >= '0' && **at <= '9')
		++*at;
	return *at > first && (*first != '0' || *at == first + 1);
}

static inline bool json_members(const char **at, const char *end, unsigned depth, const char *close, bool named)
{
	if (json_take(at, end, close))
		return true;
	do {
		if (named && !(json_string(at, end) && json_take(at, end, ":")))
			return false;
		if (!json_value(at, end, depth))
			return false;
	} while (json_take(at, end, ","));
	return json_take(at, end, close);
}

static inline bool json_value(const char **at, const char *end, unsigned depth)
{
	if (!depth || *at == end)
		return false;
	if (json_take(at, end, "{"))
		return json_members(at, end, depth - 1, "}", true);
	if (json_take(at, end, "["))
		return json_members(at, end, depth - 1, "]", false);
	if (json_take(at, end, "true") || json_take(at, end, "false") || json_take(at, end, "null"))
		return true;
	return **at == '"' ? json_string(at, end) : json_number(at, end);
}

/* One line, as it is printed. */
static inline bool json_line(const char *text, size_t len)
{
	const char *at = text, *end = text + len;

	return json_value(&at, end, 64) && json_take(&at, end, "\n") && at == end;
}

#endif
