"""NICs, isolation, ports: what network.conf and .env bring about."""
import re
from appliance import PATHS, cluster, wait_for
from case_session import Initiations
from cases import case
from cluster import network, outer_address6, vpn_address, vpn_public

RICH = """Address=198.51.100.1/24
Address=198.51.100.2/24
Address=fd00:beef::1/64
Gateway=192.0.2.254
Gateway=fd00:beef::fe
DNS=192.0.2.53
DNS=fd00:beef::53
"""
RICH_MORE = """
[Link]
MTUBytes=1400

[Route]
Destination=203.0.113.0/24
Gateway=192.0.2.253

[Route]
Destination=fd00:feed::/64
Gateway=fd00:beef::fd
"""


def has_all(text, *parts):
    for part in parts:
        assert part in text, "no %r in:\n%s" % (part, text)


@case
def network_conf_is_applied_and_taken_back_on_reconfigure(image):
    first = cluster(image).all[0]
    said = first.reconfigure(files={"network.conf": network(1, RICH, RICH_MORE)})
    has_all(said, "network: eth0: MTU 1400\n", "network: eth0: address 198.51.100.1/24 added\n",
            "network: eth0: route 203.0.113.0/24 via 192.0.2.253 added\n")
    has_all(first.output("ip -4 addr show eth0"), "192.0.2.1/24", "198.51.100.1/24", "198.51.100.2/24", "mtu 1400")
    has_all(first.output("ip -6 addr show eth0"), "fd00:beef::1/64")
    has_all(first.output("ip route"), "default via 192.0.2.254 dev eth0", "203.0.113.0/24 via 192.0.2.253 dev eth0")
    has_all(first.output("ip -6 route"), "default via fd00:beef::fe dev eth0",
            "fd00:feed::/64 via fd00:beef::fd dev eth0")
    assert first.output("cat /etc/resolv.conf") == "nameserver 192.0.2.53\nnameserver fd00:beef::53\n"
    for path in PATHS:
        wait_for("MTU 1320 inside", lambda: "mtu 1320 " in first.netns(path, "ip link show wg0"))
        has_all(first.say("show " + path), "wg0, MTU 1320")
        has_all(first.say("ping 10.8.3.2 %s -c 2 -i 0.1 -q" % path), "2 received")
    said = first.reconfigure(files={"network.conf": network(1, "Address=198.51.100.2/24\n", "[Link]\nMTUBytes=1500\n")})
    has_all(said, "network: eth0: address 198.51.100.1/24 removed\n", "network: eth0: MTU 1500\n")
    said = first.output("ip addr show eth0; ip route; ip -6 route; cat /etc/resolv.conf")
    has_all(said, "192.0.2.1/24", "198.51.100.2/24")
    for gone in ("198.51.100.1/24", "fd00:beef::", "203.0.113.0", "fd00:feed", "default via", "nameserver"):
        assert gone not in said, "%s is still there:\n%s" % (gone, said)
    for path in PATHS:
        wait_for("MTU 1420 inside", lambda: "mtu 1420 " in first.netns(path, "ip link show wg0"))
        has_all(first.say("ping 10.8.3.2 %s -c 2 -i 0.1 -q" % path), "2 received")


@case
def another_match_before_it_leaves_a_nic_with_its_routes(image):
    first = cluster(image).all[0]
    routes = "Gateway=192.0.2.254\n"
    first.reconfigure(files={"network.conf": network(1, routes)})
    said = first.reconfigure(files={"network.conf": "[Match]\nName=eth9\n\n" + network(1, routes)})
    added, removed = "route 0.0.0.0/0 via 192.0.2.254 added", "route 0.0.0.0/0 via 192.0.2.254 removed"
    assert 0 < said.index(added) < said.index(removed), said
    assert first.output("ip route").count("default via 192.0.2.254") == 1


@case
def unmanaged_nic_has_nothing_of_the_kernels_and_gets_it_back(image):
    first = cluster(image).all[0]
    disabled = "cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6"
    first.write({"network.conf": network(1).replace("[Network]", "[Link]\nUnmanaged=yes\n\n[Network]")})
    has_all(first.screen("check"), "network.conf:1: warning: Unmanaged=yes, but DATA_PLANE_VPN_BACKEND is auto")
    has_all(first.reconfigure("--force"), "address 192.0.2.1/24 removed")
    has_all(first.say("network"), "unmanaged: the dataplane's alone")
    assert first.output(disabled).strip() == "1"
    first.write({"network.conf": network(1)})
    has_all(first.reconfigure("--force"), "address 192.0.2.1/24 added")
    assert first.output(disabled).strip() == "0"
    has_all(first.output("ip -6 addr show eth0"), "fe80::")


@case
def endpoints_may_be_ipv6(image):
    c = cluster(image)
    one, two, three = c.instances
    text = "\n".join([one.section(host="[%s]" % outer_address6(1)), two.section(host="[%s]" % outer_address6(2)),
                      three.section()])
    for a in c.all[:2]:
        n = a.instance.n
        said = a.reconfigure(files={"vpn-public.conf": text,
                                    "network.conf": network(n, "Address=%s/64\n" % outer_address6(n))})
        has_all(said, "network: eth0: address %s/64 added" % outer_address6(n))
        for path in PATHS if n == 1 else ():    # the second may have heard from the first over IPv6 before it was told
            has_all(said, "%s: updated peer %s: endpoint\n" % (path, two.public_key))
    first = c.all[0]
    for path in PATHS:              # a new session, over IPv6 from its first packet
        first.netns(path, "wg set wg0 peer %s remove" % two.public_key)
    said = first.reconfigure()      # or the service missed it already, when a NIC changed just before
    assert len(re.findall("(1 added, 0 updated, 0 removed, 1 kept|0 added, 0 updated, 0 removed, 2 kept)", said)) == 2, said
    for path, port in zip(PATHS, (4567, 4568)):
        wait_for("handshake over IPv6", lambda: first.handshakes(path)[two.public_key])
        has_all(first.say("ping 10.8.3.2 %s -c 2 -i 0.1 -q" % path), "2 sent, 2 received")
        for a in c.all[:2]:
            peer = a.peers(path)[c.instances[2 - a.instance.n].public_key]
            assert peer["endpoint"] == "[%s]:%d" % (outer_address6(3 - a.instance.n), port), peer


@case
def dataplane_moves_to_the_host_and_back(image):
    c = cluster(image)
    first = c.all[0]
    env = first.files[".env"]
    first.fresh_sessions(2)
    before = first.handshakes("gateway")
    for device in ("wg0", "wgdp"):
        said = first.reconfigure("--force", files={".env": env + "DATA_PLANE_ISOLATION=off\nDATA_PLANE_VPN_DEVICE=%s\n" % device})
        has_all(said, "gateway: 0 added, 0 updated, 0 removed, 2 kept", "gateway-dataplane: 2 added")
        has_all(first.output("ip addr show " + device), vpn_address(1) + "/24", "mtu 1420")
        has_all(first.output("ip route"), "10.8.3.0/24 dev %s " % device)
        has_all(first.say("show all"), "isolation        off", "DATA_PLANE_ISOLATION=off in .env",
                "interface        %s, MTU 1420" % device)
        wait_for("handshakes", lambda: all(first.handshakes("gateway-dataplane").values()))
        for n in (2, 3):
            has_all(first.output("ping -c 2 -i 0.1 " + vpn_address(n)), "2 packets received")
    assert "wg0" not in first.output("ip link"), "the old interface is still there"
    said = first.reconfigure("--force", files={".env": env + "DATA_PLANE_ISOLATION=on\nDATA_PLANE_VPN_DEVICE=wgdp\n"})
    has_all(said, "gateway-dataplane: 2 added")
    has_all(first.netns("gateway-dataplane", "ip addr show wgdp"), vpn_address(1) + "/24")
    assert "wgdp" not in first.output("ip link") and first.run("ping -c 1 -W 1 10.8.3.2")[0] != 0
    has_all(first.say("show gateway-dataplane"), "isolation        on, namespace gateway-dataplane",
            "DATA_PLANE_ISOLATION=on in .env")
    has_all(first.say("ping 10.8.3.2 gateway-dataplane -c 2 -i 0.1 -q"), "2 received")
    assert first.handshakes("gateway") == before, "the management path noticed"


@case
def dataplane_port_changes_on_reconfigure(image):
    c = cluster(image)
    for a in c.all:
        said = a.reconfigure(files={".env": a.files[".env"] + "DATA_PLANE_VPN_PORT=4999\n"})
        has_all(said, "gateway: 0 added, 0 updated, 0 removed, 2 kept",
                "gateway-dataplane: private key or port set", "gateway-dataplane: 0 added, 2 updated, 0 removed, 0 kept")
    for a in c.all:
        assert a.show("gateway-dataplane")["port"] == 4999
        for peer in a.peers("gateway-dataplane").values():
            assert peer["endpoint"].endswith(":4999"), peer
    for a in c.all:
        for b in c.all:
            has_all(a.say("ping %s gateway-dataplane -c 2 -i 0.1 -q" % vpn_address(b.instance.n)), "2 received")


def handshakes_after(appliance, plug):
    """Seconds from plugging in to handshakes with both peers on both paths."""
    plugged = appliance.vm.age()
    plug()
    appliance.wait_handshakes(2, 60)
    return appliance.vm.age() - plugged


@case
def handshakes_follow_when_the_network_comes_late(image):
    c = cluster(image)
    third = c.all[2]
    third.reboot(lambda: c.hub.unplugged.add(2))
    for path in PATHS:
        wait_for(path + " is up", lambda: third.is_up(path))
    done = {path: third.handshakes(path) for path in PATHS}
    assert not any(at for path in PATHS for at in done[path].values()), done
    seconds = handshakes_after(third, c.hub.unplugged.clear)
    print("  FIGURE  %.1f s from the far end of the cable being plugged in to handshakes on both paths" % seconds)


@case
def handshakes_follow_when_carrier_comes_late(image):
    c = cluster(image)
    third = c.all[2]
    third.reboot(lambda: third.vm.set_link(0, False))
    wait_for("the NIC without carrier", lambda: "no carrier" in third.say("network"))
    wait_for("the services", lambda: all(third.show(path) for path in PATHS), 40)
    for path in PATHS:
        has_all(third.say("show " + path), "waiting for carrier")
    with Initiations(c.hub, 3, 4567) as sent:
        seconds = handshakes_after(third, lambda: third.vm.set_link(0, True))
    print("  FIGURE  %.1f s from carrier to handshakes on both paths" % seconds)
    assert len(sent.seen) <= 2, "%d initiations to two peers: some were lost, which costs 5 s each" % len(sent.seen)
