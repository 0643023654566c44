/* netlink/ethtool on messages as the kernel lays them out, and what network.conf wants of offloads. */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <string.h>

#include "netlink/ethtool.h"
#include "network/fit.h"
#include "network/hardware.h"
#include "network/offloads.h"
#include "nics/card.h"
#include "test.h"

static _Alignas(8) uint8_t bytes[4096];

static struct nlmsghdr *begin(void)
{
	struct nlmsghdr *message;

	memset(bytes, 0, sizeof(bytes));
	message = mnl_nlmsg_put_header(bytes);
	mnl_nlmsg_put_extra_header(message, GENL_HDRLEN);
	return message;
}

/* listed: without a mask, as the kernel answers; else with marks at those of names that end in "+". */
static void put_set(struct nlmsghdr *message, uint16_t type, bool listed, const char *const names[])
{
	struct nlattr *set = mnl_attr_nest_start(message, type), *bits, *bit;
	char name[64];

	if (listed)
		mnl_attr_put(message, ETHTOOL_A_BITSET_NOMASK, 0, "");
	mnl_attr_put_u32(message, ETHTOOL_A_BITSET_SIZE, 64);
	bits = mnl_attr_nest_start(message, ETHTOOL_A_BITSET_BITS);
	for (; *names; names++) {
		size_t len = strcspn(*names, "+");

		memcpy(name, *names, len);
		name[len] = '\0';
		bit = mnl_attr_nest_start(message, ETHTOOL_A_BITSET_BITS_BIT);
		mnl_attr_put_u32(message, ETHTOOL_A_BITSET_BIT_INDEX, 5);
		mnl_attr_put_strz(message, ETHTOOL_A_BITSET_BIT_NAME, name);
		if ((*names)[len])
			mnl_attr_put(message, ETHTOOL_A_BITSET_BIT_VALUE, 0, "");
		mnl_attr_nest_end(message, bit);
	}
	mnl_attr_nest_end(message, bits);
	mnl_attr_nest_end(message, set);
}

static const char *const names[] = { "rx-gro", "tx-udp-segmentation", "highdma" };

TEST(ethtool_features_are_known_by_name)
{
	struct nlmsghdr *message = begin();
	struct ethtool_features is;

	put_set(message, ETHTOOL_A_FEATURES_HW, true, (const char *const[]){ "tx-lockless", "rx-gro", "highdma", NULL });
	put_set(message, ETHTOOL_A_FEATURES_ACTIVE, true, (const char *const[]){ "tx-udp-segmentation", "rx-gro-list", NULL });
	put_set(message, ETHTOOL_A_FEATURES_NOCHANGE, true, (const char *const[]){ "highdma", NULL });
	CHECK_INT(ethtool_features_read(message, names, 3, &is), 0);
	CHECK_INT(is.can, 1);
	CHECK_INT(is.active, 2);

	message = begin();
	put_set(message, ETHTOOL_A_FEATURES_ACTIVE, false, (const char *const[]){ "rx-gro+", "tx-udp-segmentation", NULL });
	CHECK_INT(ethtool_features_read(message, names, 3, &is), 0);
	CHECK_INT(is.can, 0);
	CHECK_INT(is.active, 1);
}

TEST(ethtool_takes_no_message_that_does_not_add_up)
{
	struct nlmsghdr *message = begin();
	struct ethtool_rings rings;
	struct ethtool_link link;
	struct ethtool_features is;

	mnl_attr_put_u32(message, ETHTOOL_A_LINKMODES_SPEED, UINT32_MAX); /* no carrier */
	mnl_attr_put_u8(message, ETHTOOL_A_LINKMODES_DUPLEX, DUPLEX_UNKNOWN);
	CHECK_INT(ethtool_link_read(message, &link), 0);
	CHECK(!link.speed_mbit && link.duplex == ETHTOOL_DUPLEX_UNKNOWN);

	message = begin();
	mnl_attr_put_u32(message, ETHTOOL_A_LINKMODES_SPEED, 100);
	mnl_attr_put_u8(message, ETHTOOL_A_LINKMODES_DUPLEX, DUPLEX_HALF);
	CHECK_INT(ethtool_link_read(message, &link), 0);
	CHECK(link.speed_mbit == 100 && link.duplex == ETHTOOL_DUPLEX_HALF);

	message = begin();
	mnl_attr_put_u16(message, ETHTOOL_A_RINGS_RX, 256);
	CHECK(ethtool_rings_read(message, &rings) < 0);
	message = begin();
	mnl_attr_put_u32(message, ETHTOOL_A_FEATURES_HW, 7); /* no set */
	CHECK(ethtool_features_read(message, names, 3, &is) < 0 || !is.can);
}

TEST(offloads_are_the_drivers_but_for_what_the_file_says)
{
	const struct link nic = { .kind = "" }, veth = { .kind = "veth" };
	const struct network_nic nothing = { .line = 0 }, section = { .line = 4, .offloads = { [NETWORK_TSO] = NETWORK_OFF } },
				 no = { .line = 4, .offloads = { [NETWORK_GRO_FORWARDED] = NETWORK_OFF } };

	CHECK_INT(offloads_wanted(&nic, NULL, NETWORK_GRO_FORWARDED), NETWORK_UNSAID);
	CHECK_INT(offloads_wanted(&nic, &nothing, NETWORK_GRO_FORWARDED), NETWORK_UNSAID);
	CHECK_INT(offloads_wanted(&nic, &section, NETWORK_GRO_FORWARDED), NETWORK_ON);
	CHECK_INT(offloads_wanted(&veth, &section, NETWORK_GRO_FORWARDED), NETWORK_UNSAID);
	CHECK_INT(offloads_wanted(&nic, &no, NETWORK_GRO_FORWARDED), NETWORK_OFF);
	CHECK_INT(offloads_wanted(&veth, &section, NETWORK_TSO), NETWORK_OFF);
	CHECK_INT(offloads_wanted(&nic, &section, NETWORK_TSO6), NETWORK_UNSAID);
	CHECK_INT(offloads_wanted(&nic, &section, NETWORK_USO), NETWORK_UNSAID);
}

static struct nic_hardware at(const char *path)
{
	struct nic_hardware hardware = { .port = 0 };

	memcpy(hardware.path, path, strlen(path) + 1);
	return hardware;
}

TEST(card_has_several_ports_by_its_pci_device)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "pci-0000:02:00.0", "pci-0000:02:00.1", true },
		{ "pci-0000:02:00.0", "pci-0000:02:00.0", true }, /* dev_port tells them apart */
		{ "pci-0000:02:00.0", "pci-0000:02:01.0", false },
		{ "pci-0000:02:00.0", "pci-0000:03:00.0", false },
		{ "pci-0000:00:14.0-usb-0:1:1.0", "pci-0000:00:14.0-usb-0:2:1.0", false },
		{ "pci-0000:00:14.0", "pci-0000:00:14.0-usb-0:2:1.0", false },
		{ "", "", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nic_hardware a = at(rows[i].a), b = at(rows[i].b);

		CHECK_INT(card_is_same(&a, &b), rows[i].same);
		CHECK_INT(card_is_same(&b, &a), rows[i].same);
	}
}

static char sentence[192];

static void keep_sentence(void *arg, bool error, const char *text)
{
	(void)arg;
	text_format(sentence, sizeof(sentence), "%s%s", error ? "error: " : "", text);
}

TEST(refusal_has_the_words_of_who_was_asked)
{
	static struct nl routes = { .error = "of another question" };
	const struct link nic = { .name = "eth0" };
	struct nics_report report = { .say = keep_sentence };
	struct fitting fitting = { .nl = &routes, .link = &nic, .report = &report };
	char expected[sizeof(sentence)];

	fit_say_by(&fitting, "the ring is busy", -EBUSY, "%s off", "TSO");
	text_format(expected, sizeof(expected), "error: eth0: TSO off: %s: the ring is busy", strerror(EBUSY));
	CHECK_STR(sentence, expected);
	CHECK_INT(fitting.err, -EBUSY);
}
