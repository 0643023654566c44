"""Whose time is followed and who is served: chronyd under our service, chronyd as server and as other instance. None of them touches
the machine's clock."""
import contextlib
import os
import shutil
import signal
import subprocess
import time as clock

from case_nics import Network
from cases import case, expect, soak
from lab import wait_until
from pair import Pair

RUN = "/run/gateway"
SYS_TIME = 25                   # capability(7)
SERVER = ("local stratum 3", "allow")
QUIET = ("pidfile /", "cmdport 0", "bindcmdaddress /")


def chronyd(lab):
    """The image's, as it was built beside the binary."""
    return os.path.join(os.path.dirname(os.path.dirname(lab.binary)), "chrony", "chronyd")


class Time:
    """The service `time` beside a gateway of the lab's, in the directories that `clock` knows by heart."""

    def __init__(self, lab, ours):
        self.lab, self.ours = lab, ours
        for name in ("time", "clock"):
            os.symlink(lab.binary, lab.dir + "/bin/" + name)
        os.makedirs(RUN, exist_ok=True)
        lab.mount(ours.dir + "/run", RUN)
        with open(lab.dir + "/passwd", "w") as f:           # as in the image
            f.write("root:x:0:0:root:/:/bin/sh\ntime:x:64779:64779:time:/:/sbin/nologin\n")
        lab.mount(lab.dir + "/passwd", "/etc/passwd")
        with open(lab.dir + "/hosts", "w") as f:
            f.write("192.0.2.2 time.test\n")
        os.chmod(lab.dir + "/hosts", 0o644)
        lab.mount(lab.dir + "/hosts", "/etc/hosts")
        # where a user of no one's gets to it
        self.work = "/run/time-test"
        os.mkdir(self.work)
        shutil.copy(chronyd(lab), self.work + "/chronyd.real")
        with open(self.work + "/chronyd", "w") as f:
            f.write("#!/bin/sh\nexec %s/chronyd.real -x \"$@\"\n" % self.work)
        for name in ("chronyd", "chronyd.real"):
            os.chmod(self.work + "/" + name, 0o755)
        self.log = open(lab.dir + "/time.log", "a+")
        self.process = ours.host.start(lab.applet("time"), "--run", RUN, "--chronyd", self.work + "/chronyd", stderr=self.log)

    def close(self):
        self.process.terminate()
        expect(self.process.wait(30) == 0, self.said())
        shutil.rmtree(self.work)
        shutil.rmtree(RUN + ".time", ignore_errors=True)

    def said(self):
        self.log.flush()
        with open(self.lab.dir + "/time.log") as f:
            return f.read()

    def asks(self, text):
        with open(RUN + "/network.ntp.new", "w") as f:
            f.write(text)
        os.rename(RUN + "/network.ntp.new", RUN + "/network.ntp")

    def clock(self):
        return subprocess.run([self.lab.applet("clock")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60).stdout

    def wait_for(self, words, timeout=60):
        try:
            return wait_until("`clock` says " + words, lambda: next((said for said in [self.clock()] if words in said), None), timeout)
        except RuntimeError as err:
            raise RuntimeError("%s: %s%s" % (err, self.clock(), self.said())) from err


def started(time):
    """(pid, (user, capabilities, bounding set, no new privileges)) of each chronyd that is ours."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid) as f:
                words = f.read().split("\0")
            with open("/proc/%s/status" % pid) as f:
                status = dict(line.split(":", 1) for line in f.read().splitlines())
        except OSError:
            continue
        if words[0].endswith("chronyd.real") and RUN + ".time/socket" in " ".join(words):
            found.append((int(pid), (status["Uid"].split()[0], int(status["CapPrm"], 16), int(status["CapBnd"], 16), int(status["NoNewPrivs"]))))
    return found


def answers(host, address, within_s=5):
    """A stock client there gets the time from that address."""
    return subprocess.run(["ip", "netns", "exec", host.name, chronyd(host.lab), "-Q", "-t", str(within_s), *QUIET, "server %s iburst maxsamples 1" % address],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60).returncode == 0


def control(host, *directives):
    return host.start(chronyd(host.lab), "-x", "-d", *QUIET, *directives, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@contextlib.contextmanager
def kept_time(lab, *directives):
    """(a pair, the service on its one host); a chronyd with these directives on the other: none, none."""
    pair = Pair(lab)
    pair.both_ways()
    if directives:
        control(pair.b, *directives)
    time = Time(lab, pair.ours)
    try:
        yield pair, time
    finally:
        time.close()


@case
def time_comes_from_servers_and_peers_and_goes_to_peers_alone(lab):
    with kept_time(lab, *SERVER) as (pair, time):
        # before anyone says whether it may, nothing is asked
        expect("MITIGATOR_NTP=off" in time.clock() and not started(time), time.clock())

        time.asks("mode on\nserver 192.0.2.2\n")
        said = time.wait_for("source       192.0.2.2, stratum 4")
        expect("root distance 0." in said and "offset " in said, said)
        said = time.wait_for("10.8.3.2        peer")
        expect("192.0.2.2       server, in use" in said, said)
        expect([what for _, what in started(time)] == [("64779", 1 << SYS_TIME, 1 << SYS_TIME, 1)], started(time))
        expect(answers(pair.b, "10.8.3.1"), "the time is not served in the VPN", time.said())
        expect(not answers(pair.b, "192.0.2.1", 1), "the time is served outside of the VPN")

        # by its name, which chronyd looks up in a thread
        time.asks("mode on\nserver time.test\n")
        wait_until("another chronyd", lambda: any("time.test" in open("/proc/%d/cmdline" % pid).read() for pid, _ in started(time)))
        time.wait_for("192.0.2.2       server")
        expect("chronyd ended" not in time.said(), time.said())

        # what changes leaves the sessions alone
        before = pair.ours.peer(pair.pub_b)["latest_handshake"]
        time.asks("mode peers\nserver 192.0.2.2\n")
        wait_until("the peers alone are asked", lambda: "10.8.3.2        peer" in time.clock() and "192.0.2.2" not in time.clock())
        time.asks("mode off\nserver 192.0.2.2\n")
        time.wait_for("MITIGATOR_NTP=off")
        wait_until("chronyd ends", lambda: not started(time))
        expect(not answers(pair.b, "10.8.3.1", 1), "the time is served all the same")
        pair.both_ways()
        expect(pair.ours.peer(pair.pub_b)["latest_handshake"] == before, before, pair.ours.ask("show"))


@soak
def time_goes_on_over_leases_and_crashes(lab):
    with kept_time(lab, *SERVER) as (_, time):
        # a server that leases bring, and one that never answers beside it
        time.asks("mode on\nserver 192.0.2.99\n")
        time.wait_for("192.0.2.99      server, does not answer")
        with open(RUN + "/dhcp.ntp.new", "w") as f:
            f.write("192.0.2.2\n")
        os.rename(RUN + "/dhcp.ntp.new", RUN + "/dhcp.ntp")
        time.wait_for("source       192.0.2.2, stratum 4")

        # one that ends is started again
        for pid, _ in started(time):
            os.kill(pid, signal.SIGKILL)
        wait_until("chronyd is started again", lambda: "chronyd was killed by signal 9" in time.said() and started(time))
        time.wait_for("source       192.0.2.2, stratum 4")


@soak
def time_goes_on_where_it_cannot_be_served_and_though_chronyd_hangs(lab):
    with kept_time(lab, *SERVER) as (_, time):
        time.asks("mode on\nserver 192.0.2.2\n")
        time.wait_for("source       192.0.2.2, stratum 4")
        with open(RUN + "/gateway.ntp.new", "w") as f:
            f.write("vpn 10.8.3.1/24\nnetns that-is-not 1\n")
        os.rename(RUN + "/gateway.ntp.new", RUN + "/gateway.ntp")
        wait_until("it is not served", lambda: "time is not served to the other instances: port 123" in time.said())
        # the one that served ends; then servers are followed by one and the same
        wait_until("one that only asks", lambda: len(started(time)) == 1)
        time.wait_for("source       192.0.2.2, stratum 4")
        (before, _), = started(time)
        until = clock.monotonic() + 12
        wait_until("two more tries at a socket", lambda: clock.monotonic() > until)
        expect([pid for pid, _ in started(time)] == [before], before, started(time), time.said())
        expect(time.said().count("time is not served") == 1, time.said())

        # one that hangs while another is wanted
        os.kill(before, signal.SIGSTOP)
        time.asks("mode on\nserver 192.0.2.2\nserver 192.0.2.99\n")
        wait_until("it is killed", lambda: "chronyd does not end: it is killed" in time.said())
        time.wait_for("192.0.2.99      server")
        # and one that hangs when all ends: close() waits for that
        for pid, _ in started(time):
            os.kill(pid, signal.SIGSTOP)


@soak
def time_of_a_peer_that_knows_it_is_followed(lab):
    """With it alone, and without one outside."""
    with kept_time(lab, *SERVER) as (_, time):
        time.asks("mode peers\nserver 192.0.2.2\n")
        said = time.wait_for("source       10.8.3.2, stratum 4", 300)
        expect("192.0.2.2" not in said, said)


@soak
def instances_without_a_server_agree_on_one_of_them(lab):
    with kept_time(lab) as (pair, time):
        time.asks("mode on\n")
        # we have the lower address: the other one follows
        other = control(pair.b, "local stratum 10 orphan", "bindaddress 10.8.3.2", "allow 10.8.3.0/24", "peer 10.8.3.1 minpoll 4")
        time.wait_for("source       this machine itself, stratum 10")
        for line in other.stdout:
            if "Selected source 10.8.3.1" in line:
                break
        else:
            expect(False, "the other instance follows no one", time.clock(), time.said())
        expect("this machine itself" in time.clock(), time.clock())


@case
def network_conf_and_env_say_who_is_asked(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24")
    nic = "[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.1/24\n%s"
    network = Network(lab, a, nic % "NTP=192.0.2.2 ntp.example.net\nNTP=192.0.2.3\n")

    def written():
        with open(network.dir + "/run/network.ntp") as f:
            return f.read()

    servers = "server 192.0.2.2\nserver ntp.example.net\nserver 192.0.2.3\n"
    expect(written() == "mode on\n" + servers, written())
    expect("NTP  192.0.2.2, ntp.example.net, 192.0.2.3" in network.show(), network.show())
    network.write(nic % "NTP=192.0.2.9\n", **{".env": "MITIGATOR_NTP=off\n"})
    status, said = network.ask("plan", "--lines")
    expect(status == 0 and "  time    no one is asked, and no one served" in said, said)
    network.ask("reconfigure")
    expect(written() == "mode off\nserver 192.0.2.9\n", written())
    # after a crash, too: .env is not in what goes on
    network.process.kill()
    network.process.wait(30)
    network.start()
    expect(written() == "mode off\nserver 192.0.2.9\n", written())
    # a file that is gone says nothing
    network.process.kill()
    network.process.wait(30)
    os.unlink(network.dir + "/run/network.ntp")
    network.start()
    expect(written() == "mode on\nserver 192.0.2.9\n", written())
    network.stop()
