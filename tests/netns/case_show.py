"""What is wrong with a cluster is on one screen of `show`, or the command that it names tells it."""
import os
import re
import signal
import subprocess
import time

from case_commit import Box
from cases import case, expect
from lab import ECHOES, run, wait_until, wg_keys
from pair import files

PORTS = {"gateway": 4567, "gateway-dataplane": 4568}
WIDTH = 79


class Watched(Box):
    """All of ours on a, and on b wireguard-go for each path; one ping a second on both."""

    def __init__(self, lab):
        super().__init__(lab)
        self.key_b, pub_b = wg_keys()
        self.peers[1] = (pub_b, "10.8.3.2/32", "192.0.2.62:4567", "")
        self.write(extra="DATA_PLANE_ISOLATION=on\n")
        self.start()
        self.goes = []
        for number, port in enumerate(PORTS.values()):
            go = lab.wireguard_go(self.b, "go%d" % number, self.key_b, port)
            go.set("peer", self.peers[0][0], "allowed-ips", "10.8.3.1/32", "endpoint", "192.0.2.1:%d" % port)
            run("ip", "netns", "add", "in-b%d" % number)
            run("ip", "-n", "b", "link", "set", go.device, "netns", "in-b%d" % number)
            for words in (("address", "add", "10.8.3.2/24", "dev", go.device), ("link", "set", go.device, "mtu", "1420", "up")):
                run("ip", "-n", "in-b%d" % number, *words)
            self.goes.append(go)
        for name in PORTS:
            lab.processes.append(subprocess.Popen(["ip", "netns", "exec", self.inner(name), ECHOES, "-c", "100000", "-i", "1", "10.8.3.2"],
                                                  stdout=subprocess.DEVNULL))

    def show(self, *words):
        done = subprocess.run(["ip", "netns", "exec", "a", self.lab.applet("gateway"), "overview", *words, "--run", self.run, "--conf", self.conf],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
        expect(all(len(line) <= WIDTH for line in done.stdout.splitlines()), "more than %d columns" % WIDTH, done.stdout)
        return done.stdout

    def ask(self, *words):
        """(exit status, output)"""
        done = subprocess.run(["ip", "netns", "exec", "a", self.lab.applet("gateway"), *words, "--run", self.run], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=180)
        expect(all(len(line) <= WIDTH for line in done.stdout.splitlines()), "more than %d columns" % WIDTH, done.stdout)
        return done.returncode, done.stdout

    def says(self, what, pattern, timeout=60):
        """Waits for it, and tells how long that took."""
        began = time.monotonic()
        said = [""]
        try:
            wait_until(what, lambda: re.search(pattern, said.__setitem__(0, self.show()) or said[0], re.M), timeout)
        except RuntimeError:
            expect(False, "show does not say: " + what, pattern, said[0])
        print("  FIGURE  %.0f s until show said: %s" % (time.monotonic() - began, what))
        return said[0]

    def both_up(self, what="both paths are up"):
        return self.says(what, r"^\S+ +10\.8\.3\.2 +up \S.*up \S", 150)


@case
def show_marks_what_is_wrong_with_a_path_within_half_a_minute(lab):
    box = Watched(lab)
    said = box.both_up()
    expect(re.search(r"^gateway +10\.8\.3\.1 +\d\d:\d\d:\d\d UTC   files: as applied$", said, re.M), said)
    expect(said.endswith("1 peer.  none DOWN\n") and "NO CARRIER" not in said, said)

    box.b("ip", "route", "add", "blackhole", "192.0.2.1/32")        # a filter in between: nothing of b arrives
    box.b("ip", "address", "add", "192.0.2.1/32", "dev", "eth0")    # and a NIC address twice
    box.says("both paths DOWN", r"^\S+ +10\.8\.3\.2 +DOWN \S.*DOWN \S")
    box.says("how many are DOWN", r"^1 peer\.  1 DOWN$")
    box.says("the address that is there twice", r"ANOTHER MACHINE HAS 192\.0\.2\.1 AS WELL")
    box.b("ip", "address", "del", "192.0.2.1/32", "dev", "eth0")
    box.b("ip", "route", "del", "blackhole", "192.0.2.1/32")
    box.both_up("both paths are up after the filter")

    box.b("ip", "link", "set", "eth0", "down")                      # a cable that is pulled
    box.says("the NIC without carrier", r"^eth0: NO CARRIER")
    box.b("ip", "link", "set", "eth0", "up")
    box.both_up("both paths are up after the cable")
    expect("NO CARRIER" not in box.show(), box.show())

    box.goes[0].set("private-key", "/dev/stdin", input=wg_keys()[0])  # the other side has another key
    said = box.says("the management path alone DOWN", r"^\S+ +10\.8\.3\.2 +DOWN \S.* up \S")
    said = box.show("10.8.3.2")
    expect("management\n    state          DOWN " in said and "between packet processors\n    state          up " in said, said)
    expect("failed         wrong key: from its endpoint comes a public key that is no peer's" in said or
           "failed         no answer" in said, said)
    box.goes[1].set("peer", box.peers[0][0], "remove")               # and it knows another key of ours
    box.says("both paths DOWN, a wrong key on either side", r"^\S+ +10\.8\.3\.2 +DOWN \S.*DOWN \S")
    expect(re.search(r"between packet processors\n    state +DOWN (.*\n)+    failed +no answer", box.show("10.8.3.2")), box.show("10.8.3.2"))


@case
def show_is_there_at_once_whatever_of_the_services_is_not(lab):
    box = Watched(lab)
    box.both_up()
    for name, row in (("gateway", r" \?  +up \S"), ("gateway-dataplane", r" up \S.* \?$")):
        box.processes[name].send_signal(signal.SIGSTOP)
        began = time.monotonic()
        said = box.show()
        print("  FIGURE  %.1f s for show while %s hangs" % (time.monotonic() - began, name))
        title = "management" if name == "gateway" else "dataplane"
        expect(re.search("^%s: the service does not answer: it hangs" % title, said, re.M) and re.search(row, said, re.M), said)
        box.processes[name].send_signal(signal.SIGCONT)
        wait_until(name + " answers again", lambda: "does not answer" not in box.show())
    box.processes["gateway"].kill()
    box.processes["gateway"].wait(30)
    said = box.show()
    expect("management: the service does not run\n" in said and " ?  " in said, said)
    box.write(extra="DATA_PLANE_ISOLATION=on\nDATA_PLANE_VPN_PORT=no\n")
    said = box.show()
    expect("files: 1 error, NOT what runs (`gateway check`)" in " ".join(said.split()), said)
    box.write(extra="DATA_PLANE_ISOLATION=on\nDATA_PLANE_VPN_PORT=4999\n")
    expect("files: NOT what runs (`gateway reconfigure` and `gateway-dataplane reconfigure`)" in " ".join(box.show().split()), box.show())
    expect("no service that answers has a peer nobody, and not both of them answer" in box.show("nobody"), box.show("nobody"))
    with open(box.run + "/gateway.absent", "w") as f:               # as a supervisor tells it
        f.write("the service does not run: it was killed by signal 9 (3 times by now), and is started again in 4 s")
    for said in (box.show(), box.show("10.8.3.2"), box.ask("probe", "10.8.3.2")[1]):
        expect("the service does not run: it was killed by signal 9 (3 times by now)" in " ".join(said.split()), said)
    with open(box.run + "/conflicts", "w") as f:                    # more than a screen of one thing
        f.writelines("ANOTHER MACHINE HAS 192.0.2.%d AS WELL: %s\n" % (n, "x" * 180) for n in range(64))
    with open(box.run + "/names", "w") as f:
        f.write("fra1\n" + "".join("10.8.%d.%d name-of-a-peer-%d\n" % (n // 250, n % 250, n) for n in range(1000)))
    box.processes["gateway-dataplane"].kill()
    box.processes["gateway-dataplane"].wait(30)
    said = box.show()
    expect(said.startswith("fra1  ") and said.count("ANOTHER MACHINE HAS") == 3 and "  and more like that: `network`\n" in said, said)
    expect("no service that answers has a peer nobody, and not both of them answer" in box.show("nobody"), box.show("nobody"))


@case
def check_looks_at_the_way_to_the_peers_too(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "192.0.2.1/24", b, "192.0.2.62/24")
    (key, public), (_, one), (_, other) = wg_keys(), wg_keys(), wg_keys()
    os.mkdir(lab.dir + "/conf")

    def check(*words, endpoint="192.0.2.62:4567"):
        peers = [(public, "10.8.3.1/32", "192.0.2.1:4567", ""), (one, "10.8.3.2/32", endpoint, ""), (other, "10.8.3.3/32", endpoint, "")]
        for name, text in files(key, peers, "10.8.3.1").items():
            with open("%s/conf/%s" % (lab.dir, name), "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
                f.write(text)
        done = subprocess.run(["ip", "netns", "exec", "a", lab.applet("gateway"), "check", *words, "--conf", lab.dir + "/conf"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        expect(done.returncode == 0, done.stdout)
        return done.stdout
    expect("host:" not in check(), check())
    said = check(endpoint="198.51.100.9:4567")
    expect("host: nothing leads to Endpoint 198.51.100.9 and 1 more now: `ip route`\n" in said, said)
    expect("host:" not in check("--no-host", endpoint="198.51.100.9:4567"))
    b("ip", "link", "set", "eth0", "down")
    wait_until("no carrier is said", lambda: "host: eth0: NO CARRIER: cable, switch port\n" in check())
    b("ip", "link", "set", "eth0", "up")
    a("ip", "link", "set", "eth0", "down")
    expect("host: eth0: it is switched off: `ip link set eth0 up`\n" in check(), check())
    a("ip", "address", "flush", "dev", "eth0")
    expect("host: no NIC has an address now: `ip address`\n" in check(), check())


def probed(box, is_right):
    """What it says; again where it is not right, as a machine with other work answers late, and what is late is lost to a probe."""
    for _ in range(3):
        said = box.ask("probe", "10.8.3.2")[1]
        if is_right(said):
            return said
    expect(False, said)


@case
def probe_finds_the_mtu_of_the_network_between(lab):
    box = Watched(lab)
    box.both_up()
    said = probed(box, lambda said: len(re.findall(r"^  (?:84|1420) bytes: 5 of 5 came back", said, re.M)) == 4)
    expect("largest" not in said, said)
    status, said = box.ask("ping", "out", "192.0.2.62", "-c", "2", "-i", "0.1", "-s", "1472", "-D")
    expect(status == 0 and "1480 bytes from 192.0.2.62" in said and "2 sent, 2 received" in said, said)
    status, said = box.ask("ping", "out", "192.0.2.62", "-c", "1", "-s", "1473", "-D")
    expect(status == 1 and "longer than the MTU of the way" in said, said)
    status, said = box.ask("ping", "out", "192.0.2.62", "-c", "1", "-s", "4000")      # in pieces
    expect(status == 0 and "4008 bytes from 192.0.2.62" in said, said)
    box.b("ip", "link", "set", "eth0", "mtu", "1280")               # what is longer is dropped at its end
    largest = r"^  (\d+) bytes is the largest that passes"
    said = probed(box, lambda said: [1200 <= int(passes) <= 1230 for passes in re.findall(largest, said, re.M)] == [True, True])
    expect(len(re.findall("^  1420 bytes: 0 of 5 came back", said, re.M)) == 2, said)
    for passes, key in zip(re.findall(largest, said, re.M), ("MITIGATOR_VPN_MTU", "DATA_PLANE_VPN_MTU")):
        expect(" %s=%d " % (key, int(passes) & ~3) in " ".join(said.split()), said)
    began = time.monotonic()
    probe = subprocess.Popen(["ip", "netns", "exec", "a", lab.applet("gateway"), "probe", "10.8.3.2", "--run", box.run], stdout=subprocess.PIPE)
    expect(b"10.8.3.2" in probe.stdout.readline() + probe.stdout.readline(), "the probe does not begin")
    began = time.monotonic()
    probe.send_signal(signal.SIGINT)
    probe.wait(30)
    print("  FIGURE  %.2f s until Ctrl-C ended a probe" % (time.monotonic() - began))
    status, said = box.ask("probe", "nobody")
    expect(status == 1 and "no peer that runs is called nobody" in said, said)
