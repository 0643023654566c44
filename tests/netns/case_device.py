"""Devices that go and come back underneath a running tunnel."""
import json

import frames
from cases import case, expect
from lab import ping, run, wait_until
from pair import Pair


def answered(host, address):
    return ping(host, address, 1, wait=0.5)[1] == 1


@case
def nic_made_anew_with_its_index_and_mac_is_another(lab):
    """Within one look at the tables, in which nothing has changed then; the kernel's own datagrams are the control."""
    pair = Pair(lab)
    pair.both_ways()
    index, mac = (json.loads(pair.a("ip", "-json", "link", "show", "eth0"))[0]["ifindex"], frames.mac_of("a", "eth0"))
    for _ in range(2):
        run("ip", "-n", "a", "-batch", "-", input="link del eth0\n"
            "link add eth0 index %d address %s type veth peer name eth0 netns b\n"
            "address add 192.0.2.1/24 dev eth0\nlink set eth0 up\n" % (index, mac.hex(":")))
        pair.b("ip", "address", "add", "192.0.2.2/24", "dev", "eth0")
        pair.b("ip", "link", "set", "eth0", "up")
        wait_until("the kernel's own is answered", lambda: answered("a", "192.0.2.2"))
        wait_until("ours is answered", lambda: answered(pair.ours.inner, pair.vpn[1]))
        pair.both_ways()
        expect(pair.ours.show()["trouble"] == "", pair.ours.show()["trouble"])
