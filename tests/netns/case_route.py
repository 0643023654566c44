"""The way to a peer: ours on lwIP leaves the host as the kernel's own datagrams do, and by what it chooses when it changes."""
import select
import socket
import struct

import frames
from cases import case, expect
from lab import ping, run, wait_until, wg_keys
from pair import PSK, files

OURS, KERNELS, PEER = 4567, 9999, 5678
LOW, MEDIUM, HIGH = 0x18, 0x00, 0x08        # RFC 4191 2.2
FRAGMENT = 44
SOL_PACKET, PACKET_VNET_HDR, VNET_LEN = 263, 15, 10


class Tap:
    """What leaves NICs of a host by UDP from a port: the last one's NIC, next hop and source, and the longest packet."""

    def __init__(self, host, *devices):
        self.host, self.devices = host, devices
        self.socks = {frames.packet_socket(host.name, device): device for device in devices}
        for sock in self.socks:
            sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        self.macs = {device: frames.mac_of(host.name, device) for device in devices}

    def frames(self):
        while True:
            ready = select.select(list(self.socks), [], [], 0)[0]
            if not ready:
                return
            for sock in ready:
                vnet_and_frame = sock.recv(1 << 17)
                frame = vnet_and_frame[VNET_LEN:]
                if frame[6:12] == self.macs[self.socks[sock]]:
                    yield self.socks[sock], frame, struct.unpack("<BBHH", vnet_and_frame[:6])[3]

    def read(self):
        """{source port: (device, MAC of the next hop, source)}, and {source port: longest IP packet}; a later fragment is
        counted for the port that went before."""
        last, longest, port = {}, {}, 0
        for device, frame, segment_len in self.frames():
            kind, ip = struct.unpack("!H", frame[12:14])[0], frame[14:]
            if kind == frames.IPV4 and ip[9] == socket.IPPROTO_UDP:
                source, udp, first = socket.inet_ntop(socket.AF_INET, ip[12:16]), ip[20:], not ip[6] & 0x1f and not ip[7]
                length = struct.unpack("!H", ip[2:4])[0]
            elif kind == frames.IPV6 and ip[6] in (socket.IPPROTO_UDP, FRAGMENT):
                source, udp, first = socket.inet_ntop(socket.AF_INET6, ip[8:24]), ip[40:], True
                length = 40 + struct.unpack("!H", ip[4:6])[0]
                if ip[6] == FRAGMENT:
                    udp, first = ip[48:], not struct.unpack("!H", ip[42:44])[0] & 0xfff8
            else:
                continue
            port = struct.unpack("!H", udp[:2])[0] if first else port
            if segment_len:             # a super-frame: its datagrams leave one by one
                length = len(ip) - len(udp) + 8 + segment_len
            last[port] = device, frame[:6].hex(":"), source
            longest[port] = max(length, longest.get(port, 0))
        return last, longest

    def close(self):
        for sock in self.socks:
            sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def kernel_sends(host, to, length=1):
    """The control: a datagram of the kernel's own from the same host, whose source and way are its choice."""
    with frames.udp_socket(host.name, ("::" if ":" in to else "0.0.0.0", KERNELS)) as sock:
        sock.sendto(b"x" * length, (to, 1))


class Lan:
    """Host a on a switch with routers; behind each of them, by a link of its own, is b."""

    def __init__(self, lab, a_addresses, routers, b_address):
        self.lab, self.b_address = lab, b_address
        self.sw = lab.host("sw")
        self.sw("ip", "link", "add", "br0", "type", "bridge")
        self.sw("ip", "link", "set", "br0", "up")
        self.a, self.b = lab.host("a"), lab.host("b")
        self.plug(self.a, a_addresses)
        self.b("ip", "address", "add", b_address, "dev", "lo")
        self.routers = []
        for i, (name, addresses) in enumerate(routers, 1):
            router = lab.host(name)
            router("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1", "net.ipv4.ip_forward=1")
            self.plug(router, addresses)
            lab.link(router, "10.0.%d.1/24 2001:db8:%d::1/64" % (i, i), self.b, "10.0.%d.2/24 2001:db8:%d::2/64" % (i, i),
                     "up%d" % i)
            router("ip", "route", "add", b_address, "via", "2001:db8:%d::2" % i if ":" in b_address else "10.0.%d.2" % i)
            for host in (router, self.b):
                wait_until("link-local address behind " + name, lambda: self.link_local(host, "up%d" % i))
            self.routers.append(router)

    def way_back(self, network, router):
        """b's to a: by its 1st or 2nd router, from the address that a knows (wireguard-go answers from the route's)."""
        self.b("ip", "route", "add", network, "via", ("2001:db8:%d::1" if ":" in network else "10.0.%d.1") % router,
               "src", self.b_address.split("/")[0])

    def plug(self, host, addresses):
        run("ip", "link", "add", "name", "left", "type", "veth", "peer", "name", "right")
        run("ip", "link", "set", "left", "netns", host.name, "name", "eth0")
        run("ip", "link", "set", "right", "netns", "sw", "name", "p-" + host.name)
        self.sw("ip", "link", "set", "p-" + host.name, "master", "br0", "up")
        for address in addresses:
            host("ip", "address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
        host("ip", "link", "set", "eth0", "up")
        wait_until("link-local address of " + host.name, lambda: self.link_local(host))

    @staticmethod
    def link_local(host, device="eth0"):
        """None while it is tentative."""
        words = host("ip", "-6", "-o", "address", "show", "dev", device, "scope", "link").split()
        return words[3].split("/")[0] if len(words) > 3 and "tentative" not in words else None

    def advertise(self, router, preference=MEDIUM, lifetime=1800, prefix=None, mtu=None, more=b""):
        source = self.link_local(router)
        options = more
        if prefix:
            options += struct.pack("!BBBBIII", 3, 4, 64, 0xc0, 86400, 14400, 0) + frames.address(prefix)
        if mtu:
            options += struct.pack("!BBHI", 5, 1, 0, mtu)
        body = struct.pack("!BBHII", 64, preference, lifetime, 0, 0) + options
        mac = frames.mac_of(router.name, "eth0")
        with frames.packet_socket(router.name, "eth0") as sock:
            sock.send(frames.ethernet(frames.mac("33:33:00:00:00:01"), mac, frames.IPV6, frames.ip6(
                source, "ff02::1", socket.IPPROTO_ICMPV6, frames.icmp6(source, "ff02::1", 134, 0, body), 255)))

    def tunnel(self, vpn=("10.8.3.1", "10.8.3.2"), extra=""):
        """Ours on a, wireguard-go on b, which knows no endpoint."""
        (key_a, pub_a), (key_b, pub_b) = wg_keys(), wg_keys()
        length = 128 if ":" in vpn[0] else 32
        self.go = self.lab.wireguard_go(self.b, "go0", key_b, PEER)
        self.go.set("peer", pub_a, "preshared-key", "/dev/stdin", "allowed-ips", "%s/%d" % (vpn[0], length), input=PSK)
        self.go.address("%s/%d" % (vpn[1], 64 if ":" in vpn[1] else 24))
        where = ("[%s]:%d" if ":" in self.b_address else "%s:%d") % (self.b_address.split("/")[0], PEER)
        self.vpn = vpn
        self.ours = self.lab.gateway(self.a, files(key_a, [
            (pub_a, "%s/%d" % (vpn[0], length), None, ""),
            (pub_b, "%s/%d" % (vpn[1], length), where, "PresharedKey = %s\n" % PSK)], vpn[0], extra))

    def sends(self):
        """One packet into the tunnel; whether it is answered does not matter."""
        ping(self.ours.inner, self.vpn[1], 1, wait=0.1)

    def agree(self, what, tap, expected, control=True):
        """Ours leaves as expected, before the kernel was asked for anything; then the kernel's own do too."""
        def same(port, send):
            def look():
                tap.read()
                send()
                return tap.read()[0].get(port) == expected
            return look
        try:
            wait_until("ours " + what, same(OURS, self.sends))
            wait_until("the kernel's own " + what, same(KERNELS, lambda: kernel_sends(self.a, self.b_address.split("/")[0])))
        except RuntimeError as err:
            tap.read()
            self.sends()
            raise RuntimeError("%s: expected %r, saw %r, %s" % (err, expected, tap.read()[0], self.ours.said()))

    def passes(self, count=3):
        sent, received = ping(self.ours.inner, self.vpn[1], count)
        expect(received == sent, sent, received, self.ours.ask("show"), self.ours.said())


def mac_text(host):
    return frames.mac_of(host.name, "eth0").hex(":")


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
        lan.advertise(r2, HIGH, lifetime=2)
        lan.agree("leaves by the preferred router again", tap, ("eth0", mac_text(r2), "2001:db8:a::1"))
        lan.agree("leaves the router whose lifetime ended", tap, ("eth0", mac_text(r1), "2001:db8:a::1"))
        lan.passes()


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
    """A route with two next hops: both ours and the kernel's own keep to the one that the kernel chose for the peer."""
    lan = Lan(lab, ["192.0.2.1/24"], [("r1", ["192.0.2.253/24"]), ("r2", ["192.0.2.254/24"])], "203.0.113.1/32")
    lan.b("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0")
    lan.way_back("192.0.2.0/24", 1)
    lan.a("ip", "route", "add", "default", "nexthop", "via", "192.0.2.253", "nexthop", "via", "192.0.2.254")
    chosen = lan.a("ip", "route", "get", "203.0.113.1").split()[2]
    with Tap(lan.a, "eth0") as tap:
        lan.tunnel()
        lan.agree("leaves by the chosen next hop", tap,
                  ("eth0", mac_text(lan.routers[chosen == "192.0.2.254"]), "192.0.2.1"))
        lan.passes()


@case
def ipv6_packets_fit_the_advertised_mtu(lab):
    """A router says 1400 on a link of 1500: no IPv6 packet to a peer there is longer."""
    lan = Lan(lab, ["2001:db8:a::1/64"], [("r1", ["2001:db8:a::f1/64"])], "2001:db8:b::b/128")
    r1 = lan.routers[0]
    lan.way_back("2001:db8:a::/64", 1)
    lan.a("ip", "route", "add", "2001:db8:b::/64", "via", "2001:db8:a::f1")
    with Tap(lan.a, "eth0") as tap:
        lan.tunnel()
        lan.passes()
        expect(" mtu 1420 " in run("ip", "-n", lan.ours.inner, "link", "show", "wg0"), "before")
        lan.advertise(r1, mtu=1400)
        wait_until("the inner MTU follows", lambda: " mtu 1320 " in run("ip", "-n", lan.ours.inner, "link", "show", "wg0"))
        tap.read()
        ping(lan.ours.inner, lan.vpn[1], 3, size=1392)
        kernel_sends(lan.a, "2001:db8:b::b", 1450)
        _, longest = tap.read()
        expect(1300 < longest[OURS] <= 1400 and 1300 < longest[KERNELS] <= 1400, longest)
        lan.passes()
