"""The inner MTU in the appliance, on each backend: what the underlay lets through, by the files or by hand."""
import atexit

from appliance import PATHS, Appliance, wait_for
from cases import case
from cluster import make_instances, network, outer_address, vpn_address, vpn_public
from vm import Hub

BACKENDS = ("kernel", "lwip")
STRANGER = 2    # port of the hub


def vpn6(n):
    return "fd08::%d" % n


def env(address, backend, more=""):
    return "MITIGATOR_VPN_ADDRESS=%s\nMITIGATOR_VPN_BACKEND=%s\nDATA_PLANE_VPN_BACKEND=%s\n%s" % (address, backend, backend, more)


def nic(n, mtu_bytes, way_mtu_bytes=None):
    """way_mtu_bytes: of the route to the other."""
    text = network(n) + "\n[Link]\nMTUBytes=%d\n" % mtu_bytes
    return text + "\n[Route]\nDestination=%s/32\nMTUBytes=%d\n" % (outer_address(3 - n), way_mtu_bytes) if way_mtu_bytes else text


class Two:
    """Two instances with IPv6 inside, a third port of their hub in the case's own hands."""

    def __init__(self, image):
        self.instances = make_instances(2, image + "/gateway")
        self.hub = Hub(3)
        self.wire = self.hub.attach(STRANGER)
        self.public = "\n".join(i.section(addresses="%s/128" % vpn6(i.n)) for i in self.instances)
        self.all = []
        for i in self.instances:
            files = dict(i.files(self.instances), **{"vpn-public.conf": self.public, ".env": env(vpn6(i.n), "kernel"),
                                                     "network.conf": nic(i.n, 1500)})
            self.all.append(Appliance("mtu-%d" % i.n, image, files, [self.hub.port(i.n - 1)], instance=i))
        for a in self.all:
            a.prompt()
            wait_for("%s is up" % a.vm.name, lambda: all(a.show(path).get("state") == "up" for path in PATHS))

    def close(self):
        for a in self.all:
            a.close()
        self.wire.close()
        self.hub.close()

    def use(self, backend, mtu_bytes=1500, more=""):
        for a in self.all:
            n = a.instance.n
            said = a.reconfigure("--force", files={"vpn-public.conf": self.public, "network.conf": nic(n, mtu_bytes),
                                                   ".env": env(vpn6(n), backend, more)})
            assert all(a.show(path).get("backend") == backend for path in PATHS), said

    def inner(self, mtu_bytes):
        """Both paths of both get there, with their address, and a packet of that size passes."""
        for a in self.all:
            for path in PATHS:
                def is_so():
                    said = a.run("ip -n %s addr show up dev wg0" % path)[1]
                    return " mtu %d " % mtu_bytes in said and " %s/64 " % vpn6(a.instance.n) in said
                wait_for("%s: %s has MTU %d and its address" % (a.vm.name, path, mtu_bytes), is_so)
        for path in PATHS:
            wait_for("an answer on " + path, lambda: " 1 packets received" in self.ping(path, 1, mtu_bytes))
            said = self.ping(path, 3, mtu_bytes, 30)
            assert " 3 packets received" in said, "some of three are lost on %s: %s" % (path, said)

    def ping(self, path, count, mtu_bytes, wait_s=2):
        return self.all[0].run("ip netns exec %s ping -c %d -i 0.2 -W %d -s %d %s" % (path, count, wait_s, mtu_bytes - 48, vpn6(2)))[1]


shared = []


def two_instances(image):
    """The same for both cases."""
    if not shared:
        shared.append(Two(image))
        atexit.register(shared[0].close)
    return shared[0]


@case
def inner_mtu_carries_ipv6_whatever_the_underlay(image):
    two = two_instances(image)
    first = two.all[0]
    for backend in BACKENDS:
        two.use(backend, 1500)
        two.inner(1420)
        # Less than IPv6 needs passes outside: it goes in fragments there.
        two.use(backend, 1300)
        two.inner(1280)
        # Someone takes IPv6 off the interface; it is given back.
        first.netns("gateway", "ip link set wg0 mtu 1000")
        two.inner(1280)
        # The mended file mends it, and by hand it is less: for the way to a peer, or for the path.
        two.use(backend, 1500)
        two.inner(1420)
        said = first.reconfigure(files={"network.conf": nic(1, 1500, 1400)})
        wait_for("1400 less the overhead, after:\n" + said, lambda: all(first.show(path)["mtu_bytes"] == 1320 for path in PATHS))
        two.use(backend, 1500, "MITIGATOR_VPN_MTU=1300\nDATA_PLANE_VPN_MTU=1300\n")
        two.inner(1300)
        # IPv4 inside takes less than IPv6 can have, and leaves nothing of that behind.
        two.use(backend, 1500)
        said = first.reconfigure("--force", files={"vpn-public.conf": vpn_public(two.instances),
                                                   ".env": env(vpn_address(1), backend, "MITIGATOR_VPN_MTU=900\n")})
        assert first.show()["mtu_bytes"] == 900, said
        two.use(backend, 1500)
        two.inner(1420)
