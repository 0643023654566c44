#include "init/module_index.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#define ALIAS "alias "

enum { PATTERN_LEN = 256 };

struct slice module_of_path(struct slice path)
{
	for (size_t i = path.len; i > 0; i--)
		if (path.ptr[i - 1] == '/') {
			path = (struct slice){ path.ptr + i, path.len - i };
			break;
		}
	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] == '.')
			path.len = i;
	return path;
}

/* The kernel takes - and _ in names for the same. */
static bool same_name(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		bool dash = a.ptr[i] == '-' || a.ptr[i] == '_', other_dash = b.ptr[i] == '-' || b.ptr[i] == '_';

		if (dash != other_dash || (!dash && a.ptr[i] != b.ptr[i]))
			return false;
	}
	return true;
}

bool module_find(struct slice dep, struct slice name, struct slice *path, struct slice *dependencies)
{
	struct slice line;

	while (slice_cut(&dep, '\n', &line))
		if (slice_cut(&line, ':', path) && line.ptr && same_name(module_of_path(*path), name)) {
			*dependencies = line;
			return true;
		}
	return false;
}

bool module_is_builtin(struct slice builtin, struct slice name)
{
	struct slice path;

	while (slice_cut(&builtin, '\n', &path))
		if (path.len && same_name(module_of_path(path), name))
			return true;
	return false;
}

/* "softdep NAME pre: A B post: C" */
void module_soft_each(struct slice softdep, struct slice name, const char *when,
		      void (*each)(void *arg, struct slice wanted), void *arg)
{
	struct slice line, word;

	while (slice_cut(&softdep, '\n', &line)) {
		bool due = false;

		if (!slice_word(&line, &word) || !slice_equal(word, "softdep") || !slice_word(&line, &word) ||
		    !same_name(word, name))
			continue;
		while (slice_word(&line, &word)) {
			if (word.ptr[word.len - 1] == ':')
				due = slice_equal(word, when);
			else if (due)
				each(arg, word);
		}
	}
}

/* Takes "alias " off a line and says whether the pattern behind it may fit. There are thousands for hundreds of devices:
 * what is of another bus or another vendor ("pci:v00008086") is seen without copying it. */
static bool may_fit(struct slice *line, const char *text)
{
	if (!slice_starts(*line, ALIAS))
		return false;
	line->ptr += sizeof(ALIAS) - 1;
	line->len -= sizeof(ALIAS) - 1;
	for (size_t i = 0; i < line->len && !strchr("*?[\\ ", line->ptr[i]); i++)
		if (line->ptr[i] != text[i])
			return false;
	return true;
}

/* "alias PATTERN NAME" */
void module_alias_each(struct slice alias, const char *modalias, void (*each)(void *arg, struct slice name), void *arg)
{
	struct slice line, word;
	char pattern[PATTERN_LEN];

	while (slice_cut(&alias, '\n', &line))
		if (may_fit(&line, modalias) && slice_word(&line, &word) &&
		    slice_copy(word, pattern, sizeof(pattern)) == 0 && fnmatch(pattern, modalias, 0) == 0 &&
		    slice_word(&line, &word))
			each(arg, word);
}

int module_options(struct slice command_line, struct slice name, char *dst, size_t cap)
{
	struct slice word, module;
	struct text text;

	text_init(&text, dst, cap);
	while (command_line.len && command_line.ptr[command_line.len - 1] == '\n')
		command_line.len--;
	while (slice_word(&command_line, &word))
		if (slice_cut(&word, '.', &module) && word.ptr && same_name(module, name))
			text_add(&text, "%s%.*s", text.len ? " " : "", SLICE_ARG(word));
	return text.truncated ? -ENAMETOOLONG : 0;
}
