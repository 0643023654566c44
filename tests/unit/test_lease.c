/* What DHCP servers give: read, kept, put onto what network.conf says, and taken apart where it comes in. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/hostname.h"
#include "netlink/rdnss.h"
#include "network/leases.h"
#include "nics/dhcp_stream.h"
#include "nics/dhcp_tell.h"
#include "test.h"

static const char *const *variables; /* NAME, VALUE, ..., NULL */

static const char *get(const char *name)
{
	for (size_t i = 0; variables[i]; i += 2)
		if (!strcmp(variables[i], name))
			return variables[i + 1];
	return NULL;
}

static const char *taken(uint8_t family, const char *const *list)
{
	static char bytes[LEASE_TEXT_MAX];
	struct lease lease;
	struct text text;

	variables = list;
	text_init(&text, bytes, sizeof(bytes));
	if (lease_take(&lease, family, get))
		lease_write(&lease, &text);
	return bytes;
}

#define TAKEN(family, ...) taken(family, (const char *const[]){ __VA_ARGS__, NULL })
#define ADDRESS "new_ip_address", "192.0.2.50", "new_subnet_cidr", "24"

TEST(lease_has_address_server_router_and_servers)
{
	CHECK_STR(TAKEN(AF_INET, ADDRESS, "new_dhcp_server_identifier", "192.0.2.1", "new_dhcp_lease_time", "3600", "new_routers",
			"192.0.2.1 192.0.2.2", "new_domain_name_servers", "192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6", "new_ntp_servers",
			"192.0.2.7"),
		  "address 192.0.2.50/24\nserver 192.0.2.1\nseconds 3600\nroute 0.0.0.0/0 192.0.2.1\ndns 192.0.2.3\ndns 192.0.2.4\n"
		  "dns 192.0.2.5\nntp 192.0.2.7\n");
	CHECK_STR(TAKEN(AF_INET6, "new_dhcp6_ia_na1_ia_addr1", "2001:db8::50", "new_dhcp6_ia_na1_ia_addr1_vltime", "600",
			"new_dhcp6_name_servers", "2001:db8::1", "new_dhcp6_sntp_servers", "2001:db8::2"),
		  "address 2001:db8::50/128\nseconds 600\ndns 2001:db8::1\nntp 2001:db8::2\n");
}

/* RFC 3442. */
TEST(lease_with_classless_routes_has_no_other_router)
{
	CHECK_STR(TAKEN(AF_INET, ADDRESS, "new_dhcp_lease_time", "60", "new_routers", "192.0.2.1", "new_classless_static_routes",
			"10.0.0.0/8 192.0.2.254 198.51.100.0/24 0.0.0.0 0.0.0.0/0 192.0.2.253"),
		  "address 192.0.2.50/24\nseconds 60\nroute 10.0.0.0/8 192.0.2.254\nroute 198.51.100.0/24 0.0.0.0\n"
		  "route 0.0.0.0/0 192.0.2.253\n");
}

TEST(lease_leaves_out_what_makes_no_sense)
{
	CHECK_STR(TAKEN(AF_INET, "new_ip_address", "127.0.0.1", "new_subnet_cidr", "8"), "");
	CHECK_STR(TAKEN(AF_INET, "new_ip_address", "224.0.0.1", "new_subnet_cidr", "24"), "");
	CHECK_STR(TAKEN(AF_INET, "new_ip_address", "192.0.2.255", "new_subnet_cidr", "24"), "");
	CHECK_STR(TAKEN(AF_INET, "new_ip_address", "192.0.2.50", "new_subnet_cidr", "0"), "");
	CHECK_STR(TAKEN(AF_INET, "new_ip_address", "192.0.2.50"), "");
	CHECK_STR(TAKEN(AF_INET, "new_ip_address", "2001:db8::1", "new_subnet_cidr", "64"), "");
	CHECK_STR(TAKEN(AF_INET6, "new_dhcp6_ia_na1_ia_addr1", "fe80::1"), "");
	/* The router is this host, or no one; a network that is on the link is not all there is. */
	CHECK_STR(TAKEN(AF_INET, ADDRESS, "new_routers", "192.0.2.50", "new_dhcp_lease_time", "x", "new_domain_name_servers",
			"0.0.0.0 127.0.0.1 192.0.2.3"),
		  "address 192.0.2.50/24\nseconds 4294967295\ndns 192.0.2.3\n");
	CHECK_STR(TAKEN(AF_INET, ADDRESS, "new_dhcp_lease_time", "9", "new_classless_static_routes", "0.0.0.0/0 0.0.0.0 10.0.0.0/33 192.0.2.1 x"),
		  "address 192.0.2.50/24\nseconds 9\n");
}

static const char written[] = "lease ipv4 eth0 020000000001\naddress 192.0.2.50/24\nserver 192.0.2.1\nseconds 3600\n"
			      "route 10.0.0.0/8 192.0.2.254\nroute 0.0.0.0/0 192.0.2.1\ndns 192.0.2.3\n"
			      "lease ipv6 eth0 020000000001\naddress 2001:db8::50/128\nseconds 600\n"
			      "lease ipv4 eth1 020000000002\naddress 198.51.100.9/24\nseconds 60\nroute 0.0.0.0/0 198.51.100.1\n";

static struct leases leases;

static const char *text_of(const struct leases *from)
{
	static char bytes[LEASES_TEXT_MAX];
	struct text text;

	text_init(&text, bytes, sizeof(bytes));
	leases_write(from, &text);
	return bytes;
}

static const char *rewritten(const char *from)
{
	leases_read(&leases, slice_of(from));
	return text_of(&leases);
}

TEST(leases_are_read_as_they_were_written)
{
	CHECK_STR(rewritten(written), written);
	CHECK_STR(rewritten(""), "");
	CHECK_STR(rewritten("address 192.0.2.1/24\nlease ipv5 eth0 020000000001\nlease ipv4 eth0 02\nlease ipv4 eth0 020000000001\n"
			    "address 2001:db8::1/64\nlease ipv6 a-name-that-is-too-long 020000000001\naddress 2001:db8::1/64\n"), "");
}

/* Of as many NICs as there can be, as long as they can be. */
TEST(leases_are_all_read_however_many_and_long)
{
	static struct leases all;

	all.count = LEASES_MAX;
	for (size_t i = 0; i < LEASES_MAX; i++) {
		snprintf(all.list[i].nic, sizeof(all.list[i].nic), "interface-n-%03zu", i);
		for (int family = 0; family < LEASE_FAMILIES; family++) {
			struct lease *lease = &all.list[i].by[family];
			char text[96];

			CHECK(lease_read(lease, slice_of(family == LEASE_IPV4 ? "address 192.0.2.150/24" :
									       "address 2001:db8:aaaa:bbbb:cccc:dddd:eeee:fff1/128")));
			CHECK(lease_read(lease, slice_of("server 192.0.2.101")) && lease_read(lease, slice_of("seconds 4294967295")));
			for (unsigned j = 0; j < LEASE_ROUTES_MAX; j++) {
				snprintf(text, sizeof(text), "route 100.100.%u.0/24 192.0.2.200", 100 + j);
				CHECK(family != LEASE_IPV4 || lease_read(lease, slice_of(text)));
			}
			for (unsigned j = 0; j < LEASE_NTP_MAX; j++) {
				snprintf(text, sizeof(text), "ntp 2001:db8:aaaa:bbbb:cccc:dddd:eeee:fff%u", j);
				CHECK(lease_read(lease, slice_of(text)));
			}
		}
	}
	leases_read(&leases, slice_of(text_of(&all)));
	CHECK_INT(leases.count, LEASES_MAX);
	CHECK(lease_same(&leases.list[LEASES_MAX - 1].by[LEASE_IPV6], &all.list[LEASES_MAX - 1].by[LEASE_IPV6]));
}

TEST(lease_is_the_same_for_longer)
{
	struct lease one = { .seconds = 1 }, other;

	CHECK(lease_read(&one, slice_of("address 192.0.2.50/24")));
	other = one;
	other.seconds = 2;
	CHECK(lease_same(&one, &other));
	CHECK(lease_read(&other, slice_of("dns 192.0.2.1")));
	CHECK(!lease_same(&one, &other));
	/* The address stands first, and once: whether the rest makes sense depends on it. */
	CHECK(!lease_read(&other, slice_of("address 192.0.2.51/24")));
	one = (struct lease){ .seconds = 1 };
	CHECK(!lease_read(&one, slice_of("route 0.0.0.0/0 192.0.2.1")));
	CHECK(!lease_read(&one, slice_of("address 192.0.2.51")));
	CHECK(!one.address.addr.family);
}

/* ---- onto network.conf ---- */

static struct network_conf conf;
static struct nics nics;

static const char *merged(const char *text, size_t nic)
{
	static char bytes[1024];
	static struct diag diag;
	const struct network_nic *section;
	char prefix[INET_PREFIX_STRLEN], via[INET_ADDR_STRLEN];
	struct text to;

	network_conf_init(&conf);
	network_parse(&conf, text, strlen(text), &diag);
	leases_read(&leases, slice_of(written));
	nics = (struct nics){ .count = 2,
			      .list = { { .index = 2, .name = "eth0", .own_mac = { 2, 0, 0, 0, 0, 1 } },
					{ .index = 3, .name = "eth1", .own_mac = { 2, 0, 0, 0, 0, 2 } } } };
	for (size_t i = 0; i < nics.count; i++)
		nics.matches[i] = (struct nics_match){ network_match(&conf, nics.list[i].name, nics.list[i].own_mac, ""), &nics.list[i] };
	section = leases_onto(&leases, &conf, &nics, &nics.list[nic], nics.matches[nic].section);
	text_init(&to, bytes, sizeof(bytes));
	for (size_t i = 0; i < section->address_count; i++)
		text_add(&to, "%s\n", inet_prefix_text(&section->addresses[i], prefix));
	for (size_t i = 0; i < section->route_count; i++)
		text_add(&to, "%s via %s metric %u\n", inet_prefix_text(&section->routes[i].destination, prefix),
			 inet_addr_text(&section->routes[i].gateway, via), section->routes[i].metric);
	text_add(&to, "%s", network_accepts_ra(section) ? "listens to routers\n" : "");
	return bytes;
}

TEST(lease_is_put_onto_what_the_file_says)
{
	CHECK_STR(merged("[Match]\nName=eth0\n[Network]\nDHCP=yes\n", 0),
		  "192.0.2.50/24\n2001:db8::50/128\n10.0.0.0/8 via 192.0.2.254 metric 1024\n0.0.0.0/0 via 192.0.2.1 metric 1024\n"
		  "listens to routers\n");
	CHECK_STR(merged("[Match]\nName=eth0\n[Network]\nDHCP=ipv6\nIPv6AcceptRA=no\n", 0), "2001:db8::50/128\n");
	CHECK_STR(merged("[Match]\nName=eth0\n[Network]\nDHCP=no\n", 0), "listens to routers\n");
	CHECK_STR(merged("[Match]\nName=eth0\n[Network]\nDHCP=ipv4\n[DHCPv4]\nUseRoutes=no\n", 0), "192.0.2.50/24\nlistens to routers\n");
}

TEST(lease_yields_to_what_the_file_says)
{
	CHECK_STR(merged("[Match]\nName=eth0\n[Network]\nDHCP=ipv4\nAddress=192.0.2.50/25\nGateway=192.0.2.9\n", 0),
		  "192.0.2.50/25\n0.0.0.0/0 via 192.0.2.9 metric 0\n10.0.0.0/8 via 192.0.2.254 metric 1024\nlistens to routers\n");
}

/* RFC 3442's routes are more specific than a tunnel's as easily as not (CVE-2024-3661). */
TEST(lease_draws_nothing_out_of_a_tunnel)
{
	struct inet_prefix network;
	bool has_len;

	leases.tunnel_count = 1;
	CHECK_INT(inet_prefix_parse(slice_of("10.8.3.1/24"), &leases.tunnels[0], &has_len), 0);
	CHECK_INT(inet_prefix_parse(slice_of("10.8.3.2/32"), &network, &has_len), 0);
	CHECK(leases_is_tunnels(&leases, &network));
	CHECK_INT(inet_prefix_parse(slice_of("10.8.3.0/24"), &network, &has_len), 0);
	CHECK(leases_is_tunnels(&leases, &network));
	CHECK_INT(inet_prefix_parse(slice_of("10.0.0.0/8"), &network, &has_len), 0);
	CHECK(!leases_is_tunnels(&leases, &network));
	CHECK_INT(inet_prefix_parse(slice_of("0.0.0.0/0"), &network, &has_len), 0);
	CHECK(!leases_is_tunnels(&leases, &network));
	CHECK_INT(inet_prefix_parse(slice_of("10.8.4.2/32"), &network, &has_len), 0);
	CHECK(!leases_is_tunnels(&leases, &network));
	/* An address is the host's own before any route, whatever mask a server gives it. */
	CHECK_INT(inet_prefix_parse(slice_of("10.8.3.2/8"), &network, &has_len), 0);
	CHECK(!leases_is_tunnels(&leases, &network) && leases_has_address(&leases, &network.addr));
	CHECK_INT(inet_prefix_parse(slice_of("10.8.4.2/8"), &network, &has_len), 0);
	CHECK(!leases_has_address(&leases, &network.addr));
	leases.tunnel_count = 0;
}

/* The kernel takes a route to the same place with the same metric in place of the first. */
TEST(leases_of_two_nics_have_two_metrics)
{
	static const char both[] = "[Match]\nName=eth*\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=no\n";
	static const char said[] = "[Match]\nName=eth1\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=no\n[DHCPv4]\nRouteMetric=200\n"
				   "[Match]\nName=eth0\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=no\n[DHCPv4]\nRouteMetric=200\n";

	CHECK(strstr(merged(both, 0), "0.0.0.0/0 via 192.0.2.1 metric 1024\n") != NULL);
	CHECK_STR(merged(both, 1), "198.51.100.9/24\n0.0.0.0/0 via 198.51.100.1 metric 1025\n");
	CHECK(strstr(merged(said, 0), "metric 200\n") != NULL);
	CHECK(strstr(merged(said, 1), "metric 201\n") != NULL);
}

/* ---- where it comes in ---- */

static char stream_said[256];

static void feed(struct dhcp_stream *stream, const char *bytes, size_t len)
{
	struct slice room = dhcp_stream_room(stream), said;
	enum dhcp_said what;
	struct text text;

	memcpy((char *)(uintptr_t)room.ptr, bytes, len < room.len ? len : room.len);
	dhcp_stream_add(stream, len < room.len ? len : room.len);
	text_init(&text, stream_said, sizeof(stream_said));
	while ((what = dhcp_stream_take(stream, &said)) != DHCP_SAID_NOTHING)
		text_add(&text, "%s %.*s;", what == DHCP_SAID_RECORD ? "record" : "line", SLICE_ARG(said));
}

TEST(client_stream_has_records_and_lines)
{
	static struct dhcp_stream stream;
	static const char whole[] = "eth0: trouble\n\1BOUND\naddress 192.0.2.50/24\n";
	static char noise[DHCP_STREAM_LEN];

	feed(&stream, whole, sizeof(whole));
	CHECK_STR(stream_said, "line eth0: trouble;record BOUND\naddress 192.0.2.50/24\n;");
	feed(&stream, "\1NA", 3);
	CHECK_STR(stream_said, "");
	feed(&stream, "K\n\0\1EXPIRE\n", 11);
	CHECK_STR(stream_said, "record NAK\n;");
	feed(&stream, "\0", 1);
	CHECK_STR(stream_said, "record EXPIRE\n;");
	memset(noise, 'x', sizeof(noise));
	feed(&stream, noise, sizeof(noise));
	feed(&stream, "\1NAK\n", 6);
	CHECK_STR(stream_said, "record NAK\n;");
}

TEST(client_without_an_answer_says_what_stays_in_use)
{
	const struct lease lease = { .address = { { AF_INET, { 192, 0, 2, 50 } }, 24 }, .seconds = 3600 };
	char said[256];
	struct text text;

	text_init(&text, said, sizeof(said));
	dhcp_tell_trouble(&text, "eth0", LEASE_IPV4, &lease, false);
	dhcp_tell_trouble(&text, "eth0", LEASE_IPV4, &lease, true);
	dhcp_tell_trouble(&text, "eth0", LEASE_IPV6, NULL, false);
	CHECK_STR(said, "eth0: no DHCP server answers: 192.0.2.50/24 stays in use until one does\n"
			"eth0: no DHCP server answers: 192.0.2.50/24, kept from before, stays in use until one does\n"
			"eth0: no DHCPv6 server answers, and there is no lease from before: it goes on asking\n");
}

TEST(lease_events_are_those_of_dhcpcd)
{
	uint8_t family = 0;

	CHECK_INT(lease_event("RENEW", &family), LEASE_GIVEN);
	CHECK_INT(family, AF_INET);
	CHECK_INT(lease_event("EXPIRE6", &family), LEASE_LOST);
	CHECK_INT(family, AF_INET6);
	CHECK_INT(lease_event("NAK", &family), LEASE_REFUSED);
	CHECK_INT(lease_event("PREINIT", &family), LEASE_NOTHING);
}

/* ---- what routers advertise ---- */

/* RTM_NEWNDUSEROPT with one option of a router's advertisement. */
static int read_option(const uint8_t *option, size_t len, uint16_t told_len, struct rdnss *rdnss)
{
	static _Alignas(8) uint8_t bytes[256];
	struct nlmsghdr *message = (struct nlmsghdr *)(void *)bytes;
	struct nduseroptmsg *info = NLMSG_DATA(message);

	memset(bytes, 0, sizeof(bytes));
	*message = (struct nlmsghdr){ .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + sizeof(*info) + len), .nlmsg_type = RTM_NEWNDUSEROPT };
	*info = (struct nduseroptmsg){ .nduseropt_family = AF_INET6, .nduseropt_opts_len = told_len, .nduseropt_ifindex = 7,
				       .nduseropt_icmp_type = 134 };
	memcpy(info + 1, option, len);
	return rdnss_read(message, rdnss);
}

/* RFC 8106 5.1 */
TEST(rdnss_option_has_servers_and_their_time)
{
	static const uint8_t option[40] = { 25, 5, 0, 0, 0, 0, 2, 88, 0x20, 1, 0xd, 0xb8, [23] = 1, 0xfe, 0x80, [39] = 2 };
	uint8_t other[40];
	struct rdnss rdnss;
	char addr[INET_ADDR_STRLEN];

	CHECK_INT(read_option(option, 40, 40, &rdnss), 0);
	CHECK_INT(rdnss.index, 7);
	CHECK_INT(rdnss.seconds, 600);
	CHECK_INT(rdnss.count, 2);
	CHECK_STR(inet_addr_text(&rdnss.servers[0], addr), "2001:db8::1");
	CHECK_STR(inet_addr_text(&rdnss.servers[1], addr), "fe80::2");
	CHECK_INT(read_option(option, 24, 24, &rdnss), -EBADMSG);
	CHECK_INT(read_option(option, 24, 40, &rdnss), -EBADMSG);
	CHECK_INT(read_option(option, 4, 4, &rdnss), -ENOMSG);
	memcpy(other, option, sizeof(other));
	other[1] = 0;
	CHECK_INT(read_option(other, 40, 40, &rdnss), -EBADMSG);
	other[1] = 1;
	CHECK_INT(read_option(other, 8, 8, &rdnss), -ENOMSG);
	other[0] = 31; /* DNSSL */
	CHECK_INT(read_option(other, 40, 40, &rdnss), -ENOMSG);
}

/* ---- what the host is called ---- */

TEST(host_is_called_as_env_says_or_as_its_peer)
{
	static struct conf_set set;
	char name[ENV_HOSTNAME_LEN];

	set.clustered = true;
	set.vpn.own = 0;
	(void)snprintf(set.vpn.peers[0].name, sizeof(set.vpn.peers[0].name), "%s", "-fra 1, rack_2!");
	hostname_of(&set, name);
	CHECK_STR(name, "fra-1-rack-2");
	(void)snprintf(set.env.hostname, sizeof(set.env.hostname), "%s", "fra1.example");
	hostname_of(&set, name);
	CHECK_STR(name, "fra1.example");
	set.env.hostname[0] = '\0';
	set.vpn.own = -1;
	hostname_of(&set, name);
	CHECK_STR(name, "");
}
