#include <stdio.h>
#include <string.h>
#include <time.h>

#include "conf/keys.h"
#include "conf/set.h"
#include "test.h"

#define SECRET "yDPg5doavYH7fdD86nt+cOzSBL4znVZcrcrJwjY/Xmw="
#define PUBLIC "acfzxE6ZsiYE4jIqsBicOt7oT8ZuKhxBvuz0+6JxiEc=" /* of SECRET, by wg pubkey */

static struct conf_set set;
static struct conf_facts facts;
static struct diag diag;
static char printed[1 << 17];

static void append(void *arg, const char *text)
{
	size_t len = strlen(printed);

	(void)arg;
	(void)snprintf(printed + len, sizeof(printed) - len, "%s\n", text);
}

static void parse(enum conf_file file, const char *text)
{
	size_t len = strlen(text);

	switch (file) {
	case CONF_PRIVATE:
		vpn_private_parse(&set.vpn, text, len, &diag);
		break;
	case CONF_PUBLIC:
		vpn_public_parse(&set.vpn, text, len, &diag);
		break;
	case CONF_ENV:
		env_parse(&set.env, text, len, &diag);
		break;
	case CONF_NETWORK:
	case CONF_FILES:
		network_parse(&set.network, text, len, &diag);
		break;
	}
	set.texts[file].present = true;
}

static void start(void)
{
	conf_set_wipe(&set);
	diag_clear(&diag, false);
	facts.route_count = 0;
	facts.mellanox = false;
	printed[0] = '\0';
}

static const char *findings(void)
{
	printed[0] = '\0';
	diag_print(&diag, append, NULL);
	return printed;
}

/* Some 8 characters in a row of the secret are seen. */
static bool leaks(const char *text, const char *secret)
{
	char part[9] = "";

	for (size_t i = 0; i + 8 <= strlen(secret); i++) {
		memcpy(part, secret + i, 8);
		if (strstr(text, part))
			return true;
	}
	return false;
}

TEST(uint_is_taken_up_to_its_bound_and_not_beyond)
{
	uint64_t v = 7;

	CHECK_INT(text_uint(slice_of("65535"), 65535, &v), 0);
	CHECK_INT((long long)v, 65535);
	CHECK(text_uint(slice_of("65536"), 65535, &v) < 0);
	CHECK(text_uint(slice_of("70000"), 65535, &v) < 0);
	CHECK(text_uint(slice_of("18446744073709551616"), UINT64_MAX, &v) < 0);
	CHECK(text_uint(slice_of("18446744073709556183"), 65535, &v) < 0); /* 2^64 + 4567 */
	CHECK_INT(text_uint(slice_of("18446744073709551615"), UINT64_MAX, &v), 0);
	CHECK(v == UINT64_MAX);
	CHECK(text_uint(slice_of(""), 65535, &v) < 0);
	CHECK(text_uint(slice_of("+1"), 65535, &v) < 0);
	CHECK(text_uint(slice_of("-1"), 65535, &v) < 0);
	CHECK(text_uint(slice_of("0x1"), 65535, &v) < 0);
	CHECK(text_uint(slice_of("25s"), 65535, &v) < 0);
	CHECK_INT(text_uint(slice_of("00005"), 65535, &v), 0);
	CHECK_INT((long long)v, 5);
}

TEST(private_key_gives_the_public_key_that_wg_gives)
{
	start();
	parse(CONF_PRIVATE, "[Interface]\nListenPort = 4567\nPrivateKey = " SECRET "\n");
	parse(CONF_PUBLIC, "[Peer] # fra1\nPublicKey = " PUBLIC "\nAllowedIPs = 10.8.3.1/32\n");
	CHECK_STR(findings(), "");
	CHECK(!memcmp(set.vpn.public_key, set.vpn.peers[0].public_key, VPN_KEY_LEN));
	CHECK_STR(set.vpn.peers[0].name, "fra1");
}

TEST(peer_name_is_cut_between_characters)
{
	start();
	parse(CONF_PUBLIC,
	      "[Peer] # \xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc"
	      "\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc\xd0\xbc"
	      "\xd0\xbc\xd0\xbc\n");
	CHECK_INT((long long)strlen(set.vpn.peers[0].name), 46);
}

TEST(section_of_our_key_is_own_and_no_peer_lacks_an_endpoint)
{
	start();
	parse(CONF_PRIVATE, "[Interface]\nListenPort = 4567\nPrivateKey = " SECRET "\n");
	parse(CONF_PUBLIC,
	      "[Peer]\nPublicKey = 6Ak4H0G05mJSuH7zbwPcfq9RNcz7LM+Z/Z7UkZzbRk4=\nAllowedIPs = 10.8.3.2/32\n"
	      "Endpoint = 192.0.2.2:4567\n[Peer]\nPublicKey = " PUBLIC "\nAllowedIPs = 10.8.3.1/32\n");
	parse(CONF_ENV, "MITIGATOR_VPN_ADDRESS=10.8.3.1\n");
	set.clustered = true;
	conf_set_check(&set, &facts, true, &diag);
	CHECK_STR(findings(), "");
	CHECK_INT(set.vpn.own, 1);
	CHECK_INT(set.env.vpn_address.len, 24);
}

TEST(network_match_wants_all_conditions_and_takes_the_first)
{
	static const uint8_t mac[NETWORK_MAC_LEN] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
	static const uint8_t other[NETWORK_MAC_LEN] = { 0x52, 0x54, 0, 0x12, 0x34, 0x57 };

	start();
	parse(CONF_NETWORK, "[Match]\nName = eth0\nMACAddress = 52:54:00:12:34:56\n[Match]\nName = eth[0-9]\n"
			    "[Match]\nMACAddress = 52-54-00-12-34-57\n[Match]\nName = en*\n");
	CHECK_STR(findings(), "");
	CHECK(network_match(&set.network, "eth0", mac, "") == &set.network.nics[0]);
	CHECK(network_match(&set.network, "eth0", other, "") == &set.network.nics[1]);
	CHECK(network_match(&set.network, "wan0", other, "") == &set.network.nics[2]);
	CHECK(network_match(&set.network, "wan0", mac, "") == NULL);
	CHECK(network_match(&set.network, "enp1s0", mac, "") == &set.network.nics[3]);
	CHECK(network_match(&set.network, "eth10", mac, "") == NULL);
}

TEST(made_device_is_matched_by_its_name_alone)
{
	const struct network_nic *nics = set.network.nics;
	const struct network_device *bond;

	start();
	parse(CONF_NETWORK, "[NetDev]\nName = bond0\nKind = bond\n[Bond]\nMode = 802.3ad\nMIIMonitorSec = 1.25 s\n"
			    "LACPTransmitRate = fast\nTransmitHashPolicy = encap3+4\n"
			    "[NetDev]\nName = vlan10\nKind = vlan\n[VLAN]\nId = 10\n"
			    "[Match]\nName = *\nMACAddress = 52:54:00:12:34:56\n[Network]\nBond = bond0\nPrimarySlave = true\n"
			    "[Match]\nName = *\nPath = pci-*\n[Network]\nBond = bond0\n"
			    "[Match]\nName = bond?\n[Network]\nVLAN = vlan10\n[Match]\nName = vlan10\n");
	CHECK_STR(findings(), "network.conf:19: PrimarySlave is for Mode=active-backup; bond0 has 802.3ad, which uses all its ports\n");
	CHECK(network_match_device(&set.network, "bond0") == &nics[2]);
	CHECK(network_match_device(&set.network, "vlan10") == &nics[3]);
	CHECK(!network_match_device(&set.network, "vlan11"));
	CHECK(network_is_of_one_nic(&nics[2]) && !network_is_of_one_nic(&nics[0]));
	bond = network_device(&set.network, "bond0", NETWORK_BOND);
	CHECK(bond && !network_device(&set.network, "bond0", NETWORK_VLAN) && !network_device(&set.network, "", NETWORK_BOND));
	if (!bond)
		return;
	CHECK_INT(bond->bond.mii_ms, 1250);
	CHECK(bond->bond.lacp_fast);
	CHECK_STR(network_bond_hash_name(bond->bond.hash), "encap3+4");
	CHECK_INT(network_device(&set.network, "vlan10", NETWORK_VLAN)->vlan_id, 10);
}

TEST(path_is_matched_by_any_of_its_patterns_and_with_all_other_conditions)
{
	static const uint8_t mac[NETWORK_MAC_LEN] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
	const struct network_nic *nics = set.network.nics;

	start();
	parse(CONF_NETWORK, "[Match]\nPath = pci-0000:02:00.0\nName=eth1\n[Match]\nPath = pci-0000:02:00.0  pci-0000:03:*\n"
			    "[Match]\nPath = *-usb-0:1:1.0\n[Match]\nName = eth*\n");
	CHECK_STR(findings(), "");
	CHECK(network_has_paths(&set.network));
	CHECK(network_match(&set.network, "eth1", mac, "pci-0000:02:00.0") == &nics[0]); /* one of two ports at one function */
	CHECK(network_match(&set.network, "eth0", mac, "pci-0000:02:00.0") == &nics[1]);
	CHECK(network_match(&set.network, "eth0", mac, "pci-0000:03:00.1") == &nics[1]);
	CHECK(network_match(&set.network, "eth0", mac, "pci-0000:02:00.01") == &nics[3]);
	CHECK(network_match(&set.network, "eth0", mac, "pci-0000:00:14.0-usb-0:1:1.0") == &nics[2]);
	CHECK(network_match(&set.network, "eth0", mac, "") == &nics[3]);
}

TEST(isolation_follows_env_and_else_the_nic)
{
	start();
	CHECK(conf_isolated(&set.env, &facts));
	facts.mellanox = true;
	CHECK(!conf_isolated(&set.env, &facts));
	set.env.isolation = ENV_ISOLATION_ON;
	CHECK(conf_isolated(&set.env, &facts));
	facts.mellanox = false;
	set.env.isolation = ENV_ISOLATION_OFF;
	CHECK(!conf_isolated(&set.env, &facts));
}

TEST(mellanox_nic_makes_an_overlap_an_error)
{
	start();
	parse(CONF_ENV, "MITIGATOR_VPN_ADDRESS=10.8.3.1\n");
	set.clustered = true;
	facts.mellanox = true;
	facts.mellanox_where = "0000:01:00.0";
	facts.routes[0] = (struct conf_route){ { { AF_INET, { 10 } }, 8 }, "eth0", false };
	facts.route_count = 1;
	conf_set_check(&set, &facts, false, &diag);
	CHECK(strstr(findings(),
		     ".env:1: the VPN network 10.8.3.0/24 overlaps the host's route 10.0.0.0/8 on eth0, and the "
		     "dataplane is not isolated (Mellanox NIC 0000:01:00.0)") != NULL);
}

/* Which ports are published it cannot see. */
TEST(container_says_that_another_port_is_to_be_published)
{
	static struct conf_set former;

	for (int contained = 0; contained < 2; contained++) {
		start();
		parse(CONF_PRIVATE, "[Interface]\nListenPort = 5567\n");
		parse(CONF_ENV, "MITIGATOR_VPN_ADDRESS=10.8.3.1\n");
		set.clustered = former.clustered = true;
		former.vpn.listen_port = 4567;
		former.env.dataplane_port = 4570;
		facts.contained = contained;
		facts.former = &former;
		conf_set_check(&set, &facts, false, &diag);
		CHECK(contained == (strstr(findings(), "vpn-private.conf:2: warning: ListenPort was 4567: where docker-compose.yml publishes that "
						       "port, `ports` there is to change too, then `docker-compose up -d`\n") != NULL));
		CHECK(contained == (strstr(findings(), ".env:1: warning: DATA_PLANE_VPN_PORT was 4570: where docker-compose.yml") != NULL));
		former.vpn.listen_port = 5567;
		former.env.dataplane_port = ENV_DATAPLANE_PORT_DEFAULT;
		diag_clear(&diag, false);
		conf_set_check(&set, &facts, false, &diag);
		CHECK(!strstr(findings(), "publishes"));
	}
	facts.contained = false;
	facts.former = NULL;
}

TEST(container_makes_an_overlap_an_error_whatever_env_says)
{
	start();
	parse(CONF_ENV, "MITIGATOR_VPN_ADDRESS=10.8.3.1\nDATA_PLANE_ISOLATION=on\n");
	set.clustered = true;
	facts.contained = true;
	facts.routes[0] = (struct conf_route){ { { AF_INET, { 10 } }, 8 }, "eth0", false };
	facts.route_count = 1;
	conf_set_check(&set, &facts, false, &diag);
	facts.contained = false;
	CHECK(strstr(findings(), ".env:1: the VPN network 10.8.3.0/24 overlaps the host's route 10.0.0.0/8 on eth0, and a container's tunnel is in "
				 "the same network; expected one that the host does not use") != NULL);
}

/* Or whoever answers DHCP decides whether the files run. */
TEST(route_that_a_server_gave_is_no_error)
{
	start();
	parse(CONF_ENV, "MITIGATOR_VPN_ADDRESS=10.8.3.1\nDATA_PLANE_ISOLATION=off\n");
	parse(CONF_NETWORK, "[Match]\nName=eth0\n[Network]\nDHCP=ipv4\n");
	set.clustered = true;
	facts.routes[0] = (struct conf_route){ { { AF_INET, { 10 } }, 8 }, "eth0", false };
	facts.route_count = 1;
	facts.links[0] = (struct conf_link){ .name = "eth0", .nic = true };
	facts.links[1] = (struct conf_link){ .name = "eth1", .nic = true };
	facts.link_count = 2;
	conf_set_check(&set, &facts, false, &diag);
	CHECK(strstr(findings(), "warning: the VPN network 10.8.3.0/24 overlaps the host's route 10.0.0.0/8 on eth0, which gets it by DHCP") != NULL);
	/* the control: a NIC that has no lease */
	start();
	parse(CONF_ENV, "MITIGATOR_VPN_ADDRESS=10.8.3.1\nDATA_PLANE_ISOLATION=off\n");
	text_format(facts.routes[0].device, sizeof(facts.routes[0].device), "eth1");
	facts.route_count = 1;
	parse(CONF_NETWORK, "[Match]\nName=eth0\n[Network]\nDHCP=ipv4\n");
	set.clustered = true;
	conf_set_check(&set, &facts, false, &diag);
	CHECK(strstr(findings(), "on eth1, and the dataplane is not isolated") != NULL);
	facts.link_count = 0;
}

TEST(route_of_ours_is_no_overlap_whatever_its_device)
{
	start();
	parse(CONF_ENV, "MITIGATOR_VPN_ADDRESS=10.8.3.1\nDATA_PLANE_ISOLATION=off\nDATA_PLANE_VPN_DEVICE=wgdp\n");
	set.clustered = true;
	facts.routes[0] = (struct conf_route){ { { AF_INET, { 10, 8, 3 } }, 24 }, "wg0", true };
	facts.route_count = 1;
	conf_set_check(&set, &facts, false, &diag);
	CHECK(!strstr(findings(), "overlaps"));
	facts.routes[0].ours = false;
	conf_set_check(&set, &facts, false, &diag);
	CHECK(strstr(findings(), "overlaps") != NULL);
}

TEST(no_finding_shows_a_part_of_a_secret)
{
	/* %s is the secret, whole or damaged */
	static const struct {
		enum conf_file file;
		const char *format;
	} places[] = {
		{ CONF_PRIVATE, "[Interface]\nPrivateKey = %s x\n" },
		{ CONF_PRIVATE, "[Interface]\nPrivateKey = '%s'\n" },
		{ CONF_PRIVATE, "[Interface]\nPrivateKey = %s;\n" },
		{ CONF_PRIVATE, "[Interface]\nPrivateKey %s\n" },
		{ CONF_PRIVATE, "[Interface]\nPrivatKey = %s\n" },
		{ CONF_PRIVATE, "[Interface]\nSecret = %s\n" },
		{ CONF_PRIVATE, "[Interface]\nListenPort = %s\n" },
		{ CONF_PRIVATE, "[Interface]\n%s\n" },
		{ CONF_PRIVATE, "%s\n" },
		{ CONF_PRIVATE, "[%s]\n" },
		{ CONF_PRIVATE, "[Interface] %s\n" },
		{ CONF_PRIVATE, "[Interface]\nMTU = %s\nPublicKey = %s\n" },
		{ CONF_PUBLIC, "[Peer]\nPrivateKey = %s\n" },
		{ CONF_PUBLIC, "PrivateKey = %s\n" },
		{ CONF_PUBLIC, "[Peer]\nPublicKey = %s =\n" },
		{ CONF_PUBLIC, "[Peer]\nPresharedKey = %s?\n" },
		{ CONF_PUBLIC, "[Peer]\nAllowedIPs = %s, 10.8.3.1, %s\n" },
		{ CONF_PUBLIC, "[Peer]\nEndpoint = %s\n" },
		{ CONF_PUBLIC, "[Peer]\nEndpoint = %s:4567\n" },
		{ CONF_PUBLIC, "[Peer]\nEndpoint = [%s]:4567\n" },
		{ CONF_PUBLIC, "[Peer]\nEndpoint = 192.0.2.1:%s\n" },
		{ CONF_PUBLIC, "[Peer]\nPersistentKeepalive = %s\n" },
		{ CONF_PUBLIC, "[Peer]\nSecret = %s\n" },
		{ CONF_PUBLIC, "[Peer]\n%s\n" },
		{ CONF_PUBLIC, "[Peer]\n%s = 1\n" },
		{ CONF_PUBLIC, "[%s]\n" },
		{ CONF_PUBLIC, "[Peer] # %s\n" },
		{ CONF_ENV, "MITIGATOR_VPN_ADDRESS=%s\n" },
		{ CONF_ENV, "MITIGATOR_VPN_ADDRESS='%s'\n" },
		{ CONF_ENV, "DATA_PLANE_VPN_DEVICE=%s\n" },
		{ CONF_ENV, "DATA_PLANE_VPN_PORT=%s\n" },
		{ CONF_ENV, "DATA_PLANE_ISOLATION=\"%s\"\n" },
		{ CONF_ENV, "PRIVATE_KEY=%s\n%s\n" },
		{ CONF_NETWORK, "[Match]\nName = %s\nMACAddress = %s\n" },
		{ CONF_NETWORK, "[Match]\nName = eth0\n[Network]\nAddress = %s\nGateway = %s\nDNS = %s\n" },
		{ CONF_NETWORK, "[Match]\nName = eth0\n[Link]\nMTUBytes = %s\n[Route]\nDestination = %s\n" },
	};
	static const char *const secrets[] = {
		SECRET,
		"yDPg5doavYH7fdD86nt+cOzSBL4znVZcrcrJwjY/Xm",
		"yDPg5doavYH7fdD86nt-cOzSBL4znVZcrcrJwjY/Xmw=",
		"yDPg5doavYH7 fdD86nt+cOzSBL4znVZcrcrJwjY/Xmw=",
	};
	char text[512];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		for (size_t j = 0; j < sizeof(secrets) / sizeof(secrets[0]); j++) {
			const char *s = secrets[j];

			start();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			(void)snprintf(text, sizeof(text), places[i].format, s, s, s);
#pragma GCC diagnostic pop
			parse(places[i].file, text);
			parse(CONF_PRIVATE, "[Interface]\nListenPort = 4567\nPrivateKey = " SECRET "\n");
			set.clustered = true;
			conf_set_check(&set, &facts, true, &diag);
			CHECK(!leaks(findings(), SECRET));
			if (leaks(printed, SECRET))
				(void)printf("  %s", text);
		}
}

TEST(findings_beyond_the_room_are_counted_and_errors_come_before_warnings)
{
	char summary[48];

	diag_clear(&diag, false);
	for (unsigned i = 1; i <= DIAG_FINDINGS_MAX + 10; i++)
		diag_warning(&diag, "a", i, "w");
	diag_error(&diag, "b", 1, "e");
	CHECK(!strncmp(findings(), "b:1: e\na:1: warning: w\n", 23));
	CHECK(strstr(printed, "\nand 11 more warnings\n") != NULL);
	for (unsigned i = 1; i <= DIAG_FINDINGS_MAX; i++)
		diag_error(&diag, "c", i, "e");
	CHECK(strstr(findings(), "\nand 267 more: mend these first, then check again\n") != NULL);
	diag_clear(&diag, false);
	for (unsigned i = 1; i <= DIAG_FINDINGS_MAX + 10; i++)
		diag_warning(&diag, "a", i, "w");
	diag_error(&diag, "b", 1, "e");
	CHECK_STR(diag_summary(&diag, summary, sizeof(summary)), "1 error, 266 warnings");
}

TEST(finding_cannot_steer_a_terminal)
{
	diag_clear(&diag, false);
	diag_error(&diag, "a", 1, "%s", "x\033[2J\r\xc2\x9b\x7f");
	CHECK_STR(findings(), "a:1: x?[2J????\n");
}

TEST(wipe_leaves_no_byte_of_the_key)
{
	const char *bytes = (const char *)&set;
	uint8_t key[VPN_KEY_LEN];
	bool found = false;

	start();
	parse(CONF_PRIVATE, "[Interface]\nPrivateKey = " SECRET "\n");
	memcpy(key, set.vpn.private_key, sizeof(key));
	conf_set_wipe(&set);
	for (size_t i = 0; i + sizeof(key) <= sizeof(set); i++)
		found = found || !memcmp(bytes + i, key, sizeof(key));
	CHECK(!found);
	CHECK_INT(set.vpn.own, -1);
	CHECK_INT(set.env.dataplane_port, ENV_DATAPLANE_PORT_DEFAULT);
}

TEST(full_tables_are_checked_in_well_under_a_second)
{
	struct timespec from, to;
	long ms;

	start();
	set.clustered = true;
	set.vpn.peer_count = VPN_PEERS_MAX;
	for (unsigned i = 0; i < VPN_PEERS_MAX; i++) {
		struct vpn_peer *peer = &set.vpn.peers[i];

		*peer = (struct vpn_peer){ .line = i + 1,
					   .key_line = i + 1,
					   .endpoint_line = 1,
					   .allowed_first = (uint16_t)(i * 4),
					   .allowed_count = 4 };
		peer->public_key[0] = (uint8_t)(i >> 8);
		peer->public_key[1] = (uint8_t)(i | 1); /* each twice */
	}
	set.vpn.allowed_count = VPN_PREFIXES_MAX;
	for (unsigned i = 0; i < VPN_PREFIXES_MAX; i++)
		set.vpn.allowed[i] = (struct vpn_allowed){ { { AF_INET, { 10, 8 } }, 16 }, i + 1 }; /* all the same */
	clock_gettime(CLOCK_MONOTONIC, &from);
	conf_set_check(&set, &facts, false, &diag);
	clock_gettime(CLOCK_MONOTONIC, &to);
	ms = (long)(to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
	CHECK(ms < 500);
	CHECK(diag.error_count >= 4092);
}

/* `openssl rand` makes keys that are not clamped. The kernel keeps them clamped, and so must the model, or every comparison
 * finds another key. */
TEST(private_key_is_kept_clamped)
{
	start();
	parse(CONF_PRIVATE, "[Interface]\nListenPort = 4567\nPrivateKey = //////////////////////////////////////////8=\n");
	CHECK_STR(findings(), "");
	CHECK_INT(set.vpn.private_key[0], 0xf8);
	CHECK_INT(set.vpn.private_key[1], 0xff);
	CHECK_INT(set.vpn.private_key[31], 0x7f);
}

/* The fallback must come up whatever the host has become. */
TEST(overlap_refuses_new_files_and_only_warns_of_what_ran_before)
{
	static const char nic[] = "[Match]\nName=eth0\n[Network]\nAddress=10.8.3.77/24\n";

	for (int ran = 0; ran < 2; ran++) {
		start();
		parse(CONF_PRIVATE, "[Interface]\nListenPort = 4567\nPrivateKey = " SECRET "\n");
		parse(CONF_PUBLIC, "[Peer]\nPublicKey = " PUBLIC "\nAllowedIPs = 10.8.3.1/32\nEndpoint = 192.0.2.1:4567\n");
		parse(CONF_ENV, "MITIGATOR_VPN_ADDRESS=10.8.3.1\nDATA_PLANE_ISOLATION=off\n");
		parse(CONF_NETWORK, nic);
		set.clustered = true;
		diag.ran_before = ran;
		conf_set_check(&set, &facts, false, &diag);
		CHECK_INT(diag.error_count, !ran);
		CHECK_INT(diag.warning_count, ran);
		CHECK(strstr(findings(), "network.conf:1: ") != NULL);
	}
}

/* What is the dataplane's alone is no route of the kernel's, and hides none. */
TEST(unmanaged_nic_hides_no_overlap)
{
	start();
	parse(CONF_PRIVATE, "[Interface]\nListenPort = 4567\nPrivateKey = " SECRET "\n");
	parse(CONF_PUBLIC, "[Peer]\nPublicKey = " PUBLIC "\nAllowedIPs = 10.8.3.1/32\nEndpoint = 192.0.2.1:4567\n");
	parse(CONF_ENV, "MITIGATOR_VPN_ADDRESS=10.8.3.1\nDATA_PLANE_ISOLATION=off\nDATA_PLANE_VPN_BACKEND=lwip\n");
	parse(CONF_NETWORK, "[Match]\nName=eth0\n[Link]\nUnmanaged=yes\n[Network]\nAddress=10.8.3.77/24\n");
	set.clustered = true;
	facts.routes[0] = (struct conf_route){ .destination = { { AF_INET, { 10, 8, 3, 0 } }, 24 }, .device = "br0" };
	facts.route_count = 1;
	conf_set_check(&set, &facts, false, &diag);
	CHECK_INT(diag.error_count, 1);
	CHECK(strstr(findings(), "10.8.3.0/24 on br0") != NULL);
}

TEST(friendly_name_names_a_peer_without_another_name)
{
	static const char text[] = "# friendly_name = none\n[Peer] # one\n# friendly_name = other\n[Peer]\n#friendly_name=two\n"
				   "# a friendly_name = x\n[Peer]\n# three\n";
	static struct vpn_conf conf;

	diag_clear(&diag, false);
	vpn_conf_init(&conf);
	vpn_public_parse(&conf, text, sizeof(text) - 1, &diag);
	CHECK_INT(conf.peer_count, 3);
	CHECK_STR(conf.peers[0].name, "one");
	CHECK_STR(conf.peers[1].name, "two");
	CHECK_STR(conf.peers[2].name, "");
}
