/* LLDP: frames of others, our own, and what is kept of who was heard. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "conf/network.h"
#include "network/lldp.h"
#include "nics/lldp.h"
#include "test.h"

static struct lldp_frame frame;

/* Laid out as a switch of that kind does: MAC address, interface's name, 120 s, description of the port with its name, a system
 * description of two lines, bridge and router of which bridge is on, IPv4 to manage it, 802.1's Port VLAN ID, 802.3's MAC/PHY, end. */
static const uint8_t of_switch[] =
	"\x02\x07\x04\x00\x1b\x54\xaa\xbb\x00"
	"\x04\x0a\x05Gi1/0/5\x2e\x31"
	"\x06\x02\x00\x78"
	"\x08\x0bto the rack"
	"\x0a\x03sw1"
	"\x0c\x11IOS 15.2\r\nRELEASE"
	"\x0e\x04\x00\x14\x00\x04"
	"\x10\x0c\x05\x01\x0a\x00\x00\x02\x02\x00\x00\x00\x05\x00"
	"\xfe\x06\x00\x80\xc2\x01\x00\x0a"
	"\xfe\x09\x00\x12\x0f\x01\x03\x6c\x03\x00\x10"
	"\x00\x00"
	"padding";

enum { SWITCH_LEN = sizeof(of_switch) - 1 };

TEST(lldp_reads_what_a_switch_says)
{
	char text[LLDP_ID_TEXT_LEN], address[INET_ADDR_STRLEN];

	CHECK(lldp_read(of_switch, SWITCH_LEN, &frame));
	CHECK_STR(lldp_chassis_text(&frame.chassis, text), "00:1b:54:aa:bb:00");
	CHECK_STR(lldp_port_text(&frame.port, text), "Gi1/0/5.1");
	CHECK_INT(frame.ttl_s, 120);
	CHECK_STR(frame.port_description, "to the rack");
	CHECK_STR(frame.name, "sw1");
	CHECK_STR(frame.description, "IOS 15.2  RELEASE");
	CHECK_INT(frame.capabilities, LLDP_BRIDGE);
	CHECK_STR(inet_addr_text(&frame.management, address), "10.0.0.2");
	CHECK_INT(frame.vlan_id, 10);
}

/* Every cut of it: what lacks one of the three, or ends within one, is none; what ends behind them is taken as far as it goes. */
TEST(lldp_takes_no_part_of_a_tlv)
{
	size_t count = 0, ends_at = 0;

	for (size_t len = 0; len < SWITCH_LEN - sizeof("padding") + 1; len++) {
		if (len >= ends_at + 2 && len == ends_at + 2 + of_switch[ends_at + 1]) {
			ends_at = len;
			count++;
		}
		/* A single byte behind a TLV is less than the next one's header. */
		CHECK_INT(lldp_read(of_switch, len, &frame), count >= 3 && len <= ends_at + 1);
	}
	CHECK_INT(count, 10);
}

static bool reads(const char *bytes, size_t len)
{
	return lldp_read((const uint8_t *)bytes, len, &frame);
}

#define READS(bytes) reads(bytes, sizeof(bytes) - 1)

TEST(lldp_keeps_to_the_order_of_the_standard)
{
	char text[LLDP_ID_TEXT_LEN];

	CHECK(READS("\x02\x02\x07X\x04\x02\x07Y\x06\x02\x00\x78"));
	CHECK(READS("\x02\x02\x07X\x04\x02\x07Y\x06\x02\x00\x00\x00\x00"));
	CHECK(!READS("\x04\x02\x07Y\x02\x02\x07X\x06\x02\x00\x78"));                   /* the port first */
	CHECK(!READS("\x02\x02\x07X\x04\x02\x07Y\x06\x02\x00\x78\x06\x02\x00\x79"));   /* one of the three again */
	CHECK(!READS("\x02\x01\x07\x04\x02\x07Y\x06\x02\x00\x78"));                     /* no id behind the subtype */
	CHECK(!READS("\x02\x02\x07X\x04\x02\x07Y\x06\x01\x78"));
	CHECK(!READS("\x02\x02\x07X\x04\x02\x07Y\x00\x00"));                           /* the end before the third */
	CHECK(READS("\x02\x02\x07X\x04\x02\x07Y\x06\x02\x00\x78\x10\x05\xff\x01\x01\x02\x03\x0e\x01\x00\xfe\x02\x00\x80"));
	CHECK_INT(frame.management.family, 0);                                          /* lengths within that lie */
	CHECK(READS("\x02\x07\x04\x01\x02\x03\x04\x05\x06\x04\x06\x04\x01\x0a\x00\x00\x01\x06\x02\x00\x78"));
	CHECK_STR(lldp_port_text(&frame.port, text), "10.0.0.1");
	CHECK(READS("\x02\x04\x07\x1b[m\x04\x03\x03\xde\xad\x06\x02\x00\x78"));
	CHECK_STR(lldp_chassis_text(&frame.chassis, text), "1b5b6d");                   /* nothing that steers a terminal */
	CHECK_STR(lldp_port_text(&frame.port, text), "dead");
}

TEST(lldp_reads_what_it_writes)
{
	struct lldp_own own = { .chassis = { 0x52, 0x54, 0, 0, 1, 1 }, .port = "enp130s0f1np123", .ttl_s = LLDP_TTL_S, .link = 7,
				.management = { { AF_INET, { 192, 0, 2, 1 } }, { AF_INET6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } } } };
	uint8_t bytes[LLDP_OWN_MAX];
	char text[LLDP_ID_TEXT_LEN];
	size_t len;

	memset(own.name, 'n', sizeof(own.name) - 1);
	memset(own.description, 'd', sizeof(own.description) - 1);
	len = lldp_write(&own, bytes); /* the longest there is */
	CHECK(len <= sizeof(bytes) && lldp_read(bytes, len, &frame));
	CHECK_STR(lldp_chassis_text(&frame.chassis, text), "52:54:00:00:01:01");
	CHECK_STR(lldp_port_text(&frame.port, text), own.port);
	CHECK_STR(frame.name, own.name);
	CHECK_STR(frame.description, own.description);
	CHECK_INT(frame.ttl_s, LLDP_TTL_S);
	CHECK_INT(frame.capabilities, LLDP_STATION);
	CHECK(inet_addr_equal(&frame.management, &own.management[0]));
	own.ttl_s = 0;
	len = lldp_write(&own, bytes);
	CHECK(lldp_read(bytes, len, &frame) && !frame.ttl_s && !frame.name[0]);
}

/* ---- who was heard ---- */

static struct lldp_nic nic;
static char line[LLDP_LINE_LEN];

static const char *heard(uint8_t who, uint16_t ttl_s, uint64_t at_s)
{
	(void)lldp_read(of_switch, SWITCH_LEN, &frame);
	frame.chassis.bytes[5] = who;
	frame.ttl_s = ttl_s;
	lldp_take(&nic, &frame, at_s * NS_PER_S, line);
	return line;
}

static void begin(void)
{
	nic = (struct lldp_nic){ .index = 2, .name = "eth0" };
}

TEST(lldp_tells_where_a_cable_goes_once)
{
	begin();
	CHECK_STR(heard(1, 120, 5), "eth0: its cable goes to sw1, port Gi1/0/5.1 (to the rack), VLAN 10");
	CHECK_STR(heard(1, 120, 35), "");
	CHECK_STR(heard(2, 120, 40), ""); /* so soon it may be one who calls itself something else each time */
	CHECK_STR(heard(3, 120, 66), "eth0: its cable goes to sw1, port Gi1/0/5.1 (to the rack), VLAN 10");
	CHECK_INT(nic.count, 3);
}

TEST(lldp_keeps_who_was_there_first_as_long_as_it_says)
{
	begin();
	for (uint8_t who = 0; who < 200; who++)
		(void)heard(who, 120, 10);
	CHECK_INT(nic.count, LLDP_NEIGHBOURS_MAX);
	CHECK(nic.more && nic.neighbours[0].frame.chassis.bytes[5] == 0);
	(void)heard(0, 120, 100);
	lldp_expire(&nic, 131 * NS_PER_S);
	CHECK_INT(nic.count, 1);
	CHECK(!nic.more);
	(void)heard(0, 0, 132); /* it says goodbye */
	CHECK_INT(nic.count, 0);
	(void)heard(9, 0, 133);
	CHECK_INT(nic.count, 0);
}

TEST(lldp_of_routers_only_is_of_no_host)
{
	begin();
	nic.routers_only = true;
	(void)heard(1, 120, 10);
	CHECK_INT(nic.count, 1);
	(void)lldp_read(of_switch, SWITCH_LEN, &frame);
	frame.chassis.bytes[0] = 9;
	frame.capabilities = LLDP_STATION;
	lldp_take(&nic, &frame, 10 * NS_PER_S, line);
	CHECK_INT(nic.count, 1);
}

static struct network_conf conf;

TEST(lldp_is_sent_unless_the_nic_is_the_dataplanes_alone)
{
	static const char text[] = "[Match]\nName=a\n[Match]\nName=b\n[Link]\nUnmanaged=yes\n[Match]\nName=c\n[Link]\nUnmanaged=yes\n"
				   "[Network]\nEmitLLDP=customer-bridge\nLLDP=routers-only\n[Match]\nName=d\n[Network]\nEmitLLDP=no\nLLDP=no\n";
	static struct diag diag;

	diag_clear(&diag, false);
	network_conf_init(&conf);
	network_parse(&conf, text, sizeof(text) - 1, &diag);
	CHECK_INT(diag.count, 0);
	CHECK_INT(network_emits(&conf.nics[0]), NETWORK_EMIT_NEAREST);
	CHECK_INT(network_emits(&conf.nics[1]), NETWORK_EMIT_NO);
	CHECK_INT(network_emits(&conf.nics[2]), NETWORK_EMIT_CUSTOMER);
	CHECK_INT(network_emits(&conf.nics[3]), NETWORK_EMIT_NO);
	CHECK_INT(conf.nics[0].lldp, NETWORK_LLDP_YES);
	CHECK_INT(conf.nics[2].lldp, NETWORK_LLDP_ROUTERS);
	CHECK_INT(conf.nics[3].lldp, NETWORK_LLDP_NO);
}
