"""The cluster: three instances find each other, and lose nothing while things change around them."""
import re

from appliance import PATHS, Stream, cluster, wait_for
from cases import case
from cluster import vpn_address, vpn_public

TIME_TO_VPN_S = 60


@case
def time_to_vpn(image):
    timing = cluster(image, as_started=True).timing
    for what, seconds in timing.items():
        print("  FIGURE  %.1f s from QEMU start: %s" % (seconds, what))
    assert max(timing.values()) < TIME_TO_VPN_S, timing


@case
def reconfigure_adds_an_instance_without_loss(image):
    c = cluster(image, as_started=True)
    first, second, third = c.all
    for a in c.all[:2]:             # as they were started, also when an earlier case has been at them
        a.reconfigure("--force", files={"vpn-public.conf": vpn_public(c.instances[:2])})
        a.wait_handshakes(1)
    first.fresh_sessions(1)
    for a, other in ((first, second), (second, first)):
        before = {path: a.handshakes(path) for path in PATHS}
        a.write({"vpn-public.conf": vpn_public(c.instances)})
        stream = Stream(other, vpn_address(a.instance.n), "gateway")
        other.output("(/sbin/gateway-dataplane ping %s -i 0.01 -c 1000 -q) > /run/stream 2>&1 &"
                     % vpn_address(a.instance.n))
        said = a.reconfigure()
        for path in PATHS:
            assert "%s: added peer %s\n" % (path, third.instance.public_key) in said, said
            assert path + ": 1 added, 0 updated, 0 removed, 1 kept\n" in said, said
        wait_for("the new peer", lambda: all(a.handshakes(path).get(third.instance.public_key) for path in PATHS))
        lost = stream.lost()
        assert lost == 0, "lost on the management path: %d" % lost
        said = wait_for("the other stream", lambda: a_summary(other))
        assert "1000 sent, 1000 received, 0 lost" in said, said
        for path in PATHS:
            assert a.handshakes(path)[other.instance.public_key] == before[path][other.instance.public_key]
    for a in c.all:
        a.wait_handshakes(2)


def a_summary(appliance):
    said = appliance.output("cat /run/stream")
    return said if " lost" in said else None


@case
def three_instances_ping_each_other_on_both_paths(image):
    c = cluster(image)
    for a in c.all:
        for b in c.all:
            for path in PATHS:
                said = a.say("ping %s %s -c 2 -i 0.1 -q" % (vpn_address(b.instance.n), path))
                assert "2 sent, 2 received, 0 lost" in said, "%s to %s on %s: %s" % (
                    a.vm.name, b.vm.name, path, said)
        for path in PATHS:
            routes = a.netns(path, "ip route")
            assert "10.8.3.0/24 dev wg0 " in routes, routes
            assert path in a.output("ip netns list").split()
        assert "10.8.3" not in a.output("ip route; ip addr"), "the VPN network is on the host"
        for b in c.all:
            status, said = a.run("ping -c 1 -W 1 " + vpn_address(b.instance.n))
            assert status != 0, "%s answers on the host of %s:\n%s" % (b.vm.name, a.vm.name, said)


def kill_and_look(c, process):
    """Kill a process of the first instance under streams on both paths; nothing may be lost. Its new pid."""
    first, second, third = c.all
    first.fresh_sessions(2)
    before = {path: first.handshakes(path) for path in PATHS}
    dropped = c.hub.dropped
    streams = [Stream(second, vpn_address(1), "gateway"), Stream(third, vpn_address(1), "gateway-dataplane")]
    old = first.pid(process)
    first.output("kill -9 %d" % old)
    new = wait_for(process + " started again", lambda: first.pid(process) not in (0, old) and first.pid(process))
    for path in PATHS:
        wait_for(path + " answers", lambda: first.show(path).get("state") == "up")
    lost = [stream.lost() for stream in streams]
    assert lost == [0, 0], "%s was killed: lost %d on gateway, %d on gateway-dataplane (the hub dropped %d)" % (
        process, *lost, c.hub.dropped - dropped)
    for path in PATHS:
        assert first.handshakes(path) == before[path], "%s: the handshake was redone" % path
    return new


def killed_service(image, process):
    c = cluster(image)
    pid = kill_and_look(c, process)
    assert c.all[0].pid(process) == pid
    said = c.all[0].say("log " + process, log=True)
    assert "%s was killed by signal 9" % process in said, said
    for n in (2, 3):
        assert "1 received" in c.all[0].say("ping %s %s -c 1" % (vpn_address(n), PATHS[0]))


@case
def killed_gateway_comes_back_and_nothing_is_lost(image):
    killed_service(image, "gateway")


@case
def killed_dataplane_comes_back_and_nothing_is_lost(image):
    killed_service(image, "gateway-dataplane")


@case
def killed_network_service_comes_back_and_nothing_is_lost(image):
    killed_service(image, "network")
    said = cluster(image).all[0].say("network")
    assert "[Match] at network.conf:1" in said and "192.0.2.1/24" in said, said


@case
def killed_console_comes_back_with_a_prompt(image):
    first = cluster(image).all[0]
    first.output("kill -9 %d" % first.pid("console"))
    first.vm.console.expect("MITIGATOR gateway [^\n]*\n", 30)
    first.prompt()
    assert "MITIGATOR gateway" in first.say("version")


@case
def reconfigure_says_what_was_updated_removed_and_kept(image):
    c = cluster(image)
    first = c.all[0]
    first.fresh_sessions(2)
    one, two, three = c.instances
    before = {path: first.handshakes(path) for path in PATHS}
    sections = [one.section(), two.section("PersistentKeepalive = 7\n"), three.section()]
    said = first.reconfigure(files={"vpn-public.conf": "\n".join(sections)})
    for path in PATHS:
        assert "%s: updated peer %s: keepalive\n" % (path, two.public_key) in said, said
        assert path + ": 0 added, 1 updated, 0 removed, 1 kept\n" in said, said
        assert first.peers(path)[two.public_key]["keepalive_s"] == 7
        assert first.handshakes(path) == before[path], "a handshake was redone"
    said = first.reconfigure("--force", files={"vpn-public.conf": "\n".join(sections[:2])})
    for path in PATHS:
        assert "%s: removed peer %s\n" % (path, three.public_key) in said, said
        assert path + ": 0 added, 0 updated, 1 removed, 1 kept\n" in said, said
        assert list(first.peers(path)) == [two.public_key]
    said = first.reconfigure()
    for path in PATHS:
        assert path + ": 0 added, 0 updated, 0 removed, 1 kept\n" in said, said
        assert not re.search("(added|updated|removed) peer", said), said


WG_FIELDS = ("dump", "public-key", "private-key", "listen-port", "fwmark", "peers", "preshared-keys", "endpoints", "allowed-ips",
             "latest-handshakes", "transfer", "persistent-keepalive")
WG_COMMANDS = (("wg show", "wg show"), ("wg show wg0 dump", "wg show dump"), ("wg showconf wg0", "wg showconf"),
               *((line, line) for field in WG_FIELDS for line in ("wg show wg0 " + field, "wg show all " + field)))
TICKS = 20                      # a second or a counter may tick between the two
PSK = "8nq3xqZGxXbAb1Jgj0J9vS0Dh8vE4Rp4i0S4ZpX5UnE="


@case
def wg_show_agrees(image):
    """The real wg(8) in the namespace, and ours: text for text."""
    c = cluster(image)
    text = "\n".join(i.section("PresharedKey = %s\nPersistentKeepalive = 25\n" % PSK if i.n < 3 else "",
                               addresses="%s/32, 10.8.3.%d/32, 10.8.3.%d/28" % (vpn_address(i.n), i.n + 100, i.n * 16))
                     for i in c.instances)
    for a in c.all:
        said = a.reconfigure(files={"vpn-public.conf": text})
        assert said.count(", 2 updated, ") == 2, said
    first = c.all[0]
    first.wait_handshakes(2)
    for path in PATHS:
        for theirs, ours in WG_COMMANDS:
            for _ in range(TICKS):
                real = first.netns(path, theirs)
                if theirs == "wg show all endpoints":       # it names the interface in the first line alone, against its manual
                    real = re.sub(r"^(?!wg0\t)", "wg0\t", real, flags=re.M).removesuffix("wg0\t")
                mine = first.output("/sbin/%s %s" % (path, ours))
                if real == mine:
                    break
            assert real == mine, "%s on %s: wg says\n%s\nand we\n%s" % (theirs, path, real, mine)
            if theirs == "wg show":
                assert real.count("persistent keepalive: every 25 seconds") == 1, real
        assert PSK in first.output("/sbin/%s wg showconf" % path)


@case
def what_others_do_to_the_interface_is_mended(image):
    c = cluster(image)
    first = c.all[0]
    for path in PATHS:
        first.netns(path, "ip link del wg0")
        wait_for("wg0 of %s again" % path, lambda: first.is_up(path))
        wait_for("its peers", lambda: all(first.handshakes(path).values()) and len(first.handshakes(path)) == 2)
        first.netns(path, "ip addr flush dev wg0")
        wait_for("its address again", lambda: first.is_up(path))
        first.netns(path, "ip link set wg0 down")
        wait_for("it is up again", lambda: first.is_up(path))
        wait_for("its route", lambda: "10.8.3.0/24" in first.netns(path, "ip route"))
        for n in (2, 3):            # its sessions went with it: new ones, before the others speak to us
            assert "2 received" in first.say("ping %s %s -c 2 -i 0.2 -q" % (vpn_address(n), path))
    said = first.say("log wg0", log=True)
    assert "wg0 was removed by someone: made anew" in said, said
    assert "wg0 was set down by someone: brought up again" in said, said
