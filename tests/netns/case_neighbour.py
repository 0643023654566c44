"""From the next hop to the frame: priority tags, neighbours that change or never were, answers to strangers."""
import base64
import contextlib
import hashlib
import os
import select
import socket
import struct
import threading
import time

import frames
from cases import case, expect
from lab import ping, run, wait_until, wg_keys
from pair import PSK, files

VNET_LEN, NEEDS_CSUM = 10, 1
SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 263, 15, 23


@contextlib.contextmanager
def wire(host, left, right, rewrite):
    """Carries frames between two NICs of a host for the length of a with; rewrite(frame, to_right) may change them."""
    socks = [frames.packet_socket(host.name, device) for device in (left, right)]
    for sock in socks:
        sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    end, stop = os.pipe()

    def carry():
        while True:
            ready = select.select([end, *socks], [], [])[0]
            if end in ready:
                return
            for sock in ready:
                raw = sock.recv(1 << 17)
                vnet, frame = raw[:VNET_LEN], raw[VNET_LEN:]
                out = rewrite(frame, sock is socks[0])
                flags, kind, head, size, start, offset = struct.unpack("<BBHHHH", vnet)
                if flags & NEEDS_CSUM:
                    start += len(out) - len(frame)
                head += len(out) - len(frame) if kind else 0
                socks[sock is socks[0]].send(struct.pack("<BBHHHH", flags, kind, head, size, start, offset) + out)

    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield
    finally:
        os.write(stop, b"x")
        thread.join()
        for fd in (end, stop):
            os.close(fd)
        for sock in socks:
            sock.close()


def ours_and_go(lab, a, b, ours_at, theirs_at, keepalive=0):
    """Ours on host a at 10.8.3.1 and wireguard-go on b at 10.8.3.2; the outer addresses are given as endpoints have them."""
    (key_a, pub_a), (key_b, pub_b) = wg_keys(), wg_keys()
    go = lab.wireguard_go(b, "go0", key_b, 5678)
    go.set("peer", pub_a, "preshared-key", "/dev/stdin", "allowed-ips", "10.8.3.1/32", input=PSK)
    go.address("10.8.3.2/24")
    peers = [(pub_a, "10.8.3.1/32", ours_at + ":4567", ""),
             (pub_b, "10.8.3.2/32", theirs_at + ":5678", "PresharedKey = %s\n" % PSK +
              ("PersistentKeepalive = %d\n" % keepalive if keepalive else ""))]
    return lab.gateway(a, files(key_a, peers, "10.8.3.1")), go, pub_a


def tagged(tci):
    return lambda frame, to_right: frame if to_right else frame[:12] + struct.pack("!HH", 0x8100, tci) + frame[12:]


@case
def priority_tags_are_no_vlan(lab):
    a, m, b = lab.host("a"), lab.host("m"), lab.host("b")
    lab.link(a, "192.0.2.1/24 fd00::1/64", m, "", "eth0")
    run("ip", "link", "add", "name", "left", "type", "veth", "peer", "name", "right")
    run("ip", "link", "set", "left", "netns", m.name, "name", "eth1", "up")
    run("ip", "link", "set", "right", "netns", b.name, "name", "eth0")
    b("ip", "address", "add", "192.0.2.2/24", "dev", "eth0")
    b("ip", "link", "set", "eth0", "up")
    ours, _, _ = ours_and_go(lab, a, b, "192.0.2.1", "192.0.2.2")
    for tci, passes in ((5 << 13, True), (5 << 13 | 7, False), (0, True)):
        with wire(m, "eth0", "eth1", tagged(tci)):
            if passes:      # else who is known is known: only the datagram's own tag stands in its way
                a("ip", "neigh", "flush", "dev", "eth0")
            kernel = ping(a.name, "192.0.2.2", 2, wait=5 if passes else 1)
            inside = ping(ours.inner, "10.8.3.2", 3, wait=5 if passes else 1)
        expect((kernel[1] > 0) == passes, "the kernel", tci, kernel)
        expect((inside[1] > 0) == passes, "ours", tci, inside, ours.said())


# ---- a next hop whose MAC changes without a word ----

class Switch:
    """A bridge; hosts are plugged into it by their eth0."""

    def __init__(self, lab, name="sw"):
        self.host, self.ports = lab.host(name), 0
        self.host("ip", "link", "add", "br0", "type", "bridge")
        self.host("ip", "link", "set", "br0", "up")

    def plug(self, host, *addresses, device="eth0"):
        port, self.ports = "p%d" % self.ports, self.ports + 1
        run("ip", "link", "add", "name", "left", "type", "veth", "peer", "name", "right")
        run("ip", "link", "set", "left", "netns", host.name, "name", device)
        run("ip", "link", "set", "right", "netns", self.host.name, "name", port)
        self.host("ip", "link", "set", port, "master", "br0", "up")
        for address in addresses:
            host("ip", "address", "add", address, "dev", device, *(["nodad"] if ":" in address else []))
        host("ip", "link", "set", device, "up")


def sysctl(host, **values):
    for key, value in values.items():
        host("sh", "-c", "echo %s > /proc/sys/net/%s" % (value, key.replace("__", "/")))


def hasty(host, device="eth0"):
    """The kernel's own clocks for neighbours, short: what takes a minute takes seconds, for whoever asks it."""
    for family in ("ipv4", "ipv6"):
        sysctl(host, **{"%s__neigh__%s__%s" % (family, device, key): value for key, value in
                        (("base_reachable_time_ms", 600), ("delay_first_probe_time", 1), ("retrans_time_ms", 200))})


class Stream:
    """Datagrams, 50 a second, from one namespace to an address and port in another; echo: each is sent back."""

    def __init__(self, sender, source, sink, to, port, echo=False):
        self.sending, self.sunk = frames.udp_socket(sender, (source, 0)), frames.udp_socket(sink, (to, port))
        self.to, self.echo = (to, port), echo
        self.arrived = 0        # at the sink, or back again
        self.last, self.longest_gap_s = time.monotonic(), 0
        self.end, self.stop = os.pipe()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        socks = [self.sending, self.sunk]
        for sock in socks:
            sock.setblocking(False)
        while True:
            ready = select.select([self.end, *socks], [], [], 0.02)[0]
            if self.end in ready:
                return
            for sock in ready:
                with contextlib.suppress(OSError):
                    data, sender = sock.recvfrom(2048)
                    if sock is self.sunk and self.echo:
                        sock.sendto(data, sender)
                        continue
                    now = time.monotonic()
                    self.longest_gap_s, self.last = max(self.longest_gap_s, now - self.last), now
                    self.arrived += 1
            if not ready:
                with contextlib.suppress(OSError):
                    self.sending.sendto(b"x" * 100, self.to)

    def close(self):
        os.write(self.stop, b"x")
        self.thread.join()
        for fd in (self.end, self.stop):
            os.close(fd)
        self.sending.close()
        self.sunk.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def moves(self, what):
        before = self.arrived
        wait_until("%s: datagrams arrive" % what, lambda: self.arrived > before + 5)


def new_mac(host, device="eth0"):
    """Nothing announces it: arp_notify and ndisc_notify are off by default."""
    host("ip", "link", "set", device, "address", "02:00:00:00:77:%02x" % (frames.mac_of(host.name, device)[5] ^ 1))


def routed(lab, family):
    """Ours on a, the control on c, a router r between them and b. (a, b, c, r, their outer addresses)"""
    sw, (a, b, c, r) = Switch(lab), [lab.host(name) for name in "abcr"]
    near, far, length = ("192.0.2.%d", "198.51.100.%d", 24) if family == 4 else ("fd00::%d", "fd01::%d", 64)
    ip = ("ip", "-6") if family == 6 else ("ip",)
    sw.plug(a, "%s/%d" % (near % 1, length))
    sw.plug(c, "%s/%d" % (near % 3, length))
    sw.plug(r, "%s/%d" % (near % 9, length))
    lab.link(r, "%s/%d" % (far % 9, length), b, "%s/%d" % (far % 2, length), "eth1")
    hop = near % 9
    if family == 6:     # as a router is announced, and as it asks: by its link-local address
        r("ip", "-6", "address", "flush", "dev", "eth0", "scope", "link")
        hop = "fe80::9"
        r("ip", "address", "add", hop + "/64", "dev", "eth0", "nodad")
    sysctl(r, **({"ipv4__ip_forward": 1} if family == 4 else {"ipv6__conf__all__forwarding": 1}))
    for host in (a, c):
        host(*ip, "route", "add", "default", "via", hop, "dev", "eth0")
    b(*ip, "route", "add", "default", "via", far % 9)
    return a, b, c, r, (near % 1, far % 2, near % 3)


def on_link(lab, family):
    sw, (a, b, c) = Switch(lab), [lab.host(name) for name in "abc"]
    near = ("192.0.2.%d", 24) if family == 4 else ("fd00::%d", 64)
    for host, number in ((a, 1), (b, 2), (c, 3)):
        sw.plug(host, "%s/%d" % (near[0] % number, near[1]))
    return a, b, c, b, tuple(near[0] % number for number in (1, 2, 3))


def both_move(hop, inside, kernel, how):
    """What is lost of each after the hop changed its MAC is a second or two, where it was minutes."""
    streams = ((inside, "ours"), (kernel, "the kernel"))
    for stream, what in streams:
        stream.moves(what)
        stream.longest_gap_s = 0
    new_mac(hop)
    for stream, what in streams:
        stream.moves("%s with %s" % (what, how))
    print("          the longest gap with %s: %.1f s in ours, %.1f s in the kernel's" %
          (how, inside.longest_gap_s, kernel.longest_gap_s))


def hop_moves(lab, topology, family):
    a, b, c, hop, (at_a, at_b, at_c) = topology(lab, family)
    bracket = "[%s]" if family == 6 else "%s"
    ours, _, _ = ours_and_go(lab, a, b, bracket % at_a, bracket % at_b)
    # Both ways: who sends to us asks for us, and its new MAC is in the question.
    with Stream(b.name, "10.8.3.2", ours.inner, "10.8.3.1", 9, echo=True) as inside, \
         Stream(b.name, at_b, c.name, at_c, 9, echo=True) as kernel:
        both_move(hop, inside, kernel, "both ways")
    # One way: no one asks for us, so that it must be found out that no one answers at the old MAC.
    hasty(a)
    hasty(c)
    with Stream(ours.inner, "10.8.3.1", b.name, "10.8.3.2", 9) as inside, Stream(c.name, at_c, b.name, at_b, 9) as kernel:
        both_move(hop, inside, kernel, "one way")


@case
def router_that_changes_its_mac_ipv4(lab):
    hop_moves(lab, routed, 4)


@case
def router_that_changes_its_mac_ipv6(lab):
    hop_moves(lab, routed, 6)


@case
def peer_on_link_that_changes_its_mac_ipv4(lab):
    hop_moves(lab, on_link, 4)


@case
def peer_on_link_that_changes_its_mac_ipv6(lab):
    hop_moves(lab, on_link, 6)


@case
def ipv6_without_a_link_local_address(lab):
    """The kernel asks for its own packets with their source; for ours it would have nothing to ask with."""
    sw, (a, b) = Switch(lab), [lab.host(name) for name in "ab"]
    sw.plug(a, "fd00::1/64")
    sw.plug(b, "fd00::2/64")
    a("ip", "-6", "address", "flush", "dev", "eth0", "scope", "link")
    a("ip", "link", "set", "eth0", "addrgenmode", "none")
    ours, _, _ = ours_and_go(lab, a, b, "[fd00::1]", "[fd00::2]")
    expect(ping(a.name, "fd00::2", 2)[1] == 2)
    a("ip", "neigh", "flush", "dev", "eth0")
    expect(ping(ours.inner, "10.8.3.2", 2)[1] == 2, ours.said())


# ---- answers to strangers, and to what is another's ----

def initiation(public_key):
    """One that passes mac1 and no more (paper 5.4.4)."""
    key = hashlib.blake2s(b"mac1----" + base64.b64decode(public_key)).digest()
    message = b"\x01\0\0\0" + os.urandom(112)
    return message + hashlib.blake2s(message, key=key, digest_size=16).digest() + bytes(16)


def from_sock(sock):
    """The frames that wait."""
    sock.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            yield sock.recv(1 << 16)


def asks_for(frame, prefix):
    """Is it an ARP request or a neighbour solicitation for an address that begins so?"""
    if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\1":
        return frame[38:42].startswith(prefix)
    return frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] == 135 and frame[62:78].startswith(prefix)


@case
def strangers_leave_no_neighbour(lab):
    sw, (a, b, m) = Switch(lab), [lab.host(name) for name in "abm"]
    sw.plug(a, "192.0.2.1/24", "fd00::1/64")
    sw.plug(b, "192.0.2.2/24", "fd00::2/64")
    sw.plug(m)
    ours, _, pub_a = ours_and_go(lab, a, b, "[fd00::1]", "[fd00::2]")
    expect(ping(ours.inner, "10.8.3.2", 2)[1] == 2, ours.said())
    sock = frames.packet_socket(m.name, "eth0")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    mac_a, mac_m = frames.mac_of(a.name, "eth0"), frames.mac_of(m.name, "eth0")

    def send(source, to, port, data):
        kind, head = (frames.IPV6, frames.ip6) if ":" in to else (frames.IPV4, frames.ip4)
        packet = head(source, to, socket.IPPROTO_UDP, frames.udp(source, to, 999, port, data))
        sock.send(frames.ethernet(mac_a, mac_m, kind, packet))

    sent = cookies = questions = 0

    def count():
        nonlocal cookies, questions
        for frame in from_sock(sock):
            payload = frame[42:] if frame[12:14] == b"\x08\0" else frame[62:]
            cookies += frame[:6] == mac_m and frame[6:12] == mac_a and len(payload) == 64 and payload[0] == 3
            questions += asks_for(frame, frames.address("fd00::7:0")[:14]) or asks_for(frame, bytes((192, 0, 2, 128)))

    def flood():
        nonlocal sent
        for _ in range(200):
            sent += 1
            send("fd00::7:%x" % (sent % 0x10000), "fd00::1", 4567, initiation(pub_a))
            send("192.0.2.128", "192.0.2.1", 4567, initiation(pub_a))
        count()
        return cookies > 1000

    # Until it is under load, and well beyond.
    wait_until("cookie replies come back to the MAC that asked", flood, 60)
    known = a("ip", "neigh", "show")
    expect("fd00::7:" not in known and "192.0.2.128" not in known, known)
    expect(questions == 0, questions, cookies)
    expect(ping(ours.inner, "10.8.3.2", 2)[1] == 2, ours.said())
    # The kernel in our place: it looks for each that it answers.
    with frames.udp_socket(a.name, ("fd00::1", 9)) as echo:
        for number in range(1, 6):
            send("fd00::7:%x" % number, "fd00::1", 9, b"?")
            echo.settimeout(30)
            data, sender = echo.recvfrom(100)
            echo.sendto(data, sender)
    wait_until("the kernel asks", lambda: count() or questions > 0)


def parts(source, to, port, data):
    """A datagram in two fragments."""
    whole = frames.udp(source, to, 999, port, data)
    for at, more in ((0, 1), (1024, 0)):
        piece = whole[at:at + 1024] if more else whole[at:]
        if ":" in to:
            yield frames.ip6(source, to, socket.IPPROTO_FRAGMENT,
                             struct.pack("!BBHI", socket.IPPROTO_UDP, 0, at | more, 7) + piece)
        else:
            yield frames.ip4(source, to, socket.IPPROTO_UDP, piece, 7, more << 13 | at // 8)


@case
def errors_about_packets_are_the_kernels(lab):
    sw, (a, b, c, m) = Switch(lab), [lab.host(name) for name in "abcm"]
    for host, number in ((a, 1), (b, 2), (c, 3), (m, 4)):
        sw.plug(host, "192.0.2.%d/24" % number, "fd00::%d/64" % number)
    ours, _, _ = ours_and_go(lab, a, b, "192.0.2.1", "192.0.2.2")
    expect(ping(ours.inner, "10.8.3.2", 2)[1] == 2, ours.said())
    heard = {}
    for host, last in ((c, 3), (a, 1)):         # the control is a host without us
        sock = frames.packet_socket(m.name, "eth0")
        mac, errors = frames.mac_of(host.name, "eth0"), 0
        for source, to, kind in (("192.0.2.4", "192.0.2.%d" % last, frames.IPV4), ("fd00::4", "fd00::%d" % last, frames.IPV6)):
            with frames.udp_socket(host.name, (to, 5353)) as program:
                program.settimeout(30)
                for packet in parts(source, to, 5353, b"y" * 2000):
                    sock.send(frames.ethernet(mac, frames.mac_of(m.name, "eth0"), kind, packet))
                expect(program.recv(4000) == b"y" * 2000)
            for packet in parts(source, to, 5354, b"y" * 2000):         # where no one listens: one word, the kernel's
                sock.send(frames.ethernet(mac, frames.mac_of(m.name, "eth0"), kind, packet))
            if kind == frames.IPV6:
                # Not the last, and no multiple of eight bytes: a parameter problem.
                odd = struct.pack("!BBHI", socket.IPPROTO_UDP, 0, 1, 8) + b"\0" * 61
                sock.send(frames.ethernet(mac, frames.mac_of(m.name, "eth0"), kind, frames.ip6(source, to, 44, odd)))
        expect(ping(m.name, "192.0.2.%d" % last, 2, wait=30)[1] == 2)     # what was to come has come
        expect(ping(m.name, "fd00::%d" % last, 2, wait=30)[1] == 2)
        for frame in from_sock(sock):
            if frame[6:12] == mac and (frame[12:14] == b"\x08\0" and frame[23] == 1 and frame[34] in (3, 11, 12) or
                                       frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] < 128):
                errors += 1
        heard[host.name] = errors
        sock.close()
    expect(heard["a"] == heard["c"] > 0, heard)
