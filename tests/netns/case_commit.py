"""One commit onto the NICs and both paths: all of it or none."""
import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys

from case_disk import frozen, mounted
from case_nics import addresses
from cases import case, expect
from frames import udp_socket
from lab import is_ready, run, wait_until, wg_keys
from pair import files

REFUSED, ASKED = 3, 4
IN_OPEN, IN_ISDIR = 0x20, 0x40000000
NETWORK = "[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.%d/24\n"
SERVICES = ("network", "gateway", "gateway-dataplane")


class Box:
    """A host as the appliance is: its three services on one configuration directory."""

    def __init__(self, lab):
        self.lab, self.a, self.b, self.dir = lab, lab.host("a"), lab.host("b"), lab.dir
        lab.link(self.a, "", self.b, "192.0.2.62/24")
        self.conf, self.run = self.dir + "/conf", self.dir + "/run"
        self.processes, self.services = {}, ()
        os.mkdir(self.conf)
        (self.key, public), (_, other) = wg_keys(), wg_keys()
        self.peers = [(public, "10.8.3.1/32", "192.0.2.1:4567", ""), (other, "10.8.3.2/32", "192.0.2.62:4567", "")]

    def write(self, nic=1, extra="", more=0):
        idle = [(wg_keys()[1], "10.8.3.%d/32" % (10 + n), "192.0.2.9:4567", "") for n in range(more)]
        self.put({**files(self.key, self.peers + idle, "10.8.3.1", extra), "network.conf": NETWORK % nic})

    def put(self, texts):
        for name, text in texts.items():
            with open(self.conf + "/" + name, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
                f.write(text)

    def start(self, services=SERVICES):
        self.services = self.services or services
        for name in services:
            ready, told = os.pipe()
            words = self.options(name) if name != "network" else []
            if name != "network" and not os.path.exists("/run/netns/" + self.inner(name)):
                run("ip", "netns", "add", self.inner(name))
            log = open("%s/%s.log" % (self.dir, name), "a+")
            self.processes[name] = self.a.start(self.lab.applet(name), "run", "--conf", self.conf, "--run", self.run, "--ready-fd", str(told),
                                                *words, pass_fds=[told], stderr=log)
            os.close(told)
            expect(is_ready(ready), name + " does not come up")
        for name in services:
            wait_until("the fallback of " + name, lambda: os.path.exists("%s/applied/%s" % (self.conf, name)))
        return self

    def boot(self):
        """As after a power cut: nothing is left of the services, nor of what was in memory."""
        for process in self.processes.values():
            process.kill()
            process.wait(30)
        shutil.rmtree(self.run, ignore_errors=True)
        os.mkdir(self.run, 0o700)
        said = self.config("boot")
        expect(said[0] == 0, said)
        self.start(self.services)
        return said[1]

    def inner(self, name):
        return "inner-" + name

    def options(self, name):
        return ["--backend", "lwip", "--netns", self.inner(name)]

    def words(self, *words):
        return ["ip", "netns", "exec", self.a.name, self.lab.applet("config"), *words, "--conf", self.conf, "--run", self.run]

    def begin(self, *words):
        return subprocess.Popen(self.words("commit", *words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True)

    def config(self, *words):
        """(exit status, output)"""
        done = subprocess.run(self.words(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=120)
        return done.returncode, done.stdout

    def commit(self, *words):
        return self.config("commit", *words)

    def state(self):
        """What of it a commit may change, sessions left out."""
        shown = {}
        for name in self.services[1:]:
            show = json.loads(run(self.lab.applet(name), "--run", self.run, "show", "--json"))
            shown[name] = show["state"], show["port"], show["applied_at"], sorted(peer["public_key"] for peer in show["peers"])
        kept = {}
        for top, _, names in list(os.walk(self.conf + "/applied")) + list(os.walk(self.run + "/applied")):
            for name in names if not top.endswith("/confirmed") else ():
                with open(top + "/" + name) as f:
                    kept[top + "/" + name] = f.read()
        return addresses(self.a), shown, kept

    def owner(self):
        """The process whose commit is under way, None when there is none."""
        with open(self.run + "/commit.lock", "a") as f:
            lock = fcntl.fcntl(f, fcntl.F_GETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        kind, _, _, _, pid = struct.unpack("hhqqi4x", lock)
        return pid if kind != fcntl.F_UNLCK else None

    def generations(self):
        return sorted(os.listdir(self.run + "/generations"))


class Opened:
    """How often which file of a directory is opened, by whom ever."""

    def __init__(self, path):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self.libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        expect(self.fd >= 0 and self.libc.inotify_add_watch(self.fd, path.encode(), IN_OPEN) >= 0, ctypes.get_errno())

    def count(self):
        seen, counts = b"", {}
        while select.select([self.fd], [], [], 0)[0]:
            seen += os.read(self.fd, 65536)
        while seen:
            mask, length = struct.unpack_from("=4xI4xI", seen)
            name = seen[16:16 + length].rstrip(b"\0").decode()
            if name and not mask & IN_ISDIR:
                counts[name] = counts.get(name, 0) + 1
            seen = seen[16 + length:]
        return counts


class Dataplane:
    """Its control socket, or that of another service, answered by hand."""

    def __init__(self, box, name="gateway-dataplane"):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.settimeout(60)
        self.listener.bind("%s/%s.sock" % (box.run, name))
        self.listener.listen()

    def next(self, verb):
        """The call that asks this."""
        call = self.listener.accept()[0]
        call.settimeout(60)
        request, rights, _, _ = socket.recv_fds(call, 1024, 1)
        for fd in rights:
            os.close(fd)
        expect(request.split(b"\0")[0] == verb.encode(), verb, request)
        return call

    def answer(self, verb, status=0, text=""):
        with self.next(verb) as call:
            if text:
                call.send(b"o" + text.encode())
            call.send(b"x%c" % status)


@case
def commit_opens_each_file_once_and_is_kept_by_all(lab):
    box = Box(lab)
    box.write()
    box.start()
    opened = Opened(box.conf)
    for number in (1, 2):
        box.write(nic=6 + number, more=2 * number)
        opened.count()
        status, said = box.commit("--force")
        expect(status == 0, said)
        counts = opened.count()
        expect(counts == {name: 1 for name in ("vpn-private.conf", "vpn-public.conf", ".env", "network.conf")}, counts)
        nics, shown, kept = box.state()
        expect(nics == {"192.0.2.%d/24" % (6 + number): True}, nics)
        expect(all(len(path[3]) == 1 + 2 * number for path in shown.values()), shown)
        expect(box.generations() == [str(number + 1)], box.generations())       # the first is what ran before
        with open(box.conf + "/vpn-public.conf") as f:
            public = f.read()
        for top in (box.conf, box.run):
            expect([kept["%s/applied/%s/vpn-public.conf" % (top, path)] for path in SERVICES[1:]] == [public, public], top)
            expect(kept[top + "/applied/network/network.conf"] == NETWORK % (6 + number), top)


@case
def commit_whose_last_path_fails_is_undone_on_all(lab):
    box = Box(lab)
    box.write(more=1)
    box.start()
    box.write(more=2)
    expect(box.commit("--force")[0] == 0)
    before = box.state()
    with udp_socket("a", ("0.0.0.0", 5555)):
        box.write(nic=7, extra="DATA_PLANE_VPN_PORT=5555\n", more=5)
        status, said = box.commit("--force")
        expect(status == 1 and said.endswith("gateway-dataplane failed: the NICs and the paths are as they were\n"), status, said)
        for part in ("network: eth0: address 192.0.2.7/24 added\n", "gateway: 5 added, 0 updated, 2 removed, 1 kept\n",
                     "UDP port 5555 is in use by another program", "gateway: what ran before is put back\n",
                     "network: eth0: address 192.0.2.1/24 added\n"):
            expect(part in said, part, said)
        for was, is_now in zip(before, box.state()):
            expect(was == is_now, "not as before", was, is_now)
        expect(box.generations() == ["2"], box.generations())
    status, said = box.commit("--force")                # the control: without the other program
    expect(status == 0 and box.state()[1]["gateway-dataplane"][1] == 5555, status, said)


@case
def commit_is_refused_whole_when_one_path_would_ask(lab):
    box = Box(lab)
    box.write(more=3)
    box.start()
    before = box.state()
    box.write(nic=7)
    status, said = box.commit()
    expect(status == ASKED and said.count("REMOVED (never shook hands)\n") == 3 and "this cuts 3 of 4 peers: --force" in said and
           "  eth0  192.0.2.1/24   REMOVED\n  eth0  192.0.2.7/24   added\n" in said and said.endswith("neither the NICs nor the paths were changed\n"), status, said)
    with open(box.conf + "/vpn-public.conf", "a") as f:
        f.write("no line of it\n")
    status, said = box.commit("--force")
    expect(status == 1 and "vpn-public.conf:" in said and "1 error: nothing was applied, what runs keeps running\n" in said, status, said)
    expect(box.state() == before, "not as before")


@case
def second_commit_at_the_same_time_is_told_so(lab):
    box = Box(lab)
    with mounted(lab, box.conf):
        box.write()
        box.start()
        box.write(more=2)
        os.chmod(box.conf + "/vpn-private.conf", 0o644)         # whoever reads the files mends that, and waits
        with frozen(box.conf):
            first = box.begin("--force")
            wait_until("it owns the lock", lambda: box.owner() == first.pid)
            expect(box.commit() == (1, "another reconfigure or plan is under way (process %d): nothing was changed\n" % first.pid))
        said = first.communicate(timeout=120)[0]
        expect(first.returncode == 0 and said.count("2 added") == 2, said)
        status, said = box.commit()                             # the control: the first is over
        expect(status == 0 and said.count("0 added, 0 updated, 0 removed, 3 kept") == 2, status, said)
        for process in box.processes.values():
            process.terminate()
            expect(process.wait(30) == 0)


HOLDER = """
import fcntl, sys
lock = open(sys.argv[1], "a+")
fcntl.lockf(lock, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@case
def commit_behind_one_that_is_just_ending_waits_for_its_end(lab):
    box = Box(lab)
    box.write()
    box.start()
    box.write(more=1)
    with subprocess.Popen([sys.executable, "-c", HOLDER, box.run + "/commit.lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as holder:
        expect(holder.stdout.readline() == "held\n")
        second = box.begin("--force")
        wait_until("it waits for the holder's end", lambda: waits_in_poll(second.pid) or second.poll() is not None)
        holder.stdin.close()
    said = second.communicate(timeout=120)[0]
    expect(second.returncode == 0 and said.count("1 added") == 2, second.returncode, said)


def waits_in_poll(pid):
    with open("/proc/%d/wchan" % pid) as f:
        return "poll" in f.read()


def box_with_a_dataplane_by_hand(lab):
    """And a commit that waits for it to apply."""
    box = Box(lab)
    box.write(more=1)
    dataplane = Dataplane(box.start(SERVICES[:2]))
    before = box.state()
    box.write(nic=7, more=2)
    commit = box.begin("--force")
    dataplane.answer("plan")
    return box, dataplane, before, commit, dataplane.next("apply")


@case
def commit_that_is_interrupted_is_undone_on_all(lab):
    box, dataplane, before, commit, call = box_with_a_dataplane_by_hand(lab)
    expect(addresses(box.a) == {"192.0.2.7/24": True}, "the control: the NICs have changed", addresses(box.a))
    commit.send_signal(signal.SIGINT)
    expect(call.recv(1) == b"")                 # it wants no answer any more
    call.close()
    dataplane.answer("undo")
    said = commit.communicate(timeout=60)[0]
    expect(commit.returncode == 130 and said.endswith("interrupted: the NICs and the paths are as they were\n"), said)
    for was, is_now in zip(before, box.state()):
        expect(was == is_now, "not as before", was, is_now)


@case
def commit_whose_path_crashes_is_undone_on_the_others(lab):
    box, dataplane, before, commit, call = box_with_a_dataplane_by_hand(lab)
    call.close()
    dataplane.answer("undo")                    # by the one that was started again
    said = commit.communicate(timeout=60)[0]
    expect(commit.returncode == 1 and "as they were" in said, said)
    for was, is_now in zip(before, box.state()):
        expect(was == is_now, "not as before", was, is_now)


@case
def commit_that_is_killed_is_in_the_way_of_no_other(lab):
    box, dataplane, before, commit, call = box_with_a_dataplane_by_hand(lab)
    commit.kill()
    commit.communicate(timeout=60)
    call.close()
    for service in box.processes.values():      # the services go on with what they were told last, also after a crash
        expect(service.poll() is None)
    commit = box.begin("--force")
    for verb in ("plan", "apply", "keep"):
        dataplane.answer(verb)
    said = commit.communicate(timeout=60)[0]
    expect(commit.returncode == 0 and "gateway: 0 added, 0 updated, 0 removed, 3 kept\n" in said, said)
    nics, _, kept = box.state()
    expect(nics == {"192.0.2.7/24": True} and box.generations() == ["2"], nics, box.generations())
    expect(kept[box.conf + "/applied/network/network.conf"] == NETWORK % 7)


@case
def commit_without_any_service_fails(lab):
    box = Box(lab)
    box.write()
    os.mkdir(box.run, 0o700)
    status, said = box.commit()
    expect(status == 1 and said.count("the service does not run") == 3 and
           said.endswith("neither the NICs nor the paths were changed\n"), status, said)
