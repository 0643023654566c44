"""The hand-over to a next root: the paths come up, PID 1 gives its place away, and the tunnels go on."""
import os
import re
import shutil
import struct
import subprocess
import tempfile
import time

from appliance import OLD_SESSION_S, PATHS, PROMPT_S, Appliance, wait_for
from cases import soak
from cluster import make_instances, vpn_address
from disk import Disk
from vm import HERE, TOP, Hub

LABEL = "next"
BUSYBOX = "/src/busybox-static/bin/busybox"
BANNER = "this is the next root"
STAYS = r"hand-over +FAILED: this stays the appliance until a `reboot`: "
# What a distribution's units would be: the binary, as on any Linux host.
INITTAB = "::sysinit:/etc/start\n" + "".join("::respawn:/sbin/%s run > /run/%s.log 2>&1\n" % (path, path) for path in PATHS)
START = """#!/bin/sh
export PATH=/bin:/sbin
echo '%s' > /dev/console
mknod /ttyS1 c 4 65
setsid sh /agent < /ttyS1 > /ttyS1 2>&1 &
""" % BANNER


def put(path, text, mode=0o755):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


def make_root(image, path, init="busybox", label=LABEL, size_mb=16):
    """A small root: busybox is its init, our binary what keeps the paths. init: busybox, or what /sbin/init holds; None: nothing."""
    with tempfile.TemporaryDirectory() as stage:
        for name in ("bin", "sbin", "etc"):
            os.mkdir(stage + "/" + name)
        shutil.copy(os.path.dirname(os.path.abspath(image)) + BUSYBOX, stage + "/bin/busybox")
        shutil.copy(image + "/gateway", stage + "/sbin/gateway")
        os.symlink("gateway", stage + "/sbin/gateway-dataplane")
        os.symlink("busybox", stage + "/bin/sh")
        if init == "busybox":
            os.symlink("/bin/busybox", stage + "/sbin/init")    # as Debian's is: it means nothing outside of that root
        elif init is not None:
            with open(stage + "/sbin/init", "wb") as f:
                f.write(init)
            os.chmod(stage + "/sbin/init", 0o755)
        put(stage + "/etc/inittab", INITTAB)
        put(stage + "/etc/start", START)
        shutil.copy(HERE + "/agent/shell", stage + "/agent")
        subprocess.run([TOP + "/scripts/data-image", path, label, str(size_mb), stage], check=True)


def drive(path):
    return ["-drive", "if=none,id=next,format=raw,file=" + path, "-device", "virtio-blk-pci,drive=next"]


def box(name, image, instance, instances, root_args, nics=None, more_env="", **options):
    files = instance.files(instances)
    files[".env"] += more_env
    return Appliance(name, image, files, nics, instance=instance, no_reboot=False, extra_args=root_args, **options)


def ping_begin(peer, path, address):
    """Echo requests, 100 a second, until ping_lost: what came back is in a file of the peer's."""
    peer.output("(/sbin/%s ping %s -i 0.01 -c 100000 > /run/%s.ping 2>&1 &) > /dev/null 2>&1" % (path, address, path))


class TooSlow(Exception):
    """The machine was so busy that nothing was sent yet."""
    again = True


BEFORE = 100                    # packets, a second: what a busy machine loses earlier is no matter of the hand-over's


def ping_seen(peer, path, since=0):
    """(the first, the last, how many) of the numbers that came back, of those from since on."""
    said = peer.output("awk -F'seq=' '/ms$/ { s = $2 + 0; if (s >= %d) { last = s; if (!n++) first = s } } END { print first + 0, last + 0, n + 0 }'"
                       " /run/%s.ping" % (since, path))
    return tuple(map(int, said.split()))


def hand_over(a, peer, hub):
    a.run("true", PROMPT_S)
    a.vm.agent.starts_anew()    # the next shell is that root's
    a.vm.console.expect("handed over to next, /dev/vdb", PROMPT_S)
    at = time.monotonic()
    dropped = hub.dropped
    seen = {path: ping_seen(peer, path) for path in PATHS}
    if any(last < 2 * BEFORE for _, last, _ in seen.values()):
        raise TooSlow("%r came back before the hand-over" % seen)
    since = {path: last - BEFORE for path, (_, last, _) in seen.items()}
    sessions = {path: peer.handshakes(path) for path in PATHS}
    a.vm.console.expect(BANNER, 60)
    took_s = time.monotonic() - at
    for path in PATHS:
        wait_for(path + " in the next root", lambda: a.show(path).get("interface") == "wg0")
    # It is that root, with what the appliance had, and nothing else of it runs.
    assert "/dev/vdb / ext4" in a.output("cat /proc/mounts"), a.output("cat /proc/mounts")
    assert "/dev/vda /srv/mitigator ext4" in a.output("cat /proc/mounts"), a.output("cat /proc/mounts")
    assert not a.pid("network") and "/bin/busybox" in a.output("readlink /proc/1/exe"), a.output("ps -o pid,args")
    assert sorted(a.output("ls /run/netns").split()) == sorted(PATHS)
    assert a.output("cat /sys/class/watchdog/*/state").split() == ["inactive"], "a watchdog that no one feeds"
    assert "hand-over" in a.output("cat /run/gateway/boot") and not a.run("test -e /run/gateway/handover")[0] == 0
    assert a.output("cat /srv/mitigator/system/ended") == "handed over to next, /dev/vdb"
    for path in PATHS:
        assert "started again: what ran goes on" in a.output("cat /run/%s.log" % path), a.output("cat /run/%s.log" % path)
    wait_for("the old root's memory", lambda: int(re.search(r"Shmem: +(\d+)", a.output("cat /proc/meminfo"))[1]) < 4096)
    after = {path: ping_seen(peer, path) for path in PATHS}
    for path in PATHS:
        wait_for("packets behind it", lambda: ping_seen(peer, path)[1] > after[path][1] + 100)
        first, last, count = ping_seen(peer, path, since[path])
        sent = last - first + 1
        print("  FIGURE  %s: %d of %d packets lost over the hand-over, %.1f s of it without an init" % (path, sent - count, sent, took_s))
        gaps = peer.output("awk -F'seq=' '/ms$/ { n = $2 + 0; if (n >= %d && n != last + 1) print last, n; last = n }' /run/%s.ping" % (since[path], path))
        assert sent == count, "%s lost %d packets: behind and before %r, counted from %d on, %d frames dropped by the hub" % (
            path, sent - count, gaps.split("\n"), since[path], hub.dropped - dropped)
        assert peer.handshakes(path) == sessions[path] or time.monotonic() - at > OLD_SESSION_S, "a session was made anew"


def hand_over_of(image, more_env):
    """100 packets a second on both paths meanwhile."""
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work, Hub(2) as hub:
        make_root(image, work + "/root")
        with Appliance("handover-peer", image, two.files([one, two]), [hub.port(1)], instance=two) as peer:
            peer.prompt()
            for path in PATHS:
                wait_for("the peer's " + path, lambda: peer.is_up(path), PROMPT_S)
                ping_begin(peer, path, vpn_address(1))
            with box("handover", image, one, [one, two], drive(work + "/root"), [hub.port(0)], more_env=more_env,
                     board_conf={"HANDOVER": LABEL, "RECOVERY_S": 12}) as a:
                hand_over(a, peer, hub)


@soak
def next_root_takes_the_tunnels_over_without_a_lost_packet(image):
    hand_over_of(image, "")


@soak
def next_root_takes_tunnels_on_lwip_over_without_a_lost_packet(image):
    """What carries them is a process, which is left alone: the services there find it by the alias of its link."""
    hand_over_of(image, "MITIGATOR_VPN_BACKEND=lwip\nDATA_PLANE_VPN_BACKEND=lwip\n")


def stays(a, words):
    """What `boot` says in the end; the appliance is whole."""
    found = wait_for("the end of it", lambda: re.search(STAYS + "(.*)", a.say("boot")), 120)
    assert words in found[1], found[1]
    for path in PATHS:
        wait_for(path, lambda: a.show(path).get("interface") == "wg0", PROMPT_S)
        assert a.show(path)["peers"], path
    assert "hand-over to" not in a.say("show boot"), a.say("show boot")
    assert not re.search(" /next ", wait_for("the end of the mount", lambda: a.output("cat /proc/mounts"))), a.output("cat /proc/mounts")
    return found[1]


def headless_elf():
    """A program in all that can be seen of it beforehand, which the kernel then refuses."""
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    return ident + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400000, 64, 0, 0, 64, 56, 0, 0, 0, 0) + bytes(64)


@soak
def root_that_cannot_be_handed_over_to_leaves_the_appliance_as_it_is(image):
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        blank = work + "/blank"
        with open(blank, "wb") as f:
            f.truncate(16 << 20)
        for name, init in (("empty", None), ("text", b"hello\n"), ("cut", headless_elf())):
            make_root(image, work + "/" + name, init=init)
        for disk, env, cmdline, words in (
                (blank, "", "handover=next", "no partition or file system is called next"),
                (work + "/empty", "", "handover=next", "/dev/vdb has no /sbin/init that can be executed"),
                (work + "/text", "", "handover=next", "/sbin/init of /dev/vdb is no program for this machine"),
                # Past the point where all has ended: it comes back.
                (work + "/cut", "", "handover=next", "/sbin/init cannot be executed: Exec format error"),
        ):
            with box("handover-refused", image, one, [one, two], drive(disk), more_env=env, extra_cmdline=cmdline) as a:
                a.prompt()
                if "cannot be executed: Exec" in words:
                    a.vm.console.expect("handed over to next, /dev/vdb", PROMPT_S)
                    a.vm.console.expect("MITIGATOR gateway [^\n]*\n", 60)
                    a.prompt()
                    a.vm.agent = None
                    found = wait_for("the end of it", lambda: re.search(STAYS + "(.*)", a.say("boot")), 120)
                    assert words in found[1], found[1]
                    for path in PATHS:
                        wait_for(path, lambda: "(management): up" in a.say("show gateway") and ": up" in a.say("show gateway-dataplane"), 60)
                    continue
                stays(a, words)


@soak
def root_whose_disk_hangs_is_given_up_in_time(image):
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        make_root(image, work + "/root")
        with Disk(work + "/root") as disk:
            disk.hangs_from = 0         # a mount writes
            with box("handover-hangs", image, one, [one, two], disk.args(), extra_cmdline="handover=next") as a:
                a.prompt()
                wait_for("who waits for the disk", lambda: disk.held, PROMPT_S)
                stays(a, "next was not mounted in 30 s: does its disk answer?")


STORE = "memmap=1M$0x8000000 ramoops.mem_address=0x8000000 ramoops.mem_size=0x100000 ramoops.record_size=0x20000 panic=3"


@soak
def root_that_died_is_not_handed_over_to_a_second_time(image):
    """Its init ends at once, which is the kernel's panic: the boot behind it says so, and stays."""
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        make_root(image, work + "/root", init=b"#!/bin/sh\nexit 1\n")
        with box("handover-dies", image, one, [one, two], drive(work + "/root"), extra_cmdline="handover=next " + STORE) as a:
            a.vm.console.expect("handed over to next, /dev/vdb", PROMPT_S)
            a.vm.agent.starts_anew()
            a.vm.console.expect("MITIGATOR gateway [^\n]*\n", PROMPT_S)
            a.prompt()
            said = wait_for("the end", lambda: re.search(r"hand-over +FAILED: .*", a.say("boot")), 60)[0]
            assert "what was handed over to died: the kernel: Kernel panic" in said, said
            for path in PATHS:
                wait_for(path, lambda: a.show(path).get("interface") == "wg0", PROMPT_S)
            # It is tried again, since someone said so.
            a.vm.console.begin("reboot")
            a.vm.console.expect("handed over to next, /dev/vdb", PROMPT_S)
