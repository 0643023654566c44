"""What a reconfigure at the console takes away: said, and asked."""
import re

from appliance import PATHS, cluster
from cases import case
from cluster import network, vpn_public

QUESTIONS = {"reconfigure": r"this cuts 1 peer(?: of the dataplane)?\. apply \(yes/no\)\? ", "reconfigure gateway": r"Apply it all the same\? \[y/N\] "}


def answer(appliance, line, key):
    """What a command says that asks once."""
    console = appliance.vm.console
    at = console.begin(line)
    console.wait_for(QUESTIONS[line], 30, at)
    console.send(key) if key != "\3" else console.write(b"\3")
    return console.finish(line, at)


@case
def console_asks_before_a_peer_that_is_alive_goes(image):
    c = cluster(image)
    first = c.all[0]
    first.fresh_sessions(2)
    before = {path: first.handshakes(path) for path in PATHS}
    first.write({"vpn-public.conf": vpn_public(c.instances[:2]), "network.conf": network(1, "Address=198.51.100.9/24\n")})
    for key in ("n", "", "\3"):
        said = answer(first, "reconfigure", key)
        goes = r"  peer %s\.\. 10\.8\.3\.3   REMOVED \(is up, last seen \d+ s ago\)\n" % re.escape(c.instances[2].public_key[:8])
        assert len(re.findall(goes, said)) == 1 and "  eth0  198.51.100.9/24   added\n" in said, said
        for path in PATHS:
            assert first.handshakes(path) == before[path], said
        assert "neither the NICs nor the paths were changed" in said and "198.51.100.9" not in first.output("ip addr"), said
    said = first.run("/sbin/gateway reconfigure --force")[1]
    assert "gateway: 0 added, 0 updated, 1 removed, 1 kept\n" in said, said
    status, said = first.run("/sbin/gateway-dataplane reconfigure")       # a script
    assert status == 4 and "`reconfigure --force` if it is meant" in said and "nothing was applied" in said, said
    assert len(first.peers("gateway-dataplane")) == 2
    said = answer(first, "reconfigure", "y")
    assert "gateway-dataplane: 0 added, 0 updated, 1 removed, 1 kept\n" in said and "198.51.100.9/24 added" in said, said
    for path in PATHS:              # the control: the other one was not disturbed
        assert first.handshakes(path)[c.instances[1].public_key] == before[path][c.instances[1].public_key]
        assert "2 received" in first.say("ping 10.8.3.2 %s -c 2 -i 0.1 -q" % path)


@case
def another_key_for_an_instance_is_a_rotation_and_is_not_asked(image):
    c = cluster(image)
    first, third = c.all[0], c.instances[2]
    fresh = first.run("/sbin/gateway wg genkey | /sbin/gateway wg pubkey")[1].strip()
    said = first.reconfigure(files={"vpn-public.conf": vpn_public(c.instances).replace(third.public_key, fresh)})
    assert "   new key %s.. -> %s..\n" % (third.public_key[:8], fresh[:8]) in said and "REMOVED" not in said and "cuts" not in said, said
    for path in PATHS:
        assert path + ": 1 added, 0 updated, 1 removed, 1 kept\n" in said, said
