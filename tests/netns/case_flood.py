"""A flood of initiations, with a mac1 that is right as anyone's is who knows the public key: data go on, and who proves himself gets in."""
import os
import re
import statistics
import subprocess
import sys
import time

import frames
from cases import case, expect, soak
from lab import ping, run, wait_until, wg_keys
from pair import Pair, files

RECEIVE = """
import select, socket, sys
listening = socket.create_server(("0.0.0.0", 7001))
print("ready", flush=True)
stream, _ = listening.accept()
total, buffer = 0, bytearray(1 << 20)
while True:
    for ready in select.select([stream, sys.stdin], [], [])[0]:
        if ready is sys.stdin:
            if not sys.stdin.readline():
                sys.exit()
            print(total, flush=True)
        else:
            n = stream.recv_into(buffer)
            if not n:
                sys.exit()
            total += n
"""
SEND = """
import socket, sys
stream = socket.create_connection((sys.argv[1], 7001), timeout=30)
stream.settimeout(None)
while True:
    stream.sendall(bytes(1 << 18))
"""


def tool(lab, name):
    """Of tests/bench, built for the target: a sanitizer costs more than the flood does."""
    return os.path.join(os.path.dirname(lab.binary), "../target", name)


class Victim:
    """Ours, or wireguard-go, at 192.0.2.1; ours at the other end, from where the flood comes too. 10.8.3.1 and 10.8.3.2 inside."""

    def __init__(self, lab, kind, more=()):
        lab.use(lab.binary.replace("/host/", "/target/"))
        self.lab, self.a, self.b = lab, lab.host("a"), lab.host("b")
        lab.link(self.a, "192.0.2.1/24", self.b, "192.0.2.2/24 192.0.2.3/24")
        (key_a, self.public), (key_b, pub_b) = wg_keys(), wg_keys()
        peers = [(self.public, "10.8.3.1/32", "192.0.2.1:4567", ""), (pub_b, "10.8.3.2/32", "192.0.2.2:4567", "")]
        more = [(key, "10.8.%d.%d/32" % (4 + n // 250, 1 + n % 250), None, "") for n, key in enumerate(more)]
        if kind == "ours":
            self.ours = lab.gateway(self.a, files(key_a, peers + more, "10.8.3.1/16"))
            self.inner, self.process = self.ours.inner, self.ours.process
        else:
            go = lab.wireguard_go(self.a, "go0", key_a)
            for key, inside, outside, _ in peers[1:] + more:
                go.set("peer", key, "allowed-ips", inside, *(["endpoint", outside] if outside else []))
            go.address("10.8.3.1/16")
            self.inner, self.process = self.a.name, go.process
        self.far = lab.gateway(self.b, files(key_b, peers, "10.8.3.2/16"))
        wait_until("a session", lambda: ping(self.far.inner, "10.8.3.1", 1, wait=1)[1])

    def flood(self, per_s, seconds, *source):
        """In the background, from forged addresses or that one; its output is how many were sent."""
        return self.b.start(tool(self.lab, "flooder"), self.public, "eth0", frames.mac_of(self.a.name, "eth0").hex(":"), "192.0.2.1:4567",
                            str(per_s), str(seconds), *source, stdout=subprocess.PIPE, text=True)

    def cpu_s(self):
        with open("/proc/%d/stat" % self.process.pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stream(self):
        receiver = subprocess.Popen(["ip", "netns", "exec", self.inner, sys.executable, "-c", RECEIVE], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, text=True)
        receiver.stdout.readline()
        sender = subprocess.Popen(["ip", "netns", "exec", self.far.inner, sys.executable, "-c", SEND, "10.8.3.1"])
        self.lab.processes += [receiver, sender]
        time.sleep(0.5)
        return receiver, sender


def mark(receiver):
    receiver.stdin.write("\n")
    receiver.stdin.flush()
    return int(receiver.stdout.readline())


def mbit_s(receiver, seconds):
    """Of an established TCP, in so many seconds from now."""
    begun, before = time.monotonic(), mark(receiver)
    time.sleep(seconds)
    return (mark(receiver) - before) * 8e-6 / (time.monotonic() - begun)


def pings(victim, count=150):
    """(loss in %, the slowest in ms), at 50 a second"""
    said = subprocess.run(["ip", "netns", "exec", victim.far.inner, "ping", "-n", "-q", "-W", "1", "-i", "0.02", "-c", str(count), "10.8.3.1"],
                          stdout=subprocess.PIPE, text=True).stdout
    slowest = re.search(r"= [\d.]+/[\d.]+/([\d.]+)/", said)
    return float(re.search(r"([\d.]+)% packet loss", said)[1]), float(slowest[1]) if slowest else float("inf")


def flooded(lab_of, kind, per_s, source=(), seconds=3):
    """{what: figure} of one round."""
    with lab_of() as lab:
        victim = Victim(lab, kind)
        found = dict(zip(("loss without", "ping max without"), pings(victim)))
        flood = victim.flood(per_s, 4, *source)
        time.sleep(0.5)
        before = victim.cpu_s()
        found.update(zip(("loss", "ping max"), pings(victim)))
        found["CPU"] = (victim.cpu_s() - before) / 3
        found["flood"] = int(flood.communicate()[0]) / 4
        receiver, sender = victim.stream()
        found["without"] = mbit_s(receiver, seconds)
        flood = victim.flood(per_s, seconds + 2, *source)
        time.sleep(1)
        found["with"] = mbit_s(receiver, seconds)
        flood.communicate()
        found["after"] = mbit_s(receiver, seconds)
        found["kept"] = found["with"] * 2 / (found["without"] + found["after"])
        sender.kill()
        return found


def in_rounds(lab, per_s, source=(), rounds=3):
    """{kind: {what: median}}, the contenders in turn."""
    lab.close()                     # each round has one of its own
    results = {"ours": [], "wireguard-go": []}
    for _ in range(rounds):
        for kind, found in results.items():
            found.append(flooded(lambda: type(lab)(lab.binary, lab.wireguard_go_path), kind, per_s, source))
            print("          %s: %s" % (kind, ", ".join("%s %.2f" % item for item in found[-1].items())), flush=True)
    return {kind: {what: statistics.median(round[what] for round in found) for what in found[0]} for kind, found in results.items()}
