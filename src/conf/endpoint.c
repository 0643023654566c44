#include "conf/endpoint.h"

#include <string.h>

#include "conf/value.h"

enum { NAME_MAX_LEN = 253, LABEL_MAX_LEN = 63 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_number(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_digit(s.ptr[i]))
			return false;
	return s.len != 0;
}

static bool is_label(struct slice label)
{
	if (!label.len || label.len > LABEL_MAX_LEN || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!is_alnum(label.ptr[i]) && label.ptr[i] != '-')
			return false;
	return true;
}

bool endpoint_is_name(struct slice name)
{
	struct slice label = { NULL, 0 };

	if (name.len && name.ptr[name.len - 1] == '.')
		name.len--;
	if (name.len > NAME_MAX_LEN)
		return false;
	while (slice_cut(&name, '.', &label))
		if (!is_label(label))
			return false;
	return !is_number(label);
}

/* "999.1.1.1" and the like: someone meant an IPv4 address. */
static bool looks_like_ipv4(struct slice host)
{
	bool dot = false;

	for (size_t i = 0; i < host.len; i++) {
		if (!is_digit(host.ptr[i]) && host.ptr[i] != '.')
			return false;
		dot = dot || host.ptr[i] == '.';
	}
	return dot;
}

/* More than one colon and nothing that an address cannot hold. */
static bool looks_like_ipv6(struct slice value)
{
	static const char taken[] = "0123456789abcdefABCDEF:.%";
	size_t colons = 0;

	for (size_t i = 0; i < value.len; i++) {
		if (!memchr(taken, value.ptr[i], sizeof(taken) - 1))
			return false;
		colons += value.ptr[i] == ':';
	}
	return colons > 1;
}

/* Takes "[...]" off *rest, which then begins with what stands behind the bracket. */
static bool cut_bracketed(const struct conf_place *at, struct slice value, struct slice *rest, struct slice *host)
{
	if (!slice_cut(rest, ']', host) || !rest->ptr) {
		value_error(at, value, "\"[\" without \"]\"; expected [ADDRESS]:PORT");
		return false;
	}
	host->ptr++;
	host->len--;
	if (rest->len && rest->ptr[0] == ':') {
		rest->ptr++;
		rest->len--;
		return true;
	}
	value_error(at, value, "no port; expected [ADDRESS]:PORT");
	return false;
}

static bool cut_host(const struct conf_place *at, struct slice value, struct slice *rest, struct slice *host)
{
	*rest = value;
	if (value.ptr[0] == '[')
		return cut_bracketed(at, value, rest, host);
	slice_cut(rest, ':', host);
	if (!rest->ptr) {
		value_error(at, value, "no port; expected HOST:PORT");
		return false;
	}
	if (looks_like_ipv6(value)) {
		value_error(at, value, "an IPv6 address needs brackets; expected [ADDRESS]:PORT");
		return false;
	}
	return true;
}

static bool parse_host(const struct conf_place *at, struct slice value, struct slice host, struct inet_addr *addr)
{
	bool bracketed = value.ptr[0] == '[';

	*addr = (struct inet_addr){ 0 };
	if (memchr(host.ptr, '%', host.len)) {
		value_error(at, value,
			    "an address with a zone (%%) means nothing to the other instances; expected a global one");
		return false;
	}
	if (!inet_addr_parse(host, addr)) {
		if (bracketed == (addr->family == AF_INET6))
			return value_usable(at, value, addr, false);
		value_error(at, value, "brackets are for IPv6 addresses; expected ADDRESS:PORT");
		return false;
	}
	if (bracketed)
		value_error(at, value, "not an IPv6 address in the brackets; expected [ADDRESS]:PORT");
	else if (!host.len)
		value_error(at, value, "no host; expected HOST:PORT");
	else if (looks_like_ipv4(host))
		value_error(at, value,
			    "not an IPv4 address; expected four numbers from 0 to 255, without leading zeros");
	else if (slice_equal_nocase(host, "localhost"))
		value_error_unless_ran(at, value, "this host's name for itself; expected a name that the others have for the peer");
	else if (!endpoint_is_name(host))
		value_error(at, value, "neither an address nor a host name; expected HOST:PORT");
	else
		return true;
	return false;
}

void endpoint_parse(const struct conf_place *at, struct slice value, struct vpn_peer *peer)
{
	struct slice port_text, host;
	struct inet_addr addr;
	uint64_t port;

	if (!cut_host(at, value, &port_text, &host) || !parse_host(at, value, host, &addr))
		return;
	if (text_uint(port_text, UINT16_MAX, &port) < 0 || !port) {
		value_error(at, value, "no such port; expected a number, 1..65535, behind the colon");
		return;
	}
	if (slice_copy(host, peer->host, sizeof(peer->host)) < 0)
		return;
	peer->addr = addr;
	peer->port = (uint16_t)port;
}
