"""Who looks names up: a process of its own, that was given the names and nothing else."""
import os
import re
import signal
import subprocess

from cases import case, expect
from frames import udp_socket
from lab import run, wait_until, wg_keys
from memory import copies_of, processes, status_of
from pair import files

RESOLVER_UID = 64777


def silent_name_server(lab):
    """A box whose name server never answers."""
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "192.0.2.1/24", b, "192.0.2.2/24")
    with open(lab.dir + "/resolv.conf", "w") as f:
        f.write("nameserver 192.0.2.2\noptions timeout:30 attempts:5\n")
    lab.mount(lab.dir + "/resolv.conf", "/etc/resolv.conf")
    lab.silent = udp_socket("b", ("192.0.2.2", 53))
    return a


def with_a_name(lab, a, peers=1):
    (key, public), others = wg_keys(), [wg_keys()[1] for _ in range(peers)]
    sections = [(public, "10.8.3.1/32", "192.0.2.1:4567", "")]
    sections += [(other, "10.8.3.%d/32" % (n + 2), "fra%d.example.net:4567" % n, "") for n, other in enumerate(others)]
    return key, lab.gateway(a, files(key, sections, "10.8.3.1"))


def resolver_of(pid):
    return wait_until("a resolver", lambda: [p for p in processes() if p.parent == pid and p.words == ["resolver"]])[0]


@case
def resolver_holds_no_key_no_descriptor_and_is_a_user_of_its_own(lab):
    key, ours = with_a_name(lab, silent_name_server(lab))
    resolver = resolver_of(ours.process.pid)
    status = wait_until("its own user", lambda: (s := status_of(resolver.pid))["Uid"].split() == [str(RESOLVER_UID)] * 4 and s)
    expect(status["Gid"].split() == [str(RESOLVER_UID)] * 4 and not status["Groups"].split(), status)
    expect(all(int(status["Cap" + which], 16) == 0 for which in ("Prm", "Eff", "Amb")), status)
    expect(status["NoNewPrivs"] == "1", status)
    # /proc gives the files of a process that may not be dumped to root instead of the process's own user
    wait_until("that it may not be dumped", lambda: os.stat("/proc/%d/fd" % resolver.pid).st_uid == 0)
    control = ours.host.start("setpriv", "--reuid", str(RESOLVER_UID), "--regid", str(RESOLVER_UID), "--clear-groups", "sleep", "60")
    wait_until("the control", lambda: os.stat("/proc/%d/fd" % control.pid).st_uid == RESOLVER_UID)
    # a question is under way, so what it has is what it works with
    wait_until("its socket", lambda: len(os.listdir("/proc/%d/fd" % resolver.pid)) == 4)
    has = {int(fd): os.readlink("/proc/%d/fd/%s" % (resolver.pid, fd)) for fd in os.listdir("/proc/%d/fd" % resolver.pid)}
    theirs = {os.readlink("/proc/%d/fd/%s" % (ours.process.pid, fd)) for fd in os.listdir("/proc/%d/fd" % ours.process.pid)}
    expect("memfd:names" in has[0] and has[1].startswith("pipe:") and has[2] == "/dev/null", has)
    expect(all(name.startswith("socket:") and name not in theirs for fd, name in has.items() if fd > 2), has, theirs)
    expect(copies_of(key, resolver.pid) == 0 < copies_of(key, ours.process.pid), copies_of(key, ours.process.pid))
    with open("/proc/%d/environ" % resolver.pid) as f:
        expect(f.read() == "")


@case
def resolver_goes_with_its_service_however_that_ends(lab):
    a = silent_name_server(lab)
    for how in (signal.SIGTERM, signal.SIGKILL):
        key, ours = with_a_name(lab, a)
        resolver = resolver_of(ours.process.pid)
        wait_until("its own user", lambda: status_of(resolver.pid)["Uid"].split()[0] == str(RESOLVER_UID))
        wait_until("its socket", lambda: len(os.listdir("/proc/%d/fd" % resolver.pid)) == 4)
        ours.stop(how)
        wait_until("its end", lambda: not os.path.exists("/proc/%d" % resolver.pid))
        run("ip", "netns", "del", ours.inner)


@case
def resolver_that_cannot_become_another_user_asks_no_one(lab):
    a = silent_name_server(lab)
    key, ours = with_a_name(lab, a)
    expect("cannot become user" not in ours.said(), ours.said())
    ours.stop()
    ours.prefix = ["setpriv", "--bounding-set", "-setuid", "--inh-caps", "-setuid"]
    ours.start()
    wait_until("a word of it", lambda: re.search("names are not looked up: .* cannot become user", ours.said()))


@case
def check_asks_for_names_by_the_resolver_and_waits_ten_seconds_at_most(lab):
    a = silent_name_server(lab)
    key, ours = with_a_name(lab, a, 2)
    ours.stop()
    check = a.start(lab.applet("gateway"), "check", "--conf", ours.dir + "/conf", stdout=subprocess.DEVNULL,
                    stderr=open(ours.dir + "/check", "w"))
    resolver = resolver_of(check.pid)
    check.send_signal(signal.SIGSTOP)           # its ten seconds may be over before it has been looked at
    wait_until("its own user", lambda: status_of(resolver.pid)["Uid"].split()[0] == str(RESOLVER_UID))
    expect(copies_of(key, resolver.pid) == 0 < copies_of(key, check.pid))
    check.send_signal(signal.SIGCONT)
    expect(check.wait(60) == 0)
    with open(ours.dir + "/check") as f:
        said = f.read()
    expect(said == "vpn-public.conf:9: warning: Endpoint fra0.example.net and 1 more were not looked up within 10 s\n", said)


# Names to IPv4 addresses, by the first label; the address to serve at and the device are its arguments.
NAME_SERVER = """
import socket, sys
addresses = dict(peer=["192.0.2.2"], both=["10.8.3.3", "127.0.1.1", "192.0.2.4"], inside=["10.8.3.5"], loop=["127.0.1.1"])
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 53) + ((0, socket.if_nametoindex(sys.argv[2])) if ":" in sys.argv[1] else ()))
print("ready", flush=True)
while True:
    query, client = s.recvfrom(512)
    end = query.index(b"\\0", 12) + 5
    found = addresses[query[13:13 + query[12]].decode()] if query[end - 4:end - 2] == b"\\0\\1" else []
    answer = b"".join(b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\0\\0\\4" + socket.inet_aton(a) for a in found)
    s.sendto(query[:2] + b"\\x81\\x80\\0\\1\\0" + bytes([len(found)]) + b"\\0\\0\\0\\0" + query[12:end] + answer, client)
"""


def name_server(host, address):
    server = host.start("/usr/bin/python3", "-c", NAME_SERVER, address, "eth0", stdout=subprocess.PIPE, text=True)
    expect(server.stdout.readline() == "ready\n")
    server.stdout.close()


@case
def link_local_name_server_with_its_nic_is_asked(lab):
    """By both libcs: the image's is musl."""
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "192.0.2.1/24 fe80::1/64", b, "192.0.2.2/24 fe80::53/64")
    name_server(b, "fe80::53")
    (key, public), other = wg_keys(), wg_keys()[1]
    conf = files(key, [(public, "10.8.3.1/32", "192.0.2.1:4567", ""), (other, "10.8.3.2/32", "peer.example:4567", "")], "10.8.3.1")
    # the network service writes what the resolver reads, and leaves eth0 alone
    dns = "[Match]\nName=eth9\n[Network]\nDNS=fe80::53%eth0\n"
    network = lab.network_service(a, dict(conf, **{"network.conf": dns}), lambda: os.path.exists("/run/resolv.conf"))
    with open("/run/resolv.conf") as f:
        expect(f.read() == "nameserver fe80::53%eth0\n")
    lab.mount("/run/resolv.conf", "/etc/resolv.conf")
    said = a("getent", "ahostsv4", "peer.example")
    expect(said.startswith("192.0.2.2 "), said)         # the control
    for build in ("host", "target"):
        lab.use(lab.binary.replace("/host/", "/%s/" % build))
        ours = lab.gateway(a, conf, inner="vpn-" + build)
        wait_until("its answer, by " + build, lambda: ours.peer(other)["endpoint"] == "192.0.2.2:4567")
        ours.stop()
    network.terminate()
    expect(network.wait(30) == 0)


@case
def addresses_that_no_endpoint_can_have_are_left_out(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "192.0.2.1/24", b, "192.0.2.2/24")
    name_server(b, "192.0.2.2")
    with open(lab.dir + "/resolv.conf", "w") as f:
        f.write("nameserver 192.0.2.2\n")
    lab.mount(lab.dir + "/resolv.conf", "/etc/resolv.conf")
    (key, public), names = wg_keys(), ("peer", "both", "inside", "loop")
    keys = {name: wg_keys()[1] for name in names}
    peers = [(public, "10.8.3.1/32", "192.0.2.1:4567", "")]
    peers += [(keys[name], "10.8.3.%d/32" % (10 + n), name + ".example:4567", "") for n, name in enumerate(names)]
    ours = lab.gateway(a, files(key, peers, "10.8.3.1"))
    wait_until("the good ones", lambda: ours.peer(keys["peer"])["endpoint"] == "192.0.2.2:4567" and
               ours.peer(keys["both"])["endpoint"] == "192.0.2.4:4567")
    inside, loop = "Endpoint inside.example resolves to an address inside the VPN network only", "Endpoint loop.example does not resolve"
    wait_until("a word of the others", lambda: inside in ours.said() and loop in ours.said())
    expect([ours.peer(keys[name])["endpoint"] for name in ("inside", "loop")] == ["", ""], ours.show())
    said = a(lab.applet("gateway"), "check", "--conf", ours.dir + "/conf")
    expect(inside + ": this peer is reached once it has another\n" in said and
           loop + ": this peer is reached once it does\n" in said and "example" not in said.replace(inside, "").replace(loop, ""), said)
