#include "netlink/attrs.h"

#include <errno.h>
#include <string.h>

int nl_attrs_read_bytes(const void *bytes, size_t len, const struct nl_rule *rules, const struct nlattr **attrs,
			size_t count)
{
	const struct nlattr *attr = bytes;

	for (size_t i = 0; i < count; i++)
		attrs[i] = NULL;
	/* An attribute may end before its padding, then it is the last. */
	for (size_t step = 0; len; len -= step, attr = mnl_attr_next(attr)) {
		uint16_t type;

		if (!mnl_attr_ok(attr, (int)len))
			return -EBADMSG;
		type = mnl_attr_get_type(attr);
		if (type < count) {
			if (mnl_attr_get_payload_len(attr) < rules[type].min_len ||
			    mnl_attr_validate(attr, rules[type].type) < 0)
				return -EBADMSG;
			attrs[type] = attr;
		}
		step = nl_aligned(attr->nla_len);
		if (step > len)
			step = len;
	}
	return 0;
}

int nl_attrs_read(const struct nlmsghdr *message, size_t extra_len, const struct nl_rule *rules,
		  const struct nlattr **attrs, size_t count)
{
	size_t len = mnl_nlmsg_get_payload_len(message), skip = nl_aligned(extra_len);

	if (len < extra_len)
		return -EBADMSG;
	return nl_attrs_read_bytes(mnl_nlmsg_get_payload_offset(message, extra_len), len > skip ? len - skip : 0,
				   rules, attrs, count);
}

int nl_attrs_read_nest(const struct nlattr *nest, const struct nl_rule *rules, const struct nlattr **attrs,
		       size_t count)
{
	return nl_attrs_read_bytes(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest), rules, attrs, count);
}

int nl_attr_addr(const struct nlattr *attr, uint8_t family, struct inet_addr *addr)
{
	if ((family != AF_INET && family != AF_INET6) || mnl_attr_get_payload_len(attr) != inet_size(family))
		return -EBADMSG;
	*addr = (struct inet_addr){ .family = family };
	memcpy(addr->bytes, mnl_attr_get_payload(attr), inet_size(family));
	return 0;
}

int nl_attr_text(const struct nlattr *attr, char *dst, size_t cap)
{
	return slice_copy(slice_of(mnl_attr_get_str(attr)), dst, cap) < 0 ? -EBADMSG : 0;
}
