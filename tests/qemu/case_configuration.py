"""What bad configuration gets on the appliance itself, and what runs instead."""
import re

from appliance import DATA, PATHS, Appliance, Stream, cluster, wait_for
from cases import case
from cluster import make_instances, network, vpn_address, vpn_public

BAD_FINDING = "vpn-public.conf:3: "


def bad(c):
    """All instances, the first with an address that no one can have."""
    return vpn_public(c.instances).replace("10.8.3.1/32", "10.8.3.1/33")


@case
def bad_file_is_refused_and_nothing_is_lost(image):
    c = cluster(image)
    first, second, third = c.all
    first.fresh_sessions(2)
    before = {path: first.handshakes(path) for path in PATHS}
    streams = [Stream(second, vpn_address(1), "gateway"), Stream(third, vpn_address(1), "gateway-dataplane")]
    said = first.reconfigure(files={"vpn-public.conf": bad(c)})
    assert BAD_FINDING in said, said
    assert "nothing was applied, what runs keeps running" in said, said
    assert re.search("the configuration of .* keeps running", said.splitlines()[-1]), said
    for path in PATHS:
        said = first.say("reconfigure " + path)
        assert "change together, or not at all" in said and "Nothing was changed" in said, said
        status, said = first.run("/sbin/%s reconfigure" % path)
        assert status == 1, said
    said = first.screen("check")
    assert BAD_FINDING in said, said
    assert [stream.lost() for stream in streams] == [0, 0]
    for path in PATHS:
        assert first.handshakes(path) == before[path]


@case
def every_peer_gone_needs_force(image):
    c = cluster(image)
    first = c.all[0]
    said = first.say("plan")
    assert "no peer, no address of a NIC and no key of .env changes" in said, said
    said = first.reconfigure(files={"vpn-public.conf": vpn_public(c.instances[:1]),
                                    "network.conf": network(1, "Address=198.51.100.9/24\n")})
    assert "neither the NICs nor the paths were changed" in said, said
    assert "network:" not in said and "198.51.100.9" not in first.output("ip addr"), said
    for path in PATHS:
        assert path + ": none of the 2 peers that run is in the files: `reconfigure --force`" in said, said
        assert path + ": nothing was applied" in said, said
        assert len(first.peers(path)) == 2
    said = first.say("plan")
    assert "  eth0  198.51.100.9/24   added" in said and said.count("if that is meant") == 2 and "were changed" in said, said
    said = first.reconfigure("--force")
    for path in PATHS:
        assert path + ": 0 added, 0 updated, 2 removed, 0 kept" in said, said
        assert not first.peers(path)


@case
def files_that_are_taken_away_end_the_vpn_and_come_back(image):
    first = cluster(image).all[0]
    files = dict(first.files)
    said = first.reconfigure(files={"vpn-private.conf": None, "vpn-public.conf": None, ".env": None})
    assert "not clustered: no VPN" in said and said.count("nothing was applied") == 2, said
    said = first.reconfigure("--force")
    for path in PATHS:
        assert path + ": not clustered: no VPN" in said, said
    assert "not clustered: no VPN" in first.say("show")
    said = first.reconfigure(files=files)
    assert said.count("2 added") == 2, said
    first.wait_handshakes(2)


@case
def name_that_does_not_resolve_holds_up_no_one(image):
    c = cluster(image)
    first = c.all[0]
    one, two, three = c.instances
    text = "\n".join([one.section(), two.section(), three.section(host="no-such-host.invalid")])
    for path in PATHS:
        for key in first.peers(path):
            first.netns(path, "wg set wg0 peer %s remove" % key)
        c.all[2].netns(path, "wg set wg0 peer %s remove" % one.public_key)
    said = first.reconfigure(files={"vpn-public.conf": text})
    assert said.count("warning: Endpoint no-such-host.invalid does not resolve: tried again") == 2, said
    assert "vpn-public.conf:14: warning: Endpoint no-such-host.invalid does not resolve" in said, said
    for path in PATHS:
        wait_for("the other peer on " + path, lambda: first.handshakes(path)[two.public_key])
        assert first.peers(path)[three.public_key]["endpoint"] == ""
    assert "no-such-host.invalid does not resolve (yet)" in first.say("show all")
    c.all[2].reconfigure()          # it calls us: then we know where it is
    for path in PATHS:
        wait_for("the third on " + path, lambda: first.handshakes(path).get(three.public_key))


@case
def files_are_written_at_the_console(image):
    c = cluster(image)
    first = c.all[0]
    console = first.vm.console
    text = "# by hand\n" + first.files["vpn-private.conf"]
    for line, keys in (("write vpn-private.conf", text + ".\nyes\n"), ("write vpn-public.conf", "broken\n\3")):
        at = console.begin(line)
        console.wait_for("then a line with a single \\.", 30, at)
        console.write(keys.encode())
        console.finish(line, at)
    assert first.output("cat %svpn-private.conf" % DATA) == text
    assert first.output("stat -c %%a %svpn-private.conf" % DATA).strip() == "600"
    assert first.output("cat %svpn-public.conf" % DATA) == first.files["vpn-public.conf"], "Ctrl-C did not leave it"
    assert first.reconfigure().count("0 added, 0 updated, 0 removed, 2 kept") == 2
    assert "usage: write FILE" in first.say("write passwd")
    first.files["vpn-private.conf"] = text


@case
def own_key_in_no_peer_is_a_warning_and_the_vpn_runs(image):
    c = cluster(image)
    first = c.all[0]
    said = first.reconfigure(files={"vpn-public.conf": vpn_public(c.instances[1:])})
    assert "vpn-public.conf:1: warning: this instance is in no [Peer]; expected one with PublicKey = %s" % \
        c.instances[0].public_key in " ".join(said.split()), said
    assert said.count("0 added, 0 updated, 0 removed, 2 kept") == 2, said
    assert "is in no [Peer]" in first.screen("check") and "1 error" in first.screen("check --strict")
    for path in PATHS:
        assert "2 received" in first.say("ping 10.8.3.2 %s -c 2 -i 0.1 -q" % path)


@case
def private_file_that_others_can_read_is_mended(image):
    first = cluster(image).all[0]
    first.output("chmod 644 %svpn-private.conf" % DATA)
    said = first.screen("check")
    assert "vpn-private.conf:1: warning: mode was 0644" in said and "mended to 0600" in said, said
    assert first.output("stat -c %%a %svpn-private.conf" % DATA).strip() == "600"


@case
def bad_file_at_boot_leaves_the_last_applied_set_running(image):
    c = cluster(image)
    first = c.all[0]
    first.write({"vpn-public.conf": bad(c)})
    at = len(first.vm.console.text)
    first.reboot()
    first.wait_handshakes(2)
    for path in PATHS:
        first.vm.console.wait_for(path + ": " + re.escape(BAD_FINDING), 60, at)
        first.vm.console.wait_for(path + ": the last applied configuration runs instead", 60, at)
        assert "the last applied one: the files had errors at start" in first.say("show " + path)
    assert "2 received" in first.say("ping 10.8.3.3 gateway-dataplane -c 2 -i 0.1 -q")
    said = first.run("/sbin/gateway reconfigure", 60)[1]
    assert BAD_FINDING in said and "the last applied one" in said, said
    said = first.reconfigure(files={"vpn-public.conf": vpn_public(c.instances)})
    assert said.count("0 added, 0 updated, 0 removed, 2 kept") == 2, said
    assert "configuration    from the files" in first.say("show all")


@case
def without_vpn_files_there_is_one_line_and_no_vpn(image):
    with Appliance("unclustered", image, {"network.conf": "[Match]\nName=*\n\n[Network]\nAddress=192.0.2.1/24\n"}) as a:
        a.prompt()
        wait_for("the services", lambda: a.pid("gateway") and a.show("gateway-dataplane"))
        for path in PATHS:
            assert path + ": not clustered: no VPN" in a.say("log clustered", log=True)
            said = a.say("show " + path)
            assert said.splitlines()[0].endswith("not clustered: no VPN"), said
            status, said = a.run("/sbin/%s show" % path)
            assert status == 0, said
        assert a.say("check") == "not clustered: no VPN\n"
        assert a.output("ip netns list") == "" and "wg0" not in a.output("ip link")


@case
def missing_file_at_boot_leaves_the_console(image):
    one, two = make_instances(2, image + "/gateway")
    files = one.files([one, two])
    del files["vpn-public.conf"]
    with Appliance("halfway", image, files) as a:
        a.prompt()
        finding = "vpn-public.conf:1: the file is missing, a half-configured cluster"
        for path in PATHS:
            a.vm.console.wait_for(path + ": " + finding, 30, 0)
            a.vm.console.wait_for(path + ": there is no last applied configuration to fall back to", 30, 0)
            wait_for("the service", lambda: a.show(path))
            said = a.say("show " + path)
            assert "down: the files have errors, see `check`" in said, said
            assert a.run("/sbin/%s show" % path)[0] == 1
        assert finding in a.screen("check")
        said = a.reconfigure(files=one.files([one, two]))
        assert said.count("1 added") == 2, said
