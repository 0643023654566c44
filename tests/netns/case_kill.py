"""kill -9 at every step of a change of configuration: the old set runs whole or the new one, and the next change works."""
import json
import os
import signal
import subprocess

from case_commit import SERVICES, Box
from case_confirm import Watch, let_time_pass
from case_generations import by_hand, read, stored
from case_nics import addresses
from cases import case, expect, soak
from lab import ping, run, wait_until, wg_keys
from pair import files
from steps import Held, nth, which

PATHS = SERVICES[1:]
NETWORK = "[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.1/24\nAddress=198.51.100.%d/24\n"
RENEWED_S = 100             # a session that is older may be renewed at any time
HELD_STILL = ("sh", "-c", 'kill -STOP $$; exec "$@"', "sh")


class Killed(Box):
    """A box whose sets are told apart by a NIC's address and by a peer; another peer is there on both paths, and always the same."""

    def __init__(self, lab):
        super().__init__(lab)
        (private, other), self.set = wg_keys(), 1
        self.peers[1] = (other, "10.8.3.2/32", "192.0.2.62:4567", "")
        self.keys, self.gos, self.insides = {}, {}, {}
        for path, port in zip(PATHS, (4567, 4568)):
            inside = self.insides[path] = lab.host("peer-" + path)
            go = self.gos[path] = lab.wireguard_go(self.b, "go%d" % port, private, port)
            go.set("peer", self.peers[0][0], "allowed-ips", "10.8.3.1/32", "endpoint", "192.0.2.1:%d" % port)
            self.b("ip", "link", "set", go.device, "netns", inside.name)
            inside("ip", "address", "add", "10.8.3.2/24", "dev", go.device)
            inside("ip", "link", "set", go.device, "up")
        self.write(1)
        self.start()
        self.watch = Watch(self)
        expect(self.commit()[0] == 0)
        self.reaches()

    def texts(self, number):
        key = self.keys.setdefault(number, wg_keys()[1])
        return {**files(self.key, self.peers + [(key, "10.8.3.%d/32" % (9 + number), None, "")], "10.8.3.1"),
                "network.conf": NETWORK % number}

    def write(self, number):
        self.put(self.texts(number))

    def reaches(self):
        """Packets pass both ways on both paths: when each session was made."""
        for path in PATHS:
            wait_until("packets on %s" % path, lambda: ping(self.inner(path), "10.8.3.2", 1)[1] == 1, 60)
        return {path: self.gos[path].handshake(self.peers[0][0]) for path in PATHS}

    # ---- what there is ----

    def now_runs(self):
        """{service: the number of the set that it runs}"""
        at = {service: [] for service in SERVICES}
        there = addresses(self.a)
        at["network"] = [n for n in self.keys if "198.51.100.%d/24" % n in there]
        for path in PATHS:
            keys = {peer["public_key"] for peer in self.shown(path)}
            at[path] = [n for n, key in self.keys.items() if key in keys]
        return {service: found[0] if len(found) == 1 else None for service, found in at.items()}

    def shown(self, path):
        try:
            return json.loads(run(self.lab.applet(path), "--run", self.run, "show", "--json"))["peers"]
        except (RuntimeError, ValueError):
            return []                   # it does not run

    def pending(self):
        """Whether something is not over, and when it is to be undone: 0, at once."""
        try:
            words = read(self.run + "/pending").split()
        except FileNotFoundError:
            return None
        return int(words[1])

    def is_settled(self):
        """What runs whole, when nothing is under way."""
        numbers = set(self.now_runs().values())
        due = self.pending()
        return numbers.pop() if len(numbers) == 1 and None not in numbers and due != 0 and self.owner() is None else None

    def kept(self, number, killed=None):
        """Whether the pointer and what each service keeps are that set. What older firmware finds of one that was killed may come with
        the next commit."""
        confirmed, _, texts = stored(self)
        wanted = self.texts(number)
        return texts[confirmed] == wanted and all(
            read("%s/applied/%s/network.conf" % (top, service)) == wanted["network.conf"]
            for top in (self.conf, self.run) for service in SERVICES if (top, service) != (self.conf, killed))

    # ---- what is done ----

    def starts(self, words):
        """`config`, still in front of its first step."""
        process = subprocess.Popen([*HELD_STILL, *self.words(*words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        return process

    def bring_back(self, names):
        """As PID 1 does."""
        for name in names:
            if name == "watch":
                self.watch.kill()
                self.watch.start()
            else:
                self.processes[name].kill()
                self.processes[name].wait(30)
                self.start((name,))


def commit(box, new):
    box.write(new)
    return "commit", "--force"


def commit_confirm(box, new):
    box.write(new)
    return "commit", "--force", "--confirm", "10"


def waiting(box, new):
    status, said = box.config(*commit_confirm(box, new))
    expect(status == 0 and set(box.now_runs().values()) == {new}, status, said)


def confirm(box, new):
    waiting(box, new)
    return ("confirm",)


def undo(box, new):
    waiting(box, new)
    return ("undo",)


def timed_undo(box, new):
    waiting(box, new)
    return ()


def rollback(box, new):
    """To what ran before, with a commit between, so that there is something to go back behind."""
    before = stored(box)[0]
    box.write(new)
    status, said = box.commit("--force")
    expect(status == 0, said)
    return "rollback", str(before), "--force"


OPERATIONS = {operation.__name__: operation for operation in (commit, commit_confirm, confirm, undo, timed_undo, rollback)}


WHAT_HOLDS_THEN = {"commit": 1, "commit_confirm": 1, "confirm": 1, "undo": 0, "timed_undo": 0, "rollback": 0}   # of old and new


class Undone:
    """To be waited for as a process is."""

    def __init__(self, box):
        self.box = box

    def wait(self):
        wait_until("the end of it", lambda: self.box.pending() is None, 120)


def check_row(box, operation, stopped, wanted, killed, back_first=False):
    """stopped: who is held in front of the step that wanted() says yes to, one of SERVICES or the doer. killed: who is killed then.
    back_first: it runs again before the one that was stopped goes on. False when there was no such step."""
    both = box.set, box.set % 100 + 1
    words = OPERATIONS[operation](box, both[1])
    logged, sessions = len(box.watch.said()), box.reaches()
    doer = box.starts(words) if words else box.watch.process
    held = Held(box.processes[stopped].pid if stopped in SERVICES else doer.pid, box.lab.binary,
                follow=not words and stopped == "doer")
    if words:
        os.kill(doer.pid, signal.SIGCONT)
    else:
        let_time_pass(box)
    held.go(wanted, None if words and stopped == "doer" else doer if words else Undone(box))
    row = "%s, %s in front of `%s`, %s killed%s" % (operation, stopped, held.at, killed, ", back at once" if back_first else "")
    try:
        dead = kill(box, held, stopped, killed, back_first, bool(words))
        said = doer.communicate(timeout=120)[0] if words else ""
        box.bring_back(dead)
        check_end(box, operation, both, doer.returncode if words else None, said, held.passed, logged, killed)
        after = box.reaches()
        for path in PATHS:
            expect(path in dead + [killed] or after[path] == sessions[path] or after[path] - sessions[path] >= RENEWED_S,
                   "a session was dropped", path)
        check_next(box, both[1] % 100 + 1)
    except (AssertionError, RuntimeError) as err:
        raise AssertionError("%s: %s; %s run, of %s, pending %s, pointer %s, watch said %r" % (
            row, err, box.now_runs(), both, box.pending(), stored(box)[0], box.watch.said()[logged:])) from err
    return held.at is not None


def kill(box, held, stopped, killed, back_first, has_doer):
    """Who is dead still."""
    if held.at is None:
        return []
    if killed == stopped:
        held.kill()
        return [] if killed == "doer" and has_doer else ["watch" if killed == "doer" else killed]
    victim = box.watch.process if killed == "watch" else box.processes[killed]
    victim.kill()
    victim.wait(30)
    if back_first:
        box.bring_back([killed])
    held.let_go()
    return [] if back_first else [killed]


def check_end(box, operation, both, status, said, passed, logged, killed):
    number = wait_until("one set runs whole", box.is_settled, 90)
    expect(number in both)
    told = said + box.watch.said()[logged:]
    applied = any(at.startswith("ask ") and (" apply" in at or " undo" in at) for at in passed)
    if status == 0:
        expect(number == both[WHAT_HOLDS_THEN[operation]], "it said that it was done", said)
    elif status and status > 0:
        expect(said.strip(), "it failed without a word")
    elif applied and number != both[WHAT_HOLDS_THEN[operation]]:
        expect(told.strip(), "no one tells that it was undone")
    if box.pending():
        expect(number == both[1], "what waits for a word does not run")
        status, said = box.config("undo")
        expect(status == 0, said)
        number = wait_until("what was confirmed runs", box.is_settled, 90)
        expect(number == both[0], said)
    wait_until("the pointer and what is kept agree with what runs", lambda: box.kept(number, killed), 60)
    wait_until("no files are left half way", lambda: not os.path.exists(box.conf + "/.import.ready"))
    files = by_hand(box)
    expect(files in [box.texts(n) for n in both], "the files are a mixture")
    expect(not applied or files == box.texts(number) or os.path.exists(box.run + "/held") or status,
           "a boot would run other files, and no one says so")


def check_next(box, number):
    status, said = box.config(*commit(box, number))
    expect(status == 0 and box.is_settled() == number, "the next commit fails", status, said)
    wait_until("the next one is kept", lambda: box.kept(number), 60)
    expect(not os.path.exists(box.run + "/held"))
    box.set = number


# operation, who is stopped, in front of what, who is killed, whether that one is back before it goes on
SAMPLE = (("commit", "doer", "ask gateway.sock apply", "doer"),
          ("commit", "doer", "ask gateway.sock plan", "network"),
          ("commit", "doer", "ask network.sock keep", "network", True),
          ("commit", "gateway", "unlinkat vpn-public.conf", "gateway"),
          ("confirm", "doer", "renameat confirmed", "doer"),
          ("undo", "doer", "ask gateway.sock apply", "doer"),
          ("rollback", "doer", "renameat vpn-public.conf", "doer"),
          ("rollback", "doer", "fsync conf", "doer"),
          ("timed_undo", "doer", "ask gateway-dataplane.sock apply", "doer"))


@case
def whoever_is_killed_half_way_one_set_runs_whole(lab):
    box = Killed(lab)
    for operation, stopped, step, *killed in SAMPLE:
        expect(check_row(box, operation, stopped, which(step), *killed), "no such step", operation, stopped, step)


def each_step(lab, operation, stopped, wanted, killed, back_first=False):
    """wanted: of a number, whether a step is that one. Rows until there is no such step any more."""
    box, rows = Killed(lab), 0
    while check_row(box, operation, stopped, wanted(rows), killed or stopped, back_first):
        rows += 1
    print("          %d steps" % rows)
    expect(rows > 0, "no step was seen")


def every(operation, stopped, wanted, killed, back_first=False):
    """A case of its own, since what one leaves behind is the next one's."""
    def steps(lab):
        each_step(lab, operation, stopped, wanted, killed, back_first)
    steps.__name__ = "%s_in_which_%s_is_killed_%s" % (operation, killed or stopped, "at_each_step" if killed == stopped else
                                                      "beside_each_question_and_is_back_%s" % ("at_once" if back_first else "late"))
    soak(steps)


for name in OPERATIONS:
    for one in ("doer", *SERVICES):
        every(name, one, nth, one)
    for one in (*SERVICES, "watch") if name != "timed_undo" else SERVICES:
        for back in (False, True):
            every(name, "doer", lambda n: which("ask ", n), one, back)
