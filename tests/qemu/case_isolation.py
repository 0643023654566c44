"""Two appliances with two NICs each and a stranger on their network: the dataplane on the host, cables, NICs that are put back."""
import contextlib
import os
import re
import select
import socket
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "netns"))

from appliance import PATHS, Appliance, wait_for
from cases import case
from cluster import make_instances, vpn_address
from frames import ARP, IPV4, arp, ethernet, ip4, mac, udp
from vm import Hub

STRANGER, STRANGER_MAC = "192.0.2.66", mac("52:54:00:00:00:66")
BACKENDS = ("kernel", "lwip")
FAR = "203.0.113.2"             # the second's address, behind its two others

NETWORK = ("[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.1/24\nGateway=192.0.2.2\n\n"
           "[Match]\nName=eth1\n\n[Network]\nAddress=198.51.100.1/24\nGateway=198.51.100.2\n",
           "[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.2/24\nAddress=%s/32\n\n"
           "[Match]\nName=eth1\n\n[Network]\nAddress=198.51.100.2/24\n" % FAR)


class Stranger:
    """A port of the hub, by hand."""

    def __init__(self, hub, n):
        self.to = hub._path("hub", n)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(hub._path("vm", n))

    def send(self, to, kind, payload):
        self.socket.sendto(ethernet(to, STRANGER_MAC, kind, payload), self.to)

    def ask(self, *targets):
        """Which of these addresses are answered for by ARP; the last one is."""
        answered = []
        for target in targets:
            self.send(b"\xff" * 6, ARP, arp(1, STRANGER_MAC, STRANGER, bytes(6), target))
        while targets[-1] not in answered:
            assert select.select([self.socket], [], [], 30)[0], "%s of %s" % (answered, targets)
            frame = self.socket.recv(65536)
            if frame[:6] == STRANGER_MAC and frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2":
                answered.append(socket.inet_ntoa(frame[28:32]))
        return answered


@contextlib.contextmanager
def pair(image):
    one, two = instances = make_instances(2, image + "/gateway")
    public = "\n".join((one.section(), two.section(host=FAR)))
    files = [{**i.files(instances), "vpn-public.conf": public, "network.conf": network} for i, network in zip(instances, NETWORK)]
    with Hub(5) as hub, \
         Appliance("isolation-1", image, files[0], [hub.port(0), hub.port(1)], instance=one) as a, \
         Appliance("isolation-2", image, files[1], [hub.port(2), hub.port(3)], instance=two) as b:
        stranger = Stranger(hub, 4)
        for appliance in (a, b):
            appliance.prompt()
        for appliance in (a, b):
            appliance.wait_handshakes(1, 60)
        yield a, b, stranger


def env(appliance, backend, more=""):
    return "MITIGATOR_VPN_ADDRESS=%s\nMITIGATOR_VPN_BACKEND=%s\nDATA_PLANE_VPN_BACKEND=%s\n%s" % (
        vpn_address(appliance.instance.n), backend, backend, more)


def unknown_ports(appliance):
    """Datagrams that were delivered to this host, but to no program."""
    counters = re.findall(r"^Udp: (.*)$", appliance.output("cat /proc/net/snmp"), re.M)
    return int(dict(zip(*(line.split() for line in counters)))["NoPorts"])


def rules(appliance):
    return re.sub(r" \[detached\]", "", appliance.output("ip rule")).splitlines()


def outside_is_silent(a, b, stranger):
    """With the dataplane's interface on the host: what comes for it by the NIC, and what comes by the tunnel."""
    own_mac = mac("52:54:00:00:00:01")
    wait_for("the VPN from the host", lambda: "2 packets received" in a.run("ping -c 2 -i 0.1 10.8.3.2")[1])
    assert "2 received" in b.say("ping 10.8.3.1 gateway-dataplane -c 2 -i 0.1 -q")
    assert stranger.ask("10.8.3.1", "192.0.2.1") == ["192.0.2.1"]
    before = unknown_ports(a)
    for source in (STRANGER, "10.8.3.2"):
        for _ in range(3):
            stranger.send(own_mac, IPV4, ip4(source, "10.8.3.1", socket.IPPROTO_UDP, udp(source, "10.8.3.1", 1, 7777, b"in clear")))
    # The control: an address of the host on no NIC at all, without rules around it.
    stranger.send(own_mac, IPV4, ip4(STRANGER, "10.9.9.9", socket.IPPROTO_UDP, udp(STRANGER, "10.9.9.9", 1, 7777, b"in clear")))
    wait_for("the last datagram", lambda: unknown_ports(a) > before)
    assert unknown_ports(a) == before + 1


def isolation(a, b, stranger, backend):
    plain = rules(a)
    # Without the filter, which would drop most of what is to be seen here.
    a.reconfigure("--force", files={".env": env(a, backend, "DATA_PLANE_ISOLATION=off\nMITIGATOR_FILTER=off\n")})
    assert a.show("gateway-dataplane")["backend"] == backend
    fenced = rules(a)
    assert len(fenced) == len(plain) + 5 and fenced[5:] == plain, fenced
    outside_is_silent(a, b, stranger)
    a.output("ip rule del pref 0 blackhole")
    wait_for("the rules are put anew", lambda: rules(a) == fenced)
    old = a.pid("gateway-dataplane")
    a.output("kill -9 %d" % old)
    assert rules(a) == fenced, rules(a)
    wait_for("the service is back", lambda: a.pid("gateway-dataplane") not in (0, old) and a.show("gateway-dataplane").get("state") == "up")
    assert rules(a) == fenced, rules(a)
    outside_is_silent(a, b, stranger)
    # both are called wg0, and management's is made where the host has one
    a.netns("gateway", "ip link del wg0")
    wait_for("management's wg0 again", lambda: a.is_up("gateway") and a.show().get("state") == "up")
    a.reconfigure("--force", files={".env": env(a, backend)})
    assert rules(a) == plain, rules(a)


def cables(a, b, backend):
    """The first NIC's cable is pulled: the second one's Gateway leads to the same peer."""
    for up in (True, False, True):
        a.vm.set_link(0, up)
        wait_for("carrier", lambda: ("eth0" in a.output("ip -br link show up") and
                                     ("NO-CARRIER" in a.output("ip link show dev eth0")) != up))
        for path in PATHS:
            wait_for("%s on %s, carrier %s" % (path, backend, up), lambda: "2 received" in a.say(
                "ping 10.8.3.2 %s -c 2 -i 0.1 -q" % path))
            wait_for("the peer answers there", lambda: list(b.peers(path).values())[0]["endpoint"].startswith(
                "192.0.2.1:" if up else "198.51.100.1:"))


@case
def isolation_and_second_gateway_on_each_backend(image):
    with pair(image) as (a, b, stranger):
        a.output("ip address add 10.9.9.9/32 dev lo")
        for backend in BACKENDS:
            for appliance in (a, b):
                appliance.reconfigure("--force", files={".env": env(appliance, backend)})
            for appliance in (a, b):
                appliance.wait_handshakes(1, 60)
            cables(a, b, backend)
            isolation(a, b, stranger, backend)
        nics_are_put_back_with_a_path(a)
        last_address_is_asked_about(a)


def nics_are_put_back_with_a_path(a):
    a.reconfigure("--force", files={".env": env(a, "kernel")})
    before = a.output("ip -4 addr show; ip route")
    a.output("ip link add taken type wireguard && wg set taken listen-port 5555 && ip link set taken up")
    said = a.reconfigure(files={".env": env(a, "kernel", "DATA_PLANE_VPN_PORT=5555\n"),
                                "network.conf": NETWORK[0].replace("192.0.2.1/24", "192.0.2.9/24").replace("Gateway=192.0.2.2", "")})
    for part in ("network: eth0: address 192.0.2.9/24 added\n", "UDP port 5555 is in use by another program",
                 "network: eth0: address 192.0.2.1/24 added\n", "network: what ran before is put back; the next reconfigure or boot applies network.conf: mend it\n"):
        assert part in said, said
    assert a.output("ip -4 addr show; ip route") == before, a.output("ip -4 addr show; ip route")
    a.output("ip link del taken")
    a.write({".env": env(a, "kernel"), "network.conf": NETWORK[0]})


def last_address_is_asked_about(a):
    before = a.output("ip -4 addr show")
    a.write({"network.conf": "[Match]\nName=eth9\n\n[Network]\nAddress=192.0.2.1/24\n"})
    for answer, last in (("no", "neither the NICs nor the paths were changed\n"), ("yes", "address 198.51.100.1/24 removed\n")):
        start = a.vm.console.begin("reconfigure")
        a.vm.console.wait_for(r"  eth0  192.0.2.1/24   REMOVED: no \[Match\] fits eth0; no address is left\n(.*\n)*this cuts the last NIC address. apply \(yes/no\)\? ", 30, start)
        a.vm.console.send(answer)
        said = a.vm.console.finish("reconfigure", start)
        assert last in said, said
        assert (a.output("ip -4 addr show") == before) == (answer == "no"), a.output("ip -4 addr show")
    a.reconfigure(files={"network.conf": NETWORK[0]})
    assert a.output("ip -4 addr show") == before
