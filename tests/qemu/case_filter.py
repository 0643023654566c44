"""The host's filter on the appliance: the kernel's WireGuard behind a closed door, with the board's own modules."""
import re

from appliance import PATHS, Stream, cluster, wait_for
from cases import case
from cluster import outer_address, vpn_address

ROWS = {"gateway": "UDP to the management path's port", "gateway-dataplane": "UDP to the dataplane's port"}
DROPPED = "DROPPED: all else"


def counts(a):
    said = a.say("show filter")
    assert "filter on" in said, said
    return {row[1]: int(row[0]) for row in re.findall(r"^ *(\d+) +\d+  (.*?)\r?$", said, re.M)}


def knock(a, seconds=3):
    """What the first instance's host says to a connection."""
    return a.run("nc -w %d %s 22 < /dev/null" % (seconds, outer_address(1)))[1]


@case
def filter_lets_the_paths_through_and_is_switched_under_them(image):
    first, second = cluster(image).all[:2]
    first.fresh_sessions(2)
    plain = first.files[".env"]
    for path in PATHS:
        before = counts(first)
        stream = Stream(second, vpn_address(1), path)
        said = knock(second)
        assert "timed out" in said, "a closed door answers: %s" % said
        after = counts(first)
        assert after[ROWS[path]] > before[ROWS[path]] and after[DROPPED] > before[DROPPED], (before, after)
        said = first.reconfigure(files={".env": plain + "MITIGATOR_FILTER=off\n"})
        assert "filter off" in said, said
        stream.goes_on()
        said = knock(second, 60)
        assert "refused" in said, "without a filter the host does not answer: %s" % said
        said = first.reconfigure(files={".env": plain})
        assert "filter on" in said, said
        stream.goes_on()
        lost = stream.lost()
        assert lost == 0, "switching the filter cost %d packets of %s" % (lost, path)
        assert "timed out" in knock(second)


@case
def filter_outlives_the_service_that_made_it(image):
    first, second = cluster(image).all[:2]
    pid = first.pid("network")
    first.output("kill -STOP %d; kill -9 %d" % (pid, pid))
    said = knock(second)
    assert "timed out" in said, "a crash opens the door: %s" % said
    for path in PATHS:
        assert "2 sent, 2 received" in second.say("ping %s %s -c 2 -i 0.1 -q" % (vpn_address(1), path))
    wait_for("the service again", lambda: first.pid("network") not in (0, pid) and "filter on" in first.say("show filter"))
