"""What is wrong is on the screen of `show`, or the command that it names tells it: management on the kernel's WireGuard and the
dataplane on ours, so that each is told of both."""
import re
import time

from appliance import PATHS, cluster, wait_for
from cases import case
from cluster import outer_address, vpn_address
from vm import Timeout

WIDTH = 79
MARKED_S = 90                   # a busy machine takes its time; what it took is printed
UNDERLAY_BYTES = 1280


class Seen:
    """The first of the cluster as its operator sees it, with one ping a second to each peer on each path."""

    def __init__(self, image):
        self.cluster = cluster(image)
        self.first, self.second, self.third = self.cluster.all
        self.first.reconfigure("--force", files={".env": self.first.files[".env"] + "DATA_PLANE_VPN_BACKEND=lwip\n"})
        assert [self.first.show(path)["backend"] for path in PATHS] == ["kernel", "lwip"], self.first.say("show all")
        self.pings = [self.first.output("(exec /sbin/%s ping %s -c 3000 -i 1 -q) > /dev/null 2>&1 & echo $!" % (path, vpn_address(n))).strip()
                      for path in PATHS for n in (2, 3)]
        self.up("to begin with")

    def close(self):
        self.first.run("kill " + " ".join(self.pings))

    def show(self, words=""):
        said = self.first.say("show " + words)
        assert max(map(len, said.splitlines())) <= WIDTH, "more than %d columns:\n%s" % (WIDTH, said)
        return said

    def says(self, what, *patterns):
        """Until all of them are on the screen, which is returned."""
        said, began = [""], time.monotonic()

        def all_there():
            said[0] = self.show()
            return all(re.search(pattern, said[0], re.M) for pattern in patterns)
        try:
            wait_for(what, all_there, MARKED_S, 0.5)
        except Timeout as err:
            raise AssertionError("show does not say: %s\n%s\n%s" % (what, patterns, said[0])) from err
        print("  FIGURE  %.0f s until show said: %s" % (time.monotonic() - began, what))
        return said[0]

    def peers_are(self, what, second, third):
        return self.says(what, *(r"^\S* +%s +%s \S.* %s \S" % (re.escape(vpn_address(n)), verdict, verdict)
                                 for n, verdict in ((2, second), (3, third))))

    def up(self, what):
        self.peers_are("both peers are up on both paths, " + what, "up", "up")

    def why(self, n):
        """Management's reason and the dataplane's, in words."""
        said = self.show(vpn_address(n))
        management, dataplane = said.split("between packet processors\n")
        return [" ".join(part.split()) for part in (management, dataplane)]


@case
def show_marks_what_is_wrong_on_both_backends(image):
    seen = Seen(image)
    try:
        udp_is_filtered(seen)
        keys_do_not_fit(seen)
        cable_is_pulled(seen)
        clock_is_of_2020(seen)
        underlay_is_small(seen)
    finally:
        seen.close()


def udp_is_filtered(seen):
    ours = outer_address(1)
    seen.second.output("ip route add blackhole " + ours)
    try:
        said = seen.peers_are("one peer DOWN on both paths whose UDP is filtered", "DOWN", "up")
        assert "1 DOWN\n" in said and said.splitlines()[-2].count("DOWN") == 1, said
        said = seen.first.say("probe " + vpn_address(2), 60)
        assert said.count("nothing passes") == 2, said
    finally:
        seen.second.output("ip route del blackhole " + ours)
    seen.up("without the filter")


def keys_do_not_fit(seen):
    """The second has another key than ours have for it, the third has another one for us."""
    ours = seen.first.instance.public_key
    for path in PATHS:
        seen.second.netns(path, "sh -c 'wg genkey | wg set wg0 private-key /proc/self/fd/0'")
        seen.third.netns(path, "wg set wg0 peer %s remove" % ours)
    seen.peers_are("both peers DOWN, a wrong key on either side", "DOWN", "DOWN")
    for n in (2, 3):
        assert "the kernel tells no reason: see `show` at the other side" in seen.why(n)[0], seen.why(n)[0]
        # DOWN is when nothing came; that a handshake fails is known once it did
        wait_for("why", lambda: re.search(r"failed (wrong key|no answer)", seen.why(n)[1]), MARKED_S, 0.5)
    for a in (seen.second, seen.third):
        a.reconfigure("--force")
    seen.up("with the right keys")


def cable_is_pulled(seen):
    seen.first.vm.set_link(0, False)
    try:
        seen.says("the NIC without carrier", r"^eth0: NO CARRIER: cable, switch port$")
    finally:
        seen.first.vm.set_link(0, True)
    seen.up("with the cable")


def clock_is_of_2020(seen):
    at, began = int(seen.first.output("date +%s")), time.monotonic()
    seen.first.output("date -s '2020-02-03 04:05:06'")
    try:
        seen.says("the clock", r"^clock: 2020-02-03 04:\d\d:\d\d UTC is before this system was made")
    finally:
        seen.first.output("date -s @%d" % (at + time.monotonic() - began))
    assert "clock:" not in seen.show(), seen.show()


def tells_what_passes(said):
    passes = re.findall(r"^  (\d+) bytes is the largest that passes", said, re.M)
    return said.count("1420 bytes: 0 of 5 came back") == 2 and len(passes) == 2 and \
        all(UNDERLAY_BYTES - 80 <= int(n) <= UNDERLAY_BYTES - 50 for n in passes)


def underlay_is_small(seen):
    """An answer that takes more than a second does not count: on a busy machine it is asked again."""
    def says(line, is_said):
        said = [""]

        def is_so():
            said[0] = seen.first.say(line, 120)
            return is_said(said[0])
        try:
            wait_for(line, is_so, 400, 1)
        except Timeout as err:
            raise AssertionError("`%s` does not say what passes:\n%s" % (line, said[0])) from err
        return said[0]
    probe = "probe " + vpn_address(2)
    seen.cluster.hub.frame_max = 14 + UNDERLAY_BYTES
    try:
        began = time.monotonic()
        said = says(probe, tells_what_passes)
        print("  FIGURE  %.0f s until probe said what passes where the underlay takes %d bytes" % (time.monotonic() - began, UNDERLAY_BYTES))
    finally:
        seen.cluster.hub.frame_max = None
    assert all(key in said for key in ("MITIGATOR_VPN_MTU", "DATA_PLANE_VPN_MTU")), said
    assert max(map(len, said.splitlines())) <= WIDTH, said
    says(probe, lambda said: said.count(" bytes: 5 of 5 came back") == 4)
    says("ping out %s -c 2 -i 0.1 -s 1472 -D" % outer_address(2), lambda said: "2 sent, 2 received" in said)


@case
def a_service_that_does_not_run_is_told_with_what_became_of_it(image):
    c = cluster(image)
    first = c.all[0]
    found = "ps -o pid,args | awk '/[n]etwork run|[g]ateway-dataplane run/ { print $1 }'"
    killer = first.output("(while :; do kill -9 $(%s); usleep 50000; done) > /dev/null 2>&1 & echo $!" % found).strip()
    try:
        for command, name in (("show", "dataplane"), ("network", "network")):
            said = wait_for("%s is told by %s to have been killed" % (name, command), lambda: (it := first.screen(command)) and re.search(
                r"%s: the service does not run: it was killed by signal 9 \(\d+ times? by now\), and is started again in \d+ s" % name, it), 120)
            print("          " + said[0])
    finally:
        first.output("kill " + killer)
    wait_for("all services answer", lambda: "does not run" not in first.screen() + first.screen("network"), 120)
