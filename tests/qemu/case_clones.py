"""Two appliances whose disks are copies of each other, and a peer: all three consoles tell of it, each backend by itself."""
from appliance import PATHS, Appliance, wait_for
from cases import soak
from cluster import make_instances, network, outer_address, vpn_address
from vm import Hub

MACS = ["52:54:00:00:00:01", "52:54:00:00:00:02", "52:54:00:00:00:04"]
FOUND_S = 400                   # three sessions of half a minute; a busy machine takes its time
OURS = "ANOTHER MACHINE HAS THIS INSTANCE'S KEY"
PEERS = "TWO MACHINES HAVE THE KEY OF PEER "
ADDRESS = "ANOTHER MACHINE HAS %s AS WELL" % outer_address(1)


class Clones:
    """Instance 1, a copy of it, and instance 2. One disk serves both: its network.conf tells the machines apart."""

    def __init__(self, image):
        self.instances = make_instances(2, image + "/gateway")
        self.hub = Hub(3)
        self.all = []
        network_conf = "\n".join("[Match]\nMACAddress=%s\n\n[Network]\nAddress=%s/24\n" % (mac, outer_address(n))
                                 for mac, n in ((MACS[0], 1), (MACS[2], 4)))
        files = self.instances[0].files(self.instances)
        files[".env"] += "MITIGATOR_VPN_BACKEND=kernel\nDATA_PLANE_VPN_BACKEND=lwip\n"
        other = self.instances[1].files(self.instances)
        other[".env"] += "MITIGATOR_VPN_BACKEND=kernel\nDATA_PLANE_VPN_BACKEND=lwip\n"
        try:
            for n, words in enumerate(({**files, "network.conf": network_conf}, other, {**files, "network.conf": network_conf})):
                self.all.append(Appliance("clones-%d" % (n + 1), image, words, [self.hub.port(n, MACS[n])],
                                          instance=self.instances[n % 2]))
            for a in self.all:
                a.prompt()
            for a in self.all:
                wait_for(a.vm.name + ": both VPN addresses", lambda: all(a.is_up(path) for path in PATHS))
        except BaseException:
            self.close()
            raise

    def close(self):
        for a in self.all:
            a.close()
        self.hub.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask_all_the_time(a, target):
    """Something that wants an answer, on both paths."""
    for path in PATHS:
        a.output("(/sbin/%s ping %s -c 100000 -i 0.5 -q > /dev/null 2>&1 &)" % (path, target))


def trouble(a, path):
    return a.show(path).get("trouble", "")


def both_tell_of_an_address(first, clone):
    """On the link, where both answer for it."""
    clone.reconfigure("--force", files={"network.conf": network(1)})
    for a in (first, clone):
        a.vm.console.wait_for("network: eth0: " + ADDRESS, 120, 0)
        wait_for("the address in show", lambda: "eth0: " + ADDRESS in a.screen(), 60, 1)


def peer_that_roams_is_no_clone(c):
    """To and fro, with packets all the time: its session goes on."""
    first, peer, _ = c.all
    c.hub.unplugged.add(2)
    for n in (5, 2, 5, 2):
        peer.reconfigure("--force", files={"network.conf": network(n)})
        place = outer_address(n) + ":4567"
        wait_for("the peer at " + place, lambda: [p["endpoint"] for p in first.peers().values()] == [place], 60)
    for path in PATHS:
        assert not trouble(first, path) and not trouble(peer, path), (trouble(first, path), trouble(peer, path))
    c.hub.unplugged.clear()


def clones_are_told(c):
    first, peer, clone = c.all
    for path in PATHS:
        for a in (first, clone):
            wait_for("%s: %s of the clone" % (a.vm.name, path), lambda: OURS in trouble(a, path), FOUND_S, 1)
            a.vm.console.wait_for("%s: %s" % (path, OURS), 30, 0)
        words = PEERS + first.instance.public_key[:4]
        wait_for("%s of a peer that is two" % path, lambda: words in trouble(peer, path), FOUND_S, 1)
        said = peer.say("show " + path)
        assert outer_address(1) in said and outer_address(4) in said, said


# In each `make test`: conflict_of_two_clones_is_told_at_both, by namespaces.
@soak
def two_clones_are_told_so_at_both_consoles(image):
    with Clones(image) as c:
        first, peer, clone = c.all
        ask_all_the_time(peer, vpn_address(1))
        peer_that_roams_is_no_clone(c)
        for a in (first, clone):
            ask_all_the_time(a, vpn_address(2))
        clones_are_told(c)
        for a in (first, clone):
            assert "trouble          " + OURS in a.say("show all"), a.say("show all")
            for path in PATHS:
                assert a.vm.console.text.count("%s: %s" % (path, OURS)) == 1, "told more than once"
        both_tell_of_an_address(first, clone)


@soak
def clone_that_is_gone_is_told_of_no_more(image):
    with Clones(image) as c:
        first, peer, clone = c.all
        for a in (first, clone):
            ask_all_the_time(a, vpn_address(2))
        clones_are_told(c)
        clone.vm.kill()
        for a in (first, peer):
            for path in PATHS:
                wait_for("%s: %s without a clone" % (a.vm.name, path), lambda: not trouble(a, path), FOUND_S, 1)
                assert a.show(path)["state"] == "up", a.show(path)
