/* network/ against the running kernel, in a network and mount namespace of its own, with what no file may say. Needs root;
 * skips (77) without namespaces. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../unit/test.h"
#include "network/apply.h"
#include "network/nics.h"

enum { SKIP = 77 };

static struct nl nl;

__attribute__((constructor)) static void isolate(void)
{
	/* NOLINTNEXTLINE(cert-env33-c): fixed words of this file */
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", "/run", "tmpfs", 0, "mode=755") == 0 && nl_open(&nl, NETLINK_ROUTE) == 0 &&
	    system("ip netns add far && ip link add eth0 type veth peer name eth0 netns far") == 0)
		return;
	perror("skipped: no namespaces of our own");
	_exit(SKIP);
}

static char said[1024];

static void say(void *arg, bool error, const char *text)
{
	size_t len = strlen(said);

	(void)arg;
	(void)snprintf(said + len, sizeof(said) - len, "%s%s\n", error ? "error: " : "", text);
}

static int apply(uint32_t mtu_bytes)
{
	static struct network_conf conf;
	struct nics_report report = { .say = say };

	network_conf_init(&conf);
	conf.nic_count = 1;
	conf.nics[0] = (struct network_nic){ .line = 1, .pattern = "eth0", .mtu_bytes = mtu_bytes };
	said[0] = '\0';
	return nics_apply(&nl, &conf, NULL, NULL, &report);
}

TEST(mtu_that_the_device_refuses_is_told_with_its_limit)
{
	struct link link;

	CHECK_INT(link_get(&nl, "eth0", &link), 0);
	CHECK_INT(link.mtu_max_bytes, 65535);
	CHECK(apply(70000) < 0);
	CHECK_STR(said, "error: eth0: MTU 70000: the device takes at most 65535\neth0: up\n");
	CHECK(apply(60) < 0);
	CHECK_STR(said, "error: eth0: MTU 60: the device takes at least 68\n");
	CHECK_INT(apply(9000), 0);
	CHECK_STR(said, "eth0: MTU 9000\n");
}

TEST(veth_into_another_namespace_is_a_nic_until_a_bridge_has_it)
{
	static struct nics nics;

	CHECK_INT(nics_find(&nl, &nics), 0);
	CHECK_INT(nics.count, 1);
	CHECK_STR(nics.list[0].name, "eth0");
	/* NOLINTNEXTLINE(cert-env33-c): fixed words of this file */
	CHECK_INT(system("ip link add here type veth peer name there && ip link add br0 type bridge && ip link set eth0 master br0"), 0);
	CHECK_INT(nics_find(&nl, &nics), 0);
	CHECK_INT(nics.count, 0);
	/* NOLINTNEXTLINE(cert-env33-c): fixed words of this file */
	CHECK_INT(system("ip link del br0; ip link del here"), 0);
}

static int apply_text(const char *text)
{
	static struct network_conf conf;
	static struct diag diag;
	struct nics_report report = { .say = say };

	network_conf_init(&conf);
	network_parse(&conf, text, strlen(text), &diag);
	said[0] = '\0';
	return diag.error_count ? -EINVAL : nics_apply(&nl, &conf, NULL, NULL, &report);
}

#define BOND "[NetDev]\nName=bond0\nKind=bond\n[Bond]\nMode=active-backup\n[Match]\nName=eth0\n[Network]\nBond=bond0\n"
#define VLAN "[NetDev]\nName=vlan10\nKind=vlan\n[VLAN]\nId=10\n[Match]\nName=bond0\n[Network]\nVLAN=vlan10\n" \
	     "[Match]\nName=vlan10\n[Network]\nAddress=192.0.2.1/24\n"
#define EXPECT_SAID(words) CHECK(strstr(said, words) != NULL)

/* Where the kernel has bonds; where it has none, that is what is said. */
TEST(bond_with_a_vlan_is_made_once_and_goes_with_its_section)
{
	struct link bond, vlan, again, port;
	int err = apply_text(BOND VLAN);

	if (link_get(&nl, "bond0", &bond) == -ENODEV) {
		CHECK(err < 0);
		EXPECT_SAID("error: bond0: not made: this kernel has no bond\n");
		return;
	}
	EXPECT_SAID("bond0: made (bond, active-backup)\n");
	EXPECT_SAID("eth0: port of bond0\n");
	EXPECT_SAID("vlan10: made (VLAN 10 on bond0)\n");
	EXPECT_SAID("vlan10: address 192.0.2.1/24 added\n");
	CHECK_INT(link_get(&nl, "vlan10", &vlan), 0);
	CHECK_INT(vlan.lower, bond.index);
	CHECK_INT(link_get(&nl, "eth0", &port), 0);
	CHECK_INT(port.master, bond.index);
	CHECK_INT(apply_text(BOND VLAN), 0);
	CHECK_STR(said, "");
	CHECK_INT(link_get(&nl, "vlan10", &again), 0);
	CHECK_INT(again.index, vlan.index);
	CHECK_INT(apply_text("[Match]\nName=eth0\n"), 0);
	EXPECT_SAID("bond0: bond removed\n");
	CHECK_INT(link_get(&nl, "bond0", &again), -ENODEV);
	CHECK_INT(link_get(&nl, "vlan10", &again), -ENODEV);
	CHECK_INT(link_get(&nl, "eth0", &port), 0);
	CHECK(port.up && !port.master);
}
