#include "base/inet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

uint8_t inet_bits(uint8_t family)
{
	return family == AF_INET ? 32 : 128;
}

size_t inet_size(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

int inet_addr_parse(struct slice s, struct inet_addr *addr)
{
	char text[INET_ADDR_STRLEN];
	struct inet_addr a = { 0 };

	if (slice_copy(s, text, sizeof(text)) < 0 || strlen(text) != s.len)
		return -EINVAL;
	a.family = memchr(s.ptr, ':', s.len) ? AF_INET6 : AF_INET;
	if (inet_pton(a.family, text, a.bytes) != 1)
		return -EINVAL;
	*addr = a;
	return 0;
}

int inet_prefix_parse(struct slice s, struct inet_prefix *prefix, bool *has_len)
{
	struct inet_prefix p;
	struct slice addr;
	uint64_t len;
	int err;

	if (!slice_cut(&s, '/', &addr) || inet_addr_parse(addr, &p.addr) < 0)
		return -EINVAL;
	*has_len = s.ptr != NULL;
	p.len = inet_bits(p.addr.family);
	if (*has_len) {
		err = text_uint(s, p.len, &len);
		if (err < 0)
			return err;
		p.len = (uint8_t)len;
	}
	*prefix = p;
	return 0;
}

bool inet_addr_equal(const struct inet_addr *a, const struct inet_addr *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool inet_prefix_equal(const struct inet_prefix *a, const struct inet_prefix *b)
{
	return a->len == b->len && inet_addr_equal(&a->addr, &b->addr);
}

bool inet_endpoint_equal(const struct inet_endpoint *a, const struct inet_endpoint *b)
{
	return a->port == b->port && a->scope_id == b->scope_id && inet_addr_equal(&a->addr, &b->addr);
}

bool inet_addr_is_zero(const struct inet_addr *addr)
{
	static const uint8_t zero[16];

	return !memcmp(addr->bytes, zero, sizeof(zero));
}

/* The address with every bit behind len set to the value of bit. */
static struct inet_addr fill_host_bits(const struct inet_prefix *prefix, bool bit)
{
	struct inet_addr addr = prefix->addr;

	for (size_t i = 0; i < inet_size(addr.family); i++) {
		size_t first = i * 8;
		unsigned host = 0xff; /* bits of this byte */

		if (prefix->len > first)
			host = prefix->len >= first + 8 ? 0 : 0xffu >> (prefix->len - first);
		addr.bytes[i] = (uint8_t)(bit ? addr.bytes[i] | host : addr.bytes[i] & ~host);
	}
	return addr;
}

bool inet_addr_is_link_local(const struct inet_addr *addr)
{
	return addr->family == AF_INET6 && addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

struct inet_addr inet_prefix_first(const struct inet_prefix *prefix)
{
	return fill_host_bits(prefix, false);
}

struct inet_addr inet_prefix_last(const struct inet_prefix *prefix)
{
	return fill_host_bits(prefix, true);
}

bool inet_contains(const struct inet_prefix *network, const struct inet_addr *addr)
{
	struct inet_prefix p = { *addr, network->len };
	struct inet_addr a = inet_prefix_first(network), b;

	if (addr->family != network->addr.family)
		return false;
	b = inet_prefix_first(&p);
	return inet_addr_equal(&a, &b);
}

bool inet_overlap(const struct inet_prefix *a, const struct inet_prefix *b)
{
	return a->len <= b->len ? inet_contains(a, &b->addr) : inet_contains(b, &a->addr);
}

static const char *ipv4_text(const uint8_t bytes[static 4], char dst[static INET_ADDR_STRLEN])
{
	char text[4 * sizeof("255")], *end = text + sizeof(text), *begin = end;

	*--begin = '\0';
	for (size_t i = 4; i--;) {
		begin = text_digits(bytes[i], begin);
		if (i)
			*--begin = '.';
	}
	return memcpy(dst, begin, (size_t)(end - begin));
}

const char *inet_addr_text(const struct inet_addr *addr, char dst[static INET_ADDR_STRLEN])
{
	if (addr->family == AF_INET)
		return ipv4_text(addr->bytes, dst);
	if (!addr->family || !inet_ntop(addr->family, addr->bytes, dst, INET_ADDR_STRLEN))
		text_format(dst, INET_ADDR_STRLEN, "(none)");
	return dst;
}

const char *inet_prefix_text(const struct inet_prefix *prefix, char dst[static INET_PREFIX_STRLEN])
{
	char addr[INET_ADDR_STRLEN];

	text_format(dst, INET_PREFIX_STRLEN, "%s/%u", inet_addr_text(&prefix->addr, addr), prefix->len);
	return dst;
}

const char *inet_endpoint_text(const struct inet_endpoint *endpoint, char dst[static INET_ENDPOINT_STRLEN])
{
	char addr[INET_ADDR_STRLEN], scope[12] = "";

	inet_addr_text(&endpoint->addr, addr);
	if (endpoint->scope_id)
		text_format(scope, sizeof(scope), "%%%u", endpoint->scope_id);
	if (!endpoint->addr.family)
		text_format(dst, INET_ENDPOINT_STRLEN, "(none)");
	else if (endpoint->addr.family == AF_INET)
		text_format(dst, INET_ENDPOINT_STRLEN, "%s:%u", addr, endpoint->port);
	else
		text_format(dst, INET_ENDPOINT_STRLEN, "[%s%s]:%u", addr, scope, endpoint->port);
	return dst;
}
