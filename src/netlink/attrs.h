/* Attributes of received messages, each checked before anyone reads it. */
#ifndef NETLINK_ATTRS_H
#define NETLINK_ATTRS_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inet.h"

/* What an attribute must be; a table of them is indexed by attribute type, and zeros take anything. */
struct nl_rule {
	enum mnl_attr_data_type type; /* what mnl_attr_validate checks: for numbers the exact length */
	uint16_t min_len;             /* for structs */
};

#define NL_RULE_U16 { MNL_TYPE_U16, 0 }
#define NL_RULE_U32 { MNL_TYPE_U32, 0 }
#define NL_RULE_TEXT { MNL_TYPE_NUL_STRING, 0 }
#define NL_RULE_NEST { MNL_TYPE_NESTED, 0 }

/* MNL_ALIGN without its int constant, which -Wconversion minds. */
static inline size_t nl_aligned(size_t len)
{
	return (len + MNL_ALIGNTO - 1) & ~(size_t)(MNL_ALIGNTO - 1);
}

/* Each sorts attributes by type into attrs[count], NULL where there is none; those of type count and above are left
 * out. 0, or -EBADMSG when one breaks its rule or the bytes do not add up. attrs borrow from the message. */
int nl_attrs_read(const struct nlmsghdr *message, size_t extra_len, const struct nl_rule *rules,
		  const struct nlattr **attrs, size_t count);
int nl_attrs_read_nest(const struct nlattr *nest, const struct nl_rule *rules, const struct nlattr **attrs,
		       size_t count);
int nl_attrs_read_bytes(const void *bytes, size_t len, const struct nl_rule *rules, const struct nlattr **attrs,
			size_t count);

/* mnl_attr_for_each_nested without the conversion that -Wconversion minds: a list of attributes of one kind. */
#define nl_for_each_nested(attr, nest)                                                                        \
	for ((attr) = mnl_attr_get_payload(nest);                                                             \
	     mnl_attr_ok((attr), (int)((const char *)mnl_attr_get_payload(nest) +                             \
				       mnl_attr_get_payload_len(nest) - (const char *)(attr)));               \
	     (attr) = mnl_attr_next(attr))

/* One attribute as a value: 0, or -EBADMSG when its length is wrong or it does not fit. */
int nl_attr_addr(const struct nlattr *attr, uint8_t family, struct inet_addr *addr);
int nl_attr_text(const struct nlattr *attr, char *dst, size_t cap); /* of NL_RULE_TEXT */

#endif
