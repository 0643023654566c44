#include "conf/keys.h"

#include <string.h>

const struct conf_format *const conf_formats[CONF_FORMATS] = {
	&vpn_private_format,
	&vpn_public_format,
	&env_format,
	&network_format,
};

bool conf_near(struct slice name, const char *known)
{
	size_t distance = text_distance(name, known);

	return distance <= 2 && distance * 2 < strlen(known);
}

static void print_key(const struct conf_key *key, void (*line)(void *arg, const char *text), void *arg)
{
	const char *initial = key->flags & KEY_REQUIRED ? "required" : key->initial;
	bool has_section = key->section[0];
	struct text t;
	char buf[512];

	text_init(&t, buf, sizeof(buf));
	text_add(&t, "| `%s` | %s%s%s | %s | %s | %s%s |", key->name, has_section ? "`[" : "", key->section,
		 has_section ? "]`" : "", key->syntax, initial, key->help,
		 key->flags & KEY_REPEATABLE ? " May be repeated." : "");
	line(arg, buf);
}

static void print_format(const struct conf_format *format, void (*line)(void *arg, const char *text), void *arg)
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
		print_key(&format->keys[i], line, arg);
}

void conf_reference(void (*line)(void *arg, const char *text), void *arg)
{
	for (size_t i = 0; i < CONF_FORMATS; i++) {
		if (i)
			line(arg, "");
		print_format(conf_formats[i], line, arg);
	}
}
