#include "conf/value.h"

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 48, NAME_SHOWN_MAX = 24, SECRET_RUN = 8 };

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_base64(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=';
}

/* A stretch of base64 that is no plain word: a key, or a part of one, in the wrong place. */
static bool looks_secret(struct slice s)
{
	size_t run = 0;
	bool mixed = false;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		run = is_base64(c) ? run + 1 : 0;
		mixed = run && (mixed || (c >= 'A' && c <= 'Z') || c == '+' || c == '/' || c == '=');
		if (run >= SECRET_RUN && mixed)
			return true;
	}
	return false;
}

bool value_name_shown(const struct conf_format *format, struct slice name)
{
	if (format->secret || name.len > NAME_SHOWN_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_letter(name.ptr[i]))
			return false;
	return name.len != 0;
}

typedef void report_fn(struct diag *diag, const char *file, unsigned line, const char *fmt, ...);

__attribute__((format(printf, 4, 0)))
static void report(const struct conf_place *at, report_fn *to, struct slice seen, const char *fmt, va_list ap)
{
	char words[DIAG_TEXT_LEN], shown[SHOWN_MAX + 8];
	struct text text;

	(void)vsnprintf(words, sizeof(words), fmt, ap); /* NOLINT: ap is started, clang 14 loses that */
	text_init(&text, shown, sizeof(shown));
	if (!seen.len || at->format->secret || at->key->flags & KEY_SECRET)
		; /* nothing to show, or not to be shown */
	else if (looks_secret(seen))
		text_add(&text, " (hidden)");
	else if (seen.len > SHOWN_MAX)
		text_add(&text, " \"%.*s...\"", SHOWN_MAX, seen.ptr);
	else
		text_add(&text, " \"%.*s\"", SLICE_ARG(seen));
	to(at->diag, at->format->file, at->line, "%s%s: %s", at->key->name, shown, words);
}

void value_error(const struct conf_place *at, struct slice seen, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(at, diag_error, seen, fmt, ap);
	va_end(ap);
}

void value_error_unless_ran(const struct conf_place *at, struct slice seen, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(at, diag_error_unless_ran, seen, fmt, ap);
	va_end(ap);
}

bool value_blanks(const struct conf_place *at, struct slice value)
{
	struct slice rest = value, part, word;
	char meant[SHOWN_MAX + 1];
	struct text text;

	/* In a pattern's [ ] it is a character as any. */
	if (!memchr(value.ptr, ',', value.len) || memchr(value.ptr, '[', value.len))
		return true;
	text_init(&text, meant, sizeof(meant));
	while (slice_cut(&rest, ',', &part))
		while (slice_word(&part, &word))
			text_add(&text, "%s%.*s", text.len ? " " : "", SLICE_ARG(word));
	if (text.truncated || looks_secret(value))
		value_error_unless_ran(at, value, "commas between; expected %s", at->key->syntax);
	else
		value_error_unless_ran(at, value, "commas between; expected blanks: did you mean %s=%s?", at->key->name, meant);
	return at->diag->ran_before;
}

bool value_device(struct slice value)
{
	static const char taken[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=+.-";

	for (size_t i = 0; i < value.len; i++)
		if (!memchr(taken, value.ptr[i], sizeof(taken) - 1))
			return false;
	return value.len && value.len < IFNAMSIZ && !slice_equal(value, ".") && !slice_equal(value, "..");
}

bool value_number(const struct conf_place *at, struct slice value, uint64_t min, uint64_t max, uint64_t *number)
{
	uint64_t n = 0;
	int err = text_uint(value, max, &n);

	if (err == -EINVAL) {
		value_error(at, value, "not a number; expected %llu..%llu", (unsigned long long)min,
			    (unsigned long long)max);
		return false;
	}
	if (err < 0 || n < min) {
		value_error(at, value, "out of range; expected %llu..%llu", (unsigned long long)min,
			    (unsigned long long)max);
		return false;
	}
	*number = n;
	return true;
}

bool value_port(const struct conf_place *at, struct slice value, uint16_t *port)
{
	uint64_t number;

	if (!value_number(at, value, 1, UINT16_MAX, &number))
		return false;
	*port = (uint16_t)number;
	return true;
}

bool value_key(const struct conf_place *at, struct slice value, uint8_t key[static KEY_LEN])
{
	if (value.len != KEY_BASE64_LEN - 1) {
		value_error(at, value, "%zu characters are no key; expected 44 of base64, the last one \"=\"",
			    value.len);
		return false;
	}
	if (key_from_base64(value.ptr, value.len, key) < 0) {
		value_error(at, value, "not a key: a character is wrong; expected 44 of base64, the last one \"=\"");
		return false;
	}
	if (key_is_zero(key)) {
		value_error(at, value, "all zero is no key");
		return false;
	}
	return true;
}

bool value_prefix(const struct conf_place *at, struct slice value, struct inet_prefix *prefix, bool *has_len)
{
	int err = inet_prefix_parse(value, prefix, has_len);

	if (err == -ERANGE) {
		value_error(at, value, "prefix length out of range; expected at most /%s",
			    memchr(value.ptr, ':', value.len) ? "128" : "32");
		return false;
	}
	if (err < 0) {
		value_error(at, value, "not an IPv4 or IPv6 address; expected %s", at->key->syntax);
		return false;
	}
	return true;
}

const char *value_unusable(const struct inet_addr *addr, bool link_local)
{
	static const struct {
		struct inet_prefix prefix;
		bool link_local;
		const char *what;
	} rows[] = {
		{ { { AF_INET, { 0 } }, 8 }, false, "not the address of a host" },
		{ { { AF_INET, { 127 } }, 8 }, false, "a loopback address" },
		{ { { AF_INET, { 224 } }, 4 }, false, "a multicast address" },
		{ { { AF_INET, { 240 } }, 4 }, false, "a reserved address" },
		{ { { AF_INET6, { 0 } }, 128 }, false, "not the address of a host" },
		{ { { AF_INET6, { [15] = 1 } }, 128 }, false, "a loopback address" },
		{ { { AF_INET6, { [10] = 0xff, [11] = 0xff } }, 96 }, false, "an IPv4 address written as IPv6" },
		{ { { AF_INET6, { 0xff } }, 8 }, false, "a multicast address" },
		{ { { AF_INET6, { 0xfe, 0x80 } }, 10 }, true, "a link-local address, good on one link only" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (inet_contains(&rows[i].prefix, addr) && !(link_local && rows[i].link_local))
			return rows[i].what;
	return NULL;
}

bool value_usable(const struct conf_place *at, struct slice value, const struct inet_addr *addr, bool link_local)
{
	const char *what = value_unusable(addr, link_local);

	if (what)
		value_error(at, value, "%s; expected %s", what, at->key->syntax);
	return !what;
}

const char *value_reserved(const struct inet_prefix *network, const struct inet_addr *addr)
{
	struct inet_addr first = inet_prefix_first(network), last = inet_prefix_last(network);

	if (network->len + 1 >= inet_bits(network->addr.family))
		return NULL;
	if (inet_addr_equal(addr, &first))
		return "network address";
	if (addr->family == AF_INET && inet_addr_equal(addr, &last))
		return "broadcast address";
	return NULL;
}

bool value_yes(const struct conf_place *at, struct slice value)
{
	static const char *const words[][2] = { { "no", "yes" }, { "false", "true" }, { "off", "on" }, { "0", "1" } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (int yes = 0; yes < 2; yes++)
			if (slice_equal(value, words[i][yes]))
				return yes;
	value_error(at, value, "expected %s", at->key->syntax);
	return false;
}
