"""`update from NAME`: the bundle of a peer through loss and a pulled cable, and what a peer may do that means harm. Real applets on both sides;
the end of it, on an ESP, is tests/qemu/case_metal_update.py's."""
import contextlib
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

from cases import case, expect, soak
from esp import Machine, make_bundle
from frames import namespace
from lab import Gateway, ping, run, wait_until, wg_keys
from pair import files

PORT = 4569
MAGIC = b"MITIGATOR PEER\0\0"
OK = 0
HEAD = 320
PORT_ON = "MITIGATOR_CLUSTER_PORT=%d\n" % PORT
NO_ESP = "no disk here has the ESP that this system was started from"


def answer(status, offset, length, version=1):
    return MAGIC + struct.pack("<IIQQ", version, status, offset, length) + bytes(24)


def request(offset=0, sha=bytes(32), version=1, what=1):
    return MAGIC + struct.pack("<IIQ", version, what, offset) + sha


def of_closed(read):
    """What is read: of a connection that was closed before all was read there, a reset may come first."""
    try:
        return read()
    except ConnectionResetError:
        return b""


def start_update(lab, machine, host, *words):
    """`update` on that machine; what it says is a file."""
    path = "%s/said.%d" % (machine.dir, time.monotonic_ns())
    with open(path, "w") as f:
        process = host.start(*machine.words(lab.applet("update"), *words), stdout=f, stderr=subprocess.STDOUT)
    process.said = lambda: open(path).read()
    return process


def update(lab, machine, host, *words, timeout=90):
    process = start_update(lab, machine, host, *words)
    process.wait(timeout)
    return process.said()


def applets(lab):
    link = lab.dir + "/bin/update"
    if not os.path.lexists(link):
        os.symlink(lab.binary, link)


def make_image(lab, mib):
    path = lab.dir + "/uki"
    with open(path, "wb") as f:
        f.write(b"MZ" + os.urandom((mib << 20) - 2))
    return path


class Installed(Gateway):
    """The service, where that machine's firmware and disk are."""

    def __init__(self, lab, host, texts, machine, name="gateway"):
        self.machine = machine
        super().__init__(lab, host, texts, name, "vpn-" + host.name, ("--backend", "lwip"))

    def start(self):
        self.prefix = self.machine.words()
        super().start()


class Two:
    """Ours on a, which runs 0.2.0 from a disk with its bundle, and ours on b, which runs 0.1.0; a has this path alone."""

    def __init__(self, lab, server, client, path="gateway"):
        self.lab, self.client = lab, client
        self.a, self.b = lab.host("a"), lab.host("b")
        lab.link(self.a, "192.0.2.1/24", self.b, "192.0.2.2/24")
        (key_a, pub_a), (key_b, pub_b) = wg_keys(), wg_keys()
        peers = [(pub_a, "10.8.3.1/32", "192.0.2.1:4567", "PersistentKeepalive = 2\n"),
                 (pub_b, "10.8.3.2/32", "192.0.2.2:4567", "PersistentKeepalive = 2\n")]
        texts = files(key_a, peers, "10.8.3.1", PORT_ON)
        texts["vpn-public.conf"] = texts["vpn-public.conf"].replace("[Peer]", "[Peer] # one", 1)
        self.of_a = Installed(lab, self.a, texts, server, path)
        texts.update((name, text) for name, text in files(key_b, peers, "10.8.3.2", PORT_ON).items() if name != "vpn-public.conf")
        self.of_b = lab.gateway(self.b, texts)
        client.runs_at(self.of_b.dir + "/run")
        inner = self.of_b.inner
        if path != "gateway":
            inner = lab.gateway(self.b, texts, path, "dataplane-b", ("--backend", "lwip", "--run", self.of_b.dir + "/run")).inner
        expect(ping(inner, "10.8.3.1", 1, wait=30) == (1, 1), self.of_a.ask("show"))

    def lose(self, percent):
        for inner in (self.of_a.inner, self.of_b.inner):
            run("ip", "netns", "exec", inner, "/usr/sbin/nft", "add table ip lossy; add chain ip lossy in { type filter hook input priority 0; }; "
                "add rule ip lossy in meta l4proto tcp numgen random mod 100 < %d drop" % percent)

    def update(self, *words, timeout=90):
        return update(self.lab, self.client, self.b, *words, timeout=timeout)


@contextlib.contextmanager
def two_versions(lab, mib, tries="", path="gateway"):
    """(the bundle of 0.2.0, Two); mib of it are its image. tries: what the name of a's has when it is on trial."""
    applets(lab)
    uki = make_image(lab, mib)
    bundle = make_bundle(lab, lab.dir + "/bundle", uki, "0.2.0")
    with Machine(lab, "a", "0.2.0", lab.dir + "/bundle", uki, tries) as server, Machine(lab, "b", "0.1.0") as client:
        yield bundle, Two(lab, server, client, path)


@case
def update_from_a_peer_goes_on_behind_a_pulled_cable(lab):
    """At 5 % loss, with the cable out for longer than a connection is waited for; Ctrl-C, and the same command again."""
    with two_versions(lab, 10) as (bundle, two):
        two.lose(5)
        first = start_update(lab, two.client, two.b, "from", "one")
        wait_until("some of it", lambda: len(two.client.fetched() or b"") > 1 << 20, 60)
        two.a("ip", "link", "set", "eth0", "down")
        expect(len(two.client.fetched()) < len(bundle), "it had come before the cable was pulled", first.said())
        wait_until("it says so", lambda: "nothing comes any more" in first.said(), 30)
        two.a("ip", "link", "set", "eth0", "up")
        had = len(two.client.fetched())
        wait_until("it goes on", lambda: len(two.client.fetched() or b"") > had, 60)
        first.send_signal(signal.SIGINT)
        first.wait(30)
        had = two.client.fetched()
        expect(HEAD < len(had) and bundle.startswith(had), "what has come is not the beginning of it", len(had), first.said())
        began = time.monotonic()
        said = two.update("from", "one")
        print("  %d of %d bytes had come; the rest took %.1f s" % (len(had), len(bundle), time.monotonic() - began))
        expect("one: version 0.2.0, 11 MiB\n" in said and NO_ESP in said, said)
        expect(two.client.fetched() == bundle, "what has come is not the bundle", len(two.client.fetched() or b""))
        expect("10.8.3.2 fetched the update that runs here, from byte %d of %d on" % (len(had), len(bundle)) in two.of_a.said(),
               two.of_a.said())
        # all of it is there: nothing is sent twice
        said = two.update("from", "10.8.3.1")
        expect("10.8.3.1: version 0.2.0" in said and NO_ESP in said and two.client.fetched() == bundle, said)
        expect("no peer that runs is called so" in two.update("from", "three"))
        with Machine(lab, "old", "0.1.0") as old:       # b came by no bundle
            old.runs_at(two.of_a.dir + "/run")
            said = update(lab, old, two.a, "from", "10.8.3.2")
            expect("it has no update to give" in said and old.fetched() is None, said)


class Evil:
    """b is wireguard-go, with a server of the test's own at the port."""

    def __init__(self, lab, client):
        self.lab, self.client = lab, client
        self.a, self.b = lab.host("a"), lab.host("b")
        lab.link(self.a, "192.0.2.1/24", self.b, "192.0.2.2/24")
        (key, pub), (other, other_pub) = wg_keys(), wg_keys()
        self.go = lab.wireguard_go(self.b, "go0", other, 4567)
        self.go.set("peer", pub, "allowed-ips", "10.8.3.1/32", "endpoint", "192.0.2.1:4567")
        self.go.address("10.8.3.2/24")
        self.ours = lab.gateway(self.a, files(key, [(pub, "10.8.3.1/32", "192.0.2.1:4567", ""),
                                                    (other_pub, "10.8.3.2/32", "192.0.2.2:4567", "")], "10.8.3.1", PORT_ON))
        client.runs_at(self.ours.dir + "/run")
        expect(ping("b", "10.8.3.1", 1, wait=30) == (1, 1), self.ours.ask("show"))

    def told(self, serve):
        """What `update from` says, and how long it took, when serve(connection, request) answers it; once or more often."""
        with namespace("b"):
            server = socket.create_server(("10.8.3.2", PORT))

        def answer_all():
            while True:
                try:
                    connection = server.accept()[0]
                except OSError:
                    return
                with connection:
                    try:
                        serve(connection, connection.recv(64, socket.MSG_WAITALL))
                        connection.shutdown(socket.SHUT_WR)
                        while connection.recv(4096):
                            pass
                    except OSError:
                        pass

        thread = threading.Thread(target=answer_all, daemon=True)
        thread.start()
        began = time.monotonic()
        try:
            said = update(self.lab, self.client, self.a, "from", "10.8.3.2")
        finally:
            server.shutdown(socket.SHUT_RDWR)
            server.close()
            thread.join(30)
        return said, time.monotonic() - began


@contextlib.contextmanager
def evil_peer(lab):
    """(a bundle of 0.2.0, Evil)"""
    applets(lab)
    good = make_bundle(lab, lab.dir + "/bundle", make_image(lab, 1), "0.2.0")
    with Machine(lab, "b", "0.1.0") as client:
        yield good, Evil(lab, client)


@soak
def update_from_a_peer_comes_by_the_dataplane_while_management_does_not_work(lab):
    with two_versions(lab, 1, path="gateway-dataplane") as (bundle, two):
        said = two.update("from", "one")
        expect("one, by gateway, at 0 KiB" in said and "one: version 0.2.0" in said and two.client.fetched() == bundle, said)


@soak
def update_that_is_on_trial_is_not_handed_on(lab):
    with two_versions(lab, 1, "+2-1") as (_, two):
        said = two.update("from", "one")
        expect("it has no update to give" in said and two.client.fetched() is None, said)
        expect("0.2.0 is on trial: peers get it once it is confirmed" in two.of_a.said(), two.of_a.said())


def whole(bundle, more=b""):
    return lambda to, _: to.sendall(answer(OK, 0, len(bundle)) + bundle + more)


def is_refused(evil, name, serve, words):
    said, took = evil.told(serve)
    expect(words in said, "%s: %s" % (name, said))
    expect(evil.client.fetched() is None, "%s: it is kept" % name, said)
    expect(took < 60, "%s took %.1f s" % (name, took))


@case
def peer_that_sends_garbage_or_too_much_is_refused(lab):
    with evil_peer(lab) as (good, evil):
        altered = bytearray(good)
        altered[len(good) // 2] ^= 1
        stranger = bytearray(good)
        stranger[24] = ord("9")         # its version
        is_refused(evil, "garbage", lambda to, _: to.sendall(os.urandom(4096)), "what it says is none of this protocol")
        is_refused(evil, "no answer", lambda to, _: to.sendall(answer(9, 0, 0)), "what it says is none of this protocol")
        is_refused(evil, "garbage behind an answer", whole(os.urandom(1 << 20)), "it is no update")
        is_refused(evil, "another header", whole(stranger), "its signature is of none of this board's keys")
        is_refused(evil, "an altered byte", whole(altered), "it is damaged: its sum is not what its signature covers")
        is_refused(evil, "too much", whole(good, b"x"), "it sends more than it announced")
        is_refused(evil, "a TiB", lambda to, _: to.sendall(answer(OK, 0, 1 << 40)), "no update is as long as it says")
        is_refused(evil, "another length", lambda to, _: to.sendall(answer(OK, 0, len(good) - 1) + good),
                   "its length is not what its signature covers")
        is_refused(evil, "another place", lambda to, _: to.sendall(answer(OK, 400, len(good)) + good), "it begins where no one asked for")
        is_refused(evil, "another version", lambda to, _: to.sendall(answer(3, 0, 0, 2)), "its version speaks another protocol")
        said, _ = evil.told(whole(good))            # the control
        expect(NO_ESP in said and evil.client.fetched() == good, said)


@soak
def peer_that_sends_too_slowly_is_refused(lab):
    with evil_peer(lab) as (good, evil):
        def byte_by_byte(to, _):
            to.sendall(answer(OK, 0, len(good)) + good[:HEAD])
            for byte in good[HEAD:]:
                to.sendall(bytes([byte]))
                time.sleep(0.2)

        is_refused(evil, "a byte now and then", byte_by_byte, "it sends too slowly")


@case
def port_of_the_cluster_is_for_peers_and_bounded(lab):
    """Who asks nothing, or something else, is in no one's way; the process that reads it is no one."""
    with two_versions(lab, 1) as (bundle, two):

        def ask(words, source="10.8.3.2", expects=64):
            with namespace(two.of_b.inner), socket.create_connection(("10.8.3.1", PORT), 10, (source, 0)) as to:
                to.settimeout(30)
                to.sendall(words)
                said = b""
                while len(said) < expects:
                    part = to.recv(65536)
                    if not part:
                        break
                    said += part
                return said

        whole = 64 + len(bundle)
        expect(ask(request(), expects=whole) == answer(OK, 0, len(bundle)) + bundle, "it is not the bundle")
        expect(ask(request(1000), expects=whole)[:64] == answer(OK, 0, len(bundle)), "who has something else gets all of it")
        expect(ask(request(what=7)) == answer(2, 0, 0), "what no one knows")
        expect(ask(request(version=2)) == answer(3, 0, 0), "another version")
        for words in (b"GET / HTTP/1.1\r\n\r\n" + bytes(64), os.urandom(64)):
            expect(of_closed(lambda: ask(words)) == b"", "what is none of this protocol's gets an answer")
        with namespace(two.of_b.inner):
            silent = socket.create_connection(("10.8.3.1", PORT), 10)
            silent.sendall(request()[:63])
            again = socket.create_connection(("10.8.3.1", PORT), 10)
        silent.settimeout(5)
        expect(of_closed(lambda: silent.recv(1)) == b"", "who comes again has two connections")
        again.close()
        # as no one, and without a capability; nothing of ours is in the way of the host
        pids = run("pgrep", "-x", "-f", "cluster 10.8.3.1/24").split()
        states = [open("/proc/%s/status" % pid).read() for pid in pids]
        uids = sorted(re.search(r"^Uid:\t(\d+)", state, re.M)[1] for state in states)
        expect(uids == ["0", "64780"], uids)
        expect(all(re.search(r"^Cap(Eff|Bnd):\t0+$", state, re.M) for state in states), states)
        with namespace("a"), socket.socket() as outside:
            outside.settimeout(2)
            expect(outside.connect_ex(("192.0.2.1", PORT)) != 0, "it is open outside of the VPN")
        two.of_a.write({".env": "MITIGATOR_VPN_ADDRESS=10.8.3.1\nMITIGATOR_CLUSTER_PORT=off\n"})
        two.of_a.ask("reconfigure")
        with namespace(two.of_b.inner), socket.socket() as closed:
            closed.settimeout(5)
            expect(closed.connect_ex(("10.8.3.1", PORT)) != 0, "it is served though it is off")
        expect("MITIGATOR_CLUSTER_PORT" in two.update("from", "one"))
        # another program has the port for a while
        with namespace(two.of_a.inner):
            other = socket.create_server(("10.8.3.1", PORT))
        two.of_a.write({".env": "MITIGATOR_VPN_ADDRESS=10.8.3.1\n" + PORT_ON})
        two.of_a.ask("reconfigure")
        expect("no peer is answered: port %d: Address" % PORT in two.of_a.said(), two.of_a.said())
        other.close()
        wait_until("it is tried again", lambda: "over: no peer is answered" in two.of_a.said())
        expect(ask(request(what=7)) == answer(2, 0, 0), "peers are not answered again")


@soak
def port_of_the_cluster_is_no_ones_for_longer_than_a_turn(lab):
    """A peer with eight addresses takes all places, reads as slowly as it may and connects again and again; another one gets the bundle."""
    with two_versions(lab, 24) as (bundle, two):
        more = ["10.8.3.%d" % n for n in range(16, 24)]
        for of in (two.of_a, two.of_b):
            of.write({"vpn-public.conf": open(of.dir + "/conf/vpn-public.conf").read().replace("10.8.3.2/32", "10.8.3.2/32, 10.8.3.16/29")})
            of.ask("reconfigure")
        run("ip", "-n", two.of_b.inner, "link", "set", "lo", "up")      # what is on wg0 and not in the files would be taken off
        for address in more:
            run("ip", "-n", two.of_b.inner, "address", "add", address + "/32", "dev", "lo")
        held, over = [], threading.Event()

        def hold(address):
            while not over.is_set():
                with namespace(two.of_b.inner):
                    to = socket.socket()
                    to.bind((address, 0))
                to.settimeout(80)
                try:
                    to.connect(("10.8.3.1", PORT))
                    to.sendall(request())
                    if to.recv(64):
                        held.append(address)
                    to.settimeout(300)
                    while not over.wait(1) and to.recv(1 << 15):
                        pass
                except OSError:
                    pass
                to.close()

        threads = [threading.Thread(target=hold, args=(address,), daemon=True) for address in more]
        for thread in threads:
            thread.start()
        try:
            wait_until("all places are taken", lambda: len(set(held)) == 8, 60)
            began = time.monotonic()
            said = two.update("from", "one", timeout=400)
            expect(two.client.fetched() == bundle, "it did not come", said)
            print("  FIGURE  %.0f s for 24 MiB beside eight that hold all places" % (time.monotonic() - began))
        finally:
            over.set()
