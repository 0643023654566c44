"""Who is alive is kept for an image on trial, which is told of them again."""
import os
import select
import shutil
import subprocess

from case_commit import Box, Dataplane
from case_kill import PATHS
from cases import case, expect
from lab import wg_keys


def kept(box):
    """What is on the partition: lines without their sums."""
    try:
        with open(box.conf + "/system/alive") as f:
            return sorted(line.split()[:2] for line in f)
    except FileNotFoundError:
        return None


def begin(box):
    box.write()
    box.start(("network",))
    for path in PATHS:
        shutil.copytree(box.conf, box.run + "/applied/" + path, ignore=shutil.ignore_patterns("applied", "generations", "system"))
    return [Dataplane(box, path) for path in PATHS]


def keep(box, paths, answers):
    process = subprocess.Popen(box.words("alive"), stderr=subprocess.PIPE, text=True)
    for path, (status, text) in zip(paths, answers):
        path.answer("alive", status, text)
    said = process.communicate(timeout=60)[1]
    expect(process.returncode == 0, said)


def told(box, paths, answers):
    """What the supervisor hears first."""
    here, there = os.pipe()
    process = subprocess.Popen(["sh", "-c", 'exec "$@" 3>&%d' % there, "sh", *box.words("trial")], pass_fds=[there])
    os.close(there)
    for path, (status, text) in zip(paths, answers):
        path.answer("alive", status, text)
    expect(select.select([here], [], [], 60)[0], "nothing is told")
    said = os.read(here, 4096).decode()
    os.close(here)                              # which ends it
    process.wait(60)
    return said


@case
def peers_that_are_alive_are_kept_and_looked_for_until_their_section_changes(lab):
    box = Box(lab)
    paths = begin(box)
    other, stranger = box.peers[1][0], wg_keys()[1]
    management, dataplane = PATHS

    # none that is silent, too old, or in no section; nothing to write twice
    keep(box, paths, [(0, "%s 12\n%s 3\n" % (other, stranger)), (0, other + " -\n")])
    expect(kept(box) == [[management, other]], kept(box))
    at = os.stat(box.conf + "/system/alive").st_ino
    keep(box, paths, [(0, other + " 99\n"), (0, other + " 180\n")])
    expect(os.stat(box.conf + "/system/alive").st_ino == at, "it was written again")

    # one that does not answer, or is down, tells nothing of its peers
    keep(box, paths, [(1, ""), (0, other + " 1\n")])
    expect(kept(box) == sorted([[management, other], [dataplane, other]]), kept(box))

    # nine numbers: the NICs' service; each path with those it had and those it hears; NICs
    expect(told(box, paths, [(0, other + " 500\n"), (1, "")]) == "1 1 1 1 0 1 0 0 0\n", "not heard")
    expect(told(box, paths, [(0, other + " -\n"), (0, stranger + " 1\n")]) == "1 1 1 0 1 1 0 0 0\n", "heard")

    # a section that is another one, one that is gone
    box.peers[1] = (other, "10.8.3.2/32", "192.0.2.99:4567", "")
    box.write()
    shutil.copy(box.conf + "/vpn-public.conf", box.run + "/applied/gateway/")
    box.peers.pop()
    box.write()
    shutil.copy(box.conf + "/vpn-public.conf", box.run + "/applied/gateway-dataplane/")
    expect(told(box, paths, [(0, other + " 5\n"), (0, "")]) == "1 1 0 0 1 0 0 0 0\n", "a changed section is looked for")

    # at boot it comes from the partition
    os.unlink(box.run + "/alive")
    status, said = box.config("boot")
    with open(box.conf + "/system/alive") as on_disk, open(box.run + "/alive") as in_memory:
        expect(status == 0 and on_disk.read() == in_memory.read(), status, said)
