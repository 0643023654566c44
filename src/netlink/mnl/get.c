/* Stands in for libmnl's attribute readers. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "netlink/mnl/align.h"

uint16_t mnl_attr_get_type(const struct nlattr *attr)
{
	return (uint16_t)(attr->nla_type & NLA_TYPE_MASK);
}

uint16_t mnl_attr_get_payload_len(const struct nlattr *attr)
{
	return (uint16_t)(attr->nla_len - ATTR_HDRLEN);
}

void *mnl_attr_get_payload(const struct nlattr *attr)
{
	return (void *)((uintptr_t)attr + ATTR_HDRLEN);
}

#define GET_FIXED(suffix, ctype)                                              \
	ctype mnl_attr_get_##suffix(const struct nlattr *attr)                \
	{                                                                     \
		ctype value;                                                  \
                                                                              \
		memcpy(&value, mnl_attr_get_payload(attr), sizeof(value));    \
		return value;                                                 \
	}
GET_FIXED(u8, uint8_t)
GET_FIXED(u16, uint16_t)
GET_FIXED(u32, uint32_t)
GET_FIXED(u64, uint64_t)

const char *mnl_attr_get_str(const struct nlattr *attr)
{
	return mnl_attr_get_payload(attr);
}

static int refuse(int why)
{
	errno = why;
	return -1;
}

int mnl_attr_validate2(const struct nlattr *attr, enum mnl_attr_data_type type, size_t exp_len)
{
	size_t len = mnl_attr_get_payload_len(attr);
	const char *payload = mnl_attr_get_payload(attr);

	if (type >= MNL_TYPE_MAX)
		return refuse(EINVAL);
	if (len < exp_len)
		return refuse(ERANGE);
	if (type == MNL_TYPE_FLAG && len > 0)
		return refuse(ERANGE);
	if ((type == MNL_TYPE_STRING || type == MNL_TYPE_NUL_STRING) && !len)
		return refuse(ERANGE);
	if (type == MNL_TYPE_NUL_STRING && payload[len - 1])
		return refuse(EINVAL);
	/* An empty nest is fine. */
	if (type == MNL_TYPE_NESTED && len && len < ATTR_HDRLEN)
		return refuse(ERANGE);
	return exp_len && len > exp_len ? refuse(ERANGE) : 0;
}

int mnl_attr_validate(const struct nlattr *attr, enum mnl_attr_data_type type)
{
	static const size_t lens[MNL_TYPE_MAX] = {
		[MNL_TYPE_U8] = 1, [MNL_TYPE_U16] = 2, [MNL_TYPE_U32] = 4, [MNL_TYPE_U64] = 8, [MNL_TYPE_MSECS] = 8,
	};

	return type < MNL_TYPE_MAX ? mnl_attr_validate2(attr, type, lens[type]) : refuse(EINVAL);
}

bool mnl_attr_ok(const struct nlattr *attr, int len)
{
	return len >= (int)sizeof(*attr) && attr->nla_len >= sizeof(*attr) && attr->nla_len <= len;
}

struct nlattr *mnl_attr_next(const struct nlattr *attr)
{
	return (struct nlattr *)((uintptr_t)attr + aligned(attr->nla_len));
}

int mnl_attr_parse_payload(const void *payload, size_t payload_len, mnl_attr_cb_t cb, void *data)
{
	const struct nlattr *attr;
	uintptr_t end = (uintptr_t)payload + payload_len;
	int ret = MNL_CB_OK;

	for (attr = payload; mnl_attr_ok(attr, (int)(end - (uintptr_t)attr)); attr = mnl_attr_next(attr)) {
		ret = cb(attr, data);
		if (ret <= MNL_CB_STOP)
			break;
	}
	return ret;
}

int mnl_attr_parse(const struct nlmsghdr *nlh, unsigned int offset, mnl_attr_cb_t cb, void *data)
{
	const char *first = mnl_nlmsg_get_payload_offset(nlh, offset), *tail = mnl_nlmsg_get_payload_tail(nlh);

	return mnl_attr_parse_payload(first, (size_t)(tail - first), cb, data);
}

int mnl_attr_parse_nested(const struct nlattr *attr, mnl_attr_cb_t cb, void *data)
{
	return mnl_attr_parse_payload(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr), cb, data);
}
