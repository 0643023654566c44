"""What is typed on all instances at once, as `help rotate` and `help port` have it: a cluster of three at 100 packets/s on each pair."""
import json
import os
import re
import subprocess

from case_at import clock
from case_commit import NETWORK, SERVICES, Box
from case_confirm import Watch
from cases import case, expect, soak
from lab import ECHOES, ping, run, wait_until, wg_keys

NAMES = ("fra1", "ams1", "lon1")
AHEAD_S, RATE, STREAM_S = 12, 100, 25


class Instance(Box):
    """One of three on a wire, with its console's commands."""

    def __init__(self, lab, number, wire):
        self.lab, self.number, self.name = lab, number, NAMES[number - 1]
        self.a, self.dir = lab.host(self.name), "%s/%s" % (lab.dir, self.name)
        run("ip", "link", "add", "name", "left", "type", "veth", "peer", "name", "right")
        run("ip", "link", "set", "left", "netns", self.name, "name", "eth0")
        run("ip", "link", "set", "right", "netns", wire.name, "name", self.name)
        self.a("ip", "link", "set", "eth0", "up")
        wire("ip", "link", "set", self.name, "master", "br0", "up")
        self.conf, self.run = self.dir + "/conf", self.dir + "/run"
        self.processes, self.services = {}, ()
        os.makedirs(self.conf)
        self.key, self.public = wg_keys()

    def inner(self, name):
        return "%s-%s" % (self.name, name)

    def put(self, cluster):
        public = "\n".join("[Peer] # %s\nPublicKey = %s\nAllowedIPs = 10.8.3.%d/32\nEndpoint = 192.0.2.%d:4567\n" % (
            one.name, one.public, one.number, one.number) for one in cluster)
        for name, text in {"vpn-private.conf": "[Interface]\nListenPort = 4567\nPrivateKey = %s\n" % self.key, "vpn-public.conf": public,
                           ".env": "MITIGATOR_VPN_ADDRESS=10.8.3.%d\n" % self.number, "network.conf": NETWORK % self.number}.items():
            with open(os.open(self.conf + "/" + name, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
                f.write(text)

    def shown(self, path):
        return json.loads(run(self.lab.applet(path), "--run", self.run, "show", "--json"))["peers"]

    def type(self, *words):
        done = subprocess.run(["gateway", *words, "--conf", self.conf], executable=self.lab.binary, capture_output=True, text=True, timeout=60)
        expect(done.returncode == 0, words, done)
        return done.stdout


class Streams:
    """100 packets/s from each instance to each other one of a higher number, on each path."""

    def __init__(self, cluster):
        self.going = {}
        for path in SERVICES[1:]:
            for one in cluster:
                for other in cluster[one.number:]:
                    self.going[one.name, other.name, path] = subprocess.Popen(
                        ["ip", "netns", "exec", one.inner(path), ECHOES, "-c", str(STREAM_S * RATE), "-i", str(1 / RATE), "-W", "5",
                         "10.8.3.%d" % other.number], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def lost(self):
        """Of each, all of it."""
        counted = {}
        for which, process in self.going.items():
            said = process.communicate(timeout=STREAM_S + 120)[0]
            sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", said).groups())
            expect(sent == STREAM_S * RATE, which, said)
            counted[which] = sent - received
        return counted


def three(lab):
    wire = lab.host("wire")
    wire("ip", "link", "add", "br0", "type", "bridge")
    wire("ip", "link", "set", "br0", "up")
    cluster = [Instance(lab, number, wire) for number in (1, 2, 3)]
    for one in cluster:
        one.put(cluster)
        os.makedirs(one.run, 0o700)
        one.start()
        expect(one.commit()[0] == 0)
    all_are_up(cluster)
    return cluster, [Watch(one) for one in cluster]


def all_are_up(cluster):
    for one in cluster:
        for other in cluster:
            for path in SERVICES[1:] if one is not other else ():
                wait_until("%s to %s by %s" % (one.name, other.name, path),
                           lambda: ping(one.inner(path), "10.8.3.%d" % other.number, 1, wait=1)[1] == 1, 60)


def change_at_once(cluster, says):
    """Step 4 and 5 of both: planned, waited for under load, confirmed. What each pair lost."""
    when = clock(AHEAD_S)
    for one in cluster:
        status, said = one.commit("--at", when, "--confirm", "5", "--force")
        expect(status == 0 and says(one) in said, one.name, status, said)
    streams = Streams(cluster)
    for one in cluster:
        wait_until("it runs on " + one.name, lambda: os.path.exists(one.run + "/pending") and not os.path.exists(one.run + "/scheduled"), 90)
    lost = streams.lost()
    for one in cluster:
        status, said = one.config("confirm")
        expect(status == 0 and "is confirmed" in said, one.name, said)
    all_are_up(cluster)
    return lost


def tell(what, lost):
    print("  FIGURE  %s: lost of %d at %d/s: %s" % (what, STREAM_S * RATE, RATE, ", ".join(
        "%s-%s %s %d" % (*which[:2], which[2], count) for which, count in lost.items())), flush=True)


@case
def key_of_one_of_three_is_rotated_and_the_others_lose_nothing(lab):
    cluster, watches = three(lab)
    fra1, ams1, lon1 = cluster
    key = re.search(r"\[Peer\] # ams1\nPublicKey = (\S+)", ams1.type("key", "new", "--force"))[1]
    for one in (fra1, lon1):
        one.type("peer", "set", "ams1", "PublicKey", key)
    lost = change_at_once(cluster, lambda one: "new key" if one is not ams1 else "")
    tell("a new key for ams1", lost)
    for which, count in lost.items():
        expect(("ams1" in which or not count) and count < STREAM_S * RATE / 2, which, lost)
    for one in (fra1, lon1):
        expect(all(key in {peer["public_key"] for peer in one.shown(path)} for path in SERVICES[1:]), "the old key runs on " + one.name)
    for watch in watches:
        watch.kill()


@soak
def port_of_management_changes_on_three_and_the_dataplane_loses_nothing(lab):
    cluster, watches = three(lab)
    for one in cluster:
        one.type("set", "ListenPort", "5567")
        for other in cluster:
            one.type("peer", "set", other.name, "Endpoint", "192.0.2.%d:5567" % other.number)
    lost = change_at_once(cluster, lambda one: "5567")
    tell("ListenPort 5567 for 4567", lost)
    for which, count in lost.items():
        expect((which[2] == "gateway" or not count) and count < STREAM_S * RATE / 2, which, lost)
    for watch in watches:
        watch.kill()
