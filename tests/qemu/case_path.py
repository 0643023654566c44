"""Path= of network.conf: two NICs that are the same but for where they are."""
import re
import tempfile

from appliance import Appliance, wait_for
from cases import case
from vm import Nic

SECTION = "[Match]\nPath=%s\n\n[Network]\nAddress=%s/24\n\n"
FIRST, SECOND = "192.0.2.1", "198.51.100.1"


def addresses(appliance):
    return {nic: re.findall(r"inet ([0-9.]+)/24", appliance.output("ip -4 addr show " + nic)) for nic in ("eth0", "eth1")}


@case
def two_same_nics_are_told_apart_by_the_path_that_network_shows(image):
    with tempfile.TemporaryDirectory() as work:
        nics = [Nic("%s/nic%d" % (work, n), work + "/nowhere", "52:54:00:00:0b:01") for n in range(2)]
        with Appliance("path", image, {"network.conf": ""}, nics=nics) as box:
            box.prompt()
            said = wait_for("two NICs", lambda: (it := box.say("network")).count(", port 0") == 2 and it)
            found = dict(re.findall(r"^(eth\d)  52:54:00:00:0b:01 .*\n  hardware \S+, (pci-\S+), port 0", said, re.M))
            assert len(set(found.values())) == 2, "NICs without paths of their own:\n" + said
            for one, other in (("eth0", "eth1"), ("eth1", "eth0")):
                text = SECTION % ("pci-ffff:00:00.0 " + found[one], FIRST) + SECTION % (found[other], SECOND)
                said = box.reconfigure(files={"network.conf": text})
                assert addresses(box) == {one: [FIRST], other: [SECOND]}, "not by Path: %s\n%s" % (addresses(box), said)
            # the control: a pattern fits both, and only one can have the address
            said = box.reconfigure(files={"network.conf": SECTION % ("pci-*", FIRST)})
            assert "which both have carrier" in said, said
            assert addresses(box) == {one: [FIRST], other: [SECOND]}, "a refused file was applied: %s" % addresses(box)
