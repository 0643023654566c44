"""A LAN with routers between ours on host a and wireguard-go on b, and what leaves a beside the kernel's own datagrams."""
import select
import socket
import struct

import frames
from cases import expect
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


def kernel_sends(host, to, length=1, source=None):
    """The control: a datagram of the kernel's own from the same host, whose source, unless it is told, and way are its choice."""
    with frames.udp_socket(host.name, (source or ("::" if ":" in to else "0.0.0.0"), KERNELS)) as sock:
        sock.sendto(b"x" * length, (to, 1))


class Lan:
    """Host a on a switch with routers; behind each of them, by a link of its own, is b."""

    def __init__(self, lab, a_addresses, routers, b_address):
        self.lab, self.b_address = lab, b_address
        self.sw = lab.host("sw")
        self.sw("ip", "link", "add", "br0", "type", "bridge")
        self.sw("ip", "link", "set", "br0", "up")
        self.a, self.b = self.host("a"), self.host("b")
        self.plug(self.a, a_addresses)
        self.b("ip", "address", "add", b_address, "dev", "lo")
        self.routers = []
        for i, (name, addresses) in enumerate(routers, 1):
            router = self.host(name)
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

    def host(self, name):
        """Without the second that a new address waits for whether another has it."""
        host = self.lab.host(name)
        host("sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")
        return host

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

    def agree(self, what, tap, expected, meanwhile=lambda: None, source=None):
        """Ours leaves as expected, before the kernel was asked for anything; then the kernel's own do too. meanwhile: what is
        done before each look. source: of the kernel's own, where that is not to be its choice."""
        def same(port, send):
            def look():
                meanwhile()
                tap.read()
                send()
                return tap.read()[0].get(port) == expected
            return look
        try:
            wait_until("ours " + what, same(OURS, self.sends))
            wait_until("the kernel's own " + what,
                       same(KERNELS, lambda: kernel_sends(self.a, self.b_address.split("/")[0], source=source)))
        except RuntimeError as err:
            tap.read()
            self.sends()
            raise RuntimeError("%s: expected %r, saw %r, %s" % (err, expected, tap.read()[0], self.ours.said()))

    def passes(self, count=3):
        sent, received = ping(self.ours.inner, self.vpn[1], count)
        expect(received == sent, sent, received, self.ours.ask("show"), self.ours.said())


def mac_text(host):
    return frames.mac_of(host.name, "eth0").hex(":")
