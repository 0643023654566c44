#include "conf/env.h"

#include <string.h>

#include "conf/chars.h"
#include "conf/environment.h"
#include "conf/keys.h"
#include "conf/lines.h"

enum { VALUE_MAX_LEN = 128 };

/* What the last line of a name says; earlier ones do not count. */
struct found {
	unsigned line;
	struct slice value; /* in text, or in the file */
	const char *wrong;  /* NULL when value can be had */
	char text[VALUE_MAX_LEN];
	char words[DIAG_TEXT_LEN]; /* of wrong, when it names something */
};

struct env_reader {
	struct conf_place at;
	struct lines lines;
	struct found found[ENV_KEYS];
	bool unclosed[2]; /* no ' or " is left in the file: not looked for again */
};

void env_conf_init(struct env_conf *conf)
{
	*conf = (struct env_conf){ .dataplane_device = "wg0", .dataplane_port = ENV_DATAPLANE_PORT_DEFAULT,
				    .cluster_port = ENV_CLUSTER_PORT_DEFAULT };
}

bool env_answers_peers(const struct env_conf *conf, bool appliance)
{
	return conf->cluster_port && (appliance || conf->source[ENV_KEY_CLUSTER_PORT] != ENV_SOURCE_DEFAULT);
}

/* The place of the quote that closes text, which begins behind the opening one, or NULL. */
static const char *closing_quote(struct slice text, char quote)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == quote)
			return text.ptr + i;
		i += quote == '"' && text.ptr[i] == '\\';
	}
	return NULL;
}

/* A quoted value may go on over lines (of foreign variables only): what it holds are no variables. */
static void skip_open_quote(struct env_reader *reader, struct slice value)
{
	bool *unclosed;
	const char *close;

	if (!value.len || (value.ptr[0] != '\'' && value.ptr[0] != '"') || !reader->lines.rest.ptr)
		return;
	unclosed = &reader->unclosed[value.ptr[0] == '"'];
	if (*unclosed || closing_quote((struct slice){ value.ptr + 1, value.len - 1 }, value.ptr[0]))
		return;
	close = closing_quote(reader->lines.rest, value.ptr[0]);
	*unclosed = !close;
	if (close)
		lines_skip(&reader->lines, close);
}

static const char *unescape(struct slice inner, struct found *found)
{
	size_t len = 0;

	for (size_t i = 0; i < inner.len; i++) {
		if (inner.ptr[i] == '\\' && i + 1 < inner.len)
			i++;
		if (len == sizeof(found->text))
			return "too long";
		found->text[len++] = inner.ptr[i];
	}
	found->value = (struct slice){ found->text, len };
	return NULL;
}

/* The value as docker-compose takes it: quotes off, a comment behind a blank off. What is wrong with it, or NULL. */
static const char *take_value(struct slice raw, struct found *found)
{
	char quote = '\0';
	struct slice inner, behind;
	const char *close;

	if (raw.len)
		quote = raw.ptr[0];
	if (quote != '\'' && quote != '"') {
		for (size_t i = 0; i < raw.len; i++)
			if (raw.ptr[i] == '#' && (!i || raw.ptr[i - 1] == ' ' || raw.ptr[i - 1] == '\t'))
				raw.len = i;
		found->value = slice_trim(raw);
		return memchr(raw.ptr, '$', raw.len) ? "a variable ($) is not replaced here; expected the value itself"
						     : NULL;
	}
	inner = (struct slice){ raw.ptr + 1, raw.len - 1 };
	close = closing_quote(inner, quote);
	if (!close)
		return "the quote is not closed in this line";
	inner.len = (size_t)(close - inner.ptr);
	behind = (struct slice){ close + 1, raw.len - inner.len - 2 };
	if (slice_trim(behind).len && slice_trim(behind).ptr[0] != '#')
		return "text behind the closing quote; expected nothing or a # comment";
	if (quote == '"' && memchr(inner.ptr, '$', inner.len))
		return "a variable ($) is not replaced here; expected the value itself";
	found->value = inner;
	return quote == '"' ? unescape(inner, found) : NULL;
}

/* What of the value is no plain text, or NULL. */
static const char *odd_value(struct found *found)
{
	const char *wrong = lines_no_text(found->value);
	char shown[CHARS_SHOWN_LEN];

	if (wrong)
		text_format(found->words, sizeof(found->words), "byte 0x%02x is no text; expected plain ASCII",
			    (unsigned char)*wrong);
	else if (chars_find(found->value, true, shown))
		text_format(found->words, sizeof(found->words), "%s has no place in a value: type it anew, in plain ASCII", shown);
	else
		return NULL;
	return found->words;
}

/* behind is what follows the name. */
static void take(struct env_reader *reader, size_t row, struct slice behind)
{
	struct found *found = &reader->found[row];

	if (found->line)
		diag_warning(reader->at.diag, ENV_FILE, reader->lines.line, "%s again: this line counts, not line %u",
			     env_format.keys[row].name, found->line);
	*found = (struct found){ .line = reader->lines.line, .value = { "", 0 } };
	found->wrong = "expected \"=\" and a value behind the name";
	if (slice_starts(behind, "="))
		found->wrong = take_value(slice_trim((struct slice){ behind.ptr + 1, behind.len - 1 }), found);
	if (!found->wrong)
		found->wrong = odd_value(found);
}

/* The row that a name which looks like ours was meant for: ENV_KEYS for none. */
static size_t disguised_row(struct slice name, char shown[static CHARS_SHOWN_LEN])
{
	char cleaned[VALUE_MAX_LEN];
	struct slice meant;
	size_t row = 0;

	if (name.len > sizeof(cleaned) || !chars_find(name, false, shown))
		return ENV_KEYS;
	meant = slice_trim(chars_clean(name, cleaned));
	while (row < ENV_KEYS && !slice_equal(meant, env_format.keys[row].name))
		row++;
	return row;
}

static void warn_near(const struct env_reader *reader, struct slice name)
{
	for (size_t i = 0; i < ENV_KEYS; i++)
		if (conf_near(name, env_format.keys[i].name)) {
			diag_warning(reader->at.diag, ENV_FILE, reader->lines.line,
				     "\"%.*s\" is not used; did you mean %s?", SLICE_ARG(name), env_format.keys[i].name);
			return;
		}
}

/* "export " before a variable is for shells. */
static struct slice strip_export(struct slice line)
{
	struct slice rest = line, word;

	return slice_word(&rest, &word) && slice_equal(word, "export") ? slice_trim(rest) : line;
}

static void read_line(struct env_reader *reader, struct slice line)
{
	static const char ends[] = { '=', ' ', '\t', ':' };
	struct slice name = { line.ptr, 0 }, behind;
	char shown[CHARS_SHOWN_LEN];
	size_t row;

	while (name.len < line.len && !memchr(ends, line.ptr[name.len], sizeof(ends)))
		name.len++;
	behind = slice_trim((struct slice){ line.ptr + name.len, line.len - name.len });
	for (size_t i = 0; i < ENV_KEYS; i++)
		if (slice_equal(name, env_format.keys[i].name)) {
			take(reader, i, behind);
			return;
		}
	row = disguised_row(name, shown);
	if (row < ENV_KEYS)
		diag_error_unless_ran(reader->at.diag, ENV_FILE, reader->lines.line,
				      "%s has no place in the name %s: type it anew", shown, env_format.keys[row].name);
	else
		warn_near(reader, name);
	if (!memchr(line.ptr, '=', line.len))
		diag_warning(reader->at.diag, ENV_FILE, reader->lines.line, "no \"=\" in this line: it sets nothing");
	if (slice_starts(behind, "="))
		skip_open_quote(reader, slice_trim((struct slice){ behind.ptr + 1, behind.len - 1 }));
}

static void check_mtu(const struct env_conf *conf, struct diag *diag)
{
	for (size_t path = 0; path < ENV_PATHS && conf->vpn_address.addr.family == AF_INET6; path++)
		if (conf->mtu_bytes[path] && conf->mtu_bytes[path] < ENV_VPN_MTU_MIN6)
			diag_error(diag, env_file_of(conf, path == ENV_MANAGEMENT ? ENV_KEY_MTU : ENV_KEY_DATAPLANE_MTU),
				   conf->mtu_line[path],
				   "%s %u is too small for an IPv6 MITIGATOR_VPN_ADDRESS; expected at least %d",
				   env_key_name(path == ENV_MANAGEMENT ? ENV_KEY_MTU : ENV_KEY_DATAPLANE_MTU),
				   conf->mtu_bytes[path], ENV_VPN_MTU_MIN6);
}

const char *env_key_name(enum env_key key)
{
	return env_format.keys[key].name;
}

const char *env_file_of(const struct env_conf *conf, enum env_key key)
{
	return conf->source[key] == ENV_SOURCE_ENVIRONMENT ? ENVIRONMENT : ENV_FILE;
}

/* What a container was made with stays until it is made anew, whatever the file says since. */
static bool take_handed(struct env_reader *reader, size_t row)
{
	const char *name = env_format.keys[row].name, *handed = environment_value(name);
	struct found *found = &reader->found[row];

	if (!handed)
		return false;
	if (found->line && !slice_equal(found->value, handed))
		diag_warning(reader->at.diag, ENV_FILE, found->line,
			     "%s is not what this container was made with, %s: `docker-compose up -d` makes it anew", name, handed);
	*found = (struct found){ .line = 1, .value = slice_of(handed) };
	found->wrong = odd_value(found);
	return true;
}

static void use_value(struct env_reader *reader, size_t row)
{
	struct env_conf *conf = reader->at.model;
	struct conf_format format = env_format;
	struct found *found = &reader->found[row];
	const struct conf_key *key = &env_format.keys[row];

	conf->in_file[row] = found->line;
	if (take_handed(reader, row))
		conf->source[row] = ENV_SOURCE_ENVIRONMENT;
	else if (found->line && (found->wrong || found->value.len))
		conf->source[row] = ENV_SOURCE_FILE;
	format.file = env_file_of(conf, (enum env_key)row);
	reader->at.format = &format;
	reader->at.key = key;
	reader->at.line = found->line;
	if (found->wrong && row == ENV_KEY_ADDRESS)
		conf->address_line = found->line;
	if (found->wrong)
		diag_error(reader->at.diag, format.file, found->line, "%s: %s", key->name, found->wrong);
	else if (found->value.len) /* nothing is the default, as in docker-compose's ${NAME:-default} */
		key->parse(&reader->at, found->value);
	reader->at.format = &env_format;
}

void env_parse(struct env_conf *conf, const char *text, size_t len, struct diag *diag)
{
	struct env_reader reader = { .at = { .format = &env_format, .model = conf, .diag = diag } };
	struct slice line;

	conf->has_file = text;
	conf->unread = text && !lines_open_foreign(&reader.lines, ENV_FILE, text, len, diag);
	while (text && !conf->unread && lines_next(&reader.lines, &line)) {
		line = slice_trim(line);
		if (line.len && line.ptr[0] != '#')
			read_line(&reader, strip_export(line));
	}
	for (size_t i = 0; i < ENV_KEYS; i++)
		use_value(&reader, i);
	check_mtu(conf, diag);
}

void env_check_gone(const struct env_conf *conf, const struct env_conf *former, struct diag *diag)
{
	for (enum env_key key = 0; key < ENV_KEYS && former && conf->has_file && !conf->unread; key++)
		if (former->in_file[key] && !conf->in_file[key] && conf->source[key] == ENV_SOURCE_ENVIRONMENT)
			diag_warning(diag, ENV_FILE, 1, "%s is not in it any more, and this container was made with %s: "
				     "`docker-compose up -d` makes it anew", env_key_name(key), environment_value(env_key_name(key)));
}
