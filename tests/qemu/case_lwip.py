"""WireGuard on lwIP in the appliance: against the kernel's and against itself, chosen and by need."""
import re

from appliance import PATHS, Appliance, Stream, cluster, wait_for
from cases import case
from cluster import make_instances, vpn_address
from vm import Hub

BACKEND_NAMES = ("MITIGATOR_VPN_BACKEND", "DATA_PLANE_VPN_BACKEND")


def env(instance, **backends):
    """.env with a backend for each path: kernel, lwip or nothing said."""
    return "MITIGATOR_VPN_ADDRESS=%s\n" % vpn_address(instance.n) + "".join(
        "%s=%s\n" % (name, backends[path]) for name, path in zip(BACKEND_NAMES, ("gateway", "dataplane"))
        if backends.get(path))


def move(appliance, gateway, dataplane):
    said = appliance.reconfigure("--force", files={".env": env(appliance.instance, gateway=gateway, dataplane=dataplane)})
    for path, backend in zip(PATHS, (gateway, dataplane)):
        assert appliance.show(path)["backend"] == backend, said


def both_answer(appliances):
    for a in appliances:
        for b in appliances:
            for path in PATHS:
                said = a.say("ping %s %s -c 20 -i 0.02 -q" % (vpn_address(b.instance.n), path))
                assert "20 sent, 20 received, 0 lost" in said, "%s to %s on %s: %s" % (
                    a.vm.name, b.vm.name, path, said)


@case
def each_backend_works_with_each_on_both_paths(image):
    c = cluster(image)
    first, second, third = c.all
    for ours in ("kernel", "lwip"):
        for theirs in ("kernel", "lwip"):
            move(first, ours, ours)
            move(second, theirs, theirs)
            for a in (first, second):
                a.wait_handshakes(2)
            both_answer(c.all)
    move(first, "kernel", "lwip")
    move(second, "lwip", "kernel")
    first.wait_handshakes(2)
    both_answer(c.all)


@case
def live_move_between_backends_costs_little(image):
    c = cluster(image)
    first, second, third = c.all
    for to in ("lwip", "kernel"):
        stream = Stream(second, vpn_address(1), "gateway")
        move(first, to, "kernel")
        stream.goes_on()
        lost = stream.lost()
        print("  FIGURE  %d ms from the other backend to %s on the management path" % (lost * 10, to))
        assert lost < 600, lost


@case
def reconfigure_on_lwip_keeps_the_sessions_that_did_not_change(image):
    c = cluster(image)
    first, second, third = c.all
    move(first, "lwip", "lwip")
    first.wait_handshakes(2)
    before = {path: first.handshakes(path)[second.instance.public_key] for path in PATHS}
    stream = Stream(second, vpn_address(1), "gateway")
    for peers in ([1, 2], [1, 2, 3], [1, 2]):
        said = first.reconfigure("--force", files={"vpn-public.conf": "\n".join(c.instances[n - 1].section() for n in peers)})
        assert "1 kept" in said or "2 kept" in said, said
    assert stream.lost() == 0
    for path in PATHS:
        assert first.handshakes(path)[second.instance.public_key] == before[path]


@case
def auto_that_is_new_takes_what_it_would_choose(image):
    c = cluster(image)
    first = c.all[0]
    move(first, "lwip", "lwip")
    first.wait_handshakes(2)
    said = first.reconfigure("--force", files={".env": env(c.instances[0])})
    for path in PATHS:
        assert path + ": moved to wg0 on the kernel backend: its sessions begin anew\n" in said, said
        shown = first.show(path)
        assert shown["backend"] == "kernel" and shown["backend_reason"] == "the kernel has WireGuard", shown
    first.wait_handshakes(2)
    first.fresh_sessions(2)
    before = {path: first.handshakes(path) for path in PATHS}
    for backend, reason in (("kernel", ""), (None, "the kernel has WireGuard")):     # no move: another word for the same
        said = first.reconfigure(files={".env": env(c.instances[0], gateway=backend, dataplane=backend)})
        assert said.count("0 added, 0 updated, 0 removed, 2 kept") == 2 and "moved to" not in said, said
        for path in PATHS:
            assert first.show(path)["backend_reason"] == reason, first.show(path)
            assert first.handshakes(path) == before[path]


@case
def move_takes_along_where_a_peer_without_endpoint_is(image):
    c = cluster(image)
    first, second, third = c.all
    silent = second.instance.section().replace("Endpoint", "#Endpoint")
    said = first.reconfigure(files={"vpn-public.conf": "\n".join([first.instance.section(), silent, third.instance.section()])})
    assert "[Peer] has no Endpoint" in said, said
    for to in ("lwip", "kernel"):
        move(first, to, to)
        for path, port in zip(PATHS, (4567, 4568)):
            assert first.peers(path)[second.instance.public_key]["endpoint"] == "192.0.2.2:%d" % port, to
            said = first.say("ping %s %s -c 2 -i 0.2 -q" % (vpn_address(2), path))
            assert "2 received" in said, said


@case
def kernel_without_wireguard_gets_lwip_with_the_same_files(image):
    one, two = instances = make_instances(2, image + "/gateway")
    with Hub(2) as hub, \
         Appliance("lwip-1", image, one.files(instances), [hub.port(0)], instance=one,
                   extra_cmdline="module_blacklist=wireguard") as a, \
         Appliance("lwip-2", image, two.files(instances), [hub.port(1)], instance=two) as b:
        for appliance in (a, b):
            appliance.prompt()
        a.wait_handshakes(1, 60)
        for path in PATHS:
            shown = a.show(path)
            assert shown["backend"] == "lwip" and "no WireGuard" in shown["backend_reason"], shown
            assert b.show(path)["backend"] == "kernel"
        both_answer([a, b])
        assert re.search(r"^interface: wg0", a.say("gateway wg show"), re.M)
        wait_for("stock wg finds both", lambda: set(a.run("wg show interfaces")[1].split()) ==
                 {"wg0", "wg0-dataplane"})
        said = a.reconfigure("--force", files={".env": env(one, gateway="kernel", dataplane="lwip")})
        assert "gateway: this kernel has no WireGuard" in said and "neither the NICs nor the paths were changed" in said, said
        assert a.show()["backend"] == "lwip" and a.show()["state"] == "up", a.show()
        both_answer([a, b])
