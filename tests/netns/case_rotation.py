"""A key and a port that change in a cluster of three at one time, by README's steps, while packets go on each pair."""
import os
import re
import select
import struct
import subprocess
import threading
import time

from case_at import clock, is_gone, let_it_come
from case_commit import SERVICES, Box
from case_confirm import Watch
from case_generations import read
from case_neighbour import Switch
from cases import case, expect
from frames import udp_socket
from lab import ping, wait_until, wg_keys
from pair import files

PATHS, PORT, RATE, SINK = SERVICES[1:], 4567, 100, 9000
NETWORK = "[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.%d/24\n"
SKEW_S, GRACE_S = 2, 2      # what the clocks differ: one is early by a second, one late; what README grants beside
LOST_MAX = 1250             # one way, on a machine that has other work: a quiet one is far below what is granted


def vpn(number):
    return "10.8.3.%d" % number


class Member(Box):
    """One instance of the cluster, a box on a switch."""

    def __init__(self, lab, switch, number, keys):
        self.lab, self.number, self.a = lab, number, lab.host("i%d" % number)
        self.dir = "%s/%d" % (lab.dir, number)
        self.conf, self.run = self.dir + "/conf", self.dir + "/run"
        self.processes, self.services = {}, ()
        os.makedirs(self.conf)
        switch.plug(self.a)
        peers = [(public, vpn(n) + "/32", "192.0.2.%d:%d" % (n, PORT), "") for n, (_, public) in keys.items()]
        self.put({**files(keys[number][0], peers, vpn(number)), "network.conf": NETWORK % number})
        self.start()
        self.watch = Watch(self)
        expect(self.commit()[0] == 0)

    def inner(self, name):
        return "in%d-%s" % (self.number, name)

    def types(self, *words):
        done = subprocess.run([self.lab.applet("gateway"), *words, "--conf", self.conf], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60)
        expect(done.returncode == 0, words, done.stdout)
        return done.stdout


class Traffic:
    """So many packets a second on each pair, both ways, on both paths."""

    def __init__(self, members):
        self.ways = [(path, a.number, b.number) for path in PATHS for a in members for b in members if a is not b]
        inner = {(path, m.number): m.inner(path) for path in PATHS for m in members}
        self.sinks = {way: udp_socket(inner[way[0], way[2]], (vpn(way[2]), SINK + way[1])) for way in self.ways}
        self.sources = {way: udp_socket(inner[way[0], way[1]], (vpn(way[1]), 0)) for way in self.ways}
        for sock in [*self.sinks.values(), *self.sources.values()]:
            sock.setblocking(False)
        self.sent, self.last = dict.fromkeys(self.ways, 0), dict.fromkeys(self.ways, 0)
        self.came, self.over = {way: set() for way in self.ways}, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        of, due = {sock: way for way, sock in self.sinks.items()}, time.monotonic()
        while not self.over:
            now = time.monotonic()
            for way, sock in self.sources.items() if now >= due else ():
                self.sent[way] += 1
                try:
                    sock.sendto(struct.pack("!Q", self.sent[way]) + bytes(92), (vpn(way[2]), SINK + way[1]))
                except OSError:
                    pass            # lost, and counted as that
            if now >= due:
                due = max(due + 1 / RATE, now - 0.1)        # a machine that holds all up sends no burst behind that
            for sock in select.select(list(of), [], [], max(0, due - time.monotonic()))[0]:
                way = of[sock]
                try:
                    while True:
                        self.last[way] = struct.unpack_from("!Q", sock.recv(200))[0]
                        self.came[way].add(self.last[way])
                except BlockingIOError:
                    pass

    def flows(self):
        """On each of them, from now on: what was sent by now."""
        before = dict(self.sent)
        wait_until("packets on each pair", lambda: all(self.last[way] > before[way] + 5 for way in self.ways), 120)
        return before

    def lost(self, since, until):
        """{(path, a, b): packets}, {path: {(a, b): those of both ways together}}"""
        lost = {way: sum(n not in self.came[way] for n in range(since[way] + 1, until[way] + 1)) for way in self.ways}
        pairs = {path: {(a, b): lost[path, a, b] + lost[path, b, a] for _, a, b in self.ways if a < b} for path in PATHS}
        return lost, pairs

    def close(self):
        self.over = True
        self.thread.join()
        for sock in [*self.sinks.values(), *self.sources.values()]:
            sock.close()


def change(members, traffic, what, plan, untouched):
    """What all of them typed for one time comes, by clocks that differ, and is confirmed. plan: words of each one's. untouched: whether a way
    on a path has nothing to do with it."""
    for member in members:
        status, said = member.commit("--at", clock(7190), "--confirm", "5")
        expect(status == 0 and plan(member) in said, member.number, said)
    since = traffic.flows()
    at = int(time.time()) + 3
    for member, early in zip(members, (0, 1, -1)):
        let_it_come(member, at + early)
    for member in members:
        is_gone(member)
        expect("NOT applied" not in member.watch.said(), member.watch.said())
    traffic.flows()
    until = traffic.flows()
    for member in members:
        status, said = member.config("confirm")
        expect(status == 0 and "is confirmed" in said, member.number, said)
    lost, pairs = traffic.lost(since, until)
    most = max(lost.values())
    for way, count in lost.items():
        expect(count <= (0 if untouched(*way) else LOST_MAX), way, lost)
    for path, lost in pairs.items():
        print("  FIGURE  %s, %s: %s packets lost of both ways, %d/s each" %
              (what, path, ", ".join("%d-%d %d" % (*pair, count) for pair, count in sorted(lost.items())), RATE))
    print("  FIGURE  %s: one way lost %d at most; clocks that differ by %d s and %d s more are %d" %
          (what, most, SKEW_S, GRACE_S, (SKEW_S + GRACE_S) * RATE))


@case
def key_and_port_of_a_cluster_change_at_one_time(lab):
    switch, keys = Switch(lab), {number: wg_keys() for number in (1, 2, 3)}
    members = [Member(lab, switch, number, keys) for number in keys]
    first = members[0]
    for a in members:
        for b in members:
            for path in PATHS if a is not b else ():
                wait_until("%s of %d reaches %d" % (path, a.number, b.number), lambda: ping(a.inner(path), vpn(b.number), 1)[1] == 1, 60)
    traffic = Traffic(members)
    try:
        traffic.flows()
        said = first.types("key", "new", "--force")
        new = re.search(r"^PublicKey = (\S+)$", said, re.M)[1]
        expect(new != keys[1][1] and keys[1][1] not in read(first.conf + "/vpn-public.conf"), said)
        for other in members[1:]:
            other.types("peer", "set", vpn(1), "PublicKey", new)
        change(members, traffic, "a key", lambda member: "new key" if member is not first else "", lambda _, a, b: 1 not in (a, b))
        for member in members[1:]:
            expect(new in read(member.run + "/applied/gateway/vpn-public.conf"), "the new key does not run")

        for member in members:
            member.types("set", "ListenPort", "5567")
            for number in keys:
                member.types("peer", "set", vpn(number), "Endpoint", "192.0.2.%d:5567" % number)
        change(members, traffic, "a port", lambda _: "5567", lambda path, *_: path == "gateway-dataplane")
        for member in members:
            expect(member.state()[1]["gateway"][1] == 5567, "the new port does not run")
    finally:
        traffic.close()
    for member in members:
        member.watch.kill()
