#include <stdio.h>
#include <string.h>

#include "conf/set.h"
#include "test.h"

static struct conf_set set;
static struct conf_facts facts;
static struct diag diag;
static char printed[1 << 12];

static void append(void *arg, const char *text)
{
	size_t len = strlen(printed);

	(void)arg;
	(void)snprintf(printed + len, sizeof(printed) - len, "%s\n", text);
}

static struct conf_link *add_link(const char *name, bool nic)
{
	struct conf_link *link = &facts.links[facts.link_count++];

	*link = (struct conf_link){ .nic = nic };
	(void)snprintf(link->name, sizeof(link->name), "%s", name);
	return link;
}

/* What is said of network.conf on a host with lo, eth0, eth1 and a bridge. */
static const char *said_of(const char *network_conf)
{
	conf_set_wipe(&set);
	diag_clear(&diag, false);
	facts.link_count = 0;
	add_link("lo", false);
	add_link("eth0", true);
	add_link("eth1", true)->mac[5] = 7;
	add_link("br0", false);
	network_parse(&set.network, network_conf, strlen(network_conf), &diag);
	conf_set_check(&set, &facts, false, &diag);
	printed[0] = '\0';
	diag_print(&diag, append, NULL);
	return printed;
}

TEST(match_that_fits_no_nic_is_a_warning_with_its_line_and_text)
{
	static const char other[] = "no NIC fits this [Match]", behind[] = ", or an earlier one has it: `network` lists them\n";
	char expected[512];

	CHECK_STR(said_of("[Match]\nName=eth?\n[Network]\nAddress=192.0.2.1/24\n"), "");
	(void)snprintf(expected, sizeof(expected), "network.conf:5: warning: %s (Name=br0)%s", other, behind);
	CHECK_STR(said_of("[Match]\nName=eth0\n[Network]\nAddress=192.0.2.1/24\n[Match]\nName=br0\n"), expected);
	(void)snprintf(expected, sizeof(expected), "network.conf:5: warning: %s (Name=eth0, MACAddress=52:54:00:00:00:07)%s", other,
		       behind);
	CHECK_STR(said_of("[Match]\nName=eth1\n[Network]\nAddress=192.0.2.1/24\n[Match]\nName=eth0\nMACAddress=52:54:00:00:00:07\n"),
		  expected);
	(void)snprintf(expected, sizeof(expected), "network.conf:5: warning: %s (Name=eth1)%s", other, behind);
	CHECK_STR(said_of("[Match]\nName=*\n[Network]\nAddress=192.0.2.1/24\n[Match]\nName=eth1\n"), expected);
	CHECK_STR(said_of("[Match]\nName=eth?\n[Network]\nAddress=192.0.2.1/24\n[Match]\nName=*\n"), "");
}

TEST(file_that_gives_no_nic_an_address_is_a_warning)
{
	CHECK_STR(said_of(""), "network.conf:1: warning: no NIC gets an address from this file\n");
	CHECK_STR(said_of("[Match]\nName=eth0\n[Link]\nMTUBytes=1400\n"),
		  "network.conf:1: warning: no NIC gets an address from this file\n");
	CHECK(strstr(said_of("[Match]\nName=eth9\n[Network]\nAddress=192.0.2.1/24\n"), ":1: warning: no NIC gets an address") != NULL);
}

/* An update must not take the network from a host that was happy with its files. */
TEST(rules_of_this_release_only_warn_of_what_ran_before)
{
	static const struct {
		const char *public, *env, *network;
	} rows[] = {
		{ "", "", "[Match]\nName=eth0\n[Network]\nAddress=192.0.2.1/24\nDNS=fe80::1\n" },
		{ "", "", "[Match]\nName=eth0\n[Network]\nAddress=192.0.2.1/24\nDNS=0.0.0.0\n" },
		{ "", "", "[Match]\nName=eth0\n[Network]\nAddress=192.0.2.1/24\nGateway=192.0.2.1\n" },
		{ "", "", "[Match]\nName=eth0\n[Link]\nMTUBytes=1000\n[Network]\nAddress=192.0.2.1/24\nGateway=fe80::1\n" },
		{ "", "", "[Match]\nPath=pci-0000:02:00.0, pci-0000:03:00.0\n[Network]\nAddress=192.0.2.1/24\n" },
		{ "", "", "[Match]\nPath=pci-0000:02:00.0, pci-0000:03:00.0 pci-0000:04:00.0 pci-0000:05:00.0\n[Network]\nAddress=192.0.2.1/24\n" },
		{ "", "DATA_PLANE_VPN_DEVICE=all\n", "" },
		{ "Endpoint = 10.8.3.2:4567\n", "", "" },
		{ "Endpoint = localhost:4567\n", "", "" },
		{ "AllowedIPs = 10.8.3.1/32\n", "", "" },
		{ "\n[Peer] # a\xc2\xa0""b\nPublicKey = //////////////////////////////////////////8=\nAllowedIPs = 10.8.3.3/32\n", "", "" },
	};
	static const char private[] = "[Interface]\nListenPort = 4567\nPrivateKey = yDPg5doavYH7fdD86nt+cOzSBL4znVZcrcrJwjY/Xmw=\n";
	char public[512], env[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int ran = 0; ran < 2; ran++) {
			conf_set_wipe(&set);
			diag_clear(&diag, ran);
			facts.link_count = 0;
			(void)snprintf(public, sizeof(public),
				       "[Peer]\nPublicKey = 6Ak4H0G05mJSuH7zbwPcfq9RNcz7LM+Z/Z7UkZzbRk4=\nAllowedIPs = 10.8.3.2/32\n%s",
				       rows[i].public);
			(void)snprintf(env, sizeof(env), "MITIGATOR_VPN_ADDRESS=10.8.3.1\n%s", rows[i].env);
			vpn_private_parse(&set.vpn, private, strlen(private), &diag);
			vpn_public_parse(&set.vpn, public, strlen(public), &diag);
			env_parse(&set.env, env, strlen(env), &diag);
			network_parse(&set.network, rows[i].network, strlen(rows[i].network), &diag);
			set.clustered = true;
			for (int file = 0; file < CONF_FILES; file++)
				set.texts[file].present = true;
			conf_set_check(&set, &facts, false, &diag);
			CHECK_INT(diag.error_count, !ran);
			if (diag.error_count != !ran)
				(void)printf("  row %zu, ran %d\n", i, ran);
		}
}

/* Our own section, left behind by a new key under another address than ours: it would be a peer. */
TEST(section_with_the_key_that_runs_is_asked_about)
{
	static const char private[] = "[Interface]\nListenPort = 4567\nPrivateKey = yDPg5doavYH7fdD86nt+cOzSBL4znVZcrcrJwjY/Xmw=\n";
	static const char public[] = "[Peer]\nPublicKey = acfzxE6ZsiYE4jIqsBicOt7oT8ZuKhxBvuz0+6JxiEc=\nAllowedIPs = 10.8.3.1/32\n"
				     "[Peer]\nPublicKey = 6Ak4H0G05mJSuH7zbwPcfq9RNcz7LM+Z/Z7UkZzbRk4=\nAllowedIPs = 10.8.3.2/32\n"
				     "Endpoint = 192.0.2.2:4567\n";
	static struct conf_set former;

	for (int own = 0; own < 2; own++) {
		conf_set_wipe(&set);
		diag_clear(&diag, false);
		facts.link_count = 0;
		vpn_private_parse(&set.vpn, private, strlen(private), &diag);
		vpn_public_parse(&set.vpn, public, strlen(public), &diag);
		env_parse(&set.env, "MITIGATOR_VPN_ADDRESS=10.8.3.1\n", 31, &diag);
		set.clustered = true;
		for (int file = 0; file < CONF_FILES; file++)
			set.texts[file].present = true;
		former.clustered = true;
		memcpy(former.vpn.public_key, set.vpn.peers[own ? 0 : 1].public_key, VPN_KEY_LEN);
		facts.former = &former;
		conf_set_check(&set, &facts, false, &diag);
		facts.former = NULL;
		printed[0] = '\0';
		diag_print(&diag, append, NULL);
		CHECK_STR(printed, own ? "" : "vpn-public.conf:5: this is the key that this instance had until now; is it your own "
					      "section with the old key? The key of now is acfzxE6ZsiYE4jIqsBicOt7oT8ZuKhxBvuz0+6JxiEc=\n");
	}
}
