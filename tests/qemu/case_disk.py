"""A disk that cannot be written to, that refuses, that hangs: what is said, what is there afterwards, what runs on."""
import re
import subprocess
import tempfile

from appliance import DATA, PATHS, Appliance, Stream, wait_for
from case_partition import PATH_OF_TOOLS, boot_line, debugfs, paths_are_up, superblock
from cases import case, soak
from cluster import make_instances
from disk import Disk
from vm import Hub, make_data_image


def read_only(path):
    return ["-drive", "if=none,id=protected,format=raw,readonly=on,file=" + path, "-device", "virtio-blk-pci,drive=protected"]


@case
def dirty_medium_that_is_read_only_serves_without_its_journal(image):
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        disk = work + "/disk"
        make_data_image(disk, one.files([one, two]))
        with Appliance("protected-1", image, None, disk=disk, instance=one) as a:
            a.prompt()
            paths_are_up(a)
            a.output("cd %s; (while :; do echo > f; rm f; sync; done) > /dev/null 2>&1 &" % DATA)
            wait_for("a journal to replay", lambda: superblock(disk)[1])
            a.vm.kill()
        assert superblock(disk)[1], "the journal is empty: this case shows nothing"
        with Appliance("protected-2", image, None, instance=one, extra_args=read_only(disk)) as a:
            a.prompt()
            words = "cannot be written to: mounted read-only without its journal"
            assert words in boot_line(a), boot_line(a)
            a.vm.console.wait_for("init: .*" + words, 60, 0)        # loudly
            paths_are_up(a)
            options = re.search(r" %s ext4 (\S+) " % DATA.rstrip("/"), a.output("cat /proc/mounts"))[1].split(",")
            assert {"ro", "norecovery"} <= set(options) or {"ro", "noload"} <= set(options), options
            assert "Read-only file system" in a.say("reconfigure")
        assert superblock(disk)[1], "something was written to it"


def write_on_a_failing_disk(image, work, name, good):
    """(what `write` said, is the new file there after the power cut, writes and flushes that it took) when the disk refuses
    after so many of them; None: never."""
    one, = make_instances(1, image + "/gateway")
    make_data_image(work + "/disk", one.files([one]))
    with Disk(work + "/disk") as disk:
        with Appliance(name, image, None, instance=one, extra_args=disk.args()) as a:
            a.prompt()
            paths_are_up(a)
            wait_for("the fallback sets", lambda: a.run("ls %sapplied/network %sapplied/gateway %sapplied/gateway-dataplane"
                                                         % (DATA, DATA, DATA))[0] == 0)
            a.output("sync")
            before, disk.good = disk.stores, good
            console = a.vm.console
            at = console.begin("write network.conf")
            console.wait_for(r"then a line with a single \.", 30, at)
            console.write(b"# new\r[Match]\rName=*\r.\ryes\r")
            console.finish("write network.conf", at, 30)
            said = console.text[at:]
            took = disk.stores - before
            disk.good = 0
            a.vm.kill()
    subprocess.run(["e2fsck", "-fy", work + "/disk"], capture_output=True, env=PATH_OF_TOOLS)
    return said, "# new" in debugfs(work + "/disk", "cat /network.conf"), took


def check_failing_disk(image, choose):
    """choose gives the numbers of writes and flushes to try that go well, from how many there are when all do; this ends
    with the first that is refused, unless it is to try them all."""
    with tempfile.TemporaryDirectory() as work:
        said, there, took = write_on_a_failing_disk(image, work, "failing-never", None)
        assert "bytes written" in said and there and took > 4, (said, there, took)
        numbers, try_all = choose(took)
        refused = 0
        for good in numbers:
            said, there, _ = write_on_a_failing_disk(image, work, "failing-%d" % good, good)
            assert there or "bytes written" not in said, (good, took, said)
            if "bytes written" in said:
                continue
            assert re.search(r"network.conf: .*: (it is as it was|it is written;)", said), said
            refused += not there
            if refused and not try_all:
                break
        assert refused, "the disk refused nothing: this case shows nothing"


@case
def what_write_calls_written_is_there_after_a_power_cut(image):
    """The last of what a write takes is the directory's commit, a block and a flush: a block that is refused leaves the old file."""
    check_failing_disk(image, lambda took: (range(took - 2, 0, -1), False))


@soak
def what_write_calls_written_is_there_whatever_the_disk_refuses(image):
    check_failing_disk(image, lambda took: (range(took + 2), True))


def waiting_for_the_disk(a):
    """The processes that do, our services' children among them; not the kernel's own, nor who writes each minute who is alive."""
    found = re.findall(r"^ *(\d+) D\S* +([^ [].*)$", a.output("ps -o pid,stat,args"), re.M)
    return [(pid, args) for pid, args in found if "config alive" not in args]


@case
def disk_that_hangs_takes_no_packet_and_no_prompt(image):
    one, two = make_instances(2, image + "/gateway")
    files = one.files([one, two])
    files[".env"] += "DATA_PLANE_VPN_BACKEND=lwip\n"
    with tempfile.TemporaryDirectory() as work, Hub(2) as hub:
        make_data_image(work + "/disk", files)
        with Disk(work + "/disk") as disk, \
             Appliance("hanging", image, None, [hub.port(0)], instance=one, extra_args=disk.args()) as a, \
             Appliance("hanging-peer", image, two.files([one, two]), [hub.port(1)], instance=two) as peer:
            a.prompt()
            peer.prompt()
            for each in (a, peer):
                each.wait_handshakes(1, 60)
            assert a.show("gateway-dataplane")["backend"] == "lwip" and a.show("gateway")["backend"] == "kernel"
            # nothing of the files is in memory: who reads them waits
            a.output("sync; echo 3 > /proc/sys/vm/drop_caches")
            disk.hang()
            stream = Stream(peer, "10.8.3.1", "gateway-dataplane")
            said = a.run("/sbin/gateway-dataplane reconfigure", 60)[1]
            assert "/srv/mitigator: the disk does not answer" in said and "nothing was applied" in said, said
            assert disk.held, "nothing waits for the disk: this case shows nothing"
            waiting = waiting_for_the_disk(a)
            assert len(waiting) == 1, waiting
            said = a.run("/sbin/gateway-dataplane reconfigure", 60)[1]
            assert "the disk still does not answer to the last reconfigure" in said, said
            assert waiting_for_the_disk(a) == waiting

            # check can be ended while it reads; write cannot, once it waits for the journal
            console = a.vm.console
            at = console.begin("check")
            wait_for("check waits for the disk", lambda: len(waiting_for_the_disk(a)) == 2)
            console.write(b"\3")
            console.wait_for(r"\ngateway> \Z", 30, at)
            disk.answer()
            wait_for("no one waits", lambda: not waiting_for_the_disk(a))
            a.output("cat %s.env %s*.conf > /dev/null; ls %sgenerations" % (DATA, DATA, DATA))
            disk.hang()
            at = console.begin("write network.conf")
            console.wait_for(r"then a line with a single \.", 30, at)
            console.write(b"# new\r.\ryes\r")
            wait_for("write waits for the disk", lambda: any("write" in args for _, args in waiting_for_the_disk(a)))
            console.write(b"\3")
            console.wait_for(r"gateway write does not end \(process (\d+)\)(.*\n)+gateway> \Z", 30, at)
            assert "it is not started again" in a.say("write network.conf")
            assert len([args for _, args in waiting_for_the_disk(a) if "write" in args]) == 1
            assert stream.lost() == 0
            for path in PATHS:
                assert "2 received" in a.say("ping 10.8.3.2 %s -c 2 -i 0.1 -q" % path)

            disk.answer()
            wait_for("no one waits", lambda: not waiting_for_the_disk(a))
            said = a.run("/sbin/gateway-dataplane reconfigure", 60)[1]
            assert "0 added, 0 updated, 0 removed, 1 kept" in said, said
            assert "ok: " in a.say("check")
