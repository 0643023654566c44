#include "conf/reference.h"

#include <string.h>

#include "conf/keys.h"
#include "conf/shown.h"

static const char *initial_of(const struct conf_key *key)
{
	return key->flags & KEY_REQUIRED ? "required" : key->initial;
}

static void markdown_key(const struct conf_key *key, void (*line)(void *arg, const char *text), void *arg)
{
	bool has_section = key->section[0];
	struct text t;
	char buf[512];

	text_init(&t, buf, sizeof(buf));
	text_add(&t, "| `%s` | %s%s%s | %s | %s | %s%s |", key->name, has_section ? "`[" : "", key->section,
		 has_section ? "]`" : "", key->syntax, initial_of(key), key->help,
		 key->flags & KEY_REPEATABLE ? " May be repeated." : "");
	line(arg, buf);
}

static void markdown_format(const struct conf_format *format, void (*line)(void *arg, const char *text), void *arg)
{
	struct text t;
	char buf[64];

	text_init(&t, buf, sizeof(buf));
	text_add(&t, "### %s", format->file);
	line(arg, buf);
	line(arg, "");
	line(arg, "| Key | Section | Value | Default | Meaning |");
	line(arg, "|---|---|---|---|---|");
	for (size_t i = 0; i < format->key_count; i++)
		markdown_key(&format->keys[i], line, arg);
}

void reference_markdown(void (*line)(void *arg, const char *text), void *arg)
{
	for (size_t i = 0; i < CONF_FORMATS; i++) {
		if (i)
			line(arg, "");
		markdown_format(conf_formats[i], line, arg);
	}
}

static void print_key(const struct conf_key *key, void (*line)(void *arg, const char *text), void *arg)
{
	const char *initial = initial_of(key);
	char buf[512];

	text_format(buf, sizeof(buf), "%s = %s%s%s", key->name, key->syntax, *initial ? "; default: " : "",
		    key->flags & KEY_REQUIRED ? "none, it is required" : initial);
	shown_rows("    ", buf, line, arg);
	text_format(buf, sizeof(buf), "%s%s", key->help, key->flags & KEY_REPEATABLE ? " May be repeated." : "");
	shown_rows("        ", buf, line, arg);
}

void reference_print(void (*line)(void *arg, const char *text), void *arg)
{
	char buf[64];

	for (size_t i = 0; i < CONF_FORMATS; i++) {
		const struct conf_format *format = conf_formats[i];
		const char *section = "";

		line(arg, format->file);
		for (size_t j = 0; j < format->key_count; j++) {
			if (strcmp(section, format->keys[j].section) != 0) {
				section = format->keys[j].section;
				text_format(buf, sizeof(buf), "  [%s]", section);
				line(arg, buf);
			}
			print_key(&format->keys[j], line, arg);
		}
	}
}
