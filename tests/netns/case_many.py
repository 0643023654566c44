"""A path with a thousand peers: one of them changes, all are shown, all are probed, and packets of another go on meanwhile."""
import base64
import json
import os
import re
import subprocess
import time

from cases import case, expect, soak
from lab import ECHOES, run, wait_until
from pair import Pair, files

PEERS = 1000
MOST = 256                      # packets that may be on their way: fewer than any queue between the two holds


class Many(Pair):
    """A pair, and peers that no one hears from, and that no one calls without an endpoint."""

    def __init__(self, lab, endpoint=None):
        super().__init__(lab)
        self.idle = [(base64.b64encode(os.urandom(32)).decode(), "10.8.%d.%d/32" % (10 + n // 250, 1 + n % 250), endpoint, "")
                     for n in range(PEERS - 2)]
        self.both_ways()
        self.write()
        self.ours.ask("reconfigure")

    def write(self):
        self.ours.write(files(self.key_a, self.peers + self.idle, self.vpn[0] + "/16"))

    def change(self, n):
        """Another key for one of them, and its keepalive."""
        key, address, endpoint, _ = self.idle[n]
        self.idle[n] = (base64.b64encode(os.urandom(32)).decode() if n % 2 else key, address, endpoint, "PersistentKeepalive = %d" % (25 + n))
        self.write()

    def timed(self, *words):
        """(what it said, in how many ms)"""
        begun = time.monotonic()
        said = self.ours.ask(*words)
        return said, (time.monotonic() - begun) * 1000

    def while_packets_pass(self, seconds, work):
        """work() again and again beside 1,000 packets a second, of which none is lost: how often, and ms of the slowest."""
        stream = self.b.start(ECHOES, "-c", str(seconds * 1000), "-i", "0.001", "-q", str(MOST), "-W", "30", self.vpn[0],
                              stdout=subprocess.PIPE, text=True)
        times = 0
        while stream.poll() is None:
            work()
            times += 1
        said = stream.communicate()[0]
        expect("%d packets transmitted, %d received" % (seconds * 1000, seconds * 1000) in said, said)
        return times, float(re.search(r"slowest (\S+) ms", said)[1])


def one_of_many_changes(lab, seconds):
    many = Many(lab)
    taken = {"plan": [], "apply": []}

    def commit():
        many.change(len(taken["apply"]) % len(many.idle))
        said, ms = many.timed("reconfigure", "--dry-run")
        expect("would be applied" in said, said)
        taken["plan"].append(ms)
        said, ms = many.timed("reconfigure", "--force", "--quiet")
        expect("%d kept" % (PEERS - 2) in said, said)
        taken["apply"].append(ms)

    _, alone = many.while_packets_pass(seconds, lambda: time.sleep(0.1))
    times, beside = many.while_packets_pass(seconds, commit)
    expect(times, times)
    shown = many.ours.peer(many.pub_b)
    expect(shown["latest_handshake"] > 0, shown)
    print("          %d changes of one of %d peers beside 1,000 packets a second: plan %.0f ms, apply and keep %.0f ms in the median;"
          " the slowest packet took %.1f ms, without them %.1f ms" % (times, PEERS, *(sorted(ms)[len(ms) // 2] for ms in taken.values()),
                                                                     beside, alone))


def all_of_many_are_shown(lab, seconds):
    many = Many(lab)
    shows = []

    def show():
        said, ms = many.timed("show", "--json")
        expect(len(json.loads(said)["peers"]) == PEERS - 1)
        shows.append(ms)
        expect(run(many.ours.lab.applet("gateway"), "--run", many.ours.dir + "/run", "wg", "show", "wg0", "dump").count("\n") == PEERS)

    _, alone = many.while_packets_pass(seconds, lambda: time.sleep(0.1))
    times, beside = many.while_packets_pass(seconds, show)
    print("          %d answers about %d peers, each %.0f ms in the median, beside 1,000 packets a second: the slowest packet took %.1f ms,"
          " without them %.1f ms" % (times, PEERS - 1, sorted(shows)[len(shows) // 2], beside, alone))


@case
def one_of_a_thousand_peers_changes_and_no_packet_of_others_is_lost(lab):
    one_of_many_changes(lab, 4)


@case
def probes_of_a_thousand_peers_fill_no_queue(lab):
    many = Many(lab, "192.0.2.9:4567")
    shown = wait_until("a packet to each", lambda: next(
        (shown for shown in [many.ours.show()] if shown["interface_packets"]["tx"] >= PEERS - 2), None), 120)
    expect(shown["interface_counters"]["tx_dropped"] == 0, shown["interface_counters"])


@soak
def one_of_a_thousand_peers_changes_for_a_minute(lab):
    one_of_many_changes(lab, 60)


@soak
def a_thousand_peers_are_shown_for_a_minute(lab):
    all_of_many_are_shown(lab, 60)
