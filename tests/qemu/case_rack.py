"""VLANs on bonds, made of network.conf: cables that are pulled, changes that keep what need not change, undo."""
import atexit
import re

from appliance import PATHS, Appliance, Stream, wait_for
from cases import case
from cluster import make_instances, outer_address, vpn_address
from vm import Hub

SPEED = ("-global", "virtio-net-device.speed=1000", "-global", "virtio-net-device.duplex=full")    # LACP wants both known
MIXED = "MITIGATOR_VPN_BACKEND=kernel\nDATA_PLANE_VPN_BACKEND=lwip\n"
BACKUP, LACP = "active-backup", "802.3ad"
PORTS = {BACKUP: (0, 1), LACP: (2, 3)}     # the first two are on one switch, the others lead to each other


def device(name, kind, section, *lines):
    return "[NetDev]\nName=%s\nKind=%s\n\n[%s]\n%s\n" % (name, kind, section, "".join(line + "\n" for line in lines))


def nic(name, *lines):
    return "[Match]\nName=%s\n\n[Network]\n%s\n" % (name, "".join(line + "\n" for line in lines))


def network(n, mode, ports=None, options=(), id=10, more="", address="Address=%s/24"):
    """VLAN 10 on a bond, which has the instance's address."""
    names = "eth[%s]" % "".join(map(str, PORTS[mode] if ports is None else ports))
    return (device("bond0", "bond", "Bond", "Mode=" + mode, "MIIMonitorSec=50ms", *options) +
            device("vlan10", "vlan", "VLAN", "Id=%d" % id) + nic(names, "Bond=bond0") + nic("bond0", "VLAN=vlan10") +
            nic("vlan10", address % outer_address(n)) + more)


class Rack:
    """Two instances with four NICs each."""

    def __init__(self, image):
        self.instances = make_instances(2, image + "/gateway")
        self.hubs = [Hub(4), Hub(2), Hub(2)]
        self.all = []
        for i in self.instances:
            files = dict(i.files(self.instances), **{"network.conf": network(i.n, BACKUP)})
            files[".env"] += MIXED
            places = [(0, 2 * i.n - 2), (0, 2 * i.n - 1), (1, i.n - 1), (2, i.n - 1)]
            nics = [self.hubs[hub].port(port, "52:54:00:00:%02x:%02x" % (i.n, nic)) for nic, (hub, port) in enumerate(places)]
            self.all.append(Appliance("rack-%d" % i.n, image, files, nics, instance=i, extra_args=SPEED))
        for a in self.all:
            a.prompt()
        self.meet()

    def meet(self):
        for a in self.all:
            a.wait_handshakes(1)

    def use(self, text):
        """Both of them at once, since each is cut off until the other has it too: what they said."""
        line = "reconfigure --force"
        for a in self.all:
            a.write({"network.conf": text(a.instance.n)})
        starts = [a.vm.console.begin(line) for a in self.all]
        return [a.vm.console.finish(line, start) for a, start in zip(self.all, starts)]

    def close(self):
        for a in self.all:
            a.close()
        for hub in self.hubs:
            hub.close()


shared = {}


def rack(image, mode=BACKUP):
    if "rack" not in shared:
        shared["rack"] = Rack(image)
    r = shared["rack"]
    if any(a.files["network.conf"] != network(a.instance.n, mode) for a in r.all):
        r.use(lambda n: network(n, mode))
    for a in r.all:
        for path in PATHS:
            other = vpn_address(3 - a.instance.n)
            wait_for("%s reaches the other on %s" % (a.vm.name, path),
                     lambda: a.run("ip netns exec %s ping -c 1 -W 1 %s" % (path, other))[0] == 0, 180)
    return r


def close_shared():
    for r in shared.values():
        r.close()
    shared.clear()


atexit.register(close_shared)


def index(a, name):
    """The kernel's number of a link: another one when it was made anew."""
    found = re.match(r"(\d+): ", a.run("ip link show " + name)[1])
    return int(found[1]) if found else 0


def ask(a, words):
    """The network service, beside a console that may be busy with a stream."""
    return a.run("ln -sf /sbin/gateway /run/network && /run/network " + words)[1]


def shown(a, name):
    """What `network` says of one link."""
    return "".join(re.findall(r"^%s  .*\n(?:  .*\n)*" % re.escape(name), ask(a, "show"), re.M))


def port_is(a, port, words):
    return wait_for("%s: port eth%d %s" % (a.vm.name, port, words),
                    lambda: re.search(r"port +eth%d, %s" % (port, words), shown(a, "bond0")) and shown(a, "bond0"))


def pull_each(r, mode, ends):
    """Cable by cable at 100 packets/s on both paths: how many were lost by each."""
    try:
        pull_and_count(r, mode, ends)
    except BaseException:
        close_shared()          # consoles that are busy, cables that are out
        raise


def pull_and_count(r, mode, ends):
    first, second = r.all
    before = [a.handshakes(path) for a in r.all for path in PATHS]
    for port in PORTS[mode]:
        streams = [Stream(first, vpn_address(2), "gateway"), Stream(second, vpn_address(1), "gateway-dataplane")]
        for a in ends:
            a.vm.set_link(port, False)
        for a in ends:
            port_is(a, port, "NO CARRIER")
        for stream in streams:
            stream.goes_on()
        for a in ends:
            a.vm.set_link(port, True)
        for a in ends:
            port_is(a, port, "in use" if mode == LACP else "(in use|stands by)")
        for stream in streams:
            stream.goes_on()
        print("  FIGURE  %s, cable of eth%d pulled and put back at 100 packets/s: %d lost on the kernel, %d on lwIP" %
              (mode, port, streams[0].lost(), streams[1].lost()))
    print("  FIGURE  handshakes since: %d of 4" %
          sum(was != now for was, now in zip(before, [a.handshakes(path) for a in r.all for path in PATHS])))


@case
def vlan_on_a_bond_of_one_active_port_outlives_each_cable(image):
    r = rack(image)
    first = r.all[0]
    for path, backend in zip(PATHS, ("kernel", "lwip")):
        assert first.show(path)["backend"] == backend, first.say("show " + path)
    said = shown(first, "bond0")
    assert re.search(r"bond +active-backup, by eth[01]; carrier looked at each 50 ms", said), said
    said = shown(first, "vlan10")
    assert "VLAN     10 on bond0" in said and "192.0.2.1/24" in said, said
    said = shown(first, "eth1")
    assert "port     of bond0" in said, said
    pull_each(r, BACKUP, r.all[:1])


@case
def each_port_of_a_bond_says_which_cable_it_has(image):
    """Those of LACP lead to the other machine's ports of the same numbers."""
    r = rack(image, LACP)
    for a, other in zip(r.all, reversed(r.all)):
        for port in PORTS[LACP]:
            wait_for("%s: who is at eth%d" % (a.vm.name, port), lambda: re.search(
                r"^  LLDP     .*port eth%d, %s" % (port, re.escape(outer_address(other.instance.n))),
                ask(a, "eth%d" % port).replace("\n" + " " * 11, " "), re.M))
        assert "LLDP" not in ask(a, "bond0") and "full duplex" in ask(a, "eth2"), ask(a, "eth2")
        assert re.search("offloads.*GRO.*GRO of forwarded", shown(a, "eth2"), re.S), shown(a, "eth2")


@case
def vlan_on_an_lacp_bond_outlives_each_cable(image):
    r = rack(image, LACP)
    said = wait_for("LACP", lambda: "partner 52:54:00:00:02:0" in shown(r.all[0], "bond0") and shown(r.all[0], "bond0"))
    assert re.search("802.3ad, LACP slow, ports by layer2, partner", said), said
    for port in PORTS[LACP]:
        port_is(r.all[0], port, "in use")
    pull_each(r, LACP, r.all)


@case
def change_keeps_the_bond_and_its_vlan(image):
    r = rack(image)
    first = r.all[0]
    before = index(first, "bond0"), index(first, "vlan10")
    stream = Stream(r.all[1], vpn_address(1), "gateway")
    said = first.reconfigure(files={"network.conf": network(1, BACKUP, ports=(0, 1, 2))})
    assert "network: eth2: port of bond0\n" in said and "made" not in said, said
    said = first.reconfigure(files={"network.conf": network(1, BACKUP).replace("50ms", "80ms")})
    assert "network: eth2: no port of bond0 any more\n" in said and "carrier looked at each 80 ms\n" in said, said
    primary = nic("eth1", "Bond=bond0", "PrimarySlave=yes")
    said = first.reconfigure(files={"network.conf": network(1, BACKUP, ports=(0,), more=primary)})
    assert "network: eth1: the preferred port of bond0\n" in said, said
    assert "by eth1, preferred eth1" in shown(first, "bond0"), shown(first, "bond0")
    said = first.reconfigure(files={"network.conf": network(1, BACKUP)})
    assert "no port is preferred" in said, said
    stream.goes_on()
    print("  FIGURE  %d packets lost over four changes of the bond" % stream.lost())
    assert (index(first, "bond0"), index(first, "vlan10")) == before
    pid = first.pid("network")                  # and what began anew knows them for its own
    first.output("kill -9 %d" % pid)
    wait_for("the network service", lambda: first.pid("network") not in (0, pid))
    wait_for("it answers", lambda: "VLAN     10 on bond0" in shown(first, "vlan10"))
    assert (index(first, "bond0"), index(first, "vlan10")) == before
    said = first.reconfigure(files={"network.conf": network(1, BACKUP, options=("# nothing new",))})
    assert "network: 0 changes" in said, said


@case
def what_cannot_be_made_undoes_the_whole_change(image):
    r = rack(image)
    first = r.all[0]
    before = index(first, "bond0"), index(first, "vlan10")
    files = dict(first.files)
    first.output("ip link add taken type wireguard")
    said = first.reconfigure(files={"network.conf": network(1, BACKUP, ports=(0,), more=device("taken", "bond", "Bond", "Mode=" + BACKUP) +
                                                            nic("eth[13]", "Bond=taken") + nic("taken"))})
    assert "network: taken: not made: something else made a device of this name" in said, said
    for port in PORTS[BACKUP]:
        port_is(first, port, "(in use|stands by)")
    assert (index(first, "bond0"), index(first, "vlan10")) == before
    assert "of bond0" not in shown(first, "eth3"), shown(first, "eth3")
    first.output("ip link del taken")
    first.write(files)
    said = first.reconfigure()
    assert "network: 0 changes" in said, said


@case
def plan_says_what_is_made_and_what_goes(image):
    r = rack(image)
    first = r.all[0]
    first.write({"network.conf": network(1, BACKUP, id=20)})
    said = ask(first, "plan --lines")
    assert "  vlan10 REMOVED\n" in said and "  vlan10 created: VLAN 20 on bond0\n" in said, said
    first.write({"network.conf": nic("eth0", "Address=%s/24" % outer_address(1))})
    said = ask(first, "plan --lines")
    assert "  bond0 REMOVED\n" in said and "  eth0  192.0.2.1/24   added" in said, said
    first.write({"network.conf": network(1, BACKUP)})


@case
def bond_gives_its_nics_back(image):
    r = rack(image)
    first, second = r.all
    for n, said in enumerate(r.use(lambda n: nic("eth0", "Address=%s/24" % outer_address(n))), 1):
        assert "network: bond0: bond removed\n" in said, said
        assert "network: eth0: address %s/24 added\n" % outer_address(n) in said, said
    macs = re.findall(r"^(eth\d)  (52:54:00:00:01:0\d)", first.say("network"), re.M)
    assert macs == [("eth%d" % n, "52:54:00:00:01:%02x" % n) for n in range(4)], macs
    assert not index(first, "bond0") and not index(first, "vlan10")
    for path in PATHS:
        wait_for("it is reached on " + path, lambda: "1 received" in second.say("ping %s %s -c 1 -q" % (vpn_address(1), path)), 180)
