#include "conf/ini.h"

#include <assert.h>
#include <string.h>

#include "conf/chars.h"
#include "conf/limits.h"
#include "conf/lines.h"
#include "conf/value.h"

enum { KEYS_MAX = 64, SECTIONS_MAX = 16 }; /* rows of a table */

struct ini {
	struct conf_place at;
	const struct conf_section *section; /* NULL before the first one */
	unsigned section_line;
	bool skipping; /* in a section that has its finding already */
	unsigned key_lines[KEYS_MAX]; /* by row: the line in this section, 0 for not yet */
	bool near_keys[KEYS_MAX]; /* by row: something close to it stands there and has its finding */
	unsigned section_lines[SECTIONS_MAX]; /* by row: the line of the first one */
};

#define ini_error(ini, ...) diag_error((ini)->at.diag, (ini)->at.format->file, (ini)->at.line, __VA_ARGS__)

static const struct conf_section *find_section(const struct conf_format *format, struct slice name)
{
	for (size_t i = 0; i < format->section_count; i++)
		if (slice_equal_nocase(name, format->sections[i].name))
			return &format->sections[i];
	return NULL;
}

static const struct conf_key *find_key(const struct conf_format *format, const char *section, struct slice name)
{
	for (size_t i = 0; i < format->key_count; i++)
		if ((!section || !strcmp(format->keys[i].section, section)) &&
		    slice_equal_nocase(name, format->keys[i].name))
			return &format->keys[i];
	return NULL;
}

static const struct conf_key *near_key(const struct conf_format *format, const char *section, struct slice name)
{
	for (size_t i = 0; i < format->key_count; i++)
		if (!strcmp(format->keys[i].section, section) && conf_near(name, format->keys[i].name))
			return &format->keys[i];
	return NULL;
}

static const struct conf_hint *find_hint(const struct conf_format *format, struct slice name, bool near)
{
	for (size_t i = 0; i < format->hint_count; i++)
		if (near ? conf_near(name, format->hints[i].name) : slice_equal_nocase(name, format->hints[i].name))
			return &format->hints[i];
	return NULL;
}

/* A key that another section or another of our files has. */
static bool misplaced(const struct ini *ini, struct slice name)
{
	const struct conf_format *format = ini->at.format;
	const struct conf_key *key = find_key(format, NULL, name);

	for (size_t i = 0; i < CONF_FORMATS && !key; i++) {
		format = conf_formats[i];
		key = find_key(format, NULL, name);
	}
	if (!key || !key->section[0])
		return false;
	ini_error(ini, "%s has no place in [%s]; it stands in [%s] of %s", key->name, ini->section->name, key->section,
		  format->file);
	return true;
}

static void unknown_key(struct ini *ini, struct slice name)
{
	const struct conf_hint *hint = find_hint(ini->at.format, name, false);
	const struct conf_key *near = near_key(ini->at.format, ini->section->name, name);

	if (!hint && !near)
		hint = find_hint(ini->at.format, name, true);
	if (near)
		ini->near_keys[near - ini->at.format->keys] = true;
	if (hint)
		ini_error(ini, "%s: %s", hint->name, hint->words);
	else if (near)
		ini_error(ini, "unknown key; did you mean %s?", near->name);
	else if (misplaced(ini, name))
		return;
	else if (value_name_shown(ini->at.format, name))
		ini_error(ini, "unknown key \"%.*s\" in [%s]", SLICE_ARG(name), ini->section->name);
	else
		ini_error(ini, "unknown key in [%s]", ini->section->name);
}

static void end_section(struct ini *ini)
{
	const struct conf_format *format = ini->at.format;
	unsigned line = ini->at.line;

	if (!ini->section || ini->skipping)
		return;
	ini->at.line = ini->section_line;
	for (size_t i = 0; i < format->key_count; i++)
		if (!strcmp(format->keys[i].section, ini->section->name) && format->keys[i].flags & KEY_REQUIRED &&
		    !ini->key_lines[i] && !ini->near_keys[i])
			ini_error(ini, "[%s] has no %s; expected %s = %s", ini->section->name, format->keys[i].name,
				  format->keys[i].name, format->keys[i].syntax);
	if (ini->section->close)
		ini->section->close(&ini->at);
	ini->at.line = line;
}

static void unknown_section(const struct ini *ini, struct slice name, struct slice header)
{
	const struct conf_format *format = ini->at.format;
	const struct conf_hint *hint = find_hint(format, header, false);
	struct text expected;
	char buf[128];

	if (hint) {
		ini_error(ini, "%s: %s", hint->name, hint->words);
		return;
	}
	text_init(&expected, buf, sizeof(buf));
	for (size_t i = 0; i < format->section_count; i++)
		text_add(&expected, "%s[%s]", i ? ", " : "", format->sections[i].name);
	for (size_t i = 0; i < format->section_count; i++)
		if (conf_near(name, format->sections[i].name)) {
			ini_error(ini, "unknown section; did you mean [%s]?", format->sections[i].name);
			return;
		}
	if (value_name_shown(format, name))
		ini_error(ini, "unknown section [%.*s]; expected %s", SLICE_ARG(name), buf);
	else
		ini_error(ini, "unknown section; expected %s", buf);
}

static void read_section(struct ini *ini, struct slice header, struct slice comment)
{
	const struct conf_format *format = ini->at.format;
	const struct conf_section *section;
	struct slice name = { header.ptr + 1, header.len - 1 };
	unsigned *first;

	end_section(ini);
	ini->section = NULL;
	ini->section_line = ini->at.line;
	ini->skipping = true;
	memset(ini->key_lines, 0, sizeof(ini->key_lines));
	memset(ini->near_keys, 0, sizeof(ini->near_keys));
	if (header.ptr[header.len - 1] != ']') {
		ini_error(ini, "a section's name ends with \"]\" and stands alone in its line, as in [%s]",
			  format->sections[0].name);
		return;
	}
	name.len--;
	name = slice_trim(name);
	section = find_section(format, name);
	if (!section) {
		unknown_section(ini, name, header);
		return;
	}
	first = &ini->section_lines[section - format->sections];
	if (section->once && *first) {
		ini_error(ini, "[%s] again: there is one in line %u already; write its keys there", section->name,
			  *first);
		return;
	}
	if (!*first)
		*first = ini->at.line;
	ini->section = section;
	ini->skipping = section->open && !section->open(&ini->at, comment);
}

static void read_list(const struct conf_place *at, struct slice value)
{
	struct slice element;

	while (slice_cut(&value, ',', &element)) {
		element = slice_trim(element);
		if (element.len)
			at->key->parse(at, element);
		else
			value_error(at, (struct slice){ "", 0 }, "a comma too many; expected %s", at->key->syntax);
	}
}

static void read_words(const struct conf_place *at, struct slice value)
{
	struct slice word;

	if (!value_blanks(at, value))
		return;
	while (slice_word(&value, &word))
		at->key->parse(at, word);
}

static void read_value(const struct conf_place *at, struct slice value)
{
	if (!value.len)
		value_error(at, value, "nothing behind \"=\"; expected %s", at->key->syntax);
	else if (memchr(value.ptr, ';', value.len))
		value_error(at, value, "a comment begins with \"#\" here, not with \";\"");
	else if (at->key->flags & KEY_LIST)
		read_list(at, value);
	else if (at->key->flags & KEY_WORDS)
		read_words(at, value);
	else
		at->key->parse(at, value);
}

static void read_key(struct ini *ini, struct slice line)
{
	const struct conf_format *format = ini->at.format;
	const struct conf_hint *hint;
	const struct conf_key *key;
	struct slice name;
	unsigned *first;

	slice_cut(&line, '=', &name);
	name = slice_trim(name);
	hint = find_hint(format, name, false);
	/* What is called as a key is that, and what is near to it costs nothing. */
	if (!hint && !find_key(format, NULL, name))
		hint = find_hint(format, name, true);
	if (hint && hint->always) {
		ini_error(ini, "%s: %s", hint->name, hint->words);
		return;
	}
	if (ini->skipping)
		return;
	if (!line.ptr) {
		ini_error(ini, "expected \"Key = value\", a [Section] or a # comment");
		return;
	}
	if (!ini->section) {
		key = find_key(format, NULL, name);
		ini_error(ini, "%s before any section; expected [%s] above it", key ? key->name : "a key",
			  key ? key->section : format->sections[0].name);
		return;
	}
	key = find_key(format, ini->section->name, name);
	if (!key) {
		unknown_key(ini, name);
		return;
	}
	first = &ini->key_lines[key - format->keys];
	if (*first && !(key->flags & KEY_REPEATABLE)) {
		ini_error(ini, "%s again: this [%s] has one in line %u; keep one of them", key->name,
			  ini->section->name, *first);
		return;
	}
	if (!*first)
		*first = ini->at.line;
	ini->at.key = key;
	read_value(&ini->at, slice_trim(line));
	ini->at.key = NULL;
}

static void take_line(struct ini *ini, struct slice text, struct slice comment)
{
	if (!text.len && comment.ptr && ini->section && !ini->skipping && ini->at.format->comment)
		ini->at.format->comment(&ini->at, slice_trim(comment));
	if (!text.len)
		return;
	if (text.ptr[0] == ';')
		ini_error(ini, "a comment begins with \"#\" here, not with \";\"");
	else if (text.ptr[0] == '[')
		read_section(ini, text, comment.ptr ? slice_trim(comment) : (struct slice){ "", 0 });
	else
		read_key(ini, text);
}

/* Goes on with the line cleaned, which says what else is wrong with it. */
static void take_odd_line(struct ini *ini, struct slice text, struct slice comment, const char *shown)
{
	char cleaned[CONF_LINE_MAX];

	diag_error_unless_ran(ini->at.diag, ini->at.format->file, ini->at.line,
			      "%s has no place in a key or a value: type it anew, in plain ASCII", shown);
	take_line(ini, slice_trim(chars_clean(text, cleaned)), comment);
	wipe(cleaned, sizeof(cleaned)); /* it may hold a key */
}

static void read_line(struct ini *ini, struct slice line)
{
	struct slice text, comment = line;
	char shown[CHARS_SHOWN_LEN];

	slice_cut(&comment, '#', &text);
	text = slice_trim(text);
	/* What stands behind a section is its name; other comments may hold what they like. */
	if (slice_starts(text, "[") && comment.ptr && chars_find(comment, false, shown))
		diag_error_unless_ran(ini->at.diag, ini->at.format->file, ini->at.line,
				      "%s has no place in a name: type it anew", shown);
	if (chars_find(text, true, shown))
		take_odd_line(ini, text, comment, shown);
	else
		take_line(ini, text, comment);
}

void ini_parse(const struct conf_format *format, void *model, const char *text, size_t len, struct diag *diag)
{
	struct ini ini = { .at = { .format = format, .model = model, .diag = diag } };
	struct lines lines;
	struct slice line;

	assert(format->key_count <= KEYS_MAX && format->section_count <= SECTIONS_MAX);
	ini.at.key_lines = ini.key_lines;
	if (!lines_open(&lines, format->file, text, len, diag))
		return;
	while (lines_next(&lines, &line)) {
		ini.at.line = lines.line;
		read_line(&ini, line);
	}
	end_section(&ini);
	ini.at.line = 1;
	for (size_t i = 0; i < format->section_count; i++)
		if (format->sections[i].missing && !ini.section_lines[i])
			ini_error(&ini, "%s", format->sections[i].missing);
}
