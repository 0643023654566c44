"""What a change of .env does is told before it is done: each of its names."""
import json
import os
import re
import signal
import subprocess
import time

from case_commit import ASKED, NETWORK, REFUSED, Box, Dataplane
from cases import case, expect
from lab import engines, ping, run, wait_until, wg_keys
from pair import files

LAST = "  eth0  192.0.2.1/24   REMOVED: no address is left\n"       # what has each of these plans asked about, and nothing applied
LWIP = {"MITIGATOR_VPN_BACKEND": "lwip", "DATA_PLANE_VPN_BACKEND": "lwip"}
ANEW = ": its sessions begin anew (none is up)\n"

# Of each name the value that runs (None: its default), another one, and what is told of that.
KEYS = {
    "MITIGATOR_VPN_ADDRESS": ("10.8.3.1", "10.8.3.1/16", "10.8.3.1/24 -> 10.8.3.1/16\n"),
    "DATA_PLANE_VPN_DEVICE": (None, "wg7", "wg0 -> wg7" + ANEW),
    "DATA_PLANE_VPN_PORT": (None, "5568", "4568 -> 5568: what peers send to the old one is lost\n       until they have it too\n"),
    "DATA_PLANE_ISOLATION": ("on", "off", "on -> off" + ANEW),
    "MITIGATOR_VPN_BACKEND": ("lwip", "kernel", "lwip -> kernel" + ANEW),
    "DATA_PLANE_VPN_BACKEND": ("lwip", "kernel", "lwip -> kernel" + ANEW),
    "MITIGATOR_VPN_MTU": (None, "1400", "what the underlay allows -> 1400\n"),
    "DATA_PLANE_VPN_MTU": ("1300", None, "1300 -> what the underlay allows\n"),
    "MITIGATOR_FILTER": (None, "off", "  filter  off: everything comes in to this host\n"),
    "MITIGATOR_VPN_OPEN": ("443 22", "80 22", "22 443 -> 22 80\n"),
    "MITIGATOR_METRICS": (None, "on", "off -> on\n"),
    "MITIGATOR_CLUSTER_PORT": (None, "4570", "off -> 4570\n"),
    "MITIGATOR_NTP": (None, "peers", "  time    by the other instances alone\n"),
    "MITIGATOR_SYSLOG": ("192.0.2.9:514", "[2001:db8::9]:514", "192.0.2.9:514 -> [2001:db8::9]:514\n"),
    "MITIGATOR_HOSTNAME": (None, "fra7", "the name behind our own [Peer] -> fra7\n"),
}

# The same in other words, or what was the default.
SAME = {"MITIGATOR_VPN_ADDRESS": "10.8.3.1/24", "DATA_PLANE_VPN_DEVICE": "wg0", "MITIGATOR_VPN_OPEN": "22  443 22",
        "MITIGATOR_METRICS": "off", "MITIGATOR_CLUSTER_PORT": "off", "MITIGATOR_FILTER": "on"}


def has_wireguard(host):
    """The kernel has."""
    made = subprocess.run(["ip", "-n", host.name, "link", "add", "probed", "type", "wireguard"], stderr=subprocess.DEVNULL).returncode == 0
    if made:
        host("ip", "link", "del", "probed")
    return made


class OpenBox(Box):
    """No option of a service stands above its .env."""

    def inner(self, name):
        return name

    def options(self, name):
        return []

    def write_env(self, values, nic=1):
        text = "".join("%s=%s\n" % pair for pair in values.items() if pair[1])
        self.put({**files(self.key, self.peers, ""), ".env": text, "network.conf": NETWORK % nic})

    def plan(self, values):
        """What is told of these values before it is asked, in the network's service beside the last address."""
        self.write_env(values)
        self.put({"network.conf": "[Match]\nName=eth0\n"})
        status, said = self.commit()
        expect(status == ASKED and said.endswith("neither the NICs nor the paths were changed\n") and LAST in said, status, said)
        return said.partition(LAST)[0].partition("ports ")[2].partition("\n")[2] + said.partition(LAST)[2].partition("this cuts")[0]


@case
def each_name_of_env_that_differs_has_a_line_in_the_plan(lab):
    box = OpenBox(lab)
    reference = run(lab.applet("gateway"), "help", "conf", "--markdown")
    names = re.findall(r"^\| `(\w+)` \|", reference.partition("### .env")[2].partition("###")[0], re.M)
    expect(names == list(KEYS), names)
    ran = {name: row[0] for name, row in KEYS.items()}
    box.write_env(ran)
    box.start()
    expect(box.plan(ran) == "", "what stays says something")
    expect(box.plan({**ran, **SAME}) == "", "what is the same in other words says something")
    for name, (_, other, told) in KEYS.items():
        if other == "kernel" and not has_wireguard(box.b):
            other, told = "auto", "lwip -> auto\n"
        told = told if told.startswith("  ") else "  %s %s" % (name, told)
        said = box.plan({**ran, name: other})
        expect(said == told, name, said, told)


class LiveBox(OpenBox):
    """Its peer is up on the dataplane."""

    def __init__(self, lab):
        super().__init__(lab)
        self.go_key, public = wg_keys()
        self.peers[1] = (public, *self.peers[1][1:])
        self.ran = {"MITIGATOR_VPN_ADDRESS": "10.8.3.1", "DATA_PLANE_ISOLATION": "on", **LWIP}
        self.write_env(self.ran)
        self.start()
        self.go = lab.wireguard_go(self.b, "go0", self.go_key, 4568)
        self.go.set("peer", self.peers[0][0], "allowed-ips", "10.8.3.1/32", "endpoint", "192.0.2.1:4568")
        self.go.address("10.8.3.2/24")
        self.session()

    def session(self):
        wait_until("a session", lambda: ping("gateway-dataplane", "10.8.3.2", 1, wait=1) == (1, 1))

    def device(self):
        return json.loads(run(self.lab.applet("gateway-dataplane"), "--run", self.run, "show", "--json"))["interface"]


@case
def sessions_that_begin_anew_are_told_and_asked_about_there_and_back(lab):
    box = LiveBox(lab)
    box.write_env({**box.ran, "DATA_PLANE_VPN_MTU": "1300"})
    status, said = box.commit()                         # the control: nothing is asked where they go on
    expect(status == 0 and "  DATA_PLANE_VPN_MTU what the underlay allows -> 1300\n" in said and "anew" not in said, status, said)
    began = box.go.handshake(box.peers[0][0])
    box.write_env({**box.ran, "DATA_PLANE_VPN_MTU": "1300", "DATA_PLANE_VPN_DEVICE": "wg7"})
    told = "  DATA_PLANE_VPN_DEVICE wg0 -> wg7: its sessions begin anew (1 is up)\n"
    status, said = box.commit()
    expect(status == ASKED and told in said and "this cuts 1 session of the dataplane: --force if it is meant\n" in said, status, said)
    expect(box.device() == "wg0" and box.go.handshake(box.peers[0][0]) == began, box.device())
    status, said = box.commit("--force")
    expect(status == 0 and said.index(told) < said.index("gateway-dataplane: moved to wg7"), status, said)
    box.session()
    back = "  DATA_PLANE_VPN_DEVICE wg7 -> wg0: its sessions begin anew (1 is up)\n"
    for words in (("undo",), ("rollback", "2")):
        status, said = box.config(*words)
        expect(status == ASKED and back in said and "this cuts 1 session of the dataplane" in said, words, status, said)
    status, said = box.config("undo", "--force")
    expect(status == 0 and said.index(back) < said.index("gateway-dataplane: moved to wg0"), status, said)
    expect(box.device() == "wg0", box.device())


@case
def peers_are_told_by_the_dataplane_when_management_does_not_answer(lab):
    box = LiveBox(lab)
    box.peers.append((wg_keys()[1], "10.8.3.9/32", "192.0.2.9:4567", ""))
    changed, told = {**box.ran, "MITIGATOR_SYSLOG": "192.0.2.9:514"}, ["  MITIGATOR_SYSLOG none -> 192.0.2.9:514", "  peer 10.8.3.9   added"]
    expect(box.plan(changed).splitlines() == told, "the control: each is told once")
    engine, = engines("MITIGATOR gateway " + box.run)
    os.kill(engine, signal.SIGSTOP)
    box.write_env(changed)
    status, said = box.commit()
    os.kill(engine, signal.SIGCONT)
    expect(status == REFUSED and [line for line in said.splitlines() if line.startswith("  ")] == told, status, said)


@case
def what_is_cut_is_asked_about_also_when_an_engine_does_not_answer_meanwhile(lab):
    box = LiveBox(lab)
    live = box.peers[1]
    box.peers += [(wg_keys()[1], "10.8.3.%d/32" % n, "192.0.2.9:4567", "") for n in range(10, 18)]
    box.write_env(box.ran)
    expect(box.commit()[0] == 0)
    began = box.go.handshake(box.peers[0][0])
    box.peers.remove(live)
    box.write_env(box.ran)
    status, said = box.commit()
    expect(status == ASKED and "this cuts 1 peer of the dataplane: --force" in said, "the control", status, said)
    engine, = engines("MITIGATOR gateway-dataplane " + box.run)
    os.kill(engine, signal.SIGSTOP)
    status, said = box.commit()
    os.kill(engine, signal.SIGCONT)
    expect(status == REFUSED and re.search(r"gateway-dataplane: what is cut is not known \(.* does not answer\): `reconfigure --force` if that is meant\n", said),
           status, said)
    box.session()
    expect(box.go.handshake(box.peers[0][0]) == began, said)
    expect(box.commit("--force")[0] == 0 and ping("gateway-dataplane", "10.8.3.2", 1, wait=1) == (1, 0), "the control: it is cut by force")


@case
def reconfigure_of_one_service_tells_which_sessions_begin_anew(lab):
    box = LiveBox(lab)
    box.write_env({**box.ran, "DATA_PLANE_ISOLATION": "off", "MITIGATOR_SYSLOG": "192.0.2.9:514"})
    told = "gateway-dataplane: DATA_PLANE_ISOLATION on -> off: its sessions begin anew (1 is up)\n"
    words = lab.applet("gateway-dataplane"), "--run", box.run

    def asked(*verb):
        done = subprocess.run([*words, *verb], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        expect(done.returncode == ASKED and told in done.stdout, verb, done)
        expect("gateway-dataplane: 1 session that is up begins anew: `gateway-dataplane reconfigure --force` if it is meant\n" in done.stdout, verb, done)
        return done.stdout

    began = box.go.handshake(box.peers[0][0])
    asked("plan", "--quiet")
    asked("reconfigure", "--dry-run")
    for verb in (("reconfigure",), ("reconfigure", "--quiet"), ("apply",)):
        expect("gateway-dataplane: nothing was applied\n" in asked(*verb), verb)
    expect(box.device() == "wg0" and box.go.handshake(box.peers[0][0]) == began, "it was applied")
    said = run(*words, "reconfigure", "--force")
    expect(said.index(told) < said.index("gateway-dataplane: moved to wg0"), said)


@case
def plan_for_programs_has_the_kind_in_front_of_each_line(lab):
    box = LiveBox(lab)
    box.peers += [(wg_keys()[1], "10.8.3.9/32", "192.0.2.9:4567", "")]
    box.write_env({**box.ran, "DATA_PLANE_ISOLATION": "off", "MITIGATOR_SYSLOG": "192.0.2.9:514"})
    box.put({"network.conf": "[Match]\nName=eth0\n"})

    def planned(name):
        done = subprocess.run([lab.applet(name), "--run", box.run, "plan", "--lines"], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    shared = "env\t  MITIGATOR_SYSLOG none -> 192.0.2.9:514\npeer\t  peer 10.8.3.9   added\n"
    expect(planned("gateway") == (0, shared, ""), planned("gateway"))
    own = "path\t  DATA_PLANE_ISOLATION on -> off: its sessions begin anew (1 is up)\n"
    expect(planned("gateway-dataplane") == (ASKED, own + shared, "path\t1 session\n"), planned("gateway-dataplane"))
    expect(planned("network") == (ASKED, "nics\t" + LAST, "nics\tthe last NIC address\n"), planned("network"))
    box.peers = box.peers[:1]
    box.write_env(box.ran)
    status, said, meant = planned("gateway-dataplane")
    expect(status == REFUSED and re.match(r"peer\t  peer \S+ 10.8.3.2   REMOVED \(is up, last seen \d+ s ago\)\n", said) and
           meant.startswith("peer\tnone of the 1 peer that runs is in the files\ngateway-dataplane: nothing was applied\n"), status, said, meant)


@case
def plan_typed_on_a_plain_host_has_the_lines_of_the_console(lab):
    box = LiveBox(lab)
    box.peers += [(wg_keys()[1], "10.8.3.9/32", "192.0.2.9:4567", "")]
    box.write_env({**box.ran, "DATA_PLANE_VPN_DEVICE": "wg7", "MITIGATOR_SYSLOG": "192.0.2.9:514"})

    def planned(name):
        done = subprocess.run([lab.applet(name), "--run", box.run, "plan"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=60)
        return done.returncode, done.stdout

    shared = "  MITIGATOR_SYSLOG none -> 192.0.2.9:514\n  peer 10.8.3.9   added\n"
    own = "  DATA_PLANE_VPN_DEVICE wg0 -> wg7: its sessions begin anew (1 is up)\n"
    expect(box.commit()[1].partition("4568\n")[2].startswith(shared + own + "this cuts "), "the control: at the console")
    expect(planned("gateway") == (0, shared + "gateway: would be applied\n"), planned("gateway"))
    status, said = planned("gateway-dataplane")
    expect(status == ASKED and said.startswith(own + shared + "gateway-dataplane: 1 session that is up begins anew: "), status, said)
    box.put({"network.conf": NETWORK % 7})
    expect(planned("network") == (0, "  eth0  192.0.2.1/24   REMOVED\n  eth0  192.0.2.7/24   added\nnetwork: would be applied\n"),
           planned("network"))


@case
def plan_refuses_a_backend_that_cannot_be_had_as_reconfigure_does(lab):
    box = LiveBox(lab)
    began = box.go.handshake(box.peers[0][0])
    box.write_env({**box.ran, "DATA_PLANE_VPN_BACKEND": "kernel"})
    words = "gateway-dataplane: this kernel has no WireGuard: the module wireguard is not there or cannot be loaded\n"

    def asked(*verb):
        done = subprocess.run([lab.applet("gateway-dataplane"), "--run", box.run, *verb], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60)
        return done.returncode, words in done.stdout

    if has_wireguard(box.b):
        expect(asked("plan", "--force") == (0, False), asked("plan", "--force"))
        return
    for verb in (("plan",), ("plan", "--force"), ("reconfigure", "--dry-run"), ("reconfigure", "--dry-run", "--force")):
        expect(asked(*verb) == (REFUSED, True), verb, asked(*verb))
    for verb in (("reconfigure",), ("reconfigure", "--force")):
        expect(asked(*verb) == (1, True), verb, asked(*verb))
    for option in ((), ("--force",)):
        status, said = box.commit(*option)
        expect(status == REFUSED and words in said and "this cuts" not in said and said.endswith("neither the NICs nor the paths were changed\n"),
               option, status, said)
    alone, idle = box.peers, (wg_keys()[1], "10.8.3.9/32", "192.0.2.9:4567", "")
    box.peers = [*alone, idle]
    box.write_env(box.ran)
    expect(box.commit()[0] == 0)
    box.peers = [alone[0], idle]
    box.write_env({**box.ran, "DATA_PLANE_VPN_BACKEND": "kernel"})
    status, said = box.commit()
    expect(status == REFUSED and words in said and "is meant" not in said, "what is asked about is told as a refusal", status, said)
    box.peers = [*alone, idle]
    expect(box.device() == "wg0" and box.go.handshake(box.peers[0][0]) == began, "it was applied")
    box.write_env({**box.ran, "DATA_PLANE_VPN_BACKEND": "auto"})
    expect(asked("plan") == (0, False), "the control", asked("plan"))


def files_below(*tops):
    """Of each its time and size, but for the lock's."""
    return sorted((path, os.stat(path).st_mtime_ns, os.stat(path).st_size) for top in tops for at, _, names in os.walk(top)
                  for path in (at + "/" + name for name in names) if not path.endswith(("/commit.lock", ".sock")))


@case
def plan_of_the_console_tells_what_reconfigure_would_do_and_does_nothing(lab):
    box = LiveBox(lab)
    began = box.go.handshake(box.peers[0][0])

    def planned():
        before = files_below(box.conf), box.state()
        status, said = box.config("plan")
        expect((files_below(box.conf), box.state()) == before and not os.path.exists(box.run + "/pending"), "a plan changes something")
        expect(os.listdir(box.run + "/generations") == [], os.listdir(box.run + "/generations"))
        return status, said

    status, said = planned()
    expect(status == 0 and said.endswith("  no peer, no address of a NIC and no key of .env changes in the files\n"), status, said)
    box.write_env({**box.ran, "MITIGATOR_METRICS": "on"}, nic=7)
    status, said = planned()
    told = "  MITIGATOR_METRICS off -> on\n  eth0  192.0.2.1/24   REMOVED\n  eth0  192.0.2.7/24   added\n"
    expect(status == 0 and said.endswith("4568\n" + told + "nothing of it runs before `reconfigure`\n"), status, said)
    box.write_env({**box.ran, "DATA_PLANE_VPN_DEVICE": "wg7"})
    status, said = planned()
    told = "  DATA_PLANE_VPN_DEVICE wg0 -> wg7: its sessions begin anew (1 is up)\nthis cuts 1 session of the dataplane"
    expect(status == ASKED and told + ": `reconfigure` asks first\n" in said, status, said)
    status, said = box.commit()
    expect(status == ASKED and told + ": --force if it is meant\n" in said, "the control", status, said)
    everyone = box.peers
    box.peers = everyone[:1]
    box.write_env(box.ran)
    status, said = planned()
    expect(status == REFUSED and "the 1 peer that runs is in the files: `reconfigure --force` if that is meant\n" in said, status, said)
    box.put({"vpn-public.conf": "no line of it\n"})
    status, said = planned()
    expect(status == 1 and "2 errors: nothing was applied, what runs keeps running\n" in said, status, said)
    box.peers = everyone
    box.write_env({**box.ran, "MITIGATOR_METRICS": "on"})
    expect(box.commit("--confirm", "5")[0] == 0)
    status, said = box.config("plan")
    expect(status == 1 and said.endswith("waits for `confirm` or `undo`: nothing was changed\n"), status, said)
    status, said = box.config("undo")
    expect(status == 0 and box.go.handshake(box.peers[0][0]) == began, "it cannot be undone any more", status, said)
    expect(box.config("plan", "--force")[0] == 2, "it takes a word")


@case
def reconfigure_beside_a_plan_of_another_console_says_what_it_is_beside(lab):
    box = LiveBox(lab)
    engine, = engines("MITIGATOR gateway-dataplane " + box.run)
    os.kill(engine, signal.SIGSTOP)
    plan = subprocess.Popen(box.words("plan"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_until("it has begun", lambda: box.owner() == plan.pid)
    plan.send_signal(signal.SIGSTOP)
    os.kill(engine, signal.SIGCONT)
    said = box.commit()
    plan.send_signal(signal.SIGCONT)
    plan.communicate(timeout=60)
    expect(said == (1, "another reconfigure or plan is under way (process %d): nothing was changed\n" % plan.pid), said)
    expect(box.config("plan")[0] == 0, "the control")


@case
def refusal_names_what_to_type_in_place_of_what_was_typed(lab):
    box = Box(lab)
    peers, box.peers = box.peers, box.peers[:1]
    box.write()
    box.start()
    box.peers = peers
    box.write()
    status, said = box.commit()
    expect(status == 0 and "1 added" in said, status, said)
    box.peers = peers[:1]
    box.write()
    later = "%02d:59" % ((time.gmtime().tm_hour + 12) % 24)
    asked = {("commit",): "reconfigure", ("commit", "--confirm", "7"): "reconfigure confirm 7", ("commit", "--at", later): "reconfigure at " + later}
    for words, typed in asked.items():
        status, said = box.config(*words)
        expect(status == REFUSED and said.count("the 1 peer that runs is in the files: `%s --force` if that is meant\n" % typed) == 2, words, status, said)
    box.peers = peers
    box.write()
    for words in (("undo",), ("rollback", "1")):
        status, said = box.config(*words)
        expect(status == REFUSED and said.count("in the files: `%s --force` if that is meant\n" % " ".join(words)) == 2, words, status, said)
    status, said = box.config("undo", "--force")
    expect(status == 0, "what is named does not do it", status, said)


@case
def refusal_is_told_behind_all_that_changes(lab):
    box = Box(lab)
    box.write(more=1)
    box.start()
    box.peers = box.peers[:1]
    box.write(nic=7, extra="DATA_PLANE_VPN_MTU=1300\n")
    status, said = box.commit()
    lines = said.splitlines()
    changes = [n for n, line in enumerate(lines) if line.startswith("  ")]
    expect(status == REFUSED and len(changes) == 5, status, said)
    expect(lines[changes[0] - 1].startswith("ok: ") and changes == list(range(changes[0], changes[0] + 5)), said)
    for name in ("gateway", "gateway-dataplane"):
        first = lines.index("%s: none of the 2 peers that run is in the files: `reconfigure --force` if that is meant" % name)
        expect(lines[first + 1] == name + ": nothing was applied" and lines[first + 2].endswith("keeps running (from the files)"), said)
    box.processes["gateway"].kill()
    box.processes["gateway"].wait(30)
    lines = box.commit()[1].splitlines()
    down, = (n for n, line in enumerate(lines) if line.startswith("gateway: the service does not run"))
    expect(down > max(n for n, line in enumerate(lines) if line.startswith("  ")), lines)


@case
def answer_to_a_plan_that_breaks_off_is_none(lab):
    box = Box(lab)
    box.write()
    os.mkdir(box.run, 0o700)
    nics = Dataplane(box, "network")
    commit = box.begin()
    with nics.next("plan") as call:
        call.send(b"onics\t  eth0  192.0.2.1/24   added\n")
        call.send(b"enics\tthe last NIC address\n")
    said = commit.communicate(timeout=60)[0]
    told = said.partition("4568\n")[2].splitlines()
    expect(commit.returncode == REFUSED and [line.partition(":")[0] for line in told[:3]] == ["gateway", "network", "gateway-dataplane"], said)
    expect(told[3:] == ["neither the NICs nor the paths were changed"], said)


@case
def option_of_a_service_that_stands_above_env_is_told(lab):
    box = Box(lab)
    box.write()
    box.start()
    box.write(extra="MITIGATOR_VPN_BACKEND=kernel\nDATA_PLANE_VPN_BACKEND=kernel\nDATA_PLANE_ISOLATION=off\n")
    status, said = box.commit()
    for line in ("MITIGATOR_VPN_BACKEND auto -> kernel: nothing of it, as --backend counts", "DATA_PLANE_ISOLATION auto -> off: nothing of it, as --netns counts",
                 "DATA_PLANE_VPN_BACKEND auto -> kernel: nothing of it, as --backend counts"):
        expect(status == 0 and "  %s\n" % line in said and "anew" not in said, line, status, said)


@case
def first_files_have_the_address_in_the_plan_and_no_default(lab):
    box = OpenBox(lab)
    box.put({"network.conf": NETWORK % 1})
    box.start()
    box.write_env({"MITIGATOR_VPN_ADDRESS": "10.8.3.1"})
    status, said = box.commit()
    told = re.findall(r"^  \S.*$", said, re.M)
    expect(status == 0 and told == ["  MITIGATOR_VPN_ADDRESS none: not clustered -> 10.8.3.1/24", "  peer 10.8.3.2   added"], status, said)
