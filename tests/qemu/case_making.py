"""The file system of the persistent partition is made: the power goes while that is under way, or the disk fails."""
import collections
import os
import random
import re
import shutil
import struct
import subprocess
import tempfile
import zlib

import writelog
from appliance import Appliance, wait_for
from case_partition import FIRST_LBA, PATH_OF_TOOLS, SECTOR, boot_line, gpt_disk, paths_are_up
from case_recovery import LONG, answer_r, content
from cases import case, soak
from cluster import make_instances
from disk import FLUSH, READ, WRITE, Disk
from vm import make_data_image

MIB = 1 << 20
START = FIRST_LBA * SECTOR
WRITTEN_MIB, DISK_MIB = 24, 48  # as a factory writes it, onto a larger disk
MARK_AT, MARK = 48 + 6, 1       # in an entry: bit 48 of its attributes
END_MIB = 1                     # what counts as blank has zeros here, at both ends
NEW_INODES = 11

Partition = collections.namedtuple("Partition", "is_marked at length")


def empty_disk(work):
    with open(work + "/nothing", "wb"):
        pass
    gpt_disk(work + "/disk", work + "/nothing", "mitigator-data", WRITTEN_MIB)
    os.truncate(work + "/disk", DISK_MIB * MIB)
    return work + "/disk"


def table_of(data, block):
    """One copy of the table, whose header is there: its first partition; None when it is not whole."""
    header = bytearray(data[block * SECTOR:block * SECTOR + 92])
    crc, own, at = struct.unpack_from("<I", header, 16)[0], *struct.unpack_from("<Q40xQ", header, 24)
    header[16:20] = bytes(4)
    entries = data[at * SECTOR:at * SECTOR + 128 * 128]
    if header[:8] != b"EFI PART" or zlib.crc32(header) != crc or own != block or \
            struct.unpack_from("<I", header, 88)[0] != zlib.crc32(entries):
        return None
    first, last = struct.unpack_from("<QQ", entries, 32)
    return Partition(bool(entries[MARK_AT] & MARK), first * SECTOR, (last + 1 - first) * SECTOR)


def partition(path):
    """As the firmware finds it: by the first copy of the table, else by the last."""
    data = content(path)
    found = table_of(data, 1) or table_of(data, len(data) // SECTOR - 1)
    assert found, "neither copy of the table is whole"
    return found


def set_mark(path):
    """As an earlier boot left it."""
    with open(path, "r+b") as f:
        data = bytearray(f.read())
        for block in (1, len(data) // SECTOR - 1):
            header = data[block * SECTOR:block * SECTOR + 92]
            at = struct.unpack_from("<Q", header, 72)[0] * SECTOR
            data[at + MARK_AT] |= MARK
            struct.pack_into("<I", header, 88, zlib.crc32(data[at:at + 128 * 128]))
            struct.pack_into("<I", header, 16, 0)
            struct.pack_into("<I", header, 16, zlib.crc32(header))
            data[block * SECTOR:block * SECTOR + 92] = header
        f.seek(0)
        f.write(data)


def is_used(data):
    """Whether a superblock says that files were there."""
    inodes, free, mounted, count = struct.unpack("<I12xI24xI4xH", data[1024:1024 + 0x36])
    return bool(mounted or count or inodes - free > NEW_INODES)


def state_of(path, work):
    """What a boot would find: blank, marked (and whether that matters), or a file system that is whole."""
    found = partition(path)
    data = content(path)[found.at:found.at + found.length]
    is_ext = data[0x438:0x43a] == b"\x53\xef"
    with open(work + "/fs", "wb") as f:
        f.write(data)
    checked = subprocess.run(["e2fsck", "-fp", work + "/fs"], capture_output=True, text=True, env=PATH_OF_TOOLS)
    is_whole = is_ext and checked.returncode in (0, 1)
    if found.is_marked:
        assert not is_ext or not is_used(data), "the mark is there, and a superblock that says that files were"
        return "marked, and whole" if is_whole else "marked, and foreign without that" if data.strip(b"\0") else "marked, and blank"
    if not data[:END_MIB * MIB].strip(b"\0") and not data[-END_MIB * MIB:].strip(b"\0"):
        return "blank"
    assert is_whole, "it is foreign, and no mark tells that it is ours: e2fsck said %d: %s" % (checked.returncode, checked.stdout)
    return "made"


def record(image, work):
    """(the log of the first boot, where the mark is gone from it)"""
    shutil.copyfile(empty_disk(work), work + "/before")
    with Appliance("making", image, None, extra_args=writelog.args(work + "/disk", work + "/log")) as a:
        a.prompt()
        assert "ok: /dev/vda1 made anew, grown to %d MiB\n" % (DISK_MIB - 2) in boot_line(a), boot_line(a)
        a.output("sync")
        a.vm.kill()
    assert not partition(work + "/disk").is_marked, "the mark stays when all is done"
    return writelog.entries(work + "/log")


def check_cuts(image, count, boot_count):
    """Cuts behind count writes, in order, each with some of what is loose; machines boot from boot_count that would be foreign."""
    with tempfile.TemporaryDirectory() as work:
        log = record(image, work)
        cuts, seen, lots = writelog.Cuts(work + "/before", log, work), collections.Counter(), random.Random(count)
        places = sorted(lots.choices(range(len(log) + 1), k=count - 2) + [0, len(log)])
        for at in places:
            cuts.take(at, lots.choice((0, 0.5, 1)), lots, work + "/cut")
            try:
                state = state_of(work + "/cut", work)
            except AssertionError as err:
                raise AssertionError("cut behind write %d of %d: %s" % (at, len(log), err)) from err
            seen[state] += 1
            if state.endswith("without that") and seen["booted"] < boot_count:
                boots_made_anew(image, work + "/cut")
                seen["booted"] += 1
        missing = {"blank", "marked, and foreign without that", "made", "booted"} - set(+seen)
        assert not missing, "no cut left it %s: this case shows nothing: %s" % (missing, dict(seen))
        print("  %d writes and flushes, %d cuts: %s" % (len(log), count, dict(seen)), flush=True)


def boots_made_anew(image, disk):
    with Appliance("making-again", image, None, disk=disk) as a:
        a.prompt()
        assert re.search(r"ok: /dev/vda1 made anew(?:, .*)?\n", boot_line(a)), boot_line(a)
        assert "was not made to its end: a file system is made on it" in a.say("log made", log=True), a.say("log")
        assert "not clustered" in a.say("check"), a.say("check")    # the default files are there
    assert not partition(disk).is_marked, "the mark stays when all is done"


@case
def power_cut_while_the_file_system_is_made_is_no_business_of_an_operator(image):
    check_cuts(image, 30, 1)


@soak
def six_hundred_power_cuts_while_the_file_system_is_made(image):
    check_cuts(image, 600, 6)


@case
def files_are_kept_whatever_the_mark_says(image):
    """Another firmware that knows no mark made the file system, behind a power cut."""
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        make_data_image(work + "/fs", one.files([one, two]))
        gpt_disk(work + "/disk", work + "/fs", "mitigator-data")
        set_mark(work + "/disk")
        assert partition(work + "/disk").is_marked
        with Appliance("marked", image, None, disk=work + "/disk", instance=one) as a:
            a.prompt()
            assert "ok: /dev/vda1\n" in boot_line(a), boot_line(a)
            paths_are_up(a)
        assert not partition(work + "/disk").is_marked, "the mark that is left over stays"


@case
def format_data_that_the_power_ends_is_done_by_the_next_boot(image):
    with tempfile.TemporaryDirectory() as work:
        make_data_image(work + "/fs", {"junk": "x" * MIB})
        gpt_disk(work + "/disk", work + "/fs", "mitigator-data", 16)
        with Disk(work + "/disk") as failing, Appliance("format-cut", image, None, board_conf=LONG, extra_args=failing.args()) as a:
            a.prompt()
            answer_r(a, "(?:no path|what ran)")
            failing.hangs_from, failing.hangs_to = START + 15 * MIB, START + 16 * MIB
            start = a.vm.console.begin("format data")
            a.vm.console.wait_for("Type its name vda1 to go on: ", 60, start)
            a.vm.console.write(b"vda1\r")
            wait_for("the disk to hang", lambda: failing.held, 120)
            a.vm.kill()
        assert partition(work + "/disk").is_marked, "it was not begun, or is over: this case shows nothing"
        boots_made_anew(image, work + "/disk")


# ---- a disk that fails ----

# What fails of it, where (None: the table's copies and the partition as they are), and what the boot step says.
Fault = collections.namedtuple("Fault", "kind begin end says")
LAST = DISK_MIB * MIB
TABLE = "FAILED: the partition table of /dev/vda1 cannot be written"
MADE = r"FAILED: no file system can be made on /dev/vda1 \(%d MiB\)"
FAULTS = [
    Fault(WRITE, LAST - 64 * SECTOR, LAST, TABLE),
    Fault(WRITE, START + MIB, LAST - 64 * SECTOR, MADE % (DISK_MIB - 2)),
    Fault(READ, START, START + 8192, "FAILED: /dev/vda1 cannot be read: I/O error: nothing was changed on it"),
    Fault(WRITE, 0, 34 * SECTOR, TABLE),
    Fault(FLUSH, 0, 0, TABLE),
    Fault(WRITE, START, START + 8192, MADE % (DISK_MIB - 2)),
    Fault(READ, START + 23 * MIB, START + 24 * MIB, "FAILED: /dev/vda1 cannot be read: I/O error: nothing was changed on it"),
]


def check_faults(image, faults):
    """Each on the empty disk of its own; when the disk holds again, the next boot makes what this one could not."""
    for fault in faults:
        with tempfile.TemporaryDirectory() as work:
            disk = empty_disk(work)
            with Disk(disk) as failing, Appliance("fails", image, None, no_reboot=False, extra_args=failing.args()) as a:
                failing.bad = [(fault.kind, fault.begin, fault.end)]
                a.prompt()
                assert re.search(fault.says, boot_line(a)), "%s: %s" % (fault, boot_line(a))
                assert failing.failed, "%s: the disk was not asked for that: this case shows nothing" % (fault,)
                assert "persistent partition: none, see `boot`" in a.screen(), a.screen()
                failing.bad = []
                a.reboot()
                assert re.search(r"ok: /dev/vda1 made anew(?:, .*)?\n", boot_line(a)), "%s: %s" % (fault, boot_line(a))
                a.vm.console.begin("poweroff")
                a.vm.wait(60)
            assert state_of(disk, work) == "made", fault


@case
def disk_that_fails_while_the_file_system_is_made_is_told_and_tried_again(image):
    check_faults(image, FAULTS[:2])


@soak
def each_way_in_which_a_disk_fails_while_the_file_system_is_made(image):
    check_faults(image, FAULTS[2:])


@case
def file_system_that_cannot_grow_or_be_read_says_so_and_keeps_its_files(image):
    """On a disk with an operator's files that became larger: no table can be written, nothing be read, nothing be put behind them."""
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        disk = work + "/disk"
        make_data_image(work + "/fs", one.files([one, two]))
        gpt_disk(disk, work + "/fs", "mitigator-data")
        os.truncate(disk, DISK_MIB * MIB)
        with Disk(disk) as failing, Appliance("grow-fails", image, None, instance=one, no_reboot=False,
                                              extra_args=failing.args()) as a:
            failing.bad = [(WRITE, LAST - 64 * SECTOR, LAST)]
            a.prompt()
            assert "ok: /dev/vda1\n" in boot_line(a), boot_line(a)
            assert "the partition table of /dev/vda1 cannot be put right: I/O error" in a.say("log right", log=True)
            paths_are_up(a)
            failing.bad = [(READ, START, START + 8192)]
            a.reboot()
            said = boot_line(a)
            assert "FAILED: /dev/vda1 cannot be read: I/O error: nothing was changed on it" in said, said
            failing.failed = 0
            failing.bad = [(WRITE, START + WRITTEN_MIB * MIB, LAST - 64 * SECTOR)]
            a.reboot()
            assert "ok: /dev/vda1 was not clean: e2fsck -p said 1, grown to %d MiB\n" % (DISK_MIB - 2) in boot_line(a), boot_line(a)
            assert failing.failed, "nothing was written there: this case shows nothing"
            assert "could not be grown: I/O error; it serves as it was" in a.say("log grown", log=True)
            assert "READ-ONLY" not in a.screen(), a.screen()
            paths_are_up(a)
            failing.bad = []
            a.reboot()
            assert "ok: /dev/vda1\n" in boot_line(a), boot_line(a)
            assert "the file system fills /dev/vda1 now" in a.say("log fills", log=True)
            paths_are_up(a)
            a.vm.console.begin("poweroff")
            a.vm.wait(60)
