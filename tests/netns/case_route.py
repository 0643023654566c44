"""The way to a peer: ours on lwIP leaves the host as the kernel's own datagrams do, and by what it chooses when it changes."""
import os
import re
import struct

import frames
from cases import case, expect
from lab import ping, run, wait_until
from lan import HIGH, KERNELS, LOW, OURS, Lan, Tap, kernel_sends, mac_text


@case
def source_is_the_kernels_choice(lab):
    """A ULA that came later, and one that is deprecated: neither speaks to a global peer behind a router."""
    lan = Lan(lab, ["2001:db8:a::1/64"], [("r1", ["2001:db8:a::fe/64"])], "2001:db8:b::b/128")
    r1 = lan.routers[0]
    lan.way_back("2001:db8:a::/64", 1)
    lan.a("ip", "route", "add", "default", "via", lan.link_local(r1), "dev", "eth0")
    lan.a("ip", "address", "add", "fd00:a::1/64", "dev", "eth0", "nodad")
    lan.a("ip", "address", "add", "2001:db8:a::9/64", "dev", "eth0", "nodad", "valid_lft", "1000", "preferred_lft", "0")
    with Tap(lan.a, "eth0") as tap:
        lan.tunnel()
        lan.agree("leaves from the global address", tap, ("eth0", mac_text(r1), "2001:db8:a::1"))
        lan.passes()
        # and it follows: another one is preferred now
        lan.a("ip", "address", "change", "2001:db8:a::9/64", "dev", "eth0", "valid_lft", "forever", "preferred_lft", "forever")
        lan.a("ip", "address", "change", "2001:db8:a::1/64", "dev", "eth0", "valid_lft", "1000", "preferred_lft", "0")
        tap.read()
        kernel_sends(lan.a, "2001:db8:b::b")
        wait_until("the kernel's own leaves from the other", lambda: tap.read()[0].get(KERNELS, ("", "", ""))[2] == "2001:db8:a::9")
        # the peer's answers have named the first as the one that it writes to: it stays for that session's flow
        lan.passes()


@case
def router_is_the_kernels_choice(lab):
    """Two that advertise themselves, by preference; one whose lifetime ends."""
    lan = Lan(lab, ["2001:db8:a::1/64"], [("r1", ["2001:db8:a::f1/64"]), ("r2", ["2001:db8:a::f2/64"])], "2001:db8:b::b/128")
    r1, r2 = lan.routers
    lan.way_back("2001:db8:a::/64", 1)
    lan.advertise(r1, LOW)
    wait_until("the first router", lambda: "proto ra" in lan.a("ip", "-6", "route", "show", "default"))
    with Tap(lan.a, "eth0") as tap:
        lan.tunnel()
        lan.agree("leaves by the only router", tap, ("eth0", mac_text(r1), "2001:db8:a::1"))
        lan.passes()
        lan.advertise(r2, HIGH)
        lan.agree("leaves by the preferred router", tap, ("eth0", mac_text(r2), "2001:db8:a::1"))
        lan.passes()
        lan.advertise(r2, HIGH, lifetime=0)
        lan.agree("leaves the router that gave up", tap, ("eth0", mac_text(r1), "2001:db8:a::1"))
        lan.agree("leaves by the preferred router again", tap, ("eth0", mac_text(r2), "2001:db8:a::1"),
                  lambda: lan.advertise(r2, HIGH, lifetime=3))         # for as long as it takes to be seen
        lan.agree("leaves the router whose lifetime ended", tap, ("eth0", mac_text(r1), "2001:db8:a::1"))
        lan.passes()


@case
def dead_router_is_left(lab):
    """The preferred router falls silent: only tunnel traffic flows on a, only the kernel's own on c, and both leave it."""
    lan = Lan(lab, ["2001:db8:a::1/64"], [("r1", ["2001:db8:a::f1/64"]), ("r2", ["2001:db8:a::f2/64"])], "2001:db8:b::b/128")
    r1, r2 = lan.routers
    c = lan.host("c")
    lan.plug(c, ["2001:db8:a::c/64"])
    lan.way_back("2001:db8:a::/64", 1)
    lan.advertise(r1, LOW)
    lan.advertise(r2, HIGH)
    for host in (lan.a, c):
        host("sysctl", "-qw", "net.ipv6.neigh.eth0.base_reachable_time_ms=1000", "net.ipv6.neigh.eth0.delay_first_probe_time=1",
             "net.ipv6.neigh.eth0.retrans_time_ms=500")
        wait_until("both routers", lambda: host("ip", "-6", "route", "show", "default").count(" via ") == 2)
    with Tap(lan.a, "eth0") as ours, Tap(c, "eth0") as kernels:
        lan.tunnel()
        lan.passes()

        def hops():
            ours.read()
            kernels.read()
            lan.sends()
            kernel_sends(c, "2001:db8:b::b")
            return [tap.read()[0].get(port, (None, None))[1] for tap, port in ((ours, OURS), (kernels, KERNELS))]

        wait_until("both leave by the preferred router", lambda: hops() == [mac_text(r2)] * 2)
        lan.sw("ip", "link", "set", "p-r2", "down")
        wait_until("both leave by the other", lambda: hops() == [mac_text(r1)] * 2)
        # The kernel tries the dead one again now and then, so one packet may be lost.
        wait_until("an answer", lambda: ping(lan.ours.inner, lan.vpn[1], 1, wait=1)[1] == 1)


@case
def hundreds_of_advertised_routes_do_not_matter(lab):
    """1,200 routes of router advertisements; the static one to the peer holds and nothing is missing."""
    lan = Lan(lab, ["2001:db8:a::1/64"], [("r1", ["2001:db8:a::f1/64"])], "2001:db8:b::b/128")
    r1 = lan.routers[0]
    lan.way_back("2001:db8:a::/64", 1)
    lan.a("ip", "route", "add", "2001:db8:b::/64", "via", "2001:db8:a::f1")
    lan.a("sysctl", "-qw", "net.ipv6.conf.eth0.autoconf=0", "net.ipv6.conf.eth0.accept_ra_rt_info_max_plen=64")
    with Tap(lan.a, "eth0") as tap:
        lan.tunnel()
        lan.passes()
        for burst in range(30):
            lan.advertise(r1, more=b"".join(
                struct.pack("!BBBBI", 24, 2, 64, 0, 86400) + frames.address("fc%02x:%x::" % (burst, i + 1))[:8]
                for i in range(40)))
        wait_until("1,200 routes", lambda: len(lan.a("ip", "-6", "route").splitlines()) > 1200)
        lan.agree("leaves by the static route", tap, ("eth0", mac_text(r1), "2001:db8:a::1"))
        lan.passes()
        expect(lan.ours.show()["trouble"] == "", lan.ours.show()["trouble"])


@case
def way_without_carrier_is_left(lab):
    """Two NICs with a default route each, and the first one's carrier goes; with the host's setting that says so."""
    lan = Lan(lab, [], [("r1", []), ("r2", [])], "203.0.113.1/32")
    a, (r1, r2) = lan.a, lan.routers
    lab.link(a, "192.0.2.1/24", r1, "192.0.2.2/24", "eth1")
    lab.link(a, "198.51.100.1/24", r2, "198.51.100.2/24", "eth2")
    lan.way_back("192.0.2.0/24", 1)
    lan.way_back("198.51.100.0/24", 2)
    a("sysctl", "-qw", "net.ipv4.conf.all.ignore_routes_with_linkdown=1", "net.ipv4.conf.eth1.ignore_routes_with_linkdown=1")
    a("ip", "route", "add", "default", "via", "192.0.2.2", "metric", "1024")
    a("ip", "route", "add", "default", "via", "198.51.100.2", "metric", "1025")
    first = ("eth1", frames.mac_of("r1", "eth1").hex(":"), "192.0.2.1")
    with Tap(a, "eth1", "eth2") as tap:
        lan.tunnel()
        lan.agree("leaves by the first", tap, first)
        lan.passes()
        r1("ip", "link", "set", "eth1", "down")
        lan.agree("leaves by the second", tap, ("eth2", frames.mac_of("r2", "eth2").hex(":"), "198.51.100.1"))
        lan.passes()
        r1("ip", "link", "set", "eth1", "up")
        lan.agree("leaves by the first again", tap, first)
        lan.passes()


@case
def one_next_hop_of_several_is_the_kernels_choice(lab):
    """A route with two next hops: both ours and the kernel's own keep to the one that the kernel chose for the peer and the source
    that the peer has answered to. For the first packet, which has no source yet, it chose the other."""
    lan = Lan(lab, ["192.0.2.1/24"], [("r1", ["192.0.2.253/24"]), ("r2", ["192.0.2.254/24"])], "203.0.113.1/32")
    lan.b("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0")
    lan.way_back("192.0.2.0/24", 1)
    lan.a("ip", "route", "add", "default", "nexthop", "via", "192.0.2.253", "nexthop", "via", "192.0.2.254")
    source = "192.0.2.1"

    def choice(*words):
        return re.search(r" via (\S+)", lan.a("ip", "route", "get", "203.0.113.1", *words))[1]

    if os.path.exists("/proc/sys/net/ipv4/fib_multipath_hash_seed"):        # since Linux 6.11; before, one choice is as good
        next(seed for seed in range(1, 100)
             if lan.a("sysctl", "-qw", "net.ipv4.fib_multipath_hash_seed=%d" % seed) == "" and choice() != choice("from", source))
    chosen = choice("from", source)
    with Tap(lan.a, "eth0") as tap:
        lan.tunnel()
        lan.passes()
        lan.agree("leaves by the chosen next hop", tap,
                  ("eth0", mac_text(lan.routers[chosen == "192.0.2.254"]), source), source=source)
        lan.passes()


@case
def ipv4_by_an_ipv6_gateway(lab):
    """The router is known by its link-local address alone (RFC 5549)."""
    lan = Lan(lab, ["192.0.2.1/24"], [("r1", ["192.0.2.253/24"])], "203.0.113.1/32")
    r1 = lan.routers[0]
    lan.way_back("192.0.2.0/24", 1)
    lan.a("ip", "-4", "route", "add", "default", "via", "inet6", lan.link_local(r1), "dev", "eth0")
    with Tap(lan.a, "eth0") as tap:
        lan.tunnel()
        lan.agree("leaves by the router", tap, ("eth0", mac_text(r1), "192.0.2.1"))
        lan.passes()


@case
def ipv6_packets_fit_the_advertised_mtu(lab):
    """A router says 1400 on a link of 1500, then 1300: no IPv6 packet to a peer there is longer, by the inner MTU as long as that
    can be so small, and in fragments."""
    lan = Lan(lab, ["2001:db8:a::1/64"], [("r1", ["2001:db8:a::f1/64"])], "2001:db8:b::b/128")
    r1 = lan.routers[0]
    lan.way_back("2001:db8:a::/64", 1)
    lan.a("ip", "route", "add", "2001:db8:b::/64", "via", "2001:db8:a::f1")
    with Tap(lan.a, "eth0") as tap:
        lan.tunnel(("fd08::1", "fd08::2"))
        lan.passes()
        expect(" mtu 1420 " in run("ip", "-n", lan.ours.inner, "link", "show", "wg0"), "before")
        for least, most, inner in ((1300, 1400, 1320), (1200, 1300, 1280)):
            lan.advertise(r1, mtu=most)
            wait_until("the inner MTU follows",
                       lambda: " mtu %d " % inner in run("ip", "-n", lan.ours.inner, "link", "show", "wg0"))
            tap.read()
            ping(lan.ours.inner, lan.vpn[1], 3, size=1392)
            kernel_sends(lan.a, "2001:db8:b::b", 1450)
            _, longest = tap.read()
            expect(least < longest[OURS] <= most and least < longest[KERNELS] <= most, longest)
            lan.passes()
