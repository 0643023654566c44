"""Packet sizes on lwIP: what routers say of IPv6 is believed of what was sent, and outside there are fragments."""
import socket
import struct

import frames
from cases import case, expect
from lab import ping, run, wait_until, wg_keys
from lan import KERNELS, OURS, PEER, Lan, Tap, kernel_sends
from pair import Pair, files


def too_big(to_mac, mac, source, target, quoted, mtu_bytes):
    return frames.ethernet(to_mac, mac, frames.IPV6, frames.ip6(source, target, socket.IPPROTO_ICMPV6, frames.icmp6(
        source, target, 2, 0, struct.pack("!I", mtu_bytes) + quoted[:1000])))


def sent_data(tap):
    """The last data message of ours that left, as an IP packet."""
    found = None
    for _, frame, _ in tap.frames():
        ip = frame[14:]
        if frame[12:14] == b"\x86\xdd" and ip[6] == socket.IPPROTO_UDP and ip[40:42] == struct.pack("!H", OURS) and \
                ip[48:52] == b"\4\0\0\0":
            found = ip
    return found


def longest(tap, host, vpn):
    tap.read()
    ping(host, vpn, 2, size=1392)
    return tap.read()[1][OURS]


@case
def too_big_is_believed_by_who_saw_the_packet(lab):
    """ICMPv6 too big about a packet of ours: forged ones cost nothing, a router's puts the rest into fragments."""
    pair = Pair(lab, outer=("2001:db8:a::1/64", "2001:db8:a::2/64"), vpn=("10.8.3.1", "10.8.3.2"))
    mac_a, mac_b = frames.mac_of("a", "eth0"), frames.mac_of("b", "eth0")
    with Tap(pair.a, "eth0") as tap, frames.packet_socket("b", "eth0") as wire:
        pair.both_ways()
        expect(longest(tap, pair.ours.inner, pair.vpn[1]) == 1500, "whole packets at first")
        ping(pair.ours.inner, pair.vpn[1], 1, size=1392)
        seen = sent_data(tap)
        index = bytes([seen[52] ^ 1])
        forged = [seen[:52] + index + seen[53:],                            # another receiver index
                  seen[:56] + struct.pack("<Q", 1 << 40) + seen[64:],       # a counter that is not due yet
                  seen[:48] + b"\1" + seen[49:],                            # no data message
                  seen[:48]]                                                # nothing but headers
        for quoted in forged:
            wire.send(too_big(mac_a, mac_b, "2001:db8:a::2", "2001:db8:a::1", quoted, 1300))
        expect(longest(tap, pair.ours.inner, pair.vpn[1]) == 1500, "forged ones are not believed")
        # The control: one that sees what is sent says it of each packet, as a router does. (One alone may come when the way
        # to the peer is just being looked up anew, behind some event of the kernel's: it is not believed then.)
        def told(mtu_bytes, size):
            ping(pair.ours.inner, pair.vpn[1], 1, size=size)
            wire.send(too_big(mac_a, mac_b, "2001:db8:a::2", "2001:db8:a::1", sent_data(tap), mtu_bytes))
            return longest(tap, pair.ours.inner, pair.vpn[1])
        wait_until("no packet of more than 1300 bytes", lambda: told(1300, size=1392) <= 1300)
        wait_until("no packet of more than 1280 bytes", lambda: told(600, size=1000) <= 1280)
        expect(longest(tap, pair.ours.inner, pair.vpn[1]) > 1200, "never below what IPv6 needs")
        # What fits inside is none of theirs.
        expect(" mtu 1420 " in run("ip", "-n", pair.ours.inner, "link", "show", "wg0"), "the inner MTU")
        pair.both_ways()


@case
def path_that_takes_less_is_found(lab):
    """A narrow link behind the router: its own too big is heard, as the kernel hears it, and the tunnel goes on."""
    lan = Lan(lab, ["2001:db8:a::1/64"], [("r1", ["2001:db8:a::f1/64"])], "2001:db8:b::b/128")
    r1 = lan.routers[0]
    lan.way_back("2001:db8:a::/64", 1)
    lan.a("ip", "route", "add", "2001:db8:b::/64", "via", "2001:db8:a::f1")
    for host in (r1, lan.b):
        host("ip", "link", "set", "up1", "mtu", "1400")
    with Tap(lan.a, "eth0") as tap:
        lan.tunnel()
        lan.passes()
        wait_until("large packets are answered", lambda: ping(lan.ours.inner, lan.vpn[1], 1, size=1392, wait=1)[1] == 1)
        expect(longest(tap, lan.ours.inner, lan.vpn[1]) <= 1400, "in fragments that fit")

        def kernels():
            tap.read()
            kernel_sends(lan.a, "2001:db8:b::b", 1450)
            return tap.read()[1].get(KERNELS)
        wait_until("the kernel's own do so too", lambda: (kernels() or 1500) <= 1400)


@case
def too_big_of_ipv4_changes_nothing(lab):
    """Our packets may be cut on their way, so nobody needs to tell us; the kernel's own next to us believes it."""
    pair = Pair(lab)
    mac_a, mac_b = frames.mac_of("a", "eth0"), frames.mac_of("b", "eth0")
    with Tap(pair.a, "eth0") as tap, frames.packet_socket("b", "eth0") as wire:
        pair.both_ways()
        quoted = frames.ip4("192.0.2.1", "192.0.2.2", socket.IPPROTO_UDP, struct.pack("!HHHH", OURS, PEER, 1472, 0))
        wire.send(frames.ethernet(mac_a, mac_b, frames.IPV4, frames.ip4(
            "192.0.2.2", "192.0.2.1", socket.IPPROTO_ICMP, frames.icmp(3, 4, struct.pack("!HH", 0, 600) + quoted))))
        wait_until("the kernel's path MTU", lambda: " mtu 600" in pair.a("ip", "route", "get", "192.0.2.2"))
        expect(longest(tap, pair.ours.inner, pair.vpn[1]) == 1480, "whole packets")
        # nor after an event, which the inner MTU follows
        pair.a("ip", "link", "set", "eth0", "mtu", "1450")
        wait_until("the NIC's MTU is seen", lambda: pair.ours.show()["mtu_bytes"] == 1370)
        pair.a("ip", "link", "set", "eth0", "mtu", "1500")
        wait_until("and that it is back", lambda: pair.ours.show()["mtu_bytes"] == 1420)
        expect(longest(tap, pair.ours.inner, pair.vpn[1]) == 1480, "whole packets")
        pair.both_ways()


@case
def inner_mtu_is_the_smallest_of_the_next_hops(lab):
    """A route over two NICs of different MTU, then one with an MTU of its own, then one set by hand."""
    lan = Lan(lab, [], [("r1", []), ("r2", [])], "203.0.113.1/32")
    lab.link(lan.a, "192.0.2.1/24", lan.routers[0], "192.0.2.2/24", "eth1", 1500)
    lab.link(lan.a, "198.51.100.1/24", lan.routers[1], "198.51.100.2/24", "eth2", 1400)
    hops = ("nexthop", "via", "192.0.2.2", "nexthop", "via", "198.51.100.2")
    lan.way_back("192.0.2.0/24", 1)
    lan.way_back("198.51.100.0/24", 2)
    lan.a("ip", "route", "add", "default", *hops)
    lan.tunnel()
    wait_until("1400 less the overhead", lambda: lan.ours.show()["mtu_bytes"] == 1320)
    lan.passes()
    lan.a("ip", "route", "replace", "default", "mtu", "1380", *hops)
    wait_until("1380 less the overhead", lambda: lan.ours.show()["mtu_bytes"] == 1300)
    lan.ours.write({".env": "MITIGATOR_VPN_ADDRESS=10.8.3.1\nMITIGATOR_VPN_MTU=1200\n"})
    lan.ours.ask("reconfigure")
    expect(lan.ours.show()["mtu_bytes"] == 1200, lan.ours.show())
    lan.passes()


@case
def ipv6_inside_keeps_its_1280_bytes(lab):
    """A NIC of 1300 bytes and an IPv6 VPN: the inner MTU is 1280, and what is longer outside goes in fragments both ways (the
    control: wireguard-go's, by the kernel). Someone takes IPv6 off the interface, and it is given back."""
    pair = Pair(lab, vpn=("fd08::1", "fd08::2"), length=128)

    def inner(mtu_bytes):
        said = run("ip", "-n", pair.ours.inner, "address", "show", "up", "dev", "wg0")
        return " mtu %d " % mtu_bytes in said and " fd08::1/64 " in said

    def passes(mtu_bytes):
        for host, address in ((pair.ours.inner, "fd08::2"), (pair.b.name, "fd08::1")):
            sent, received = ping(host, address, 3, size=mtu_bytes - 48)
            expect(sent == received, host, sent, received, pair.ours.said())

    pair.both_ways()
    wait_until("1420 and the address", lambda: inner(1420))
    for host in (pair.b, pair.a):
        host("ip", "link", "set", "eth0", "mtu", "1300")
    wait_until("1280 and the address", lambda: inner(1280))
    passes(1280)
    run("ip", "-n", pair.ours.inner, "link", "set", "wg0", "mtu", "1000")
    wait_until("1280 and the address again", lambda: inner(1280))
    passes(1280)
    for host in (pair.b, pair.a):
        host("ip", "link", "set", "eth0", "mtu", "1500")
    wait_until("1420 and the address again", lambda: inner(1420))
    passes(1420)


@case
def fragments_of_two_paths_are_not_mixed(lab):
    """Both paths of two hosts send from one address to one address; who puts fragments together sees those of both."""
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "192.0.2.1/24", b, "192.0.2.2/24")
    for host in (a, b):
        host("ip", "link", "set", "eth0", "mtu", "1300")
    keys = [wg_keys(), wg_keys()]
    peers = [(public, "fd08::%d/128" % n, "192.0.2.%d:4567" % n, "") for n, (_, public) in enumerate(keys, 1)]
    paths = {name: [lab.gateway(host, files(keys[n - 1][0], peers, "fd08::%d" % n), name, "vpn-%s-%s" % (host.name, name))
                    for n, host in enumerate((a, b), 1)] for name in ("gateway", "gateway-dataplane")}
    for name, (ours, _) in paths.items():
        wait_until("an answer on " + name, lambda: ping(ours.inner, "fd08::2", 1, wait=1)[1] == 1)
    for _ in range(4):
        for name, (ours, _) in paths.items():
            sent, received = ping(ours.inner, "fd08::2", 50, 0.005, 1232)
            expect(sent == received == 50, name, sent, received)
    with Tap(a, "eth0") as tap:                     # the control: it was fragments
        ping(ours.inner, "fd08::2", 1, size=1232)
        expect(any(frame[12:14] == b"\x08\x00" and frame[20] & 0x3f for _, frame, _ in tap.frames()), "no fragments")
