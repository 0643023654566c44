"""A disk that hangs: a frozen file system lets no one change a file, and who tries takes no signal until it thaws."""
import contextlib
import os
import subprocess

from case_console import Terminal
from cases import case, expect
from lab import ECHOES, run, wait_until
from pair import Pair, files


@contextlib.contextmanager
def mounted(lab, where):
    image = lab.dir + "/disk"
    run("truncate", "-s", "16M", image)
    run("mkfs.ext4", "-q", image)
    run("mount", "-o", "loop", image, where)
    try:
        yield
    finally:
        run("umount", "-l", where)


@contextlib.contextmanager
def frozen(where):
    run("fsfreeze", "-f", where)
    try:
        yield
    finally:
        run("fsfreeze", "-u", where)


def children(parent, states="RSD"):
    """Of a process, those in one of these states."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as f:
                state, ppid = f.read().rpartition(")")[2].split()[:2]
        except OSError:
            continue                # it has ended
        if state in states and int(ppid) == parent:
            found.append(int(pid))
    return found


def waiting(parent):
    """The children of a process that no signal reaches."""
    return children(parent, "D")


@case
def disk_that_hangs_stops_no_packet_and_no_console(lab):
    pair = Pair(lab)
    conf = pair.ours.dir + "/conf"
    pair.ours.stop()
    with mounted(lab, conf):
        pair.ours.write(files(pair.key_a, pair.peers, pair.vpn[0]))
        pair.ours.start()
        pair.both_ways()
        expect("1 kept" in pair.ours.ask("reconfigure"))
        wait_until("the fallback is written", lambda: not children(pair.ours.process.pid))
        os.chmod(conf + "/vpn-private.conf", 0o644)         # whoever reads the files mends that, and waits
        with frozen(conf):
            pings = pair.b.start(ECHOES, "-c", "300", "-i", "0.02", "-W", "10", pair.vpn[0], stdout=subprocess.PIPE, text=True)
            said = []
            for _ in range(2):
                said.append(subprocess.run([lab.applet("gateway"), "reconfigure", "--run", pair.ours.dir + "/run"], text=True,
                                           capture_output=True, timeout=60))
            expect(all(done.returncode == 1 and "nothing was applied" in done.stderr for done in said), said)
            expect(conf + ": the disk does not answer" in said[0].stderr, said[0])
            expect("the disk still does not answer to the last reconfigure" in said[1].stderr, said[1])
            expect(len(waiting(pair.ours.process.pid)) == 1, "waits for the disk", waiting(pair.ours.process.pid))
            out = pings.communicate(timeout=60)[0]
            expect("300 packets transmitted, 300 received" in out, out)
            pair.both_ways()

            console = Terminal(lab.binary, "console")
            try:
                console.wait("gateway> ")
                check = "check --no-names --conf %s" % conf
                console.type(check.encode() + b"\r")
                wait_until("check waits for the disk", lambda: waiting(console.process.pid))
                console.type(b"\x03")
                console.wait("gateway check does not end (process %d): " % waiting(console.process.pid)[0])
                console.type(check.encode() + b"\r")
                console.wait("it is not started again")
                expect(len(waiting(console.process.pid)) == 1)
                console.type(b"clock\r")                    # and the console obeys
                console.wait("system made")
            finally:
                console.close()
        wait_until("no one waits", lambda: not waiting(pair.ours.process.pid))
        expect("1 kept" in pair.ours.ask("reconfigure"))
        expect(os.stat(conf + "/vpn-private.conf").st_mode & 0o777 == 0o600)
        pair.ours.stop()
