"""WireGuard on lwIP is a program of its own: whoever dies, packets pass; when it dies itself, it is there again at once."""
import json
import os
import re
import signal
import socket
import subprocess
import time

from cases import case, expect, soak
from lab import ECHOES, engines, ping, run, said_by, wait_until, wg_keys
from memory import processes
from pair import Pair, files


class Pings:
    """Echo requests through the tunnel while something else is done."""

    def __init__(self, pair, count, per_s=100):
        self.process = subprocess.Popen(["ip", "netns", "exec", pair.ours.inner, ECHOES, "-c", str(count), "-i", str(1 / per_s), "-W", "5",
                                         "10.8.3.2"], stdout=subprocess.PIPE, text=True)

    def end(self):
        """(sent, received, the slowest answer in ms)"""
        said = self.process.communicate(timeout=120)[0]
        match = re.search(r"(\d+) packets transmitted, (\d+) received, slowest ([0-9.]+) ms", said)
        expect(match, said)
        print("          " + said.strip())
        return int(match[1]), int(match[2]), float(match[3])


def crash_and_start_again(ours):
    ours.stop(signal.SIGKILL)
    ours.start()


def crash_loses_nothing(lab, count):
    pair = Pair(lab)
    pair.both_ways()
    before, session = pair.ours.engine(), pair.go.handshake(pair.pub_a)
    pings = Pings(pair, count)
    crash_and_start_again(pair.ours)
    wait_until("what ran goes on", lambda: pair.ours.show()["state"] == "up")
    sent, received, _ = pings.end()
    expect(sent == received == count, sent, received, pair.ours.said())
    expect(pair.ours.engine()["pid"] == before["pid"] and pair.go.handshake(pair.pub_a) == session, pair.ours.said())
    expect(pair.ours.peer(pair.pub_b)["endpoint"] == "192.0.2.2:5678")


@case
def crash_of_the_service_loses_no_packet(lab):
    crash_loses_nothing(lab, 200)


@soak
def crash_of_the_service_loses_none_of_a_thousand_packets(lab):
    crash_loses_nothing(lab, 1000)


@case
def packet_process_that_is_killed_is_made_anew_with_its_sessions(lab):
    pair = Pair(lab)
    pair.both_ways()
    pair.b("ip", "address", "del", "192.0.2.2/24", "dev", "eth0")       # it roams, and no file says where to
    pair.b("ip", "address", "add", "192.0.2.77/24", "dev", "eth0")
    expect(ping("b", "10.8.3.1", 3)[1] == 3 and pair.ours.peer(pair.pub_b)["endpoint"] == "192.0.2.77:5678", pair.ours.show())
    wait_until("where it is, is kept", lambda: os.path.exists(pair.ours.dir + "/run/gateway.endpoints") and
               "192.0.2.77" in open(pair.ours.dir + "/run/gateway.endpoints").read())
    dead = int(pair.ours.engine()["pid"])
    os.kill(dead, signal.SIGKILL)
    began = time.monotonic()
    wait_until("an answer through the new one", lambda: subprocess.run(
        ["ip", "netns", "exec", pair.ours.inner, ECHOES, "-c", "1", "-W", "0.1", "10.8.3.2"], stdout=subprocess.PIPE,
        text=True).stdout.find("1 received") > 0)
    print("          back after %.0f ms" % ((time.monotonic() - began) * 1000))
    expect(time.monotonic() - began < 5, "a busy machine takes longer than a second, and not this long")
    expect(int(pair.ours.engine()["pid"]) != dead)
    expect(pair.ours.peer(pair.pub_b)["endpoint"] == "192.0.2.77:5678", pair.ours.said())
    expect("has ended: it is started again" in pair.ours.said(), pair.ours.said())
    pair.both_ways()


@case
def crash_of_the_service_loses_nothing_though_others_watch_its_engine(lab):
    pair = Pair(lab)
    pair.both_ways()
    before = pair.ours.engine()["pid"]
    pair.ours.stop(signal.SIGKILL)
    watchers = [socket.socket(socket.AF_UNIX) for _ in range(4)]
    for watcher in watchers:
        watcher.settimeout(10)
        watcher.connect("/run/wireguard/wg0.more")
        watcher.sendall(b"watch=1\n\n")
        wait_until("it is told that it may", lambda: watcher.recv(100) == b"errno=0\n\n")
    pair.ours.start()
    expect(pair.ours.show()["state"] == "up" and pair.ours.engine()["pid"] == before, pair.ours.said())
    pair.both_ways()


@case
def crash_of_the_service_that_was_told_nothing_of_a_backend_loses_nothing_either(lab):
    """auto takes what runs; and a backend that is named and cannot be had takes nothing away from it."""
    pair = Pair(lab)
    pair.both_ways()
    before = pair.ours.engine()["pid"]
    for options, works in (((), True), (("--backend", "kernel"), False), (("--backend", "auto"), True)):
        pair.ours.stop(signal.SIGKILL)
        pair.ours.options = options
        try:
            pair.ours.start()
            expect(works or pair.ours.show()["state"] == "up")      # a host whose kernel has it
        except RuntimeError:
            expect(not works, pair.ours.said())
            continue
        shown = pair.ours.show()
        expect(not works or (shown["backend"] == "lwip" and pair.ours.engine()["pid"] == before), options, shown)
    pair.both_ways()


def openers_of(*parents):
    """Who opens sockets for an engine: a child of it, or of the service that gave it another."""
    return [process.pid for process in processes() if process.words[:1] == ["@wg-lwip-opener"] and process.parent in parents]


@case
def opener_that_is_killed_is_replaced_and_no_packet_lost(lab):
    pair = Pair(lab)
    pair.both_ways()
    engine = int(pair.ours.engine()["pid"])
    first, = openers_of(engine)
    pings = Pings(pair, 200)
    os.kill(first, signal.SIGKILL)
    second, = wait_until("it has another", lambda: openers_of(pair.ours.process.pid))
    wait_until("and says so", lambda: pair.ours.engine()["opener"] == "1")
    sent, received, _ = pings.end()
    expect(sent == received and int(pair.ours.engine()["pid"]) == engine, sent, received, pair.ours.said())
    expect("was gone, or hung, and it has another" in pair.ours.said(), pair.ours.said())
    # and what it opens is used: a NIC that comes now
    lab.link(pair.a, "198.51.100.1/24", pair.b, "198.51.100.2/24", name="eth1")
    pair.go.set("peer", pair.pub_a, "endpoint", "198.51.100.1:4567")
    wait_until("packets by the new NIC", lambda: ping("b", "10.8.3.1", 1)[1] == 1 and
               pair.ours.peer(pair.pub_b)["endpoint"] == "198.51.100.2:5678")
    pair.ours.stop()
    wait_until("it ends with what it opens for", lambda: not os.path.exists("/proc/%d" % second))


@case
def opener_that_hangs_is_replaced_before_it_is_needed(lab):
    pair = Pair(lab)
    pair.both_ways()
    engine = int(pair.ours.engine()["pid"])
    of_engine, = openers_of(engine)
    os.kill(of_engine, signal.SIGSTOP)
    of_service, = wait_until("it has another", lambda: openers_of(pair.ours.process.pid))
    wait_until("and the first is ended", lambda: not openers_of(engine) and pair.ours.engine()["opener"] == "1")
    os.kill(of_service, signal.SIGSTOP)     # which is a child of the service's own
    wait_until("a third", lambda: openers_of(pair.ours.process.pid) not in ([], [of_service]) and pair.ours.engine()["opener"] == "1")
    expect(int(pair.ours.engine()["pid"]) == engine, pair.ours.said())
    pair.both_ways()


@case
def end_of_the_service_is_the_end_of_its_engine(lab):
    pair = Pair(lab)
    pair.both_ways()
    expect(engines(pair.ours.dir))
    engine, = engines(pair.ours.dir)
    for pid in (engine, *openers_of(engine)):
        with open("/proc/%d/environ" % pid) as f:       # not what the service was told
            words = f.read().split("\0")
        expect(all(word.startswith("GATEWAY_AEAD=") for word in words if word), words)
    began = time.monotonic()
    pair.ours.stop()
    print("          stopped after %.0f ms" % ((time.monotonic() - began) * 1000))
    expect(not engines(pair.ours.dir) and not os.path.exists("/run/wireguard/wg0.sock"))
    expect("wg0" not in run("ip", "-n", pair.ours.inner, "-br", "link"))


@case
def end_of_the_service_is_the_end_of_an_opener_that_hangs(lab):
    pair = Pair(lab)
    pair.both_ways()
    engine, = engines(pair.ours.dir)
    opener, = openers_of(engine)
    os.kill(opener, signal.SIGSTOP)
    pair.ours.stop()
    wait_until("its end", lambda: not os.path.exists("/proc/%d" % opener))


@case
def remove_takes_away_what_a_killed_service_left(lab):
    pair = Pair(lab)
    ours = pair.ours

    def remove():
        engine = int(ours.engine()["pid"])
        opener, = openers_of(engine)
        for pid in (opener, engine):        # they hang besides
            os.kill(pid, signal.SIGSTOP)
        ours.stop(signal.SIGKILL)
        run(lab.applet("gateway"), "--run", ours.dir + "/run", "remove")
        expect(not engines(ours.dir))
        wait_until("its opener's end", lambda: not os.path.exists("/proc/%d" % opener))
        expect(not os.path.exists(ours.dir + "/run"), os.listdir(ours.dir + "/run") if os.path.exists(ours.dir + "/run") else "")
        expect(not [name for name in os.listdir("/run/wireguard") if name.startswith("wg0.")], os.listdir("/run/wireguard"))

    # a namespace of the operator's stays
    pair.both_ways()
    remove()
    expect("wg0" not in run("ip", "-n", ours.inner, "-br", "link"))
    # and one that the service made goes, also where it has crashed since
    run("ip", "netns", "del", ours.inner)
    ours.prefix = ("nsenter", "--mount=/proc/%d/ns/mnt" % os.getpid())      # what it mounts, all see
    ours.start()
    ours.stop(signal.SIGKILL)
    ours.start()
    pair.both_ways()
    remove()
    expect(ours.inner not in run("ip", "netns", "list").split(), run("ip", "netns", "list"))


@case
def namespace_that_the_service_made_stays_with_a_link_of_someone_elses_in_it(lab):
    pair = Pair(lab)
    ours = pair.ours
    ours.prefix = ("nsenter", "--mount=/proc/%d/ns/mnt" % os.getpid())      # what it mounts, all see

    def stop():
        ours.stop()
        return ours.said()

    def remove():
        ours.stop(signal.SIGKILL)
        return subprocess.run([lab.applet("gateway"), "--run", ours.dir + "/run", "remove"], stderr=subprocess.PIPE, text=True, check=True).stderr

    ours.stop()
    for end in (stop, remove):
        # gre0: as the kernel has one in each namespace, where it has that kind
        for other, stays in (("gre0", False), ("lan0", True)):
            run("ip", "netns", "del", ours.inner)
            ours.start()
            run("ip", "-n", ours.inner, "tuntap", "add", "dev", other, "mode", "tun")
            said = end()
            expect((ours.inner in run("ip", "netns", "list").split()) == stays, other, said)
            expect(("the namespace %s stays, since %s is in it" % (ours.inner, other) in said) == stays, other, said)
            if stays:
                links = run("ip", "-n", ours.inner, "-br", "link")
                expect("lan0" in links and "wg0" not in links, links)
            else:
                run("ip", "netns", "add", ours.inner)
    ours.start()


def leave(netns, run_dir):
    """As a service of the kernel's backend does that was killed."""
    run("ip", "netns", "add", netns)
    run("ip", "-n", netns, "tuntap", "add", "dev", "wg0", "mode", "tun")
    run("ip", "-n", netns, "link", "set", "dev", "wg0", "alias", "MITIGATOR gateway " + run_dir)


@case
def remove_that_failed_finds_the_interface_when_it_is_called_again(lab):
    run_dir = lab.dir + "/run"
    os.mkdir(run_dir)
    with open(run_dir + "/gateway.netns", "w") as f:
        f.write("- of it\n")
    os.makedirs("/run/netns", exist_ok=True)
    open("/run/netns/of it", "w").close()               # no namespace
    done = subprocess.run([lab.applet("gateway"), "--run", run_dir, "remove"], stderr=subprocess.PIPE, text=True)
    expect(done.returncode == 1 and "its interface is not removed" in done.stderr, done)
    expect(os.listdir(run_dir) == ["gateway.netns"], os.listdir(run_dir))
    os.unlink("/run/netns/of it")
    leave("of it", run_dir)
    run(lab.applet("gateway"), "--run", run_dir, "remove")
    expect("wg0" not in run("ip", "-n", "of it", "-br", "link") and not os.path.exists(run_dir))
    run("ip", "netns", "del", "of it")


@case
def remove_says_that_nothing_was_left(lab):
    remove = [lab.applet("gateway-dataplane"), "remove", "--run", lab.dir + "/run"]
    expect(run(*remove) == "gateway-dataplane: no service with --run %s/run left anything to remove\n" % lab.dir, run(*remove))
    os.mkdir(lab.dir + "/run")
    open(lab.dir + "/run/other", "w").close()           # nothing of it
    expect("left anything" in run(*remove) and os.listdir(lab.dir + "/run") == ["other"])
    # systemd asks behind each stop, and is told nothing
    expect(run("env", "SERVICE_RESULT=success", *remove) == "")
    open(lab.dir + "/run/gateway-dataplane.sock", "w").close()
    expect(run(*remove) == "" and os.listdir(lab.dir + "/run") == ["other"])


@case
def remove_says_what_it_cannot_remove(lab):
    os.makedirs(lab.dir + "/run/gateway.sock/it")       # as on what is read-only: it is there, and stays
    remove = [lab.applet("gateway"), "--run", lab.dir + "/run", "remove"]
    done = subprocess.run(remove, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    expect(done.returncode == 1 and done.stdout == "gateway: what it left in %s/run is not removed: Is a directory\n" % lab.dir, done)


@case
def remove_looks_where_a_service_is_by_itself_when_none_told(lab):
    leave("gateway", lab.dir + "/run")
    run(lab.applet("gateway"), "--run", lab.dir + "/run", "remove")
    expect("wg0" not in run("ip", "-n", "gateway", "-br", "link"))
    run("ip", "netns", "del", "gateway")


@soak
def interface_that_is_deleted_and_socket_that_is_removed_are_made_anew(lab):
    pair = Pair(lab)
    pair.both_ways()
    for harm in (("ip", "-n", pair.ours.inner, "link", "del", "wg0"), ("rm", "/run/wireguard/wg0.sock"), ("rm", "/run/wireguard/wg0.more")):
        before = pair.ours.engine()["pid"]
        run(*harm)
        wait_until("another program carries it", lambda: pair.ours.engine().get("pid", before) != before)
        wait_until("packets pass", lambda: ping(pair.ours.inner, "10.8.3.2", 1)[1] == 1)
        pair.both_ways()
        expect(len(engines(pair.ours.dir)) == len(set(engines(pair.ours.dir))) and os.path.exists("/run/wireguard/wg0.sock"))


@case
def what_wireguard_go_carries_is_taken_up_by_its_alias(lab):
    """The backend is a client of the protocol, and not of our program."""
    pair = Pair(lab)
    pair.ours.stop()
    other = pair.a.start(lab.wireguard_go_path, "-f", "wg0", env=dict(os.environ, LOG_LEVEL="error"), stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    wait_until("wireguard-go", lambda: os.path.exists("/run/wireguard/wg0.sock"))
    pair.a("ip", "link", "set", "wg0", "netns", pair.ours.inner)
    run("ip", "-n", pair.ours.inner, "link", "set", "wg0", "alias", "MITIGATOR gateway %s/run" % pair.ours.dir)
    pair.ours.start()
    pair.both_ways()
    expect(not engines(pair.ours.dir) and other.poll() is None)
    shown = pair.ours.show()
    expect(shown["state"] == "up" and shown["backend"] == "lwip" and "drops" not in shown, shown)
    other.kill()
    wait_until("ours takes its place", lambda: engines(pair.ours.dir))
    wait_until("and carries", lambda: pair.ours.show()["state"] == "up")
    pair.both_ways()


@soak
def service_that_stands_still_for_half_a_minute_loses_nothing(lab):
    pair = Pair(lab)
    pair.both_ways()
    pings = Pings(pair, 3200)
    pair.ours.process.send_signal(signal.SIGSTOP)
    time.sleep(30)              # what is shown is that nothing happens meanwhile
    pair.ours.process.send_signal(signal.SIGCONT)
    sent, received, _ = pings.end()
    expect(sent == received, sent, received)


def shown_state(ours):
    """Its state and the reason, whatever they are, and for how long they were waited for."""
    began = time.monotonic()
    done = subprocess.run([ours.lab.applet(ours.name), "--run", ours.dir + "/run", "show", "--json"], stdout=subprocess.PIPE, text=True)
    shown = json.loads(done.stdout)
    return shown["state"], shown["reason"], time.monotonic() - began


@case
def engine_that_does_not_answer_is_not_shown_as_up(lab):
    pair = Pair(lab)
    pair.both_ways()
    engine = int(pair.ours.engine()["pid"])
    os.kill(engine, signal.SIGSTOP)
    words = lab.applet("gateway"), "--run", pair.ours.dir + "/run"
    alive = subprocess.run([*words, "alive"], stdout=subprocess.PIPE, text=True)    # which finds that it does not
    status = subprocess.Popen([*words, "status"], stdout=subprocess.PIPE, text=True)
    shown = [shown_state(pair.ours) for _ in range(2)]
    told = status.communicate(timeout=30)[0]
    os.kill(engine, signal.SIGCONT)
    expect((alive.returncode, alive.stdout) == (1, ""), alive)
    expect("does not answer" in told and "keeps running" in told and "tried again" not in told, told)
    expect(all(state == "down" and "does not answer" in reason for state, reason, _ in shown), shown)
    expect(min(took_s for _, _, took_s in shown) < 1.5, "one may meet with a look of the service's own, two cannot", shown)
    wait_until("it is over", lambda: shown_state(pair.ours)[0] == "up")
    expect(int(pair.ours.engine()["pid"]) == engine, pair.ours.said())
    pair.both_ways()


@soak
def engine_that_does_not_answer_is_replaced(lab):
    pair = Pair(lab)
    pair.both_ways()
    dead = int(pair.ours.engine()["pid"])
    os.kill(dead, signal.SIGSTOP)
    wait_until("it is ended", lambda: not os.path.exists("/proc/%d" % dead), 60)
    wait_until("packets pass", lambda: pair.both_ways() is None, 60)
    expect("does not answer" in pair.ours.said(), pair.ours.said())


FLOOD = """
import socket, sys
sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
sock.connect(sys.argv[1])
while True:
    sock.sendall(b"get=1\\n\\n")
    text = b""
    while not text.endswith(b"\\n\\n"):
        text += sock.recv(1 << 16)
"""


@case
def floods_of_questions_hold_no_packet_up_for_long(lab):
    """Of verbs to the service, and of gets to the engine: the longest gap."""
    pair = Pair(lab)
    pair.both_ways()
    quiet = Pings(pair, 100).end()
    jobs = [subprocess.Popen(["sh", "-c", "while :; do %s --run %s/run show --json; done" % (lab.applet("gateway"), pair.ours.dir)],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True),
            subprocess.Popen(["python3", "-c", FLOOD, "/run/wireguard/wg0.sock"], start_new_session=True)]
    try:
        sent, received, slowest = Pings(pair, 200).end()
    finally:
        for job in jobs:
            os.killpg(job.pid, signal.SIGKILL)
            job.wait(10)
    expect(sent == received, sent, received)
    expect(slowest < quiet[2] + 250, quiet, slowest)     # a machine of two cores, with three that want one


@case
def engine_answers_who_asks_what_it_does_not_know(lab):
    pair = Pair(lab)
    more = "/run/wireguard/wg0.more"
    expect(said_by(more, "set=1\nfuture=1\n\n")["errno"] == "-71", said_by(more, "set=1\nfuture=1\n\n"))
    expect(said_by(more, "get=1\n\n")["version"] == "1")
    pair.both_ways()


class Called:
    """A service called in a directory of its own, in which it has its own by a name that another has too."""

    def __init__(self, lab, name, n):
        self.gateway, self.dir, self.inner = lab.applet("gateway"), "%s/%s" % (lab.dir, name), name
        os.makedirs(self.dir + "/conf")
        (key, _), (_, peer) = wg_keys(), wg_keys()
        for file, text in files(key, [(peer, "10.8.%d.2/32" % n, "192.0.2.2:5678", "")], "10.8.%d.1" % n).items():
            with open("%s/conf/%s" % (self.dir, file), "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
                f.write(text.replace("4567", str(4667 + n)))
        run("ip", "netns", "add", name)
        self.log = open(self.dir + "/log", "w+")
        self.process = subprocess.Popen([
            "ip", "netns", "exec", "a", "sh", "-c", "cd \"$0\" && exec \"$@\"", self.dir, self.gateway, "run", "--conf", "conf", "--run", "run",
            "--netns", name, "--backend", "lwip"], stderr=self.log)
        wait_until("%s is up" % name, self.is_up)

    def is_up(self):
        return self.show() == "gateway (management): up"

    def show(self):
        return subprocess.run([self.gateway, "--run", "run", "show"], cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True).stdout.split("\n")[0]

    def carried_by(self):
        """Which program."""
        self.log.seek(0)
        paths = [path for path in (self.dir + "/run/wg0.more", "/run/wireguard/wg0.more") if os.path.exists(path)]
        expect(paths, self.show(), self.log.read())
        return said_by(paths[0], "get=1\n\n").get("pid")

    def end(self):
        self.process.kill()
        self.process.wait(30)
        return subprocess.run([self.gateway, "--run", "run", "remove"], cwd=self.dir).returncode


@case
def services_called_in_two_directories_are_two(lab):
    """The second serves wg(8)'s sockets in its own one, since the first has the place where wg(8) looks."""
    lab.link(lab.host("a"), "192.0.2.1/24", lab.host("b"), "192.0.2.2/24")
    called = []
    try:
        for n, name in enumerate(("one", "two")):
            called.append(Called(lab, name, n))
        one, two = called
        before = one.carried_by()
        expect(before and two.carried_by() not in (None, before), before, two.carried_by())
        expect(two.end() == 0 and "wg0" not in run("ip", "-n", "two", "-br", "link") and not os.path.exists(two.dir + "/run"))
        done = subprocess.run([two.gateway, "run", "--conf", "conf", "--run", "no/run"], cwd=two.dir, stderr=subprocess.PIPE, text=True)
        expect(done.returncode == 1 and "cannot start with --run %s/no/run: No such file" % two.dir in done.stderr, done)
        expect(one.carried_by() == before and one.is_up(), one.show())
    finally:
        for one in called:
            one.end()
