"""An appliance under test: its machine, its files, and the questions that cases ask it."""
import atexit
import json
import re
import tempfile
import time

from cases import log_dir
from cluster import make_instances, vpn_address
from vm import COMMAND_S, Hub, Nic, Timeout, Vm, make_data_image

PATHS = ("gateway", "gateway-dataplane")
DATA = "/srv/mitigator/"
PROMPT_S = 180                  # from QEMU's start; a busy machine takes its time
OLD_SESSION_S = 60              # a session renews itself after 120 s: not while a case looks

# PID 1 stands still: it takes no SIGSTOP, but a control group takes it along.
FREEZE = "mkdir -p /run/cg && mount -t cgroup2 none /run/cg && mkdir /run/cg/still && echo 1 > /run/cg/still/cgroup.procs && " \
         "echo 1 > /run/cg/still/cgroup.freeze"


def wait_for(what, predicate, timeout=COMMAND_S, pause=0.1):
    """Ask until the answer is true, and return it; for what has no event to wait for."""
    deadline = time.monotonic() + timeout
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Timeout("%s: not within %g s" % (what, timeout))
        time.sleep(pause)


class Stream:
    """Echo requests from a console, until lost() ends them."""
    MOST_S = 300

    def __init__(self, source, target, path, a_second=100):
        self.source, self.path, self.a_second, self.most = source, path, a_second, self.MOST_S * a_second
        self.line = "ping %s %s -i %g -c %d -q" % (target, path, 1 / a_second, self.most)
        self.start = source.vm.console.begin(self.line)
        self.goes_on()

    def goes_on(self):
        """Wait for further answers."""
        before = self.source.received(self.path)
        wait_for("packets of " + self.line, lambda: self.source.received(self.path) > before + 1000)

    def lost(self):
        """End it: how many got no answer. Those that are on their way have a second for it: where an answer took longer, so many at the end
        may have one that comes too late."""
        self.source.vm.console.write(b"\x03")
        said = self.source.vm.console.finish(self.line, self.start)
        sent, received, lost = map(int, re.search(r"(\d+) sent, (\d+) received, (\d+) lost", said).groups())
        slowest_s = float(re.search(r"/([\d.]+) ms", said)[1]) / 1000
        assert received and sent < self.most and sent == received + lost, said
        return max(0, lost - max(0, int((slowest_s - 1) * self.a_second)))


class Appliance:
    """One virtual machine with an instance's files; usable as a context."""

    def __init__(self, name, image, files, nics=None, instance=None, disk=None, **options):
        """nics: None is one that leads nowhere. disk: an image to use instead of one made of files."""
        self.instance = instance
        self.files = dict(files or {})
        self._work = tempfile.TemporaryDirectory()
        self.disk = disk
        if files is not None:
            self.disk = self._work.name + "/data.img"
            make_data_image(self.disk, files)
        if nics is None:
            nics = [Nic(self._work.name + "/nic", self._work.name + "/nowhere", "52:54:00:00:00:01")]
        try:
            self.vm = Vm(name, image, self.disk, nics, agent=True, log_dir=log_dir(image, "qemu"), **options)
        except BaseException:
            self._work.cleanup()
            raise

    def close(self):
        self.vm.close()
        self._work.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, failed, *_):
        if failed:
            print("  %s said last:\n  | %s" % (self.vm.name, "\n  | ".join(self.vm.console.text.splitlines()[-20:])))
        self.close()

    # ---- the console ----

    def prompt(self):
        self.vm.console.expect("gateway> ", PROMPT_S)
        return self

    def say(self, line, timeout=COMMAND_S, log=False):
        return self.vm.console.command(line, timeout, log)

    def screen(self, line="show"):
        """What a command says, in words: its lines end where the screen does."""
        return " ".join(self.say(line).split())

    def reconfigure(self, words="", files=()):
        """Write files and apply them on the console: what that said."""
        self.write(dict(files))
        return self.say(("reconfigure " + words).strip())

    def reboot(self, before=None):
        self.vm.agent.starts_anew()
        self.vm.console.begin("reboot")
        self.vm.console.expect("reboot: Restarting system|init: reboot", 30)
        if before:
            before()
        self.vm.console.expect("MITIGATOR gateway [^\n]*\n", PROMPT_S)
        return self.prompt()

    # ---- the shell beside ----

    def run(self, command, timeout=COMMAND_S):
        return self.vm.agent.run(command, timeout)

    def output(self, command, timeout=COMMAND_S):
        return self.vm.agent.output(command, timeout)

    def write(self, files):
        """Replace files of the persistent partition; None removes one."""
        for name, text in files.items():
            if self.files.get(name) == text:
                continue
            if text is None:
                self.output("rm " + DATA + name)
                del self.files[name]
                continue
            self.vm.agent.write_file(DATA + name, text, 0o600 if name == "vpn-private.conf" else 0o644)
            self.files[name] = text

    def pid(self, process):
        """Of console, devices, watchdog, time, config, network, gateway or gateway-dataplane; 0 when it does not run."""
        words = {"console": "$", "devices": "$", "recorder": "$", "syslog": " /run/", "time": "$", "config": " watch", "watchdog": r" \d+$"}.get(process, " run ")
        found = re.search(r"^ *(\d+) +(?:\{gateway\} )?%s(%s)" % (process, words), self.output("ps -o pid,args"), re.M)
        return int(found.group(1)) if found else 0

    def netns(self, path, command):
        return self.output("ip netns exec %s %s" % (path, command))

    def show(self, path="gateway"):
        """`show --json`, {} when the service does not answer."""
        said = self.run("/sbin/%s show --json" % path)[1]
        return json.loads(said) if said.startswith("{") else {}

    def peers(self, path="gateway"):
        return {peer["public_key"]: peer for peer in self.show(path).get("peers", [])}

    def received(self, path):
        return sum(peer["received_bytes"] for peer in self.peers(path).values())

    def handshakes(self, path):
        """Public key -> seconds since 1970, 0 when there was none."""
        return {key: peer["latest_handshake"] for key, peer in self.peers(path).items()}

    def is_up(self, path):
        """The VPN address is there and the interface is up."""
        said = self.run("ip -n %s -br addr show up dev wg0" % path)[1]
        return vpn_address(self.instance.n) + "/" in said

    def wait_handshakes(self, count, timeout=COMMAND_S):
        """Until both paths have shaken hands with that many peers, and have no others."""
        def all_done():
            return all(len(done) == count and all(done.values()) for done in map(self.handshakes, PATHS))
        wait_for("%s: %d peers with handshakes on both paths" % (self.vm.name, count), all_done, timeout)

    def fresh_sessions(self, count):
        """Handshakes that are too young to be renewed while a case looks at them, by peers that have heard of us since: one that
        a case before left without an answer renews its own 15 s later."""
        now = int(self.output("date +%s"))
        if all(now - at < OLD_SESSION_S for path in PATHS for at in self.handshakes(path).values()) and self._are_answered(5):
            return
        for path in PATHS:
            if self.show(path)["backend"] == "kernel":      # ours lets wg(8) look alone; its sessions began with the move to it
                for key in self.handshakes(path):
                    self.netns(path, "wg set wg0 peer %s remove" % key)
        self.reconfigure()
        self.wait_handshakes(count)
        assert self._are_answered(60), "no answer by a session that was just made"

    def _are_answered(self, seconds):
        addresses = {path: [peer["allowed_ips"][0].split("/")[0] for peer in self.peers(path).values()] for path in PATHS}
        return all(self.run("ip netns exec %s ping -c 1 -W %d %s" % (path, seconds, address))[0] == 0
                   for path in PATHS for address in addresses[path])


class Cluster:
    """Three instances on a hub. The third is in no one's files but its own until grow()."""

    def __init__(self, image):
        self.image = image
        self.instances = make_instances(3, image + "/gateway")
        self.hub = Hub(3)
        self.all = []
        self.timing = {}
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _add(self, n, instances):
        instance = self.instances[n - 1]
        self.all.append(Appliance("instance-%d" % n, self.image, instance.files(instances), [self.hub.port(n - 1)],
                                  instance=instance, no_reboot=False))

    def _start(self):
        for n in (1, 2):
            self._add(n, self.instances[:2])
        for a in self.all:
            a.prompt()
        first = self.all[0]
        self.timing["prompt"] = first.vm.age()
        wait_for("both VPN addresses", lambda: all(first.is_up(path) for path in PATHS))
        self.timing["both VPN addresses up"] = first.vm.age()
        first.wait_handshakes(1)
        self.timing["handshakes on both paths"] = first.vm.age()
        self._add(3, self.instances)
        self.all[2].prompt()

    def close(self):
        for a in self.all:
            a.close()
        self.all = []
        self.hub.close()

    def answers(self):
        """Every console obeys."""
        try:
            for a in self.all:
                a.vm.agent.run("true", 10)
                a.say("version", 10)
        except (Timeout, OSError):
            return False
        return True

    def restore(self):
        """All three know each other, with plain files, and have shaken hands."""
        self.hub.loss, self.hub.frame_max, self.hub.unplugged = 0.0, None, set()
        for a in self.all:
            files = a.instance.files(self.instances)
            if a.files != files or any(len(a.peers(path)) != 2 for path in PATHS):
                a.write({**dict.fromkeys(a.files), **files})
                a.reconfigure("--force")
        for a in self.all:
            a.wait_handshakes(2)
        return self


shared = {}


def cluster(image, as_started=False):
    """The cluster that cases share: made when it is needed, and again after a case broke it."""
    if "cluster" in shared:
        try:
            if shared["cluster"].answers():
                return shared["cluster"] if as_started else shared["cluster"].restore()
        except (Timeout, RuntimeError):
            pass
        shared.pop("cluster").close()
    shared["cluster"] = Cluster(image)
    return shared["cluster"] if as_started else shared["cluster"].restore()


def close_shared():
    while shared:
        shared.popitem()[1].close()


atexit.register(close_shared)
