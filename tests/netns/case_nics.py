"""network.conf onto NICs that other things happen to: what the kernel made of it before, other routers, other cables."""
import json
import os
import select
import socket
import struct
import subprocess
import tempfile

from case_console import Terminal
from cases import case, expect
from frames import (ARP, IPV4, IPV6, address, arp, ethernet, icmp6, ip4, ip6, mac_of, packet_socket, udp, udp_socket)
from lab import is_ready, ping, wait_until, wg_keys
from pair import files

MAIN = "[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.1/24\n"


class Network:
    """The service that keeps the NICs of a host, with a configuration directory of its own."""

    def __init__(self, lab, host, network, options=(), **files):
        self.lab, self.host, self.options = lab, host, options
        self.dir = tempfile.mkdtemp(prefix="network.", dir=lab.dir)
        os.mkdir(self.dir + "/conf")
        self.write(network, **files)
        self.log = open(self.dir + "/log", "a+")
        self.start()

    def start(self):
        ready, told = os.pipe()
        self.process = self.host.start(self.lab.applet("network"), "run", "--conf", self.dir + "/conf", "--run", self.dir + "/run",
                                       "--ready-fd", str(told), *self.options, pass_fds=[told], stderr=self.log)
        os.close(told)
        expect(is_ready(ready), self.said())

    def stop(self):
        self.process.terminate()
        expect(self.process.wait(30) == 0, self.said())

    def write(self, network, **files):
        for name, text in {"network.conf": network, **files}.items():
            with open("%s/conf/%s" % (self.dir, name), "w") as f:
                f.write(text)

    def said(self):
        self.log.flush()
        with open(self.dir + "/log") as f:
            return f.read()

    def ask(self, *words):
        """(exit status, output)"""
        done = subprocess.run(["ip", "netns", "exec", self.host.name, self.lab.applet("network"), "--run", self.dir + "/run", *words],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        return done.returncode, done.stdout

    def show(self):
        return self.ask("show")[1]

    def reconfigure(self, network):
        self.write(network)
        status, said = self.ask("reconfigure")
        expect(status == 0, status, said)
        return said


def addresses(host, device="eth0"):
    """ADDRESS/LENGTH -> whether it is permanent; the link-local one that the kernel makes left out."""
    own = "fe80::%s" % kernel_half(host, device)
    return {"%s/%d" % (a["local"], a["prefixlen"]): not a.get("dynamic")
            for a in json.loads(host("ip", "-json", "address", "show", "dev", device))[0]["addr_info"] if a["local"] != own}


def kernel_half(host, device):
    mac = bytearray(mac_of(host.name, device))
    mac[0] ^= 2
    half = bytes(mac[:3]) + b"\xff\xfe" + bytes(mac[3:])
    return socket.inet_ntop(socket.AF_INET6, bytes(8) + half)[2:]


def routes(host, *words):
    """(destination, gateway) of main in their order of preference; the kernel's own on the link left out."""
    found = []
    for family in ("-4", "-6"):
        for route in json.loads(host("ip", family, "-json", "route", "show", *words)):
            if route.get("protocol") != "kernel":
                found.append((route["dst"], route.get("gateway")))
    return found


@case
def nics_change_though_a_path_does_not_run(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24")
    lab.network_service(a, {"network.conf": MAIN})
    expect(addresses(a) == {"192.0.2.1/24": True}, addresses(a))
    with open("/srv/mitigator/network.conf", "w") as f:
        f.write(MAIN.replace("192.0.2.1/24", "192.0.2.7/24"))
    console = Terminal(lab.binary, "console")
    try:
        console.wait("gateway> ")
        console.type(b"reconfigure\rclock\r")
        console.wait("gateway-dataplane: the service does not run")
        console.wait("system made")
        expect("address 192.0.2.7/24 added" in console.text and "put back" not in console.text, console.text)
    finally:
        console.close()
    expect(addresses(a) == {"192.0.2.7/24": True}, addresses(a))


# ---- a NIC that is the dataplane's alone ----

ALONE = MAIN + "\n[Match]\nName=eth1\n\n[Link]\nUnmanaged=%s\n\n[Network]\nAddress=198.51.100.1/24\n"


def answers_on_eth1(m, a):
    """What the neighbour on a's second NIC gets for writing to the address of the first: ARP answers, echo replies, and what
    a program of a received."""
    mac, to = mac_of("m", "eth1"), mac_of("a", "eth1")
    echo = struct.pack("!BBHHH", 8, 0, 0xf7fd, 1, 1)            # its checksum by hand
    with packet_socket("m", "eth1") as wire, packet_socket("a", "eth1") as arrived, udp_socket("a", ("192.0.2.1", 7777)) as program:
        for sender in ("198.51.100.66", "0.0.0.0"):             # a neighbour's question, and a probe whether it is free
            wire.send(ethernet(b"\xff" * 6, mac, ARP, arp(1, mac, sender, bytes(6), "192.0.2.1")))
        wire.send(ethernet(to, mac, IPV4, ip4("198.51.100.66", "192.0.2.1", socket.IPPROTO_ICMP, echo)))
        last = udp("198.51.100.66", "192.0.2.1", 1234, 7777, b"in clear")
        wire.send(ethernet(to, mac, IPV4, ip4("198.51.100.66", "192.0.2.1", socket.IPPROTO_UDP, last)))
        while not arrived.recv(2048).endswith(last):
            pass
        expect(ping("a", "192.0.2.2", 1) == (1, 1))             # and now it has been looked at
        got = []
        while select.select([wire], [], [], 0)[0]:
            frame = wire.recv(2048)
            if frame[6:12] != to or frame[12:14] == b"\x86\xdd":
                continue
            if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2":
                got.append("arp")
            elif frame[12:14] == b"\x08\x06":
                got.append("arp request")                       # it wants to answer an echo request
            else:
                got.append("ip")
        if select.select([program], [], [], 0)[0]:
            got.append(program.recv(100).decode())
        return got


@case
def nics_unmanaged_one_is_silent_for_the_kernel(lab):
    a, b, m = lab.host("a"), lab.host("b"), lab.host("m")
    lab.link(a, "", b, "192.0.2.2/24")
    lab.link(a, "", m, "", name="eth1")
    before = a("ip", "rule")
    network = Network(lab, a, ALONE % "yes", **{".env": "DATA_PLANE_VPN_BACKEND=lwip\nMITIGATOR_FILTER=off\n"})
    expect(list(addresses(a)) == ["192.0.2.1/24"] and not addresses(a, "eth1"), addresses(a), addresses(a, "eth1"))
    expect(answers_on_eth1(m, a) == [], a("ip", "rule"))
    a("ip", "rule", "del", "pref", "0", "iif", "eth1")          # someone takes it off
    wait_until("the rule is put anew", lambda: "iif eth1 blackhole" in a("ip", "rule"))
    expect(answers_on_eth1(m, a) == [], a("ip", "rule"))
    network.reconfigure(ALONE % "no")                           # the kernel's again, and what it does of itself
    expect(a("ip", "rule") == before, a("ip", "rule"))
    network.stop()
    a("sysctl", "-qw", "net.ipv4.conf.eth1.arp_ignore=0")
    got = answers_on_eth1(m, a)
    expect(got.count("arp") == 2 and "in clear" in got, got)


# ---- what the kernel has by other means ----

def advertise(source, device, router, lifetime=1800, prefixes=(), destination="ff02::1"):
    """A router advertisement by hand; prefixes: (prefix, flags)."""
    options = b"".join(struct.pack("!BBBBIII", 3, 4, 64, flags, 86400, 86400, 0) + address(prefix) for prefix, flags in prefixes)
    body = struct.pack("!BBHII", 64, 0, lifetime, 0, 0) + options
    with packet_socket(source, device) as wire:
        wire.send(ethernet(b"\x33\x33\0\0\0\1", mac_of(source, device), IPV6,
                           ip6(router, destination, socket.IPPROTO_ICMPV6, icmp6(router, destination, 134, 0, body), 255)))


ON_LINK, AUTONOMOUS = 0x80, 0x40
STATIC6 = "[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.1/24\n%s"


def slaac(host, prefix):
    return prefix + kernel_half(host, "eth0")


@case
def nics_take_over_what_is_there_already(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24")
    network = Network(lab, a, STATIC6 % "")
    router, other = "fe80::1", "fe80::2"
    b("ip", "address", "add", router + "/64", "dev", "eth0", "nodad")
    wait_until("a link-local address that is settled", lambda: "tentative" not in a("ip", "-6", "address", "show", "dev", "eth0"))
    advertise("b", "eth0", router, prefixes=[("fd00:1::", ON_LINK | AUTONOMOUS)])
    own = slaac(a, "fd00:1::")
    wait_until("the router's address", lambda: addresses(a).get(own + "/64") is False)
    expect(("default", router) in routes(a), routes(a))

    for more, static in (
            ("IPv6AcceptRA=yes\nAddress=%s/64\nGateway=%s\n" % (own, router), [own + "/64"]),   # the router's, by hand
            ("IPv6AcceptRA=yes\nAddress=%s/64\nGateway=%s\n" % (own, other), [own + "/64"]),    # beside it
            ("IPv6AcceptRA=yes\nAddress=%s/80\nAddress=fe80::9/64\n" % own, [own + "/80", "fe80::9/64"]),
            ("IPv6AcceptRA=yes\nAddress=%s/96\nAddress=fe80::9/48\n" % own, [own + "/96", "fe80::9/48"])):
        network.reconfigure(STATIC6 % more)
        here = addresses(a)
        expect(all(here.get(one) for one in static + ["192.0.2.1/24"]), here, static)
        expect(sum(one.startswith((own + "/", "fe80::9/")) for one in here) == len(static), here)
        gateway = more.partition("Gateway=")[2].strip()
        if gateway:
            best = json.loads(a("ip", "-6", "-json", "route", "get", "2001:db8::1"))[0]
            expect(best["gateway"] == gateway, best)
        said = network.reconfigure(STATIC6 % more)
        expect("network: 0 changes" in said, said)
    said = network.reconfigure(STATIC6 % "IPv6AcceptRA=yes\n")
    expect("fe80::9/48" not in addresses(a) and "File exists" not in network.said(), said, network.said())


@case
def nics_gateways_are_reached_by_later_routes_and_from_one_address(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "203.0.113.254/32 198.51.100.1/32 192.0.2.254/32 fd00:2::fe/128 fd00:9::1/128")
    b("ip", "route", "add", "192.0.2.0/24", "dev", "eth0")
    b("ip", "route", "add", "fd00:2::1", "dev", "eth0")
    network = Network(lab, a, "[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.1/24\nGateway=203.0.113.254\n\n"
                              "[Route]\nDestination=203.0.113.0/24\n")
    expect(("default", "203.0.113.254") in routes(a) and not network.said().count("rror"), routes(a), network.said())
    expect(ping("a", "198.51.100.1", 2) == (2, 2))
    said = network.reconfigure("[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.1/32\nAddress=fd00:2::1/128\n"
                               "Gateway=192.0.2.254\nGateway=fd00:2::fe\n")
    expect(routes(a) == [("default", "192.0.2.254"), ("default", "fd00:2::fe")], routes(a), said)
    expect(ping("a", "198.51.100.1", 2) == (2, 2) and ping("a", "fd00:9::1", 2) == (2, 2))


@case
def nics_replace_a_route_without_a_moment_without(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24")
    network = Network(lab, a, MAIN + "Gateway=192.0.2.2\n")
    a("ip", "route", "replace", "default", "via", "192.0.2.3", "metric", "64", "proto", "boot")    # someone's by hand
    wait_until("ours is back", lambda: routes(a) == [("default", "192.0.2.2")])
    monitor = a.start("ip", "monitor", "route", stdout=subprocess.PIPE, text=True)
    seen = ""
    while "203.0.113.9" not in seen:                                                # it listens once it tells
        a("ip", "route", "add", "203.0.113.9/32", "via", "192.0.2.2")
        a("ip", "route", "del", "203.0.113.9/32")
        seen = monitor.stdout.readline() if select.select([monitor.stdout], [], [], 0.1)[0] else seen
    a("ip", "route", "add", "203.0.113.1/32", "via", "192.0.2.2")
    network.reconfigure(MAIN + "Gateway=192.0.2.4\n")
    expect(("default", "192.0.2.4") in routes(a) and ("default", "192.0.2.2") not in routes(a), routes(a))
    a("ip", "route", "del", "203.0.113.1/32")
    seen = ""
    while "Deleted 203.0.113.1" not in seen:
        seen = monitor.stdout.readline()
        expect("Deleted default" not in seen, seen)
    monitor.terminate()


@case
def nics_lasting_error_is_told_once(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24")
    refused = "eth0: address fd00:3::1/64 added: "
    a("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
    network = Network(lab, a, STATIC6 % "Address=fd00:3::1/64\n")
    expect(network.said().count(refused) == 1, network.said())
    for n in range(3):                  # whatever happens, it is met again
        a("ip", "address", "del", "192.0.2.1/24", "dev", "eth0")
        wait_until("the address is back", lambda: "192.0.2.1/24" in addresses(a))
    expect(network.said().count("address 192.0.2.1/24 added") == 4 and network.said().count(refused) == 1, network.said())
    a("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0")
    a("ip", "address", "del", "192.0.2.1/24", "dev", "eth0")
    wait_until("the other one too", lambda: "fd00:3::1/64" in addresses(a))
    a("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
    wait_until("it is told again, when it was over", lambda: network.said().count(refused) == 2)


# ---- advertisements ----

@case
def nics_take_advertisements_where_the_file_has_no_ipv6(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24")
    b("ip", "address", "add", "fe80::1/64", "dev", "eth0", "nodad")
    static = STATIC6 % "Address=fd00:2::1/64\n"
    network = Network(lab, a, static)
    wait_until("a link-local address that is settled", lambda: "tentative" not in a("ip", "-6", "address", "show", "dev", "eth0"))

    def many():
        advertise("b", "eth0", "fe80::1", prefixes=[("fd00:1::", ON_LINK | AUTONOMOUS), ("fd00:4::", ON_LINK)])
        for burst in range(3):
            advertise("b", "eth0", "fe80::1", prefixes=[("fc%02x:%x::" % (burst, n), ON_LINK) for n in range(1, 41)])
        expect(ping("b", "fe80::%s%%eth0" % kernel_half(a, "eth0"), 1) == (1, 1))      # they came before it

    def lines():
        return a("ip", "-6", "route").splitlines()

    many()
    expect(addresses(a) == {"192.0.2.1/24": True, "fd00:2::1/64": True} and routes(a) == [] and len(lines()) == 2, lines())
    learnt = {"192.0.2.1/24": True, slaac(a, "fd00:1::") + "/64": False}
    network.reconfigure(STATIC6 % "")                                   # the control: nothing of IPv6, so it listens
    many()
    expect(addresses(a) == learnt and routes(a) == [("default", "fe80::1")] and len(lines()) > 120, addresses(a), lines())
    network.reconfigure(static)                                         # and what it learnt goes with that
    expect(addresses(a) == {"192.0.2.1/24": True, "fd00:2::1/64": True} and routes(a) == [] and len(lines()) == 2, lines())
    network.reconfigure(STATIC6 % "IPv6AcceptRA=no\n")
    many()
    expect(addresses(a) == {"192.0.2.1/24": True} and routes(a) == [], lines())
    network.reconfigure(STATIC6 % "IPv6AcceptRA=yes\nAddress=fd00:2::1/64\n\n[Route]\nDestination=fd00:4::/64\nGateway=fd00:2::2\n")
    many()
    expect(addresses(a) == {**learnt, "fd00:2::1/64": True}, addresses(a))
    expect("fd00:4::/64 dev eth0 proto kernel" in a("ip", "-6", "route"), lines())     # on the link, a router says
    expect(json.loads(a("ip", "-6", "-json", "route", "get", "fd00:4::5"))[0]["gateway"] == "fd00:2::2", lines())


# ---- cables ----

TWO_WAYS = """[Match]
Name=eth0

[Network]
Address=192.0.2.1/24
Address=fd00:2::1/64
Gateway=192.0.2.2
Gateway=fd00:2::2

[Match]
Name=eth1

[Network]
Address=198.51.100.1/24
Address=fd00:3::1/64
Gateway=198.51.100.2
Gateway=fd00:3::2
"""


@case
def nics_second_gateway_is_used_when_the_first_has_no_carrier(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24 fd00:2::2/64")
    lab.link(a, "", b, "198.51.100.2/24 fd00:3::2/64", name="eth1")
    b("ip", "address", "add", "203.0.113.2/32", "dev", "lo")
    b("ip", "address", "add", "fd00:9::2/128", "dev", "lo")
    network = Network(lab, a, TWO_WAYS)
    ends = ["203.0.113.2", "fd00:9::2"]
    expect(all(ping("a", end, 2) == (2, 2) for end in ends))
    a("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1")                 # a strict host is none, too
    b("ip", "link", "set", "eth0", "down")
    for end in ends:
        wait_until("the second way", lambda: json.loads(a("ip", "-json", "route", "get", end))[0]["dev"] == "eth1")
        expect(ping("a", end, 2) == (2, 2), end)
    b("ip", "link", "set", "eth0", "up")
    b("ip", "address", "add", "fd00:2::2/64", "dev", "eth0", "nodad")
    for end in ends:
        wait_until("the first way again", lambda: json.loads(a("ip", "-json", "route", "get", end))[0]["dev"] == "eth0")
        expect(ping("a", end, 2) == (2, 2), end)
    # who still writes to the second is heard, though the first leads to him
    b("sysctl", "-qw", *("net.ipv4.conf.%s.rp_filter=0" % device for device in ("all", "eth0", "eth1")))
    b("ping", "-q", "-c", "1", "-W", "30", "-I", "203.0.113.2", "198.51.100.1")
    network.stop()
    for setting in ("ipv4", "ipv6"):                                    # the control: the kernel left to itself
        a("sysctl", "-qw", "net.%s.conf.eth0.ignore_routes_with_linkdown=0" % setting)
    b("ip", "link", "set", "eth0", "down")
    wait_until("no carrier", lambda: "NO-CARRIER" in a("ip", "link", "show", "dev", "eth0"))
    for end in ends:
        expect(json.loads(a("ip", "-json", "route", "get", end))[0]["dev"] == "eth0", end)


EACH = "[Match]\nName=eth*\n\n[Network]\nAddress=192.0.2.1/24\nGateway=192.0.2.2\n"


@case
def nics_of_one_match_give_the_address_to_the_one_with_carrier(lab):
    a, b, c = lab.host("a"), lab.host("b"), lab.host("c")
    lab.link(a, "", b, "192.0.2.2/24")
    lab.link(a, "", c, "192.0.2.2/24", name="eth1")
    b("ip", "link", "set", "eth0", "down")
    network = Network(lab, a, EACH)

    def holders():
        return [nic for nic in ("eth0", "eth1") if "192.0.2.1/24" in addresses(a, nic)]

    wait_until("the one with carrier", lambda: holders() == ["eth1"])
    expect(routes(a) == [("default", "192.0.2.2")] and ping("a", "192.0.2.2", 2) == (2, 2), routes(a))
    expect("its addresses and routes are eth1's\n" in network.show(), network.show())
    b("ip", "link", "set", "eth0", "up")                                # a second cable changes nothing, and is told
    rival = "eth0: has carrier as eth1 has, and the [Match] at network.conf:1 gives both the same addresses: they are eth1's"
    wait_until("it is told", lambda: rival in network.said())
    expect(holders() == ["eth1"] and "File exists" not in network.said(), network.said())
    status, said = network.ask("reconfigure")
    expect(status == 1 and "network.conf:1: [Match] fits eth0 and eth1, which both have carrier" in said, said)
    c("ip", "link", "set", "eth1", "down")
    wait_until("the other cable's turn", lambda: holders() == ["eth0"])
    expect(routes(a) == [("default", "192.0.2.2")] and ping("a", "192.0.2.2", 2) == (2, 2), routes(a))
    expect(network.said().count(rival) == 1, network.said())


@case
def nics_of_the_dataplane_alone_serve_by_the_cable_that_is_there(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "")
    lab.link(a, "", b, "", name="eth1")
    b("ip", "link", "add", "br0", "type", "bridge")
    for cable in ("eth0", "eth1"):
        b("ip", "link", "set", cable, "master", "br0")
    b("ip", "address", "add", "192.0.2.2/24", "dev", "br0")
    b("ip", "link", "set", "br0", "up")
    b("ip", "link", "set", "eth0", "down")
    (key_a, pub_a), (key_b, pub_b) = wg_keys(), wg_keys()
    go = lab.wireguard_go(b, "go0", key_b, 4568)
    go.set("peer", pub_a, "allowed-ips", "10.8.3.1/32")
    go.address("10.8.3.2/24")
    peers = [(pub_a, "10.8.3.1/32", "192.0.2.1:4567", ""), (pub_b, "10.8.3.2/32", "192.0.2.2:4567", "")]
    each = "[Match]\nName=eth*\n\n[Link]\nUnmanaged=yes\n\n[Network]\nAddress=192.0.2.1/24\n"
    ours = {**files(key_a, peers, "10.8.3.1", "DATA_PLANE_VPN_BACKEND=lwip\n"), "network.conf": each}
    Network(lab, a, each, **ours)                   # it keeps the kernel off both
    service = lab.gateway(a, ours, "gateway-dataplane")
    expect(ping(service.inner, "10.8.3.2", 3) == (3, 3), service.said())
    expect(a("ip", "rule").count("blackhole") == 2 and "192.0.2.1" not in a("ip", "address"), a("ip", "rule"))
    for cable, other in (("eth0", "eth1"), ("eth1", "eth0")):
        b("ip", "link", "set", other, "down")
        b("ip", "link", "set", cable, "up")
        wait_until("the way by " + cable, lambda: ping(service.inner, "10.8.3.2", 1, wait=1) == (1, 1))
        expect(ping(service.inner, "10.8.3.2", 3) == (3, 3), service.said())


# ---- reconfigure ----

@case
def nics_last_address_goes_only_when_that_is_meant(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24")
    network = Network(lab, a, MAIN)
    asked = 4                           # base/exit.h
    for nobody in (MAIN.replace("eth0", "eth9"), "", "[Match]\nName=eth0\n"):
        network.write(nobody)
        for words in (("reconfigure",), ("reconfigure", "--dry-run")):
            status, said = network.ask(*words)
            expect(status == asked and "eth0 loses 192.0.2.1/24, and no NIC has an address then" in said, status, said)
        expect(addresses(a) == {"192.0.2.1/24": True}, addresses(a))
    network.write("")
    expect(network.ask("reconfigure", "--force")[0] == 0 and addresses(a) == {}, addresses(a))
    network.reconfigure("[Match]\nName=eth9\n")        # there is none to lose
    network.reconfigure(MAIN)
    network.reconfigure(MAIN.replace("192.0.2.1/24", "192.0.2.9/24"))
    expect(addresses(a) == {"192.0.2.9/24": True}, addresses(a))


EVERY = """[Match]
Name=eth0

[Link]
MTUBytes=1400
TCPSegmentationOffload=no

[Network]
Address=192.0.2.7/24
Address=fd00:3::1/64
Gateway=192.0.2.3
DNS=192.0.2.53
NTP=192.0.2.3
DHCP=ipv4
EmitLLDP=no

[Route]
Destination=198.51.100.0/24
Gateway=192.0.2.4
"""


@case
def every_aspect_is_put_back_when_a_later_one_fails(lab):
    """The last address is one that the kernel refuses; what came before it on the NIC, and beside it, goes back. VLANs and bonds: in QEMU."""
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24")
    network = Network(lab, a, MAIN + "Gateway=192.0.2.2\nDNS=192.0.2.52\nNTP=192.0.2.9\n", ("--dhcp-client", "/bin/false"))
    a("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")

    def text(path):
        with open(path) as f:
            return f.read()

    def state():
        shown = network.show()
        return {"address": addresses(a), "route": routes(a), "mtu": " mtu 1500 " in a("ip", "link", "show", "dev", "eth0"),
                "offloads": "off: TSO" in " ".join(shown.split()), "dns": text("/run/resolv.conf"), "ntp": text(network.dir + "/run/network.ntp"),
                "dhcp": "  DHCP " in shown, "filter": network.ask("filter")[1].split(":")[0],
                "dhcp let in": "eth0" in a("/usr/sbin/nft", "list", "set", "inet", "mitigator", "dhcpv4")}

    before = state()
    expect(before["mtu"] and before["filter"] == "filter on" and not before["dhcp"], before)
    network.write(EVERY, **{".env": "MITIGATOR_FILTER=off\nMITIGATOR_NTP=peers\n"})
    status, said = network.ask("apply")
    expect(status != 0 and "eth0: address fd00:3::1/64" in said, status, said)
    during = state()
    expect(all(during[aspect] != before[aspect] for aspect in before), "an aspect was not changed", before, during)
    status, said = network.ask("undo")
    expect(status == 0 and state() == before, said, before, state())
    print("  FIGURE  put back: %s" % ", ".join(before))


@case
def nics_are_put_back_by_revert(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24")
    lab.link(a, "", b, "198.51.100.2/24", name="eth1")
    before = MAIN + "Gateway=192.0.2.2\n"
    network = Network(lab, a, before)
    expect(network.ask("revert") == (1, "network: there is nothing to put back\n"), network.ask("revert"))
    a("ip", "address", "add", "198.51.100.9/24", "dev", "eth1")          # someone's, on a NIC that is not in the file
    state = routes(a)
    network.reconfigure("[Match]\nName=eth0\n\n[Link]\nMTUBytes=1400\n\n[Network]\nAddress=192.0.2.7/24\nGateway=192.0.2.3\n\n"
                        "[Match]\nName=eth1\n\n[Network]\nAddress=198.51.100.9/24\nAddress=198.51.100.1/24\n")
    expect(addresses(a) == {"192.0.2.7/24": True} and len(addresses(a, "eth1")) == 2, addresses(a))
    expect(" mtu 1400 " in a("ip", "link", "show", "dev", "eth0"))
    status, said = network.ask("revert")
    expect(status == 0 and said.endswith("network: what ran before is put back; the next reconfigure or boot applies network.conf: mend it\n"), status, said)
    expect(addresses(a) == {"192.0.2.1/24": True} and routes(a) == state, addresses(a), routes(a))
    expect(" mtu 1500 " in a("ip", "link", "show", "dev", "eth0"))
    with open(network.dir + "/conf/applied/network/network.conf") as f:
        expect(f.read() == before)
    expect(network.ask("revert")[0] == 1)
    said = network.ask("reconfigure")[1]                                # the files are as they were
    expect("address 192.0.2.7/24 added" in said, said)
