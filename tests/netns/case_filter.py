"""The host's door: what the filter lets in, what it drops, what it counts, and that no change of it locks a path out."""
import contextlib
import os
import re
import select
import signal
import socket
import struct
import subprocess
import time

from case_nics import Network
from cases import case, expect, soak
from frames import (ARP, IPV4, IPV6, address, arp, checksum, ethernet, ip4, ip6, mac_of, namespace, packet_socket, pseudo, udp,
                    udp_socket)
from lab import ping, run, wait_until, wg_keys
from pair import files

NFT = "/usr/sbin/nft"
NIC = "[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.1/24\nAddress=2001:db8::1/64\n"
SYN, RST, ACK = 2, 4, 16
UDP_PORTS = (7, 9, 13, 19, 37, 53, 67, 68, 69, 111, 123, 137, 138, 161, 162, 389, 443, 500, 514, 520, 546, 547, 623, 1194, 1434,
             1701, 1812, 1900, 3478, 4500, 4569, 5060, 5353, 5683, 9586, 11211, 33434, 51820, 61000)


class Box:
    """a, whose NICs and filter ours keeps, and b beside it on the wire."""
    network = None

    def __init__(self, lab, env="", managed=True):
        self.lab, self.a, self.b = lab, lab.host("a"), lab.host("b")
        lab.link(self.a, "" if managed else "192.0.2.1/24", self.b, "192.0.2.2/24 192.0.2.3/24 2001:db8::2/64 2001:db8::3/64")
        for host in (self.a, self.b):
            host("sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")
        if managed:
            self.manage(env)

    def manage(self, env=""):
        self.network = Network(self.lab, self.a, NIC, **{".env": env})

    def nft(self, *words, **options):
        return self.a(NFT, *words, **options)

    def table(self):
        return self.nft("--stateless", "list", "table", "inet", "mitigator")

    def elements(self, name):
        found = re.search(r"elements = \{ (.*?) \}", self.nft("list", "set", "inet", "mitigator", name), re.S)
        return sorted(re.findall(r'[^\s",]+', found[1])) if found else []

    def counts(self):
        """What the rules counted: comment -> packets."""
        status, said = self.network.ask("filter")
        expect(status == 0 and said.startswith("filter on"), status, said)
        return {row[2]: int(row[0]) for row in re.findall(r"^ *(\d+) +(\d+)  (.*)$", said, re.M)}

    def env(self, text):
        self.network.write(NIC, **{".env": text})
        status, said = self.network.ask("reconfigure")
        expect(status == 0, status, said)
        return said

    def tunnel(self, env):
        """Management with these lines in its .env, and wireguard-go in b at the other end."""
        (key, pub), (peer_key, peer_pub) = wg_keys(), wg_keys()
        go = self.lab.wireguard_go(self.b, "go0", peer_key, 4567)
        go.set("peer", pub, "allowed-ips", "10.8.3.1/32", "endpoint", "192.0.2.1:4567")
        go.address("10.8.3.2/24")
        peers = [(pub, "10.8.3.1/32", "192.0.2.1:4567", ""), (peer_pub, "10.8.3.2/32", "192.0.2.2:4567", "")]
        return self.lab.gateway(self.a, files(key, peers, "10.8.3.1", env))


class Scan:
    """From b's NIC: what answers there, seen on the wire."""
    CHUNK = 500                                 # SYNs between two looks at what came back: below net.core.netdev_max_backlog

    def __init__(self, box, to, source):
        self.to, self.source, self.six = to, source, ":" in to
        self.b_mac, self.a_mac = mac_of("b", "eth0"), mac_of("a", "eth0")
        self.listen("eth0")

    def listen(self, device):
        self.wire = packet_socket("b", device)
        self.wire.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)            # SO_RCVBUFFORCE
        self.answered, self.opened = set(), set()

    def frame(self, protocol, payload):
        return ethernet(self.a_mac, self.b_mac, IPV6 if self.six else IPV4,
                        (ip6 if self.six else ip4)(self.source, self.to, protocol, payload))

    def read(self, frame):
        """An answer to what was sent, or True for the one to the mark."""
        if frame[:6] != self.b_mac:
            return False
        if frame[12:14] == b"\x08\x06":
            return frame[20:22] == b"\0\2"
        ip, head = frame[14:], 40 if self.six else 20
        if frame[12:14] != struct.pack("!H", IPV6 if self.six else IPV4):
            return False
        protocol, rest = ip[6] if self.six else ip[9], ip[head:]
        of_it = (ip[8:24] if self.six else ip[12:16]) == address(self.to)
        if protocol == socket.IPPROTO_TCP and of_it:
            self.note_tcp(rest)
        elif protocol == socket.IPPROTO_UDP and of_it:
            self.answered.add(("udp", struct.unpack("!H", rest[:2])[0]))
        elif (protocol, rest[:2]) in ((socket.IPPROTO_ICMP, b"\3\3"), (socket.IPPROTO_ICMPV6, b"\1\4")):
            self.answered.add(("udp", struct.unpack("!H", rest[8 + head + 2:8 + head + 4])[0]))
        elif (protocol, rest[:2]) in ((socket.IPPROTO_ICMP, b"\0\0"), (socket.IPPROTO_ICMPV6, b"\x81\0")) and of_it:
            self.answered.add(("echo", 0))
        return False

    def note_tcp(self, segment):
        port = struct.unpack("!H", segment[:2])[0]
        self.answered.add(("tcp", port))
        if segment[13] & SYN:
            self.opened.add(port)

    def mark(self):
        """ARP comes to no filter, and is answered behind all that was sent before."""
        self.wire.send(ethernet(b"\xff" * 6, self.b_mac, ARP, arp(1, self.b_mac, "192.0.2.2", bytes(6), "192.0.2.1")))
        while True:
            expect(select.select([self.wire], [], [], 30)[0], "no answer to ARP in 30 s")
            if self.read(self.wire.recv(2048)):
                return

    def tcp(self, ports):
        head = struct.pack("!HHIIBBHHH", 40000, 0, 1, 0, 0x50, SYN, 1024, 0, 0)
        most = ~checksum(pseudo(self.source, self.to, socket.IPPROTO_TCP, len(head)) + head) & 0xFFFF
        start = self.frame(socket.IPPROTO_TCP, head)[:-len(head)]
        for count, port in enumerate(ports, 1):
            total = most + port
            total = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
            self.wire.send(start + head[:2] + struct.pack("!H", port) + head[4:16] + struct.pack("!H", total) + head[18:])
            if count % self.CHUNK == 0:
                self.mark()
        self.mark()

    def udp(self, ports):
        for port in ports:
            self.wire.send(self.frame(socket.IPPROTO_UDP, udp(self.source, self.to, 40000, port, b"who is there")))
        self.mark()

    def echo(self):
        kind, protocol = (128, socket.IPPROTO_ICMPV6) if self.six else (8, socket.IPPROTO_ICMP)
        message = struct.pack("!BBHHH", kind, 0, 0, 7, 1)
        total = checksum((pseudo(self.source, self.to, protocol, len(message)) if self.six else b"") + message)
        self.wire.send(self.frame(protocol, message[:2] + struct.pack("!H", total) + message[4:]))
        self.mark()

    def all(self):
        self.tcp(range(1, 65536))
        self.udp(UDP_PORTS)
        return self.answered

    def close(self):
        self.wire.close()


class ScanInside(Scan):
    """The same out of b's tunnel; a server on one port of a answers the marks."""
    CHUNK = 200                                 # what the tunnel's queue holds

    def __init__(self, to, source, mark_port, device="go0"):
        self.to, self.source, self.six, self.mark_port, self.mark_source = to, source, ":" in to, mark_port, 41000
        self.listen(device)

    def frame(self, protocol, payload):
        return (ip6 if self.six else ip4)(self.source, self.to, protocol, payload)

    def read(self, ip):
        if (ip[24:40] if self.six else ip[16:20]) != address(self.source):
            return False
        protocol, head = ip[6] if self.six else ip[9], 40 if self.six else 20
        rest = ip[head:]
        if protocol == socket.IPPROTO_TCP:
            source_port, port = struct.unpack("!HH", rest[:4])
            if (source_port, port) == (self.mark_port, self.mark_source):
                return True
            if port == 40000:                   # not what answers an earlier mark once more
                self.note_tcp(rest)
        elif (protocol, rest[:2]) in ((socket.IPPROTO_ICMP, b"\3\3"), (socket.IPPROTO_ICMPV6, b"\1\4")):
            self.answered.add(("udp", struct.unpack("!H", rest[8 + head + 2:8 + head + 4])[0]))
        elif (protocol, rest[:2]) in ((socket.IPPROTO_ICMP, b"\0\0"), (socket.IPPROTO_ICMPV6, b"\x81\0")):
            self.answered.add(("echo", 0))
        return False

    def mark(self):
        self.mark_source += 1
        head = struct.pack("!HHIIBBHHH", self.mark_source, self.mark_port, 1, 0, 0x50, SYN, 1024, 0, 0)
        total = checksum(pseudo(self.source, self.to, socket.IPPROTO_TCP, len(head)) + head)
        self.wire.send(self.frame(socket.IPPROTO_TCP, head[:16] + struct.pack("!H", total) + head[18:]))
        while True:
            expect(select.select([self.wire], [], [], 30)[0], "no answer from port %d in 30 s" % self.mark_port)
            if self.read(self.wire.recv(2048)):
                return


def scan(box, to, source):
    with contextlib.closing(Scan(box, to, source)) as one:
        return one.all()


def probe(box, to="192.0.2.1", source="192.0.2.2", ports=(22, 80, 443)):
    """Of a few ports, those that answer."""
    with contextlib.closing(Scan(box, to, source)) as one:
        one.tcp(ports)
        return sorted(port for _, port in one.answered)


PAIRS = (("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2"))


@case
def filter_of_a_host_answers_no_scan(lab):
    box = Box(lab)
    with namespace("a"), socket.create_server(("", 4569)), socket.create_server(("::", 9586), family=socket.AF_INET6):
        for to, source in PAIRS:
            found = scan(box, to, source)
            expect(not found, "answers to a scan of %s: %s" % (to, sorted(found)[:20]), box.network.ask("filter")[1])
            sent, received = ping("b", to, 3, wait=30)
            expect(sent == received, "no echo from %s" % to)
        dropped = box.counts()["DROPPED: all else"]
        expect(dropped >= 2 * (65535 + len(UDP_PORTS)), "dropped, as the filter counts: %d" % dropped)
        tracked = box.a("cat", "/proc/sys/net/netfilter/nf_conntrack_count")
        expect(tracked == "0\n", "a scan leaves traces in conntrack: %s" % tracked)
        expect("filter off" in box.env("MITIGATOR_FILTER=off\n"))
        expect(box.network.ask("filter") == (0, "filter off: everything comes in to this host\n"), box.network.ask("filter"))
        for to, source in PAIRS:                # the control
            found = scan(box, to, source)
            expect(len([port for kind, port in found if kind == "tcp"]) == 65535 and any(kind == "udp" for kind, _ in found),
                   "without a filter of %s only this answers: %d" % (to, len(found)))


@case
def filter_is_read_by_nft(lab):
    box = Box(lab)
    text = box.table()
    box.nft("--check", "--file", "-", input="delete table inet mitigator\n" + text)
    for line in ("type filter hook input priority filter; policy drop;", "type filter hook prerouting priority raw; policy accept;",
                 "udp dport @gateway-port", "udp dport @gateway-dataplane-port", 'iifname "lo"', "ct state established,related",
                 "icmp type @icmp-errors", "icmpv6 type @discovery ip6 hoplimit 255", "udp sport 67 udp dport 68",
                 "limit rate over 50/second burst 200 packets", "limit rate 1000/second burst 1000 packets",
                 "tcp flags syn / syn,ack notrack", 'comment "DROPPED: all else"'):
        expect(line in text, "nft does not read `%s`" % line, text)
    expect(box.elements("icmpv6-errors") == ["destination-unreachable", "packet-too-big", "parameter-problem", "time-exceeded"],
           box.elements("icmpv6-errors"))


def reply(asker, answerer, to, port):
    """Whether the answer to a datagram comes back to who sent it."""
    asker.sendto(b"question", (to, port))
    expect(select.select([answerer], [], [], 30)[0], "the question does not arrive")
    _, where = answerer.recvfrom(100)
    answerer.sendto(b"answer", where)
    return select.select([asker], [], [], 30)[0] and asker.recv(100) == b"answer"


@case
def filter_lets_answers_in_and_no_more(lab):
    box = Box(lab)
    for here, there in PAIRS:
        with udp_socket("a", (here, 0)) as asker, udp_socket("b", (there, 53)) as server, udp_socket("b", (there, 54)) as other, \
             udp_socket("a", (here, 68)) as dhcp:
            expect(reply(asker, server, there, 53), "no answer comes in to %s" % here, box.table())
            other.sendto(b"not asked for", asker.getsockname()[:2])
            expect(reply(asker, server, there, 53), "no second answer comes in to %s" % here)
            expect(not select.select([asker], [], [], 0)[0], "what was not asked for comes in to %s" % here)
            other.sendto(b"from no server's port", (here, 68))
            expect(reply(asker, server, there, 53))
            expect(not select.select([dhcp], [], [], 0)[0], "whoever writes to the DHCP client's port of %s is let in" % here)
    # no NIC asks by DHCP; then one does
    with udp_socket("a", ("192.0.2.1", 68)) as dhcp, udp_socket("b", ("192.0.2.2", 67)) as server, udp_socket("a", ("192.0.2.1", 0)) as asker, \
         udp_socket("b", ("192.0.2.2", 53)) as other:
        server.sendto(b"offer", ("192.0.2.1", 68))
        expect(reply(asker, other, "192.0.2.2", 53))
        expect(not select.select([dhcp], [], [], 0)[0], "a DHCP server's answer comes in, and no one asked")
        run("ip", "netns", "exec", "a", "nft", "add", "element", "inet", "mitigator", "dhcpv4", '{ "eth0" }')
        server.sendto(b"offer", ("192.0.2.1", 68))
        expect(select.select([dhcp], [], [], 30)[0], "a DHCP server's answer does not come in")
    with namespace("b"), socket.create_server(("192.0.2.2", 8080)), namespace("a"), \
         socket.create_connection(("192.0.2.2", 8080), timeout=30):
        pass
    counts = box.counts()
    expect(counts["answers to what this host asked"] >= 6 and counts["DHCP answers, to NICs with DHCP=ipv4 or yes"] == 1, counts)


# ---- initiations ----

INITIATION, RESPONSE, COOKIE, DATA = (struct.pack("<I", kind) + bytes(144) for kind in (1, 2, 3, 4))


def received(sock):
    count = 0
    while select.select([sock], [], [], 0)[0]:
        sock.recv(200)
        count += 1
    return count


def write_to(box, source, to, message, count):
    """How many of them come to a program on the management path's port, and until when the last of them did at the latest."""
    with udp_socket("a", (to, 4567)) as here, udp_socket("b", (source, 0)) as sock:
        here.setsockopt(socket.SOL_SOCKET, 33, 1 << 22)                 # SO_RCVBUFFORCE
        began = time.monotonic()
        for _ in range(count):
            sock.sendto(message, (to, 4567))
        with contextlib.closing(Scan(box, "192.0.2.1", "192.0.2.2")) as one:
            one.mark()
        return received(here), time.monotonic() - began


@case
def filter_bounds_the_initiations_of_one_source(lab):
    box = Box(lab)
    expect(write_to(box, "192.0.2.2", "192.0.2.1", DATA, 10)[0] == 0, "what comes to a port of no path is let in")
    box.nft("add", "element", "inet", "mitigator", "gateway-port", "{", "4567", "}")
    for to, source, other, beside in (("192.0.2.1", "192.0.2.2", "192.0.2.3", None),
                                      ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::2", "2001:db8::3")):
        if ":" in other:
            box.b("ip", "address", "add", other + "/128", "dev", "eth0", "nodad")
            box.a("ip", "route", "add", other, "dev", "eth0")
        expect(ping("b", to, 1, wait=30)[1] == 1, "the neighbour is not found")  # many at once would not wait for that
        expect(write_to(box, source, to, DATA, 1000)[0] == 1000, "packets of sessions are dropped")
        expect(write_to(box, source, to, DATA + bytes(3000), 10)[0] == 10, "packets in fragments are dropped")
        got, took_s = write_to(box, source, to, INITIATION, 1000)
        expect(200 <= got <= 202 + 50 * took_s, "of 1000 initiations from %s in %.1f s %d are let in" % (source, took_s, got))
        expect(write_to(box, other, to, INITIATION, 100)[0] == 100, "initiations of %s are dropped for those of %s" % (other, source))
        if beside:
            got, took_s = write_to(box, beside, to, INITIATION, 1000)
            expect(got < 1000, "each address of a /64 has a rate of its own: %d of 1000 initiations" % got)
        # a cookie goes to anyone; a response to a peer, which no one else shuts out then
        for message, all_come in ((COOKIE, False), (RESPONSE, True)):
            with udp_socket("a", (to, 4567)) as here:
                here.sendto(message, (source, 4567))
            got, took_s = write_to(box, source, to, INITIATION, 1000)
            expect((got == 1000) == all_come, "of 1000 initiations from %s in %.1f s %d are let in" % (source, took_s, got))
    counts = box.counts()
    expect(all(counts["DROPPED: initiations of one %s, beyond 50 a second" % kind] for kind in ("IPv4 address", "IPv6 /64")), counts)
    expect(all(counts["initiations of an %s that has shaken hands" % kind] == 1000 for kind in ("IPv4 address", "IPv6 /64")), counts)


# ---- the paths ----

def management(lab, box, backend="lwip"):
    key, pub = wg_keys()
    peer_key, peer_pub = wg_keys()
    peers = [(pub, "10.8.3.1/32", "192.0.2.1:4567", ""), (peer_pub, "10.8.3.2/32", "192.0.2.2:4567", "")]
    return lab.gateway(box.a, files(key, peers, "10.8.3.1"), options=("--backend", backend))


def generation(host):
    """How many batches nf_tables has taken there."""
    GETGEN = 10 << 8 | 16
    with namespace(host), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as sock:
        sock.sendto(struct.pack("=IHHIIBBH", 20, GETGEN, 1, 1, 0, 0, 0, 0), (0, 0))
        said = sock.recv(4096)
    expect(struct.unpack_from("=HH", said, 20) == (8, 1), said)
    return struct.unpack_from("!I", said, 24)[0]


@case
def filter_follows_the_port_of_a_path(lab):
    box = Box(lab)
    ours = management(lab, box)
    expect(box.elements("gateway-port") == ["4567"] and box.elements("gateway-device") == [], box.table())
    before = generation("a")
    with open(ours.dir + "/conf/vpn-public.conf") as f:
        public = f.read()
    ours.write({"vpn-public.conf": public + "PersistentKeepalive = 25\n"})
    expect("updated" in ours.ask("reconfigure"), ours.said())
    expect(generation("a") == before, "a batch that changes nothing holds up packets", before, generation("a"))
    with open(ours.dir + "/conf/vpn-private.conf") as f:
        private = f.read()
    ours.write({"vpn-private.conf": private.replace("4567", "4570")})
    ours.ask("reconfigure")
    expect(box.elements("gateway-port") == ["4570"], box.table())
    ours.stop(signal.SIGKILL)
    expect(box.elements("gateway-port") == ["4570"], "a crash of the path closes its port", box.table())
    ours.start()
    box.nft("delete", "table", "inet", "mitigator")
    box.env("")                                 # who keeps the NICs puts it up anew
    wait_until("the path's port is open again", lambda: box.elements("gateway-port") == ["4570"])
    ours.stop()
    expect(box.elements("gateway-port") == [], box.table())


@case
def filter_lets_all_in_that_comes_out_of_the_dataplane_on_the_host(lab):
    box = Box(lab)
    (key, pub), (peer_key, peer_pub) = wg_keys(), wg_keys()
    go = lab.wireguard_go(box.b, "go0", peer_key, 4568)
    go.set("peer", pub, "allowed-ips", "10.8.3.1/32", "endpoint", "192.0.2.1:4568")
    go.address("10.8.3.2/24")
    peers = [(pub, "10.8.3.1/32", "192.0.2.1:4567", ""), (peer_pub, "10.8.3.2/32", "192.0.2.2:4567", "")]
    ours = lab.gateway(box.a, files(key, peers, "10.8.3.1", "DATA_PLANE_ISOLATION=off\n"), "gateway-dataplane", "none")
    expect(box.elements("gateway-dataplane-port") == ["4568"] and box.elements("gateway-dataplane-device") == ["wg0"], box.table())
    with namespace("a"), socket.create_server(("10.8.3.1", 7777)):
        with namespace("b"), socket.create_connection(("10.8.3.1", 7777), timeout=30):
            pass                                # a packet processor to another
        found = scan(box, "10.8.3.1", "192.0.2.2")
        expect(not found, "the VPN address answers a scan from the LAN: %s" % sorted(found)[:20])
        found = scan(box, "10.8.3.1", "10.8.3.2")
        expect(not found, "the VPN address answers a scan from the LAN with a peer's address: %s" % sorted(found)[:20])
    expect(box.counts()["what comes out of the dataplane's tunnel on this host"] > 0, box.counts())
    ours.stop()
    expect(box.elements("gateway-dataplane-device") == [], box.table())


@case
def filter_outlives_who_made_it(lab):
    box = Box(lab)
    expect(probe(box) == [], box.table())
    box.network.process.kill()
    box.network.process.wait(30)
    expect(probe(box) == [], "a crash opens the door")
    box.network.start()
    expect(probe(box) == [] and box.counts(), box.network.said())
    box.network.process.kill()
    box.network.process.wait(30)
    box.nft("delete", "table", "inet", "mitigator")
    box.network.start()
    expect(probe(box) == [], "a crash and someone with nft open the door", box.network.said())
    box.env("MITIGATOR_FILTER=off\n")
    expect(probe(box) == [22, 80, 443])
    box.network.process.kill()
    box.network.process.wait(30)
    box.network.start()
    expect(probe(box) == [22, 80, 443], "a crash closes a door that .env keeps open", box.network.said())
    status, said = box.network.ask("apply")
    expect(status == 0, said)
    box.network.write(NIC, **{".env": ""})
    status, said = box.network.ask("plan", "--lines")
    expect(status == 0 and "filter  on: " in said, "the plan does not tell of the filter: %s" % said)
    status, said = box.network.ask("apply")
    expect(status == 0 and "filter on" in said and probe(box) == [], status, said)
    status, said = box.network.ask("undo")
    expect(status == 0 and probe(box) == [22, 80, 443], status, said)
    box.network.stop()


@case
def filter_is_put_up_where_the_files_have_errors(lab):
    box = Box(lab, managed=False)
    os.makedirs(box.lab.dir + "/bad/conf")
    with open(box.lab.dir + "/bad/conf/network.conf", "w") as f:
        f.write("[Match]\nName=eth0\n\n[Network]\nAddress=none\n")
    expect(probe(box) == [22, 80, 443])         # the control
    with open(box.lab.dir + "/bad/log", "w+") as log:
        box.a.start(lab.applet("network"), "run", "--conf", box.lab.dir + "/bad/conf", "--run", box.lab.dir + "/bad/run", stderr=log)
        wait_until("the filter", lambda: probe(box) == [], 60)
        log.seek(0)
        expect("no NIC is configured" in log.read())


@case
def filter_behind_the_tunnel_lets_in_what_env_opens(lab):
    box = Box(lab)
    ours = box.tunnel("MITIGATOR_VPN_OPEN=9586\nMITIGATOR_NTP=off\n")
    for to in (ours.inner, "b"):
        expect(ping(to, "10.8.3.2" if to == ours.inner else "10.8.3.1", 3, wait=30) == (3, 3), ours.ask("show"))
    with namespace(ours.inner), socket.create_server(("10.8.3.1", 4569)), socket.create_server(("10.8.3.1", 9586)), \
         contextlib.closing(ScanInside("10.8.3.1", "10.8.3.2", 9586)) as one:
        one.tcp(range(1, 65536))
        one.udp(UDP_PORTS)
        expect(one.answered == {("tcp", 9586)}, "a peer's scan of the VPN address finds: %s" % sorted(one.answered)[:20],
               ours.ask("filter"))
        dropped = sum(int(count) for count in re.findall(r"(\d+) +\d+  DROPPED", ours.ask("filter")))
        expect(dropped >= 65534 + len(UDP_PORTS), "dropped, as the filter counts: %s" % ours.ask("filter"))
        ours.write({".env": "MITIGATOR_VPN_ADDRESS=10.8.3.1\nMITIGATOR_VPN_OPEN=9586 4569\n"})
        ours.ask("reconfigure")
        one.answered.clear()
        one.tcp(range(4560, 4580))
        one.udp(UDP_PORTS)
        expect(one.answered == {("tcp", 4569), ("udp", 123)}, one.answered)
        ours.write({".env": "MITIGATOR_VPN_ADDRESS=10.8.3.1\n"})
        ours.ask("reconfigure")
        one.tcp(range(1, 400))                  # the control: what listens there is open
        expect(len(one.answered) >= 399, "without a filter only this answers: %d" % len(one.answered))
    expect(ours.ask("filter") == "", ours.ask("filter"))
    with namespace("b"), socket.create_server(("10.8.3.2", 8080)) as server, namespace(ours.inner), \
         socket.create_connection(("10.8.3.2", 8080), timeout=30) as client, server.accept()[0] as served:
        ours.write({".env": "MITIGATOR_VPN_ADDRESS=10.8.3.1\nMITIGATOR_VPN_OPEN=none\n"})
        ours.ask("reconfigure")
        expect("DROPPED" in ours.ask("filter"), ours.ask("filter"))
        served.send(b"the peer speaks first")
        expect(select.select([client], [], [], 30)[0], "a connection that began before the filter stalls", ours.ask("filter"))


@case
def filter_behind_the_tunnel_comes_when_that_of_the_host_does(lab):
    """And lets metrics through that are served."""
    box = Box(lab, managed=False)
    ours = box.tunnel("MITIGATOR_VPN_OPEN=none\nMITIGATOR_METRICS=on\n")
    expect(ping("b", "10.8.3.1", 1, wait=30) == (1, 1), ours.ask("show"))
    expect(ours.ask("filter") == "", "a path filters though the host does not", ours.ask("filter"))
    box.manage()
    wait_until("the filter behind the tunnel", lambda: "DROPPED" in ours.ask("filter"), 60)
    with namespace(ours.inner), socket.create_server(("10.8.3.1", 4569)):
        with contextlib.closing(ScanInside("10.8.3.1", "10.8.3.2", 9586)) as one:
            one.tcp(range(4560, 4580))
        expect(not one.answered, "a peer's scan of the VPN address finds: %s" % sorted(one.answered), ours.ask("filter"))


# ---- the list ----

LISTENERS = 22, 7777                            # what someone leaves open on every address of a host


def ports_of(found, kind, all_of):
    ports = sorted(port for each, port in found if each == kind)
    return "none" if not ports else "all" if len(ports) == all_of else " ".join(map(str, ports))


class List:
    """What answers, a line each."""

    def __init__(self, box):
        self.box, self.rows = box, {}

    def add(self, what, one):
        with contextlib.closing(one):
            one.all()
            one.echo()
        row = (ports_of(one.answered, "tcp", 65535), " ".join(map(str, sorted(one.opened))) or "none",
               ports_of(one.answered, "udp", len(UDP_PORTS)), "yes" if ("echo", 0) in one.answered else "no")
        print("  LIST    %s: TCP %s (open: %s), UDP %s, echo %s" % (what, *row))
        self.rows[what] = row

    def from_lan(self, what, to, source):
        before = self.box.counts()["DROPPED: all else"]
        self.add(what, Scan(self.box, to, source))
        return self.box.counts()["DROPPED: all else"] - before

    def from_tunnel(self, what, to, source, device, mark_port):
        self.add(what, ScanInside(to, source, mark_port, device))


def path_with(lab, box, number, name, vpn, env):
    """A path of a's with wireguard-go on b behind it: (ours, its device on b)."""
    (key, pub), (peer_key, peer_pub) = wg_keys(), wg_keys()
    ours_at, theirs_at, length = vpn + "1", vpn + "2", 128 if ":" in vpn else 32
    port, device = 4568 if name == "gateway-dataplane" else 4567, "go%d" % number
    go = lab.wireguard_go(box.b, device, peer_key, 5000 + number)
    go.set("peer", pub, "allowed-ips", "%s/%d" % (ours_at, length), "endpoint", "192.0.2.1:%d" % port)
    go.address("%s/%d" % (theirs_at, 64 if ":" in vpn else 24))
    peers = [(pub, "%s/%d" % (ours_at, length), "192.0.2.1:4567", ""),
             (peer_pub, "%s/%d" % (theirs_at, length), "192.0.2.2:%d" % (5000 + number), "")]
    ours = lab.gateway(box.a, files(key, peers, ours_at, env), name, "none" if name == "gateway-dataplane" else "inner-%d" % number)
    expect(ping("b", ours_at, 1, wait=30) == (1, 1), ours.ask("show"))
    return ours, device


@soak
def filter_and_all_that_answers_a_scan(lab):
    """The host's address, the VPN address from the LAN, and the VPN's side: all TCP ports and the common ones of UDP."""
    box = Box(lab)
    rows = List(box)
    sent = 65535 + len(UDP_PORTS)
    with contextlib.ExitStack() as open_here:
        open_here.enter_context(namespace("a"))
        for port in LISTENERS:
            open_here.enter_context(socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True))
        for to, source in PAIRS:
            dropped = rows.from_lan("LAN to the host's %s" % to, to, source)
            print("  LIST    ... %d packets were sent, the filter counts %d as dropped" % (sent, dropped))
            expect(sent <= dropped <= sent + 100, sent, dropped)
        for number, vpn in enumerate(("10.8.3.", "fd00:8:3::")):
            ours, device = path_with(lab, box, number, "gateway-dataplane", vpn, "DATA_PLANE_ISOLATION=off\n")
            rows.from_lan("LAN to the VPN's %s1 of the dataplane on the host" % vpn, vpn + "1", PAIRS[number][1])
            rows.from_lan("LAN, as if from a peer, to that %s1" % vpn, vpn + "1", vpn + "2")
            rows.from_tunnel("a peer to that %s1" % vpn, vpn + "1", vpn + "2", device, 7777)
            ours.stop()
            run("ip", "netns", "del", ours.inner)
            box.b("ip", "link", "del", device)
        for number, vpn in enumerate(("10.8.4.", "fd00:8:4::"), 2):
            ours, device = path_with(lab, box, number, "gateway", vpn, "MITIGATOR_VPN_OPEN=none\nMITIGATOR_METRICS=on\nMITIGATOR_CLUSTER_PORT=4569\n")
            rows.from_lan("LAN to the VPN's %s1 of the management path" % vpn, vpn + "1", PAIRS[number - 2][1])
            with namespace(ours.inner), socket.create_server((vpn + "1", 22), family=socket.AF_INET6 if ":" in vpn else socket.AF_INET):
                rows.from_tunnel("a peer to that %s1, MITIGATOR_VPN_OPEN=none" % vpn, vpn + "1", vpn + "2", device, 9586)
            dropped = sum(int(count) for count in re.findall(r"(\d+) +\d+  DROPPED", ours.ask("filter")))
            print("  LIST    ... the filter behind the tunnel counts %d as dropped" % dropped)
            expect(sent - 3 <= dropped <= sent + 100, sent, dropped)
            ours.stop()
            box.b("ip", "link", "del", device)
    silent, quiet = ("none", "none", "none", "yes"), ("none", "none", "none", "no")
    for what, row in rows.rows.items():
        if "LAN to the host" in what:
            expect(row == silent, what, row)
        elif what.startswith("LAN"):
            expect(row == quiet, what, row)
        elif "OPEN=none" in what:
            expect(row == ("4569 9586", "4569 9586", "123", "yes"), what, row)
        else:
            expect(row[:2] == ("all", "22 7777") and row[3] == "yes", what, row)    # how often a closed one of UDP answers is bounded
