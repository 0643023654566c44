/* network.conf against the NICs that are there, and errors that last. */
#include <stdio.h>
#include <string.h>

#include "conf/nics.h"
#include "network/told.h"
#include "test.h"

static struct network_conf conf;
static struct conf_facts facts;
static struct diag diag;
static bool ran_before;
static char printed[4096];

static void append(void *arg, const char *text)
{
	size_t len = strlen(printed);

	(void)arg;
	(void)snprintf(printed + len, sizeof(printed) - len, "%s\n", text);
}

static const char *findings(const char *text)
{
	printed[0] = '\0';
	diag_clear(&diag, ran_before);
	network_conf_init(&conf);
	network_parse(&conf, text, strlen(text), &diag);
	nics_check(&conf, &facts, &diag);
	diag_print(&diag, append, NULL);
	return printed;
}

static void there_are(bool first_carrier, bool second_carrier)
{
	facts = (struct conf_facts){
		.link_count = 2,
		.links = { { .name = "eth0", .nic = true, .mac = { 2, 0, 0, 0, 0, 1 }, .carrier = first_carrier, .mtu_max_bytes = 9000 },
			   { .name = "eth1", .nic = true, .mac = { 2, 0, 0, 0, 0, 2 }, .carrier = second_carrier } },
	};
}

#define EACH "[Match]\nName=eth*\n[Network]\nAddress=192.0.2.1/24\n"

TEST(one_address_for_two_nics_with_carrier_is_refused)
{
	static const char words[] = "[Match] fits eth0 and eth1, which both have carrier, and only one can have its addresses "
				    "and routes; expected a [Match] of its own for each\n";
	char expected[512];

	there_are(true, true);
	(void)snprintf(expected, sizeof(expected), NETWORK_FILE ":1: %s", words);
	CHECK_STR(findings(EACH), expected);
	CHECK_STR(findings("[Match]\nName=eth0\n[Network]\nAddress=192.0.2.1/24\n" EACH), "network.conf:8: Address "
		  "\"192.0.2.1/24\": given already, for the [Match] in line 1\n"); /* the second fits eth1 alone */
	CHECK_STR(findings("[Match]\nName=eth*\n[Link]\nMTUBytes=1400\n"), "");
	there_are(true, false);
	CHECK_STR(findings(EACH), "");
	there_are(false, false);
	CHECK_STR(findings(EACH), "");
	there_are(true, true);
	ran_before = true;
	(void)snprintf(expected, sizeof(expected), NETWORK_FILE ":1: warning: %s", words);
	CHECK_STR(findings(EACH), expected);
	ran_before = false;
}

TEST(mtu_above_what_the_device_takes_is_refused)
{
	there_are(true, true);
	CHECK_STR(findings("[Match]\nName=eth*\n[Link]\nMTUBytes=9500\n"), "network.conf:1: MTUBytes 9500: eth0 takes at most 9000\n");
	CHECK_STR(findings("[Match]\nName=eth*\n[Link]\nMTUBytes=9000\n"), "");
	CHECK_STR(findings("[Match]\nName=eth1\n[Link]\nMTUBytes=9500\n"), ""); /* it does not say */
}

#define SIX "[Match]\nName=eth0\n[Network]\nAddress=2001:db8::1/64\n"

TEST(routers_that_a_nic_loses_are_pointed_out)
{
	static const char lost[] = "network.conf:1: warning: eth0 has routes that routers advertised; with an IPv6 Address or Gateway "
				   "in the file they go, unless it says IPv6AcceptRA=yes\n";
	static const char none[] = "network.conf:1: warning: an IPv6 Address without an IPv6 Gateway: none is taken from advertisements "
				   "either; expected Gateway or IPv6AcceptRA=yes, or IPv6AcceptRA=no when there is no router\n";

	there_are(true, false);
	CHECK_STR(findings(SIX), none);
	CHECK_STR(findings(SIX "Gateway=fe80::1\n"), "");
	CHECK_STR(findings(SIX "IPv6AcceptRA=no\n"), "");
	CHECK_STR(findings(SIX "IPv6AcceptRA=yes\n"), "");
	CHECK_STR(findings("[Match]\nName=eth0\n[Network]\nAddress=fe80::1/64\nAddress=192.0.2.1/24\n"), "");
	facts.links[0].advertised = true;
	CHECK_STR(findings(SIX "Gateway=fe80::1\n"), lost);
	CHECK_STR(findings(SIX), lost);
	CHECK_STR(findings(SIX "IPv6AcceptRA=yes\n"), "");
	CHECK_STR(findings("[Match]\nName=eth0\n[Network]\nAddress=fe80::1/64\n"), "");
}

TEST(default_of_advertisements_follows_what_the_file_has_of_ipv6)
{
	static const struct {
		const char *text;
		bool accepts;
	} rows[] = {
		{ "[Match]\nName=eth0\n", true },
		{ "[Match]\nName=eth0\n[Network]\nAddress=192.0.2.1/24\nGateway=192.0.2.2\n", true },
		{ "[Match]\nName=eth0\n[Network]\nAddress=fe80::1/64\n", true },
		{ "[Match]\nName=eth0\n[Network]\nGateway=fe80::1\n", false },
		{ SIX, false },
		{ SIX "IPv6AcceptRA=yes\n", true },
		{ "[Match]\nName=eth0\n[Network]\nIPv6AcceptRA=no\n", false },
		{ "[Match]\nName=eth0\n[Link]\nUnmanaged=yes\n[Network]\nIPv6AcceptRA=yes\n", false },
	};

	facts = (struct conf_facts){ 0 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)findings(rows[i].text);
		CHECK_INT(conf.nic_count, 1);
		CHECK_INT(network_accepts_ra(&conf.nics[0]), rows[i].accepts);
	}
}

TEST(error_that_lasts_is_told_once)
{
	static struct told told;

	for (int round = 0; round < 5; round++) {
		told_begin(&told);
		CHECK_INT(told_is_new(&told, "eth0: no"), round == 0);
		CHECK(!told_is_new(&told, "eth0: no"));
		CHECK_INT(told_is_new(&told, "eth1: no"), round == 0);
	}
	told_begin(&told);
	CHECK(!told_is_new(&told, "eth1: no"));
	told_begin(&told);
	CHECK(told_is_new(&told, "eth0: no")); /* it was over */
}

TEST(more_errors_than_are_remembered_are_told)
{
	static struct told told;
	char text[32];

	told_begin(&told);
	for (int i = 0; i < 2 * TOLD_MAX; i++) {
		(void)snprintf(text, sizeof(text), "error %d", i);
		CHECK(told_is_new(&told, text));
	}
}
