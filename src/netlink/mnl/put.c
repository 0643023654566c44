/* Stands in for libmnl's attribute builders. */
#include <libmnl/libmnl.h>
#include <string.h>

#include "netlink/mnl/align.h"

void mnl_attr_put(struct nlmsghdr *nlh, uint16_t type, size_t len, const void *data)
{
	struct nlattr *attr = mnl_nlmsg_get_payload_tail(nlh);
	uint8_t *payload = mnl_attr_get_payload(attr);

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(ATTR_HDRLEN + len);
	if (len)
		memcpy(payload, data, len);
	memset(payload + len, 0, aligned(len) - len);
	nlh->nlmsg_len += (uint32_t)aligned(attr->nla_len);
}

static bool fits(const struct nlmsghdr *nlh, size_t buflen, size_t len)
{
	return nlh->nlmsg_len + ATTR_HDRLEN + aligned(len) <= buflen;
}

bool mnl_attr_put_check(struct nlmsghdr *nlh, size_t buflen, uint16_t type, size_t len, const void *data)
{
	if (!fits(nlh, buflen, len))
		return false;
	mnl_attr_put(nlh, type, len, data);
	return true;
}

#define PUT_FIXED(suffix, ctype)                                                                       \
	void mnl_attr_put_##suffix(struct nlmsghdr *nlh, uint16_t type, ctype data)                    \
	{                                                                                              \
		mnl_attr_put(nlh, type, sizeof(data), &data);                                          \
	}                                                                                              \
	bool mnl_attr_put_##suffix##_check(struct nlmsghdr *nlh, size_t buflen, uint16_t type, ctype data) \
	{                                                                                              \
		return mnl_attr_put_check(nlh, buflen, type, sizeof(data), &data);                     \
	}
PUT_FIXED(u8, uint8_t)
PUT_FIXED(u16, uint16_t)
PUT_FIXED(u32, uint32_t)
PUT_FIXED(u64, uint64_t)

void mnl_attr_put_strz(struct nlmsghdr *nlh, uint16_t type, const char *data)
{
	mnl_attr_put(nlh, type, strlen(data) + 1, data);
}

bool mnl_attr_put_strz_check(struct nlmsghdr *nlh, size_t buflen, uint16_t type, const char *data)
{
	return mnl_attr_put_check(nlh, buflen, type, strlen(data) + 1, data);
}

struct nlattr *mnl_attr_nest_start(struct nlmsghdr *nlh, uint16_t type)
{
	struct nlattr *start = mnl_nlmsg_get_payload_tail(nlh);

	/* nla_len is set by mnl_attr_nest_end. */
	start->nla_type = (uint16_t)(NLA_F_NESTED | type);
	nlh->nlmsg_len += ATTR_HDRLEN;
	return start;
}

struct nlattr *mnl_attr_nest_start_check(struct nlmsghdr *nlh, size_t buflen, uint16_t type)
{
	return fits(nlh, buflen, 0) ? mnl_attr_nest_start(nlh, type) : NULL;
}

void mnl_attr_nest_end(struct nlmsghdr *nlh, struct nlattr *start)
{
	start->nla_len = (uint16_t)((uintptr_t)mnl_nlmsg_get_payload_tail(nlh) - (uintptr_t)start);
}

void mnl_attr_nest_cancel(struct nlmsghdr *nlh, struct nlattr *start)
{
	nlh->nlmsg_len -= (uint32_t)((uintptr_t)mnl_nlmsg_get_payload_tail(nlh) - (uintptr_t)start);
}
