/* netlink/ as far as it needs no privileges: answers made by hand, and questions anyone may ask. */
#include "netlink/bond.h" /* first: it has <net/if.h>, which the kernel's headers make room for */

#include <errno.h>
#include <linux/if_bonding.h>
#include <linux/rtnetlink.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink/answer.h"
#include "netlink/attrs.h"
#include "netlink/dump.h"
#include "netlink/link.h"
#include "netlink/netns.h"
#include "test.h"

enum { SEQ = 41, PORT = 4242, BUF_LEN = 2048 };

/* Messages one behind another, as a datagram has them. */
struct datagram {
	_Alignas(8) uint8_t buf[BUF_LEN];
	size_t len;
};

static struct nlmsghdr *put(struct datagram *datagram, uint16_t type, uint16_t flags, const void *header, size_t len)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(datagram->buf + datagram->len);

	message->nlmsg_type = type;
	message->nlmsg_flags = flags;
	message->nlmsg_seq = SEQ;
	message->nlmsg_pid = PORT;
	memcpy(mnl_nlmsg_put_extra_header(message, len), header, len);
	return message;
}

static void finish(struct datagram *datagram, const struct nlmsghdr *message)
{
	datagram->len += nl_aligned(message->nlmsg_len);
}

static void put_link(struct datagram *datagram, int index, const char *name)
{
	const struct ifinfomsg info = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_type = 1 };
	struct nlmsghdr *message = put(datagram, RTM_NEWLINK, NLM_F_MULTI, &info, sizeof(info));

	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	mnl_attr_put_u32(message, IFLA_MTU, 1500);
	mnl_attr_put(message, IFLA_ADDRESS, 6, "\2\0\0\0\0\1");
	finish(datagram, message);
}

static void put_end(struct datagram *datagram, int err, uint16_t flags, const char *words)
{
	struct nlmsghdr *message = put(datagram, NLMSG_DONE, flags, &err, sizeof(err));

	if (words)
		mnl_attr_put_strz(message, NLMSGERR_ATTR_MSG, words);
	finish(datagram, message);
}

static int count(const struct nlmsghdr *message, void *arg)
{
	(void)message;
	++*(int *)arg;
	return 0;
}

static int refuse(const struct nlmsghdr *message, void *arg)
{
	count(message, arg);
	return -E2BIG;
}

static char words[NL_ERROR_LEN];

static struct nl_answer answer_of(nl_each_fn *each, int *calls)
{
	*calls = 0;
	words[0] = '\0';
	return (struct nl_answer){ .seq = SEQ, .port = PORT, .each = each, .arg = calls, .error = words };
}

TEST(answer_delivers_each_message_until_done)
{
	static struct datagram d;
	int calls;
	struct nl_answer answer = answer_of(count, &calls);

	put_link(&d, 1, "lo");
	put_link(&d, 2, "eth0");
	nl_answer_feed(&answer, d.buf, d.len);
	CHECK_INT(calls, 2);
	CHECK(!answer.done);
	d.len = 0;
	put_end(&d, 0, 0, NULL);
	put_link(&d, 3, "late0");
	nl_answer_feed(&answer, d.buf, d.len);
	CHECK(answer.done && !answer.interrupted);
	CHECK_INT(calls, 2);
	CHECK_INT(answer.result, 0);
}

TEST(answer_skips_other_requests_and_ports)
{
	static struct datagram d;
	int calls;
	struct nl_answer answer = answer_of(count, &calls);
	const struct {
		uint32_t seq, port;
	} rows[] = { { SEQ - 1, PORT }, { SEQ, PORT + 1 }, { 0, PORT }, { SEQ, 0 }, { 0, 0 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct nlmsghdr *message = (struct nlmsghdr *)d.buf;

		d.len = 0;
		put_end(&d, -EPERM, 0, NULL);
		message->nlmsg_seq = rows[i].seq;
		message->nlmsg_pid = rows[i].port;
		nl_answer_feed(&answer, d.buf, d.len);
		CHECK(!answer.done && !answer.result);
	}
}

TEST(answer_drains_after_a_refusal)
{
	static struct datagram d;
	int calls;
	struct nl_answer answer = answer_of(refuse, &calls);

	put_link(&d, 1, "lo");
	put_link(&d, 2, "eth0");
	put_end(&d, 0, 0, NULL);
	nl_answer_feed(&answer, d.buf, d.len);
	CHECK(answer.done);
	CHECK_INT(calls, 1);
	CHECK_INT(answer.result, -E2BIG);
}

TEST(answer_tells_of_an_inconsistent_dump)
{
	static struct datagram d;
	int calls;
	struct nl_answer answer = answer_of(NULL, &calls);

	put_link(&d, 1, "lo");
	put_end(&d, 0, NLM_F_DUMP_INTR, NULL);
	nl_answer_feed(&answer, d.buf, d.len);
	CHECK(answer.done && answer.interrupted);
}

TEST(answer_takes_the_kernels_words_of_a_dump)
{
	static struct datagram d;
	int calls;
	struct nl_answer answer = answer_of(NULL, &calls);

	put_end(&d, -ENODEV, NLM_F_ACK_TLVS, "Device not found");
	nl_answer_feed(&answer, d.buf, d.len);
	CHECK_INT(answer.result, -ENODEV);
	CHECK_STR(words, "Device not found");
}

TEST(answer_finds_the_words_behind_an_uncapped_request)
{
	const struct nlmsgerr capped = { .error = -EINVAL, .msg.nlmsg_len = 400 };
	static const uint8_t echoed[20] = "the request's body";
	static char longer[2 * NL_ERROR_LEN];

	memset(longer, 'w', sizeof(longer) - 1);
	for (int i = 0; i < 4; i++) {
		static struct datagram d;
		int calls;
		struct nl_answer answer = answer_of(NULL, &calls);
		uint8_t body[sizeof(capped) + sizeof(echoed)];
		struct nlmsgerr whole = capped;
		bool cap = i & 1;
		struct nlmsghdr *message;

		whole.msg.nlmsg_len = sizeof(whole.msg) + sizeof(echoed);
		memcpy(body, cap ? &capped : &whole, sizeof(whole));
		memcpy(body + sizeof(whole), echoed, sizeof(echoed));
		d.len = 0;
		message = put(&d, NLMSG_ERROR, NLM_F_ACK_TLVS | (cap ? NLM_F_CAPPED : 0), body,
			      cap ? sizeof(capped) : sizeof(body));
		mnl_attr_put_strz(message, NLMSGERR_ATTR_MSG, i < 2 ? "Unknown device type" : longer);
		finish(&d, message);
		nl_answer_feed(&answer, d.buf, d.len);
		CHECK_INT(answer.result, -EINVAL);
		if (i < 2)
			CHECK_STR(words, "Unknown device type");
		CHECK(strlen(words) < NL_ERROR_LEN);
	}
}

TEST(answer_refuses_malformed_messages)
{
	static struct datagram d;
	struct nlmsghdr *message = (struct nlmsghdr *)d.buf;
	const uint32_t lengths[] = { 0, 15, 0x80000000, 0xffffffff, 0xfffffff0, 4096 };
	const struct {
		uint16_t type;
		int err;
		size_t len;
	} ends[] = {
		{ NLMSG_ERROR, 0, 4 }, { NLMSG_ERROR, 0, sizeof(struct nlmsgerr) - 4 }, { NLMSG_DONE, 0, 0 },
		{ NLMSG_DONE, 1, 4 }, { NLMSG_DONE, INT32_MIN, 4 },
	};
	int calls;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct nl_answer answer = answer_of(count, &calls);

		d.len = 0;
		put_link(&d, 1, "lo");
		message->nlmsg_len = lengths[i];
		nl_answer_feed(&answer, d.buf, d.len);
		CHECK(answer.done);
		CHECK_INT(answer.result, -EBADMSG);
		CHECK_INT(calls, 0);
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct nl_answer answer = answer_of(count, &calls);
		uint8_t body[sizeof(struct nlmsgerr)] = { 0 };

		memcpy(body, &ends[i].err, sizeof(int));
		d.len = 0;
		finish(&d, put(&d, ends[i].type, 0, body, ends[i].len));
		nl_answer_feed(&answer, d.buf, d.len);
		CHECK(answer.done);
		CHECK_INT(answer.result, -EBADMSG);
	}
}

TEST(link_message_is_read)
{
	static struct datagram d;
	struct link link;
	uint32_t index = 0;

	put_link(&d, 7, "uplink0");
	CHECK_INT(link_read((struct nlmsghdr *)d.buf, &link), 0);
	CHECK_INT(link.index, 7);
	CHECK_STR(link.name, "uplink0");
	CHECK_STR(link.kind, "");
	CHECK(link.up && !link.carrier && link.has_mac);
	CHECK_INT(link.mac[5], 1);
	CHECK_INT(link.mtu_bytes, 1500);
	CHECK(link_message_index((struct nlmsghdr *)d.buf, &index));
	CHECK_INT(index, 7);
}

TEST(link_message_with_a_wrong_attribute_is_refused)
{
	const struct ifinfomsg info = { .ifi_index = 3 };
	const struct {
		uint16_t type;
		size_t len;
	} rows[] = {
		{ IFLA_MTU, 1 }, { IFLA_MTU, 3 }, { IFLA_MTU, 8 }, { IFLA_IFNAME, 0 }, { IFLA_IFNAME, 5 },
		{ IFLA_IFNAME, IFNAMSIZ + 1 }, { IFLA_LINKINFO, 3 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		static struct datagram d;
		static const char name[IFNAMSIZ + 1] = "0123456789abcdef";
		struct nlmsghdr *message = put(&d, RTM_NEWLINK, 0, &info, sizeof(info));
		struct link link;

		if (rows[i].type != IFLA_IFNAME)
			mnl_attr_put_strz(message, IFLA_IFNAME, "eth0");
		mnl_attr_put(message, rows[i].type, rows[i].len, name);
		CHECK_INT(link_read(message, &link), -EBADMSG);
	}
}

TEST(link_message_cut_anywhere_is_refused)
{
	static struct datagram d;
	struct nlmsghdr *message = (struct nlmsghdr *)d.buf;
	struct link link;

	put_link(&d, 7, "uplink0");
	for (uint32_t len = sizeof(*message); len < d.len - 2; len++) {
		/* An exact copy: the sanitizer sees a read behind it. */
		struct nlmsghdr *cut = malloc(len);
		int err;

		if (!cut)
			abort();
		memcpy(cut, d.buf, len);
		cut->nlmsg_len = len;
		err = link_read(cut, &link);
		free(cut);
		/* Between two attributes, the name read, it is a shorter but good message. */
		CHECK(err == -EBADMSG || (!err && (len == 44 || len == 52)));
	}
}

TEST(link_message_of_a_bridge_about_its_port_is_none)
{
	const struct ifinfomsg info = { .ifi_family = AF_BRIDGE, .ifi_index = 3 };
	static struct datagram d;
	struct nlmsghdr *message = put(&d, RTM_DELLINK, 0, &info, sizeof(info));
	struct link link;

	mnl_attr_put_strz(message, IFLA_IFNAME, "eth0");
	CHECK_INT(link_read(message, &link), -ENOMSG);
}

TEST(vlan_is_read_with_its_id_and_the_link_it_is_on)
{
	const struct ifinfomsg info = { .ifi_index = 9 };
	static struct datagram d;
	struct nlmsghdr *message = put(&d, RTM_NEWLINK, 0, &info, sizeof(info));
	struct nlattr *nest, *data;
	struct link_bond_port port;
	struct link_bond bond;
	struct link link;

	mnl_attr_put_strz(message, IFLA_IFNAME, "vlan10");
	mnl_attr_put_u32(message, IFLA_LINK, 3);
	nest = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "vlan");
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	mnl_attr_put_u16(message, IFLA_VLAN_ID, 10);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, nest);
	CHECK_INT(link_read(message, &link), 0);
	CHECK_STR(link.kind, "vlan");
	CHECK_INT(link.lower, 3);
	CHECK_INT(link.vlan_id, 10);
	CHECK_INT(link_bond_read(message, &bond), -ENODATA);
	CHECK_INT(link_bond_port_read(message, &port), -ENODATA);
	mnl_attr_put_u32(message, IFLA_LINK_NETNSID, 0); /* what it is on is elsewhere: the number says nothing here */
	CHECK_INT(link_read(message, &link), 0);
	CHECK_INT(link.lower, 0);
}

TEST(port_of_a_bond_is_read_with_the_address_it_had_before)
{
	const struct ifinfomsg info = { .ifi_index = 9 };
	static struct datagram d;
	struct nlmsghdr *message = put(&d, RTM_NEWLINK, 0, &info, sizeof(info));
	struct nlattr *nest, *data;
	struct link_bond_port port;
	struct link link;

	mnl_attr_put_strz(message, IFLA_IFNAME, "eth1");
	mnl_attr_put_u32(message, IFLA_MASTER, 4);
	mnl_attr_put(message, IFLA_ADDRESS, 6, "\122\124\0\0\0\1");
	nest = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_SLAVE_KIND, "bond");
	data = mnl_attr_nest_start(message, IFLA_INFO_SLAVE_DATA);
	mnl_attr_put(message, IFLA_BOND_SLAVE_PERM_HWADDR, 6, "\122\124\0\0\0\2");
	mnl_attr_put_u8(message, IFLA_BOND_SLAVE_STATE, BOND_STATE_BACKUP);
	mnl_attr_put_u8(message, IFLA_BOND_SLAVE_MII_STATUS, BOND_LINK_UP);
	mnl_attr_put_u32(message, IFLA_BOND_SLAVE_LINK_FAILURE_COUNT, 5);
	mnl_attr_put_u16(message, IFLA_BOND_SLAVE_AD_AGGREGATOR_ID, 2);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, nest);
	CHECK_INT(link_read(message, &link), 0);
	CHECK(link.is_bond_port);
	CHECK_INT(link.mac[5], 1);
	CHECK_INT(link.own_mac[5], 2);
	CHECK_INT(link_bond_port_read(message, &port), 0);
	CHECK(port.up && !port.in_use);
	CHECK_INT(port.failures, 5);
	CHECK_INT(port.aggregator, 2);
}

TEST(bond_is_read_with_its_partner)
{
	const struct ifinfomsg info = { .ifi_index = 4 };
	static struct datagram d;
	struct nlmsghdr *message = put(&d, RTM_NEWLINK, 0, &info, sizeof(info));
	struct nlattr *nest, *data, *ad;
	struct link_bond bond;
	uint32_t index = 0;

	mnl_attr_put_strz(message, IFLA_IFNAME, "bond0");
	nest = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "bond");
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	mnl_attr_put_u8(message, IFLA_BOND_MODE, BOND_MODE_8023AD);
	mnl_attr_put_u32(message, IFLA_BOND_MIIMON, 100);
	mnl_attr_put_u32(message, IFLA_BOND_ACTIVE_SLAVE, 2);
	mnl_attr_put_u32(message, IFLA_BOND_PRIMARY, 3);
	mnl_attr_put_u8(message, IFLA_BOND_XMIT_HASH_POLICY, BOND_XMIT_POLICY_LAYER34);
	mnl_attr_put_u8(message, IFLA_BOND_AD_LACP_RATE, 1);
	ad = mnl_attr_nest_start(message, IFLA_BOND_AD_INFO);
	mnl_attr_put_u16(message, IFLA_BOND_AD_INFO_AGGREGATOR, 7);
	mnl_attr_put(message, IFLA_BOND_AD_INFO_PARTNER_MAC, 6, "\122\124\0\0\0\11");
	mnl_attr_nest_end(message, ad);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, nest);
	CHECK_INT(link_bond_read(message, &bond), 0);
	CHECK_INT(bond.settings.mode, BOND_MODE_8023AD);
	CHECK_INT(bond.settings.hash, BOND_XMIT_POLICY_LAYER34);
	CHECK_INT(bond.settings.mii_ms, 100);
	CHECK(bond.settings.lacp_fast);
	CHECK_INT(bond.active, 2);
	CHECK_INT(bond.primary, 3);
	CHECK_INT(bond.aggregator, 7);
	CHECK_INT(bond.partner[5], 9);
	CHECK(!link_message_announces(message, &index));
	mnl_attr_put_u32(message, IFLA_EVENT, IFLA_EVENT_NOTIFY_PEERS);
	CHECK(link_message_announces(message, &index));
	CHECK_INT(index, 4);
}

TEST(address_of_a_point_to_point_link_is_our_end)
{
	const struct ifaddrmsg info = { .ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = 4 };
	static struct datagram d;
	struct nlmsghdr *message = put(&d, RTM_NEWADDR, 0, &info, sizeof(info));
	struct link_address address;
	char text[INET_PREFIX_STRLEN];

	mnl_attr_put(message, IFA_ADDRESS, 4, "\12\0\0\2");
	mnl_attr_put(message, IFA_LOCAL, 4, "\12\0\0\1");
	CHECK_INT(link_address_read(message, &address), 0);
	CHECK_STR(inet_prefix_text(&address.prefix, text), "10.0.0.1/32");
	CHECK_INT(address.index, 4);
	mnl_attr_put(message, IFA_LOCAL, 16, "sixteen bytes...");
	CHECK_INT(link_address_read(message, &address), -EBADMSG);
}

struct hops {
	struct link_route routes[4];
	size_t count;
};

static void take_hop(const struct link_route *route, void *arg)
{
	struct hops *hops = arg;

	if (hops->count < sizeof(hops->routes) / sizeof(*hops->routes))
		hops->routes[hops->count++] = *route;
}

static const struct rtmsg default_route = {
	.rtm_family = AF_INET, .rtm_type = RTN_UNICAST, .rtm_table = RT_TABLE_MAIN,
};

/* One next hop with a gateway, rtnh_len as told. */
static void put_leg(uint8_t *at, uint16_t len, int index, uint8_t flags)
{
	const struct rtnexthop leg = { .rtnh_len = len, .rtnh_flags = flags, .rtnh_ifindex = index };
	const struct nlattr attr = { .nla_len = 8, .nla_type = RTA_GATEWAY };
	const uint8_t gateway[4] = { 10, 0, 0, (uint8_t)index };

	memcpy(at, &leg, sizeof(leg));
	memcpy(at + sizeof(leg), &attr, sizeof(attr));
	memcpy(at + sizeof(leg) + sizeof(attr), gateway, sizeof(gateway));
}

enum { LEG_LEN = sizeof(struct rtnexthop) + 8 };

TEST(route_of_several_next_hops_is_told_per_hop)
{
	static struct datagram d;
	struct nlmsghdr *message = put(&d, RTM_NEWROUTE, 0, &default_route, sizeof(default_route));
	uint8_t legs[3 * LEG_LEN];
	struct hops hops = { .count = 0 };
	char text[INET_ADDR_STRLEN];

	put_leg(legs, LEG_LEN, 5, 0);
	put_leg(legs + LEG_LEN, LEG_LEN, 6, RTNH_F_DEAD);
	put_leg(legs + (size_t)2 * LEG_LEN, LEG_LEN, 7, 0);
	mnl_attr_put_u32(message, RTA_PRIORITY, 50);
	mnl_attr_put(message, RTA_MULTIPATH, sizeof(legs), legs);
	CHECK_INT(link_route_read(message, take_hop, &hops), 0);
	CHECK_INT(hops.count, 2);
	CHECK_INT(hops.routes[0].index, 5);
	CHECK_INT(hops.routes[1].index, 7);
	CHECK_INT(hops.routes[1].metric, 50);
	CHECK_INT(hops.routes[1].destination.len, 0);
	CHECK_STR(inet_addr_text(&hops.routes[1].gateway, text), "10.0.0.7");
}

TEST(route_with_a_broken_next_hop_is_refused)
{
	const uint16_t lens[] = { 0, 1, sizeof(struct rtnexthop) - 1, sizeof(struct rtnexthop) + 2, LEG_LEN - 1,
				  LEG_LEN + 1, 0xffff };

	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		static struct datagram d;
		struct nlmsghdr *message = put(&d, RTM_NEWROUTE, 0, &default_route, sizeof(default_route));
		uint8_t leg[LEG_LEN];
		struct hops hops = { .count = 0 };

		put_leg(leg, lens[i], 5, 0);
		mnl_attr_put(message, RTA_MULTIPATH, sizeof(leg), leg);
		CHECK_INT(link_route_read(message, take_hop, &hops), -EBADMSG);
		CHECK_INT(hops.count, 0);
	}
}

TEST(route_via_another_family_is_read)
{
	static struct datagram d;
	struct nlmsghdr *message = put(&d, RTM_NEWROUTE, 0, &default_route, sizeof(default_route));
	uint8_t via[18] = { 0, 0, 0xfe, 0x80, [17] = 1 };
	struct hops hops = { .count = 0 };
	char text[INET_ADDR_STRLEN];

	memcpy(via, &(uint16_t){ AF_INET6 }, sizeof(uint16_t));
	mnl_attr_put(message, RTA_VIA, sizeof(via), via);
	CHECK_INT(link_route_read(message, take_hop, &hops), 0);
	CHECK_STR(inet_addr_text(&hops.routes[0].gateway, text), "fe80::1");
	mnl_attr_put(message, RTA_VIA, sizeof(via) - 1, via);
	CHECK_INT(link_route_read(message, take_hop, &hops), -EBADMSG);
}

static struct nl nl;

TEST(lo_is_found_by_name_and_index)
{
	struct link link, same;

	CHECK_INT(nl_open(&nl, NETLINK_ROUTE), 0);
	CHECK_INT(link_get(&nl, "lo", &link), 0);
	CHECK_INT(link.index, 1);
	CHECK_INT(link_get_index(&nl, 1, &same), 0);
	CHECK_STR(same.name, "lo");
	CHECK_INT(same.mtu_bytes, link.mtu_bytes);
	nl_close(&nl);
}

TEST(missing_link_is_enodev)
{
	struct link link;

	CHECK_INT(nl_open(&nl, NETLINK_ROUTE), 0);
	CHECK_INT(link_get(&nl, "nosuchlink", &link), -ENODEV);
	CHECK_INT(link_get(&nl, "a-name-too-long-for-a-link", &link), -ENODEV);
	CHECK_INT(link_get(&nl, "", &link), -ENODEV);
	CHECK_INT(link_get_index(&nl, 0x7ffffffe, &link), -ENODEV);
	CHECK_INT(link_get_index(&nl, 0, &link), -ENODEV);
	nl_close(&nl);
}

TEST(family_is_found_or_enoent)
{
	uint16_t id;

	CHECK_INT(nl_open(&nl, NETLINK_GENERIC), 0);
	CHECK_INT(nl_family(&nl, "nlctrl", &id), 0);
	CHECK_INT(id, GENL_ID_CTRL);
	CHECK_INT(nl_family(&nl, "nosuchfamily", &id), -ENOENT);
	CHECK_INT(nl_family(&nl, "a-name-too-long-for-one", &id), -ENOENT);
	nl_close(&nl);
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

static void count_link(const struct link *link, void *arg)
{
	(void)link;
	++*(int *)arg;
}

TEST(request_and_answer_are_wiped)
{
	int links = 0;

	CHECK_INT(nl_open(&nl, NETLINK_ROUTE), 0);
	CHECK_INT(link_each(&nl, count_link, &links), 0);
	CHECK(links > 0);
	CHECK(is_zero(nl.request, sizeof(nl.request)) && is_zero(nl.answer, sizeof(nl.answer)));
	nl_close(&nl);
}

TEST(opening_makes_no_memory_of_the_buffers)
{
	struct nl *fresh = mmap(NULL, sizeof(*fresh), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t page_len = (size_t)sysconf(_SC_PAGESIZE), resident = 0;
	unsigned char pages[sizeof(*fresh) / 4096 + 1];

	CHECK(fresh != MAP_FAILED);
	CHECK_INT(nl_open(fresh, NETLINK_ROUTE), 0);
	nl_close(fresh);
	CHECK_INT(mincore(fresh, sizeof(*fresh), pages), 0);
	for (size_t i = 0; i < sizeof(*fresh) / page_len; i++)
		resident += pages[i] & 1;
	CHECK_INT(resident, 1);
	munmap(fresh, sizeof(*fresh));
}

TEST(closing_wipes_a_message_that_was_not_sent)
{
	static const char secret[] = "a key";

	CHECK_INT(nl_open(&nl, NETLINK_ROUTE), 0);
	mnl_attr_put_strz(nl_begin(&nl, RTM_NEWLINK, 0, sizeof(struct ifinfomsg)), IFLA_IFALIAS, secret);
	CHECK(!is_zero(nl.request, sizeof(nl.request)));
	nl_close(&nl);
	CHECK(is_zero(nl.request, sizeof(nl.request)));
	/* Nor is it left behind a shorter one that is begun in its place. */
	CHECK_INT(nl_open(&nl, NETLINK_ROUTE), 0);
	mnl_attr_put_strz(nl_begin(&nl, RTM_NEWLINK, 0, sizeof(struct ifinfomsg)), IFLA_IFALIAS, secret);
	(void)nl_begin(&nl, RTM_GETLINK, 0, 0);
	nl_close(&nl);
	CHECK(is_zero(nl.request, sizeof(nl.request)));
}

TEST(room_shrinks_with_the_message)
{
	struct nlmsghdr *message = nl_begin(&nl, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));

	CHECK_INT(nl_room(&nl, message), NL_BUF_LEN - 32);
	CHECK_INT(message->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	mnl_attr_put_u32(message, IFLA_MTU, 1);
	CHECK_INT(nl_room(&nl, message), NL_BUF_LEN - 40);
	message = nl_begin(&nl, RTM_NEWLINK, NLM_F_EXCL, 0);
	CHECK_INT(message->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL);
}

TEST(message_of_another_process_is_not_believed)
{
	static struct datagram d;
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	struct sockaddr_nl to = any;
	socklen_t len = sizeof(to);
	int calls = 0, fd = nl_monitor_open(0), other = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	CHECK(fd >= 0 && other >= 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&to, &len), 0);
	put_link(&d, 1, "forged0");
	/* Refused for want of privilege, it did not arrive either. */
	if (sendto(other, d.buf, d.len, 0, (const struct sockaddr *)&to, sizeof(to)) < 0)
		CHECK_INT(errno, EPERM);
	CHECK_INT(nl_monitor_read(fd, count, &calls), 0);
	CHECK_INT(calls, 0);
	close(fd);
	close(other);
}

/* A kernel whose links change while they are read. */
struct changing {
	int readings, stands_still_at;
};

static int read_changing(void *arg, nl_each_fn *keep, void *keep_arg)
{
	static struct datagram d;
	struct changing *changing = arg;
	struct nl_answer answer = { .seq = SEQ, .port = PORT, .each = keep, .arg = keep_arg, .error = words };
	bool still = ++changing->readings == changing->stands_still_at;

	d.len = 0;
	put_link(&d, 1, "lo");
	if (!still)
		put_link(&d, changing->readings + 1, "gone0");
	put_link(&d, 99, "eth0");
	put_end(&d, 0, still ? 0 : NLM_F_DUMP_INTR, NULL);
	nl_answer_feed(&answer, d.buf, d.len);
	return answer.result ? answer.result : answer.interrupted ? -EINTR : 0;
}

TEST(dump_that_was_interrupted_is_told_once)
{
	struct changing changing = { .stands_still_at = 3 };
	struct nl_dump dump;
	struct link link;
	int calls = 0;

	CHECK_INT(nl_dump_read(&dump, read_changing, &changing), 0);
	CHECK_INT(changing.readings, 3);
	CHECK_INT(nl_each_message(dump.bytes, dump.len, count, &calls), 0);
	CHECK_INT(calls, 2);
	CHECK_INT(link_read((const struct nlmsghdr *)(const void *)dump.bytes, &link), 0);
	CHECK(!strcmp(link.name, "lo"));
	nl_dump_free(&dump);
	CHECK(!dump.bytes);
}

TEST(dump_that_never_stands_still_is_eintr)
{
	struct changing changing = { 0 };
	struct nl_dump dump;

	CHECK_INT(nl_dump_read(&dump, read_changing, &changing), -EINTR);
	CHECK_INT(changing.readings, NL_DUMP_ATTEMPTS);
	nl_dump_free(&dump);
}

static int read_long(void *arg, nl_each_fn *keep, void *keep_arg)
{
	const size_t *messages = arg;
	_Alignas(8) uint8_t buf[4096] = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buf);
	int err = 0;

	message->nlmsg_type = RTM_NEWLINK;
	message->nlmsg_len = sizeof(buf) - 2; /* they are aligned in the dump */
	for (size_t i = 0; i < *messages && !err; i++)
		err = keep(message, keep_arg);
	return err;
}

TEST(dump_grows_up_to_its_limit)
{
	size_t messages = 1000, too_many = NL_DUMP_LEN_MAX / 4096 + 1;
	struct nl_dump dump;
	int calls = 0;

	CHECK_INT(nl_dump_read(&dump, read_long, &messages), 0);
	CHECK_INT(nl_each_message(dump.bytes, dump.len, count, &calls), 0);
	CHECK_INT(calls, 1000);
	nl_dump_free(&dump);
	CHECK_INT(nl_dump_read(&dump, read_long, &too_many), -ENOBUFS);
	nl_dump_free(&dump);
}

static int ask_again(const struct nlmsghdr *message, void *arg)
{
	struct link link;

	++*(int *)arg;
	return message->nlmsg_type == RTM_NEWLINK ? link_get(&nl, "lo", &link) : 0;
}

TEST(dump_leaves_the_socket_free_for_questions)
{
	int calls = 0;

	CHECK_INT(nl_open(&nl, NETLINK_ROUTE), 0);
	CHECK_INT(nl_request(&nl, nl_begin(&nl, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg)), ask_again, &calls), 0);
	CHECK(calls > 0);
	nl_close(&nl);
}

TEST(route_and_address_out_of_range_are_einval)
{
	const struct link_route wide = { .destination = { { .family = AF_INET }, 33 }, .index = 1 };
	const struct link_route none = { .index = 1 };
	const struct inet_flow nowhere = { .link = 0 };
	struct link_route route;

	CHECK_INT(link_route_put(&nl, &wide), -EINVAL);
	CHECK_INT(link_route_remove(&nl, &none), -EINVAL);
	CHECK_INT(link_route_get(&nl, &nowhere, &route), -EINVAL);
	CHECK_INT(link_address_add(&nl, 1, &wide.destination), -EINVAL);
	CHECK_INT(link_create(&nl, "", "dummy", -1), -EINVAL);
	CHECK_INT(link_create(&nl, "d0", "a-kind-of-too-many-characters", -1), -EINVAL);
}

TEST(netns_of_an_unfit_name_is_einval)
{
	const char *const names[] = { "", ".", "..", "a/b", "/etc" };
	bool created;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		CHECK_INT(netns_open(names[i], &created), -EINVAL);
		CHECK_INT(netns_remove(names[i]), -EINVAL);
	}
}
