"""The image on the partition of an earlier release."""
import glob
import os
import re
import tempfile
import time

from appliance import DATA, PATHS, Appliance
from cases import case
from case_partition import debugfs
from cluster import make_instances
from vm import Hub, make_data_image

HERE = os.path.dirname(os.path.abspath(__file__))
AHEAD_S = 3600                  # the clock's mark: the machine has no better clock than that


def left_by(release):
    """(mode, path, name of the operator's file or None) of what the release leaves."""
    with open(release) as f:
        rows = [line.split() for line in f if not line.startswith("#")]
    return [(int(row[0], 8), row[1], row[2] if len(row) > 2 else None) for row in rows]


def make_partition(disk, release, files, fallback, mark):
    """As the release left it. files are the operator's now, fallback what was applied last; mark: .clock's time."""
    make_data_image(disk, {})
    with tempfile.TemporaryDirectory() as work:
        commands = []
        for mode, path, source in left_by(release):
            if mode & 0o040000:
                commands.append("mkdir " + path)
            else:
                text = "" if not source else (fallback if path.startswith("/applied/") else files)[source]
                name = "%s/%d" % (work, len(commands))
                with open(name, "w") as f:
                    f.write(text)
                commands += ["write %s %s" % (name, path)]
            commands += ["set_inode_field %s %s %s" % (path, field, value) for field, value in
                         (("mode", "0%o" % mode), ("uid", 0), ("gid", 0), ("mtime", "@%d" % mark))]
        debugfs(disk, *commands)


def boots_with_sessions(image, release):
    """One of them has its files as it had them; the other's were spoilt since, and what was applied last serves."""
    one, two = make_instances(2, image + "/gateway")
    good = {i: i.files([one, two]) for i in (one, two)}
    spoilt = {**good[two], "vpn-public.conf": good[two]["vpn-public.conf"] + "[Peer]\nPublicKey = nonsense\n"}
    mark = int(time.time()) + AHEAD_S
    with tempfile.TemporaryDirectory() as work:
        make_partition(work + "/1", release, good[one], good[one], mark)
        make_partition(work + "/2", release, spoilt, good[two], mark)
        before = debugfs(work + "/1", "ls -l /")
        assert re.search(r" 100600 .* \.clock$", before, re.M) and re.search(r" 40700 .* applied$", before, re.M), before
        with Hub(2) as hub, \
             Appliance("upgrade-1", image, None, [hub.port(0)], instance=one, disk=work + "/1") as a, \
             Appliance("upgrade-2", image, None, [hub.port(1)], instance=two, disk=work + "/2") as b:
            a.prompt()
            b.prompt()
            a.wait_handshakes(1)
            b.wait_handshakes(1)
            for appliance in (a, b):
                assert "FAILED" not in appliance.say("boot"), appliance.say("boot")
                # Its peers have seen stamps up to there, and drop what is older.
                assert int(appliance.output("date +%s")) >= mark, appliance.say("boot")
            for path in PATHS:
                assert "2 received" in a.say("ping 10.8.3.2 %s -c 2 -i 0.1 -q" % path)
                assert "last applied configuration" not in a.say("log " + path, log=True)
                assert "the last applied configuration runs instead" in b.say("log " + path, log=True)
            assert "ok: " in a.say("check")
            assert "1 kept" in a.say("reconfigure")
            for appliance in (a, b):
                loose = appliance.output("find %sapplied %svpn-private.conf %s.clock -perm +077" % (DATA, DATA, DATA))
                assert not loose.strip(), loose


@case
def partition_of_an_earlier_release_boots_with_its_sessions(image):
    releases = sorted(glob.glob(HERE + "/partition-*"))
    assert releases
    for release in releases:
        boots_with_sessions(image, release)
