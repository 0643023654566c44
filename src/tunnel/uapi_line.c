#include "tunnel/uapi_line.h"

#include <errno.h>
#include <string.h>

#include "crypto/key.h"

enum value_kind {
	VALUE_KEY,     /* 64 hexadecimal digits */
	VALUE_NUMBER,  /* up to max */
	VALUE_MARK,    /* a number, or nothing for 0 */
	VALUE_SIGNED,  /* from -max to max */
	VALUE_TRUE,    /* "true" */
	VALUE_ENDPOINT,
	VALUE_PREFIX,
	VALUE_ADDR,
	VALUE_TEXT,    /* up to max bytes, and not none */
	VALUE_WORDS,   /* the same of an answer, where a newer other end may have more: the first max bytes */
	VALUE_FAILURE, /* a name of tunnel_failure_words */
};

#define DROP_BEGINS "drop_"

#define NAME(text) text, sizeof(text) - 1

static const struct {
	const char *name;
	size_t len;
	enum value_kind kind;
	uint64_t max;
} keys[UAPI_KEYS] = {
	[UAPI_PRIVATE_KEY] = { NAME("private_key"), VALUE_KEY, 0 },
	[UAPI_LISTEN_PORT] = { NAME("listen_port"), VALUE_NUMBER, UINT16_MAX },
	[UAPI_FWMARK] = { NAME("fwmark"), VALUE_MARK, UINT32_MAX },
	[UAPI_REPLACE_PEERS] = { NAME("replace_peers"), VALUE_TRUE, 0 },
	[UAPI_PUBLIC_KEY] = { NAME("public_key"), VALUE_KEY, 0 },
	[UAPI_REMOVE] = { NAME("remove"), VALUE_TRUE, 0 },
	[UAPI_UPDATE_ONLY] = { NAME("update_only"), VALUE_TRUE, 0 },
	[UAPI_PRESHARED_KEY] = { NAME("preshared_key"), VALUE_KEY, 0 },
	[UAPI_ENDPOINT] = { NAME("endpoint"), VALUE_ENDPOINT, 0 },
	[UAPI_KEEPALIVE] = { NAME("persistent_keepalive_interval"), VALUE_NUMBER, UINT16_MAX },
	[UAPI_REPLACE_ALLOWED] = { NAME("replace_allowed_ips"), VALUE_TRUE, 0 },
	[UAPI_ALLOWED] = { NAME("allowed_ip"), VALUE_PREFIX, 0 },
	[UAPI_PROTOCOL_VERSION] = { NAME("protocol_version"), VALUE_NUMBER, UINT16_MAX },
	[UAPI_HANDSHAKE_S] = { NAME("last_handshake_time_sec"), VALUE_SIGNED, INT64_MAX },
	[UAPI_HANDSHAKE_NS] = { NAME("last_handshake_time_nsec"), VALUE_NUMBER, 999999999 },
	[UAPI_SENT] = { NAME("tx_bytes"), VALUE_NUMBER, UINT64_MAX },
	[UAPI_RECEIVED] = { NAME("rx_bytes"), VALUE_NUMBER, UINT64_MAX },
	[UAPI_ERRNO] = { NAME("errno"), VALUE_SIGNED, 4095 },
	[UAPI_VERSION] = { NAME("version"), VALUE_NUMBER, UINT32_MAX },
	[UAPI_INDEX] = { NAME("index"), VALUE_NUMBER, INT32_MAX },
	[UAPI_UNDER_LOAD] = { NAME("under_load"), VALUE_NUMBER, 1 },
	[UAPI_TROUBLE] = { NAME("trouble"), VALUE_WORDS, TUNNEL_ERROR_LEN - 1 },
	[UAPI_OPENER] = { NAME("opener"), VALUE_TEXT, 16 },
	[UAPI_ERROR] = { NAME("error"), VALUE_WORDS, TUNNEL_ERROR_LEN - 1 },
	[UAPI_CHANGED] = { NAME("changed"), VALUE_NUMBER, 1 },
	[UAPI_DROP] = { NAME(DROP_BEGINS), VALUE_NUMBER, UINT64_MAX },
	[UAPI_UNKNOWN_FROM] = { NAME("unknown_from"), VALUE_ENDPOINT, 0 },
	[UAPI_UNKNOWN_AGE] = { NAME("unknown_age_s"), VALUE_NUMBER, UINT64_MAX },
	[UAPI_UNKNOWN_KEY] = { NAME("unknown_public_key"), VALUE_KEY, 0 },
	[UAPI_MISLED_FROM] = { NAME("misled_from"), VALUE_ENDPOINT, 0 },
	[UAPI_MISLED_AGE] = { NAME("misled_age_s"), VALUE_NUMBER, UINT64_MAX },
	[UAPI_MISLED_KEY] = { NAME("misled_public_key"), VALUE_KEY, 0 },
	[UAPI_FAILING] = { NAME("failing"), VALUE_NUMBER, 1 },
	[UAPI_FAILURE] = { NAME("failure"), VALUE_FAILURE, 0 },
	[UAPI_FAILURE_AGE] = { NAME("failure_age_s"), VALUE_NUMBER, UINT64_MAX },
	[UAPI_FAILURES] = { NAME("failures"), VALUE_NUMBER, UINT64_MAX },
	[UAPI_REPLACE_NICS] = { NAME("replace_nics"), VALUE_TRUE, 0 },
	[UAPI_NIC] = { NAME("nic"), VALUE_TEXT, IFNAMSIZ - 1 },
	[UAPI_MTU] = { NAME("mtu"), VALUE_NUMBER, UINT16_MAX },
	[UAPI_ADDRESS] = { NAME("address"), VALUE_PREFIX, 0 },
	[UAPI_ROUTE] = { NAME("route"), VALUE_PREFIX, 0 },
	[UAPI_GATEWAY] = { NAME("gateway"), VALUE_ADDR, 0 },
	[UAPI_ROUTE_MTU] = { NAME("route_mtu"), VALUE_NUMBER, UINT16_MAX },
};

const char *uapi_key_name(enum uapi_key key)
{
	return keys[key].name;
}

/* ---- reading ---- */

static int read_signed(struct slice text, uint64_t max, int64_t *number)
{
	bool negative = text.len && text.ptr[0] == '-';
	uint64_t magnitude;

	if (negative)
		text = (struct slice){ text.ptr + 1, text.len - 1 };
	if (text_uint(text, max, &magnitude) < 0)
		return -EINVAL;
	*number = negative ? -(int64_t)magnitude : (int64_t)magnitude;
	return 0;
}

/* The scope of a link-local address: wg writes the interface's name, getnameinfo(3) being what it is. */
static int read_scope(struct slice scope, struct uapi_value *value)
{
	uint64_t number = 0;

	if (text_uint(scope, UINT32_MAX, &number) < 0)
		return slice_copy(scope, value->scope, sizeof(value->scope)) < 0 || !value->scope[0] ? -EINVAL : 0;
	value->endpoint.scope_id = (uint32_t)number;
	return number ? 0 : -EINVAL;
}

/* ADDRESS:PORT, [ADDRESS]:PORT or [ADDRESS%SCOPE]:PORT */
static int read_endpoint(struct slice text, struct uapi_value *value)
{
	struct slice host = text, scope = { NULL, 0 };
	size_t colon = text.len;
	uint64_t port;

	while (colon && text.ptr[colon - 1] != ':')
		colon--;
	if (!colon || text_uint((struct slice){ text.ptr + colon, text.len - colon }, UINT16_MAX, &port) < 0)
		return -EINVAL;
	host.len = colon - 1;
	if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
		scope = (struct slice){ host.ptr + 1, host.len - 2 };
		slice_cut(&scope, '%', &host);
	}
	if (scope.ptr && read_scope(scope, value) < 0)
		return -EINVAL;
	value->endpoint.port = (uint16_t)port;
	return inet_addr_parse(host, &value->endpoint.addr);
}

static int read_failure(struct slice text, unsigned *which)
{
	for (unsigned i = TUNNEL_FAILURE_NONE + 1; i < TUNNEL_FAILURES; i++)
		if (slice_equal(text, tunnel_failure_words[i].name)) {
			*which = i;
			return 0;
		}
	return -ENOENT;
}

static int read_value(enum uapi_key key, struct slice text, struct uapi_value *value)
{
	uint64_t max = keys[key].max;
	bool has_len;

	switch (keys[key].kind) {
	case VALUE_KEY:
		return key_from_hex(text.ptr, text.len, value->key);
	case VALUE_MARK:
		return text.len && text_uint(text, max, &value->number) < 0 ? -EINVAL : 0;
	case VALUE_NUMBER:
		return text_uint(text, max, &value->number) < 0 ? -EINVAL : 0;
	case VALUE_SIGNED:
		return read_signed(text, max, &value->signed_number);
	case VALUE_TRUE:
		value->number = slice_equal(text, "true");
		return value->number ? 0 : -EINVAL;
	case VALUE_ENDPOINT:
		return read_endpoint(text, value);
	case VALUE_PREFIX:
		return inet_prefix_parse(text, &value->prefix, &has_len) < 0 ? -EINVAL : 0;
	case VALUE_ADDR:
		return inet_addr_parse(text, &value->addr);
	case VALUE_TEXT:
		value->text = text;
		return !text.len || text.len > max ? -EINVAL : 0;
	case VALUE_WORDS:
		value->text = (struct slice){ text.ptr, text.len < max ? text.len : (size_t)max };
		return text.len ? 0 : -EINVAL;
	case VALUE_FAILURE:
		return read_failure(text, &value->which);
	}
	return -EINVAL;
}

static int find_drop(struct slice name, unsigned *which)
{
	const size_t begin = sizeof(DROP_BEGINS) - 1;

	if (!slice_starts(name, DROP_BEGINS))
		return -ENOENT;
	for (unsigned i = 0; i < TUNNEL_DROPS; i++)
		if (slice_equal((struct slice){ name.ptr + begin, name.len - begin }, tunnel_drop_words[i].name)) {
			*which = i;
			return 0;
		}
	return -ENOENT;
}

int uapi_line_read(struct slice line, enum uapi_key *key, struct uapi_value *value)
{
	struct slice text = line, name;

	*value = (struct uapi_value){ 0 };
	if (!slice_cut(&text, '=', &name) || !text.ptr || !name.len)
		return -EPROTO;
	for (*key = 0; *key < UAPI_KEYS; (*key)++)
		if (*key != UAPI_DROP && name.len == keys[*key].len && !memcmp(name.ptr, keys[*key].name, name.len))
			return read_value(*key, text, value);
	*key = UAPI_DROP;
	return find_drop(name, &value->which) < 0 ? -ENOENT : read_value(UAPI_DROP, text, value);
}

/* ---- writing ---- */

/* Of key and value, as a line. A dump of a thousand peers has more than ten thousand. */
static void put_line(const struct uapi_to *to, struct slice name, const char *text, size_t len)
{
	char line[UAPI_TEXT_MAX];
	size_t value = name.len + 1;

	if (value + len + 1 > sizeof(line))
		return; /* none is that long */
	memcpy(line, name.ptr, name.len);
	line[name.len] = '=';
	memcpy(line + value, text, len);
	line[value + len] = '\n';
	to->add(to->arg, line, value + len + 1);
	wipe(line, value + len + 1);
}

static void put(const struct uapi_to *to, enum uapi_key key, const char *text, size_t len)
{
	put_line(to, (struct slice){ keys[key].name, keys[key].len }, text, len);
}

/* negative: a minus stands before it. */
static void put_digits(const struct uapi_to *to, struct slice name, uint64_t number, bool negative)
{
	char text[1 + TEXT_DIGITS], *end = text + sizeof(text), *begin = text_digits(number, end);

	if (negative)
		*--begin = '-';
	put_line(to, name, begin, (size_t)(end - begin));
}

void uapi_put_number(const struct uapi_to *to, enum uapi_key key, uint64_t number)
{
	put_digits(to, (struct slice){ keys[key].name, keys[key].len }, number, false);
}

void uapi_put_signed(const struct uapi_to *to, enum uapi_key key, int64_t number)
{
	put_digits(to, (struct slice){ keys[key].name, keys[key].len }, number < 0 ? -(uint64_t)number : (uint64_t)number, number < 0);
}

void uapi_put_true(const struct uapi_to *to, enum uapi_key key)
{
	put(to, key, "true", 4);
}

void uapi_put_key(const struct uapi_to *to, enum uapi_key key, const uint8_t bytes[static TUNNEL_KEY_LEN])
{
	char hex[KEY_HEX_LEN];

	key_to_hex(bytes, hex);
	put(to, key, hex, sizeof(hex) - 1);
	wipe(hex, sizeof(hex));
}

void uapi_put_endpoint(const struct uapi_to *to, enum uapi_key key, const struct inet_endpoint *endpoint)
{
	char text[INET_ENDPOINT_STRLEN];

	(void)inet_endpoint_text(endpoint, text);
	put(to, key, text, strlen(text));
}

void uapi_put_prefix(const struct uapi_to *to, enum uapi_key key, const struct inet_prefix *prefix)
{
	char text[INET_PREFIX_STRLEN];

	(void)inet_prefix_text(prefix, text);
	put(to, key, text, strlen(text));
}

void uapi_put_addr(const struct uapi_to *to, enum uapi_key key, const struct inet_addr *addr)
{
	char text[INET_ADDR_STRLEN];

	(void)inet_addr_text(addr, text);
	put(to, key, text, strlen(text));
}

void uapi_put_text(const struct uapi_to *to, enum uapi_key key, const char *text)
{
	char printable[TUNNEL_ERROR_LEN];

	text_format(printable, sizeof(printable), "%s", text);
	text_make_printable(printable);
	put(to, key, printable, strlen(printable));
}

void uapi_put_drop(const struct uapi_to *to, enum tunnel_drop drop, uint64_t count)
{
	char name[UAPI_TEXT_MAX];

	text_format(name, sizeof(name), DROP_BEGINS "%s", tunnel_drop_words[drop].name);
	put_digits(to, slice_of(name), count, false);
}

void uapi_put_failure(const struct uapi_to *to, enum tunnel_failure failure)
{
	put(to, UAPI_FAILURE, tunnel_failure_words[failure].name, strlen(tunnel_failure_words[failure].name));
}

void uapi_put_begin(const struct uapi_to *to, const char *request)
{
	char line[UAPI_TEXT_MAX];

	text_format(line, sizeof(line), "%s\n", request);
	to->add(to->arg, line, strlen(line));
}

void uapi_put_end(const struct uapi_to *to)
{
	to->add(to->arg, "\n", 1);
}

void uapi_put_result(const struct uapi_to *to, int err)
{
	uapi_put_signed(to, UAPI_ERRNO, err);
	uapi_put_end(to);
}
