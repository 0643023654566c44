"""What is measured: each takes who is measured and returns rows, name -> number."""
import json
import re
import statistics
import subprocess
import time

from lab import run

SECONDS = 2
FIRSTS = 9                      # sessions for one figure of the first ping
INITIATION_LEN, RESPONSE_LEN = 148, 92
ECHO_LEN = 32 + 96              # that of ping(8), 84 bytes, as a packet of the tunnel
LEN = 1392                      # of a UDP datagram that fills a packet of the tunnel
ALONE = "one end alone, %s, %s"


def start(namespace, *words):
    """Of two processes the one that listens: it says so."""
    process = subprocess.Popen(["ip", "netns", "exec", namespace, *words], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    return process


def iperf(pair, *words):
    server = start(pair.inner[1], "iperf3", "-s", "-1", "--forceflush")
    server.stdout.readline()
    before = pair.cpu_s()
    said = run("ip", "netns", "exec", pair.inner[0], "iperf3", "-c", pair.target, "-J", "-t", str(SECONDS), *words)
    spent = pair.cpu_s() - before
    server.communicate(timeout=30)
    return json.loads(said[said.index("{"):])["end"], spent     # a warning may stand before it


def tcp(pair, streams):
    end, spent = iperf(pair, "-P", str(streams))
    gbit = end["sum_received"]["bytes"] * 8 / 1e9
    rows = {"TCP %d stream%s, Gbit/s" % (streams, "s" * (streams > 1)): gbit / SECONDS}
    if streams == 1:
        rows["tunnel CPU s per Gbit"] = spent / gbit
    return rows


def udp(pair, tools, size, gso):
    """What a flood of datagrams gets through to an application on the other side: thousands a second, CPU ns each."""
    before = pair.cpu_s()
    receiver = start(pair.inner[1], tools + "/udpload", "receive-gro" if gso else "receive", "7000", str(SECONDS))
    run("ip", "netns", "exec", pair.inner[0], tools + "/udpload", "send-gso" if gso else "send", pair.target, "7000", str(size), str(SECONDS))
    count = int(receiver.communicate(timeout=30)[0])
    name = "UDP %d B%s, " % (size, " in super-packets" if gso else "")
    return {name + "kpps": count / SECONDS / 1000, name + "CPU ns each": (pair.cpu_s() - before) * 1e9 / max(count, 1)}


def ping_ms(pair, count, interval):
    said = run("ip", "netns", "exec", pair.inner[0], "ping", "-n", "-q", "-c", str(count), "-i", str(interval), pair.target)
    return float(re.search(r"= [\d.]+/([\d.]+)/", said)[1])


def first_ping(pair):
    """A packet for which there is no session yet, between ends that are at rest. When they exchange more meanwhile than the
    handshake and the echo, somebody else needed the session too, and may have had it first."""
    took = []
    for _ in range(3 * FIRSTS):
        pair.forget()
        ms = ping_ms(pair, 1, 1)
        if pair.transfer() == (RESPONSE_LEN + ECHO_LEN, INITIATION_LEN + ECHO_LEN):
            took.append(ms)
        if len(took) == FIRSTS:
            return {"first ping with handshake, ms": statistics.median(took)}
    raise RuntimeError("%d of %d first pings were alone" % (len(took), 3 * FIRSTS))


def ping_under_load(pair):
    server = start(pair.inner[1], "iperf3", "-s", "-1", "--forceflush")
    server.stdout.readline()
    client = subprocess.Popen(["ip", "netns", "exec", pair.inner[0], "iperf3", "-c", pair.target, "-t", "3"], stdout=subprocess.DEVNULL)
    found = ping_ms(pair, 40, 0.05)
    client.wait(30)
    server.communicate(timeout=30)
    return {"ping under load, ms": found}


def through(pair, tools):
    """All that goes from one end to the other."""
    ping_ms(pair, 1, 1)         # the hosts know each other
    rows = first_ping(pair) if pair.processes else {}
    rows["ping idle, ms"] = ping_ms(pair, 50, 0.02)
    for streams in (1, 4):
        rows.update(tcp(pair, streams))
    for size in (64, LEN):
        rows.update(udp(pair, tools, size, False))
    rows.update(udp(pair, tools, 64, True))
    rows.update(ping_under_load(pair))
    if pair.processes:
        rows["RSS of an end, MB"] = pair.processes.rss_mb() / len(pair.ends)
        rows["memory of an end, MB"] = pair.processes.pss_mb() / len(pair.ends)
    return rows


def one_end(lonely, tools, directions=("out", "in")):
    """What one packet costs the end that is measured, and what one processor would carry of them."""
    rows = {}
    for direction in directions:
        counted = "tx" if direction == "out" else "rx"
        if direction == "out":
            other = start("b", tools + "/opposite", "receive", "192.0.2.1:4567", str(SECONDS + 1), lonely.public)
            words = ["ip", "netns", "exec", lonely.end.inner, tools + "/udpload", "send-gso", "10.8.3.2", "7000", str(LEN), str(SECONDS)]
        else:
            other = start(lonely.end.inner, tools + "/udpload", "sink", "7000", str(SECONDS + 1))
            words = ["ip", "netns", "exec", "b", tools + "/opposite", "send", "192.0.2.1:4567", str(SECONDS), str(LEN), lonely.public]
        cpu_s, moved = lonely.processes.cpu_s(), lonely.end.bytes(counted)
        run(*words)
        packets = (lonely.end.bytes(counted) - moved) / LEN
        ns = (lonely.processes.cpu_s() - cpu_s) * 1e9 / max(packets, 1)
        other.communicate(timeout=30)
        rows[ALONE % (direction, "ns a packet")] = ns
        rows[ALONE % (direction, "Gbit/s a core")] = LEN * 8 / ns
    return rows


def handshakes(responder):
    before = responder.processes.cpu_s()
    said = responder.b(*responder.words(SECONDS))
    per_s = float(said.split()[0])
    return {"handshakes/s": per_s, "CPU ms per handshake": (responder.processes.cpu_s() - before) * 1000 / (per_s * SECONDS)}


def silent(many):
    """What a thousand peers cost that are called and do not answer."""
    wait_s = 5
    time.sleep(1)               # what comes first, to each of them, is over
    before = many.processes.cpu_s()
    time.sleep(wait_s)
    return {"1,000 silent peers, CPU %": (many.processes.cpu_s() - before) / wait_s * 100}


def change(many):
    """How long it takes to change one of a thousand."""
    took = []
    for n in range(11):
        taken = many.change_one(n)
        begun = time.monotonic()
        taken()
        took.append((time.monotonic() - begun) * 1000)
    return {"one of 1,000 peers changes, ms": statistics.median(took)}
