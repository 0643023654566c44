/* config/alive_text: who was alive, as a file. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "config/alive_text.h"

static struct alive alive, again;
static struct vpn_conf conf;

#define KEY "acfzxE6ZsiYE4jIqsBicOt7oT8ZuKhxBvuz0+6JxiEc="
#define OTHER "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="

static uint64_t sum_of(const char *sections)
{
	static struct diag diag;

	diag_clear(&diag, true);
	vpn_conf_init(&conf);
	vpn_public_parse(&conf, sections, strlen(sections), &diag);
	return conf.peer_count ? alive_sum(&conf, &conf.peers[0]) : 0;
}

TEST(section_of_a_peer_has_the_same_sum_until_something_but_its_name_changes)
{
	const uint64_t sum = sum_of("[Peer] # a\nPublicKey = " KEY "\nAllowedIPs = 10.8.3.1/32\nEndpoint = 192.0.2.1:4567\n");

	CHECK(sum);
	CHECK(sum == sum_of("# x\n\n[Peer] # b\nEndpoint = 192.0.2.1:4567\nPublicKey = " KEY "\nAllowedIPs=10.8.3.1/32\n"));
	CHECK(sum != sum_of("[Peer]\nPublicKey = " KEY "\nAllowedIPs = 10.8.3.1/32\nEndpoint = 192.0.2.2:4567\n"));
	CHECK(sum != sum_of("[Peer]\nPublicKey = " KEY "\nAllowedIPs = 10.8.3.1/32\nEndpoint = 192.0.2.1:4568\n"));
	CHECK(sum != sum_of("[Peer]\nPublicKey = " KEY "\nAllowedIPs = 10.8.3.1/32\n"));
	CHECK(sum != sum_of("[Peer]\nPublicKey = " KEY "\nAllowedIPs = 10.8.3.1/32, 10.8.3.9/32\nEndpoint = 192.0.2.1:4567\n"));
	CHECK(sum != sum_of("[Peer]\nPublicKey = " KEY "\nAllowedIPs = 10.8.3.1/32\nEndpoint = 192.0.2.1:4567\nPersistentKeepalive = 25\n"));
	CHECK(sum != sum_of("[Peer]\nPublicKey = " KEY "\nAllowedIPs = 10.8.3.1/32\nEndpoint = 192.0.2.1:4567\nPresharedKey = " OTHER "\n"));
}

TEST(who_was_alive_is_read_as_it_was_written_and_what_is_torn_or_of_another_firmware_is_left_out)
{
	static char bytes[4096];
	struct text text;

	alive_read(&alive, slice_of("nic pci-0000:00:03.0 1\ngateway " KEY " 00000000000000ff\nweather fine\ngateway-dataplane " OTHER
				    " fedcba9876543210\ngateway " KEY " 0000000000000001\ngateway x 1\nnic\ngateway " OTHER " 00000000000000f"));
	CHECK_INT(alive.nic_count, 1);
	CHECK_STR(alive.nics[0].place, "pci-0000:00:03.0");
	CHECK_INT(alive.nics[0].port, 1);
	CHECK_INT(alive.paths[0].count, 1);
	CHECK_INT(alive.paths[0].peers[0].sum, 255);
	CHECK_INT(alive.paths[1].count, 1);
	CHECK(alive.paths[1].peers[0].sum == UINT64_C(0xfedcba9876543210));
	text_init(&text, bytes, sizeof(bytes));
	alive_write(&alive, &text);
	alive_read(&again, (struct slice){ bytes, text.len });
	CHECK_MEM(&alive, &again, sizeof(alive));
	CHECK(alive_find(&alive.paths[1], alive.paths[1].peers[0].public_key));
	CHECK(!alive_find(&alive.paths[0], alive.paths[1].peers[0].public_key));
}
