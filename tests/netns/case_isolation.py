"""The dataplane's inner interface on the host: what is for the VPN network comes in by the tunnel, or not at all."""
import json
import os
import select
import signal
import socket
import subprocess

from cases import case, expect
from frames import ARP, IPV4, IPV6, address, arp, ethernet, ip4, ip6, mac_of, namespace, packet_socket, udp, udp_socket
from lab import ping, wait_until, wg_keys
from pair import files

PORT, OWN_PORT, PEER_PORT = 7777, 7778, 7779


class Host:
    """a with the VPN address on it, ours or wireguard-go's; b is its peer, and whoever sits on the wire between."""

    def __init__(self, lab, vpn, outer):
        self.lab, self.vpn, self.outer = lab, vpn, outer
        self.a, self.b = lab.host("a"), lab.host("b")
        length = 64 if ":" in outer[0] else 24
        lab.link(self.a, "%s/%d" % (outer[0], length), self.b, "%s/%d" % (outer[1], length))
        (self.key_a, self.pub_a), (self.key_b, self.pub_b) = wg_keys(), wg_keys()
        self.length = 128 if ":" in vpn[0] else 32
        self.network = 64 if ":" in vpn[0] else 24
        self.peer = self.start_go(self.b, self.key_b, 1, self.pub_a, 0)

    def endpoint(self, n, port):
        return ("[%s]:%d" if ":" in self.outer[n] else "%s:%d") % (self.outer[n], port)

    def start_go(self, host, key, own, peer_key, peer):
        go = self.lab.wireguard_go(host, "go%d" % own, key, 4568)
        go.set("peer", peer_key, "allowed-ips", "%s/%d" % (self.vpn[peer], self.length), "endpoint", self.endpoint(peer, 4568))
        go.address("%s/%d" % (self.vpn[own], self.network))
        return go

    def files(self, vpn=None, extra=""):
        vpn = vpn or self.vpn
        return files(self.key_a, [(key, "%s/%d" % (vpn[n], self.length), self.endpoint(n, 4567), "")
                                  for n, key in enumerate((self.pub_a, self.pub_b))], vpn[0],
                     "DATA_PLANE_ISOLATION=off\n" + extra)

    def start_ours(self, **options):
        return self.lab.gateway(self.a, self.files(), "gateway-dataplane", "none", **options)

    def rules(self):
        """[detached]: the interface is not there at the moment."""
        return self.a("ip", *(["-6"] if ":" in self.vpn[0] else []), "rule").replace(" [detached]", "").splitlines()

    def both_ways(self):
        for host, to in ((self.a.name, self.vpn[1]), (self.b.name, self.vpn[0])):
            sent, received = ping(host, to, 3)
            expect(sent == received, host, to, sent, received)

    def frame(self, source, to, source_port, port, data):
        ip, kind = (ip6, IPV6) if ":" in to else (ip4, IPV4)
        return ethernet(mac_of("a", "eth0"), mac_of("b", "eth0"), kind,
                        ip(source, to, socket.IPPROTO_UDP, udp(source, to, source_port, port, data)))

    def arp_answers(self):
        """Which of the VPN address and the NIC's own, asked for in this order, is answered on the wire."""
        answered = []
        mac = mac_of("b", "eth0")
        with packet_socket("b", "eth0") as wire:
            for target in (self.vpn[0], self.outer[0]):
                wire.send(ethernet(b"\xff" * 6, mac, ARP, arp(1, mac, self.outer[1], bytes(6), target)))
            while not answered or answered[-1] != self.outer[0]:
                expect(select.select([wire], [], [], 30)[0], answered)
                frame = wire.recv(2048)
                if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2":
                    answered.append(socket.inet_ntoa(frame[28:32]))
        return answered

    def delivered(self):
        """What programs of a get: by the tunnel, and in clear by the wire, from the peer's address and another, on a socket
        that is connected to the peer too."""
        got = []
        with udp_socket("a", (self.vpn[0], PORT)) as plain, udp_socket("a", (self.vpn[0], PEER_PORT)) as joined, \
             udp_socket("a", (self.outer[0], OWN_PORT)) as last, udp_socket("b", (self.vpn[1], PEER_PORT)) as peer, \
             packet_socket("b", "eth0") as wire:
            joined.connect((self.vpn[1], PEER_PORT))
            for data, sock, port in ((b"tunnel", plain, PORT), (b"tunnel, connected", joined, PEER_PORT)):
                peer.sendto(data, (self.vpn[0], port))
                sock.settimeout(30)
                got.append(sock.recv(100).decode())
            wire.send(self.frame(self.vpn[1], self.vpn[0], PEER_PORT, PORT, b"peer's address, in clear"))
            wire.send(self.frame(self.outer[1], self.vpn[0], PEER_PORT, PORT, b"neighbour's address, in clear"))
            wire.send(self.frame(self.vpn[1], self.vpn[0], PEER_PORT, PEER_PORT, b"connected, in clear"))
            wire.send(self.frame(self.outer[1], self.outer[0], PEER_PORT, OWN_PORT, b"last"))
            last.settimeout(30)
            last.recv(100)
            for sock in (plain, joined):
                sock.setblocking(False)
                while select.select([sock], [], [], 0)[0]:
                    got.append(sock.recv(100).decode())
        return got


BY_TUNNEL = ["tunnel", "tunnel, connected"]
IN_CLEAR = ["peer's address, in clear", "neighbour's address, in clear", "connected, in clear"]


def silent_outside(lab, vpn, outer):
    host = Host(lab, vpn, outer)
    before = host.rules()
    ours = host.start_ours()
    host.both_ways()
    expect(host.delivered() == BY_TUNNEL, host.delivered(), host.rules())
    if ":" not in vpn[0]:
        expect(host.arp_answers() == [outer[0]], host.rules())
    ours.stop()
    expect(host.rules() == before, host.rules())
    expect(host.a("cat", "/proc/sys/net/ipv4/udp_early_demux") == "1\n")
    host.start_go(host.a, host.key_a, 0, host.pub_b, 1)      # the control: the same frames, without what ours puts around
    host.both_ways()
    expect(host.delivered() == BY_TUNNEL + IN_CLEAR, host.delivered())
    if ":" not in vpn[0]:
        expect(host.arp_answers() == [vpn[0], outer[0]])


@case
def isolation_vpn_address_is_silent_outside_the_tunnel(lab):
    silent_outside(lab, ("10.8.3.1", "10.8.3.2"), ("192.0.2.1", "192.0.2.2"))


@case
def isolation_vpn_address_is_silent_outside_the_tunnel_ipv6(lab):
    silent_outside(lab, ("fd08::1", "fd08::2"), ("fd00::1", "fd00::2"))


def ours_of(host, network, device="wg0"):
    return ["0:\tfrom all to %s iif %s lookup %s proto 83" % (network, name, table)
            for name in ("lo", device) for table in ("local", "main")] + ["0:\tfrom all to %s blackhole proto 83" % network]


@case
def isolation_rules_live_with_those_of_others(lab):
    host = Host(lab, ("10.8.3.1", "10.8.3.2"), ("192.0.2.1", "192.0.2.2"))
    for words in (("pref", "0", "from", "203.0.113.7", "iif", "eth0", "lookup", "100"), ("pref", "1", "fwmark", "7", "lookup", "101"),
                  ("from", "203.0.113.8", "lookup", "102")):
        host.a("ip", "rule", "add", *words)
    foreign = host.rules()
    expect(foreign[0].split() == "0: from all lookup local".split() and len(foreign) == 6, foreign)
    ours = host.start_ours()
    wanted = ours_of(host, "10.8.3.0/24") + foreign
    expect(host.rules() == wanted, host.rules())
    host.both_ways()

    host.a("ip", "rule", "add", "from", "203.0.113.9", "lookup", "103")         # its place is the kernel's choice
    rules = host.rules()
    expect(rules.index("0:\tfrom 203.0.113.9 lookup 103") > rules.index(foreign[0]), rules)
    host.a("ip", "rule", "del", "from", "203.0.113.9", "lookup", "103")

    for damage in (("del", "pref", "0", "blackhole"), ("del", "pref", "0", "iif", "wg0", "lookup", "local"),
                   ("add", "pref", "0", "from", "203.0.113.10", "lookup", "104")):
        host.a("ip", "rule", *damage)
        if damage[0] == "del":
            wait_until("the rules are put anew", lambda: host.rules() == wanted)
        else:
            foreign.insert(3, "0:\tfrom 203.0.113.10 lookup 104")
            expect(host.rules() == ours_of(host, "10.8.3.0/24") + foreign, host.rules())
    expect("someone changed the rules" in ours.said(), ours.said())

    # as another instance of this host leaves it when it stops
    host.a("sysctl", "-qw", "net.ipv4.udp_early_demux=1")
    host.a("ip", "rule", "add", "pref", "7", "from", "203.0.113.11", "lookup", "105")
    wait_until("the short cut is off again", lambda: host.a("cat", "/proc/sys/net/ipv4/udp_early_demux") == "0\n")
    host.a("ip", "rule", "del", "pref", "7")

    ours.stop(signal.SIGKILL)
    expect(host.rules() == ours_of(host, "10.8.3.0/24") + foreign, host.rules())
    ours.start()
    expect(host.rules() == ours_of(host, "10.8.3.0/24") + foreign, host.rules())
    ours.stop()
    expect(host.rules() == foreign, host.rules())
    expect(host.a("cat", "/proc/sys/net/ipv4/udp_early_demux") == "1\n")
    ours.start()                                            # rules of others with preference 0 stay behind the local table
    expect(host.rules() == ours_of(host, "10.8.3.0/24") + foreign, host.rules())


@case
def isolation_rules_follow_the_configuration(lab):
    host = Host(lab, ("10.8.3.1", "10.8.3.2"), ("192.0.2.1", "192.0.2.2"))
    before = host.rules()
    ours = host.start_ours()
    for vpn, device in ((host.vpn, "wgdp"), (("10.9.3.1", "10.9.3.2"), "wgdp"), (host.vpn, "wg0")):
        ours.write(host.files(vpn, "DATA_PLANE_VPN_DEVICE=%s\n" % device))
        ours.ask("reconfigure", "--force")
        network = vpn[0].rsplit(".", 1)[0] + ".0/24"
        expect(host.rules() == ours_of(host, network, device) + before, host.rules())
    host.both_ways()
    expect(host.delivered() == BY_TUNNEL, host.delivered())
    ours.write({".env": "", "vpn-private.conf": "", "vpn-public.conf": ""})
    for name in ("vpn-private.conf", "vpn-public.conf"):
        os.unlink("%s/conf/%s" % (ours.dir, name))
    ours.ask("reconfigure", "--force")
    expect(host.rules() == before, host.rules())


@case
def isolation_local_table_may_be_looked_up_late(lab):
    host = Host(lab, ("10.8.3.1", "10.8.3.2"), ("192.0.2.1", "192.0.2.2"))
    host.a("ip", "rule", "add", "pref", "100", "lookup", "local")       # as others move it
    host.a("ip", "rule", "del", "pref", "0", "lookup", "local")
    before = host.rules()
    ours = host.start_ours()
    expect(host.rules() == ours_of(host, "10.8.3.0/24") + before, host.rules())
    host.both_ways()
    expect(host.delivered() == BY_TUNNEL, host.delivered())
    ours.stop()
    expect(host.rules() == before, host.rules())


@case
def isolation_that_cannot_be_had_is_told_and_tried_again(lab):
    host = Host(lab, ("10.8.3.1", "10.8.3.2"), ("192.0.2.1", "192.0.2.2"))
    many = ["%d.0.113.7" % n for n in range(64)]                        # and the look-up of the local table: more than 64
    for source in many:
        host.a("ip", "rule", "add", "pref", "0", "from", source, "lookup", "100")
    ours = host.start_ours()

    def show():
        """Its exit status tells of trouble."""
        return json.loads(subprocess.run([lab.applet("gateway-dataplane"), "--run", ours.dir + "/run", "show", "--json"],
                                         stdout=subprocess.PIPE, text=True, timeout=30).stdout)

    shown = show()
    expect("what is for the VPN network 10.8.3.0/24 is taken from others than wg0 too" in shown["trouble"], shown)
    expect(shown["state"] == "up, but not as configured", shown)
    host.both_ways()
    host.a("ip", "rule", "del", "pref", "0", "from", many[0], "lookup", "100")
    wait_until("there is room for them", lambda: show()["state"] == "up")
    expect(host.rules()[:5] == ours_of(host, "10.8.3.0/24") and len(host.rules()) == 5 + 64 + 2, host.rules())
    host.a("ip", "rule", "add", "pref", "9", "from", many[0], "lookup", "100")  # it looks again, and there are ours as well now
    ours.ask("reconfigure")
    expect(show()["state"] == "up", show())
    host.both_ways()
