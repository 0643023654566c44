"""A path of the kernel's WireGuard with a thousand peers, one of which changes, and packets of others that go on meanwhile."""
import base64
import json
import os
import time

from appliance import PATHS, Stream, cluster
from cases import soak
from cluster import vpn_address, vpn_public

PEERS = 1000
COLUMNS, LINES = 80, 24


def idle(n, more=""):
    return "[Peer]\nPublicKey = %s\nAllowedIPs = 10.8.%d.%d/32\n%s" % (base64.b64encode(os.urandom(32)).decode(), 10 + n // 250, 1 + n % 250,
                                                                       more)


def timed(appliance, command):
    """(what it said, in how many ms)"""
    begun = time.monotonic()
    status, said = appliance.run(command, 120)
    assert status == 0, said
    return said, (time.monotonic() - begun) * 1000


def one_of_many_changes(image, changes, a_second):
    """Each on both paths, so that packets of two peers pass beside it: a_second in all."""
    c = cluster(image)
    first, second, third = c.all
    many = [idle(n) for n in range(PEERS - 3)]

    def files():
        return {"vpn-public.conf": "\n".join([vpn_public(c.instances), *many]), ".env": "MITIGATOR_VPN_ADDRESS=10.8.3.1/16\n"}

    first.reconfigure(files=files())
    assert all(len(first.peers(path)) == PEERS - 1 for path in PATHS)
    assert first.show()["backend"] == "kernel", first.show()
    streams = [Stream(second, vpn_address(1), PATHS[0], a_second // 2), Stream(third, vpn_address(1), PATHS[1], a_second // 2)]
    taken = []
    for n in range(changes):
        many[n] = idle(n, "PersistentKeepalive = 25\n")
        first.write(files())
        _, plan_ms = timed(first, "/sbin/gateway reconfigure --dry-run --force")
        begun = time.monotonic()
        said = first.say("reconfigure --force", 120)
        commit_ms = (time.monotonic() - begun) * 1000
        assert said.count("1 added, 0 updated, 1 removed, %d kept" % (PEERS - 2)) == 2, said
        said, show_ms = timed(first, "/sbin/gateway show --json")
        assert len(json.loads(said)["peers"]) == PEERS - 1, said[:200]
        taken.append((plan_ms, commit_ms, show_ms))
    lost = [stream.lost() for stream in streams]
    assert lost == [0, 0], "packets of others were lost beside changes of one peer of a thousand: %s" % lost
    said = first.say("show")
    rows = said.splitlines()
    assert len(rows) < LINES and max(map(len, rows)) < COLUMNS, "`show` is more than a screen:\n" + said
    print("  FIGURE  %d peers: `show` is %d lines, %d bytes, %.1f s at 9600 baud" % (PEERS, len(rows), len(said), len(said) / 960))
    print("  FIGURE  %d peers on the kernel backend, one changed beside %d packets a second: plan %.0f ms, commit on all "
          "%.0f ms, show --json %.0f ms in the median" % (PEERS, a_second, *(sorted(ms)[len(ms) // 2] for ms in zip(*taken))))


@soak
def one_of_a_thousand_peers_changes_and_no_packet_of_others_is_lost(image):
    one_of_many_changes(image, 2, 200)


@soak
def one_of_a_thousand_peers_changes_beside_a_thousand_packets_a_second(image):
    one_of_many_changes(image, 10, 1000)
