#include "conf/env.h"

#include <stdio.h>
#include <string.h>

#include "conf/chars.h"
#include "conf/keys.h"
#include "conf/lines.h"
#include "conf/value.h"

enum { VALUE_MAX_LEN = 128 };

static void parse_address(const struct conf_place *at, struct slice value)
{
	struct env_conf *conf = at->model;
	struct inet_prefix p;
	const char *reserved;
	unsigned len_max;
	bool has_len;

	conf->address_line = at->line;
	if (!value_prefix(at, value, &p, &has_len) || !value_usable(at, value, &p.addr, false))
		return;
	if (!has_len)
		p.len = p.addr.family == AF_INET ? ENV_VPN_LEN4_DEFAULT : ENV_VPN_LEN6_DEFAULT;
	len_max = inet_bits(p.addr.family) - 2u;
	reserved = value_reserved(&p, &p.addr);
	if (!p.len || p.len > len_max)
		value_error(at, value, "/%u holds no cluster; expected the length of the whole VPN network, /1../%u",
			    p.len, len_max);
	else if (reserved)
		value_error(at, value, "the %s of its own network, /%u; expected the address of an instance", reserved,
			    p.len);
	else
		conf->vpn_address = p;
}

static void parse_device(const struct conf_place *at, struct slice value)
{
	struct env_conf *conf = at->model;

	if (!value_device(value))
		value_error(at, value, "not the name of an interface; expected %s", at->key->syntax);
	else if (slice_equal(value, "lo"))
		value_error(at, value, "the loopback interface is not to be had; expected another name");
	else if (slice_equal(value, "all") || slice_equal(value, "default"))
		value_error_unless_ran(at, value, "means every interface in /proc/sys/net, so none can be called so; expected "
				       "another name");
	else if (!slice_copy(value, conf->dataplane_device, sizeof(conf->dataplane_device)))
		conf->device_line = at->line;
}

static void parse_port(const struct conf_place *at, struct slice value)
{
	struct env_conf *conf = at->model;

	conf->port_line = at->line;
	value_port(at, value, &conf->dataplane_port);
}

/* The place of value among words, -1 and an error when it is none of them. */
static int one_of(const struct conf_place *at, struct slice value, const char *const words[], size_t count)
{
	size_t found = slice_among(value, words, count);

	if (found < count)
		return (int)found;
	value_error(at, value, "expected %s", at->key->syntax);
	return -1;
}

static void parse_isolation(const struct conf_place *at, struct slice value)
{
	static const char *const words[] = {
		[ENV_ISOLATION_AUTO] = "auto",
		[ENV_ISOLATION_ON] = "on",
		[ENV_ISOLATION_OFF] = "off",
	};
	struct env_conf *conf = at->model;
	int found = one_of(at, value, words, sizeof(words) / sizeof(words[0]));

	if (found >= 0)
		conf->isolation = (enum env_isolation)found;
}

const char *const env_filter_words[ENV_FILTERS] = { [ENV_FILTER_ON] = "on", [ENV_FILTER_OFF] = "off" };

static void parse_filter(const struct conf_place *at, struct slice value)
{
	struct env_conf *conf = at->model;
	int found = one_of(at, value, env_filter_words, ENV_FILTERS);

	if (found >= 0)
		conf->filter = (enum env_filter)found;
}

static void parse_open(const struct conf_place *at, struct slice value)
{
	struct env_conf *conf = at->model;
	struct slice rest = value, word;
	uint16_t port;

	conf->open_limited = true;
	if (slice_equal(value, "none"))
		return;
	while (slice_word(&rest, &word)) {
		if (!value_port(at, word, &port))
			return;
		if (conf->open_count == ENV_OPEN_MAX) {
			value_error(at, value, "more than %d ports", ENV_OPEN_MAX);
			return;
		}
		conf->open_ports[conf->open_count++] = port;
	}
}

const char *const env_backend_words[ENV_BACKENDS] = {
	[ENV_BACKEND_AUTO] = "auto",
	[ENV_BACKEND_KERNEL] = "kernel",
	[ENV_BACKEND_LWIP] = "lwip",
};

static void parse_backend(const struct conf_place *at, struct slice value, enum env_path path)
{
	struct env_conf *conf = at->model;
	int found = one_of(at, value, env_backend_words, ENV_BACKENDS);

	if (found >= 0)
		conf->backend[path] = (enum env_backend)found;
}

static void parse_management_backend(const struct conf_place *at, struct slice value)
{
	parse_backend(at, value, ENV_MANAGEMENT);
}

static void parse_dataplane_backend(const struct conf_place *at, struct slice value)
{
	parse_backend(at, value, ENV_DATAPLANE);
}

static void parse_mtu(const struct conf_place *at, struct slice value, enum env_path path)
{
	struct env_conf *conf = at->model;
	uint64_t mtu;

	conf->mtu_line[path] = at->line;
	if (value_number(at, value, ENV_VPN_MTU_MIN, ENV_VPN_MTU_MAX, &mtu))
		conf->mtu_bytes[path] = (uint32_t)mtu;
}

static void parse_management_mtu(const struct conf_place *at, struct slice value)
{
	parse_mtu(at, value, ENV_MANAGEMENT);
}

static void parse_dataplane_mtu(const struct conf_place *at, struct slice value)
{
	parse_mtu(at, value, ENV_DATAPLANE);
}

#define MTU_SYNTAX "576..16384"
#define BACKEND_SYNTAX "auto, kernel or lwip"

static const struct conf_key keys[] = {
	{ "", "MITIGATOR_VPN_ADDRESS", 0, "ADDRESS or ADDRESS/LENGTH", "none: not clustered",
	  "Address of this instance inside the VPN, as its AllowedIPs in vpn-public.conf have it. LENGTH is that of "
	  "the VPN network, 24 (IPv6: 64) when not given.",
	  parse_address },
	{ "", "DATA_PLANE_VPN_DEVICE", 0, "1..15 characters: letters, digits and _ = + . -", "wg0",
	  "Name of the dataplane's VPN interface.", parse_device },
	{ "", "DATA_PLANE_VPN_PORT", 0, "1..65535", "4568",
	  "UDP port of the dataplane path, the same on all instances; must be open for them.", parse_port },
	{ "", "DATA_PLANE_ISOLATION", 0, "auto, on or off", "auto",
	  "Whether the dataplane's VPN has a network namespace of its own; auto: unless there is a Mellanox NIC.",
	  parse_isolation },
	{ "", "MITIGATOR_VPN_BACKEND", 0, BACKEND_SYNTAX, "auto",
	  "What carries the management path: the kernel's WireGuard or our own on lwIP; auto: the kernel's where it has "
	  "one.",
	  parse_management_backend },
	{ "", "DATA_PLANE_VPN_BACKEND", 0, BACKEND_SYNTAX, "auto", "The same for the dataplane path.",
	  parse_dataplane_backend },
	{ "", "MITIGATOR_VPN_MTU", 0, MTU_SYNTAX, "what the underlay allows",
	  "Largest packet inside the management path, in bytes, where less than the NICs and routes allow passes between the "
	  "instances. With an IPv6 VPN address at least 1280.",
	  parse_management_mtu },
	{ "", "DATA_PLANE_VPN_MTU", 0, MTU_SYNTAX, "what the underlay allows", "The same for the dataplane path.",
	  parse_dataplane_mtu },
	{ "", "MITIGATOR_FILTER", 0, "on or off", "on",
	  "on: what comes to the host is dropped but for the VPN's ports, answers to what the host asked, ICMP and DHCP; off: "
	  "everything comes in, or something else keeps a filter here.",
	  parse_filter },
	{ "", "MITIGATOR_VPN_OPEN", 0, "none, or 1..65535, blanks between", "whatever listens there",
	  "TCP ports that peers reach at this instance's VPN address on the management path, and nothing else there, where "
	  "MITIGATOR_FILTER is on.",
	  parse_open },
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

const struct conf_format env_format = { .file = ENV_FILE, .keys = keys, .key_count = KEYS };

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
	struct found found[KEYS];
	bool unclosed[2]; /* no ' or " is left in the file: not looked for again */
};

void env_conf_init(struct env_conf *conf)
{
	*conf = (struct env_conf){ .dataplane_device = "wg0", .dataplane_port = ENV_DATAPLANE_PORT_DEFAULT };
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
			     keys[row].name, found->line);
	*found = (struct found){ .line = reader->lines.line, .value = { "", 0 } };
	found->wrong = "expected \"=\" and a value behind the name";
	if (slice_starts(behind, "="))
		found->wrong = take_value(slice_trim((struct slice){ behind.ptr + 1, behind.len - 1 }), found);
	if (!found->wrong)
		found->wrong = odd_value(found);
}

/* The row that a name which looks like ours was meant for: KEYS for none. */
static size_t disguised_row(struct slice name, char shown[static CHARS_SHOWN_LEN])
{
	char cleaned[VALUE_MAX_LEN];
	struct slice meant;
	size_t row = 0;

	if (name.len > sizeof(cleaned) || !chars_find(name, false, shown))
		return KEYS;
	meant = slice_trim(chars_clean(name, cleaned));
	while (row < KEYS && !slice_equal(meant, keys[row].name))
		row++;
	return row;
}

static void warn_near(const struct env_reader *reader, struct slice name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (conf_near(name, keys[i].name)) {
			diag_warning(reader->at.diag, ENV_FILE, reader->lines.line,
				     "\"%.*s\" is not used; did you mean %s?", SLICE_ARG(name), keys[i].name);
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
	for (size_t i = 0; i < KEYS; i++)
		if (slice_equal(name, keys[i].name)) {
			take(reader, i, behind);
			return;
		}
	row = disguised_row(name, shown);
	if (row < KEYS)
		diag_error_unless_ran(reader->at.diag, ENV_FILE, reader->lines.line,
				      "%s has no place in the name %s: type it anew", shown, keys[row].name);
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
			diag_error(diag, ENV_FILE, conf->mtu_line[path],
				   "%s %u is too small for an IPv6 MITIGATOR_VPN_ADDRESS; expected at least %d",
				   path == ENV_MANAGEMENT ? "MITIGATOR_VPN_MTU" : "DATA_PLANE_VPN_MTU",
				   conf->mtu_bytes[path], ENV_VPN_MTU_MIN6);
}

void env_parse(struct env_conf *conf, const char *text, size_t len, struct diag *diag)
{
	struct env_reader reader = { .at = { .format = &env_format, .model = conf, .diag = diag } };
	struct slice line;

	conf->has_file = true;
	conf->unread = !lines_open_foreign(&reader.lines, ENV_FILE, text, len, diag);
	if (conf->unread)
		return;
	while (lines_next(&reader.lines, &line)) {
		line = slice_trim(line);
		if (line.len && line.ptr[0] != '#')
			read_line(&reader, strip_export(line));
	}
	for (size_t i = 0; i < KEYS; i++) {
		const struct found *found = &reader.found[i];

		reader.at.key = &keys[i];
		reader.at.line = found->line;
		if (found->wrong && keys[i].parse == parse_address)
			conf->address_line = found->line;
		if (found->wrong)
			diag_error(diag, ENV_FILE, found->line, "%s: %s", keys[i].name, found->wrong);
		else if (found->value.len) /* nothing is the default, as in docker-compose's ${NAME:-default} */
			keys[i].parse(&reader.at, found->value);
	}
	check_mtu(conf, diag);
}
