"""The persistent partition of a written disk: empty, grown, with a damaged table, foreign, write-protected."""
import os
import re
import subprocess
import tempfile

from appliance import wait_for
from cases import case, log_dir
from cluster import make_instances
from firmware import BOOT_S, MIB, SECTOR, Direct, Metal, make_disk, partitions
from vm import TOP, make_data_image

PATH_OF_TOOLS = dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin")
DATA = 1                        # its place in the table


def boot_line(vm):
    return re.search(r".*persistent partition .*\n", vm.booted()).group(0)


def table_is_whole(disk):
    said = subprocess.run(["sgdisk", "--verify", disk], capture_output=True, text=True, env=PATH_OF_TOOLS).stdout
    assert "No problems found" in said, said


def extract(disk, to):
    """The file system of the partition, as e2fsck wants it."""
    _, at, length = partitions(disk)[DATA]
    subprocess.run(["dd", "if=" + disk, "of=" + to, "bs=1M", "skip=%d" % (at // MIB), "count=%d" % (length // MIB),
                    "conv=sparse", "status=none"], check=True)
    return to


def file_system_mb(disk, work):
    fs = extract(disk, work + "/fs")
    check = subprocess.run(["e2fsck", "-fn", fs], capture_output=True, text=True, env=PATH_OF_TOOLS)
    assert check.returncode == 0, check.stdout
    said = subprocess.run(["dumpe2fs", "-h", fs], capture_output=True, text=True, env=PATH_OF_TOOLS).stdout
    blocks, size = (int(re.search(r"^%s: +(\d+)" % word, said, re.M).group(1)) for word in ("Block count", "Block size"))
    return blocks * size // MIB


def power_off(vm):
    vm.console.begin("poweroff")
    vm.wait(60)


@case
def empty_partition_is_made_in_the_size_of_the_disk(image):
    with tempfile.TemporaryDirectory() as work:
        disk = make_disk(image, work + "/disk", 1538)   # 1 GiB behind the ESP
        with Metal("empty", image, [("virtio", disk)]) as vm:
            vm.prompt()
            assert "/dev/vda2 made anew, grown to 1024 MiB" in boot_line(vm), boot_line(vm)
            said = vm.console.command("check")
            assert "not clustered" in said, said   # the default files are there, and say nothing
            power_off(vm)
        table_is_whole(disk)
        assert file_system_mb(disk, work) == 1024


@case
def disk_of_two_tebibytes_gets_the_most_that_the_board_allows(image):
    with tempfile.TemporaryDirectory() as work:
        disk = make_disk(image, work + "/disk", 2 << 20)
        with Metal("large", image, [("nvme", disk)]) as vm:
            vm.prompt()
            assert "/dev/nvme0n1p2 made anew, grown to 32768 MiB" in boot_line(vm), boot_line(vm)
            power_off(vm)
        table_is_whole(disk)


@case
def used_partition_grows_with_its_disk_and_a_damaged_table_is_mended(image):
    """First the files on the partition as it is written, on a larger disk; then each copy of the table is lost in turn."""
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        disk = make_disk(image, work + "/disk", 1024, one.files([one, two]))
        with Metal("grown", image, [("virtio", disk)]) as vm:
            vm.prompt()
            assert "ok: /dev/vda2, grown to 510 MiB" in boot_line(vm), boot_line(vm)
            wait_for("resize2fs", lambda: "fills /dev/vda2 now" in vm.console.command("log fills", log=True), 60)
            wait_for("the path", lambda: vm.show("gateway").get("interface") == "wg0", 60)
            power_off(vm)
        table_is_whole(disk)
        assert file_system_mb(disk, work) == 510
        for name, block in (("backup", 1024 * MIB // SECTOR - 1), ("primary", 1)):
            with open(disk, "r+b") as f:
                f.seek(block * SECTOR)
                f.write(bytes(SECTOR))
            # The firmware would put it right before us.
            with boot_direct(image, name, disk) as vm:
                assert "ok: /dev/vda2, %s partition table mended" % name in boot_line(vm), boot_line(vm)
                power_off(vm)
            table_is_whole(disk)


@case
def partition_with_something_foreign_is_left_alone(image):
    with tempfile.TemporaryDirectory() as work:
        disk = make_disk(image, work + "/disk", 1024)
        _, at, length = partitions(disk)[DATA]
        with open(disk, "r+b") as f:
            f.seek(at + length - 4096)      # where a RAID has its mark
            f.write(b"\xfc\x4e\x2b\xa9")
        with open(disk, "rb") as f:
            before = f.read()
        with Metal("foreign", image, [("virtio", disk)]) as vm:
            vm.prompt()
            assert "FAILED: /dev/vda2 holds something that is no ext4 file system: nothing was changed on it" in boot_line(vm)
            power_off(vm)
        with open(disk, "rb") as f:
            assert f.read() == before, "something was changed on it"


def boot_direct(image, name, disk, *extra):
    """Without the firmware, which these need not wait for."""
    vm = Direct(name, image, disk, models=["virtio-net-pci"], log_dir=log_dir(image, "metal"), extra_args=extra)
    vm.console.expect("gateway> ", BOOT_S)
    return vm


def small_disk(work, data_mb):
    """The layout of a written disk, with next to nothing as its ESP."""
    with open(work + "/esp", "wb") as f:
        f.truncate(MIB)
    subprocess.run([TOP + "/scripts/disk", work + "/disk", work + "/esp", "mitigator-data", str(data_mb)], check=True)
    return work + "/disk"


def put(disk, data):
    _, at, _ = partitions(disk)[DATA]
    with open(data, "rb") as f, open(disk, "r+b") as to:
        to.seek(at)
        to.write(f.read())


@case
def partition_of_64_mebibytes_and_no_more_serves(image):
    with tempfile.TemporaryDirectory() as work:
        disk = small_disk(work, 64)
        with boot_direct(image, "small", disk) as vm:
            assert re.search(r"ok: /dev/vda2 made anew\n", boot_line(vm)), boot_line(vm)
            assert re.search(r"persistent partition: /dev/vda2, \d\d MiB, \d+% used\n", vm.console.command("show"))
            power_off(vm)
        table_is_whole(disk)
        assert file_system_mb(disk, work) == 64


@case
def full_partition_serves_and_is_told_of(image):
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        disk = small_disk(work, 16)
        make_data_image(work + "/data", {**one.files([one, two]), "junk": "x" * (13 * MIB)})
        put(disk, work + "/data")
        with boot_direct(image, "full", disk) as vm:
            assert "ok: /dev/vda2\n" in boot_line(vm), boot_line(vm)
            wait_for("both paths", lambda: vm.console.command("show all").count("interface") >= 2, 60)
            said = vm.console.command("show")
            assert re.search(r"persistent partition: /dev/vda2, \d+ MiB, \d+% used, nearly full", said), said
            power_off(vm)


@case
def partition_that_cannot_be_written_to_serves_when_it_can_be_read(image):
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        disk = small_disk(work, 16)
        with open(disk, "rb") as f:
            before = f.read()
        with boot_direct(image, "protected-empty", None, *read_only(disk)) as vm:
            assert "FAILED: /dev/vda2 is write-protected and holds no ext4 file system" in boot_line(vm), boot_line(vm)
        make_data_image(work + "/data", one.files([one, two]))
        put(disk, work + "/data")
        with boot_direct(image, "protected", None, *read_only(disk)) as vm:
            assert "ok: /dev/vda2 is write-protected" in boot_line(vm), boot_line(vm)
            wait_for("both paths", lambda: vm.console.command("show all").count("interface") >= 2, 60)
            said = vm.console.command("show")
            assert "READ-ONLY: nothing can be kept: `boot` says why" in " ".join(said.split()), said
        assert len(before) == os.path.getsize(disk)


def read_only(disk):
    return ["-drive", "if=none,id=ro,format=raw,readonly=on,file=" + disk, "-device", "virtio-blk-pci,drive=ro"]


@case
def file_system_that_e2fsck_cannot_mend_is_said_so_at_a_console(image):
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        disk = small_disk(work, 16)
        make_data_image(work + "/data", one.files([one, two]))
        with open(work + "/data", "r+b") as f:
            for superblock in (1024, 8193 * 1024):      # and its only backup: all but the magic number
                f.seek(superblock)
                f.write(b"\xff" * 0x38)
        put(disk, work + "/data")
        with boot_direct(image, "broken", disk) as vm:
            assert "FAILED: /dev/vda2 cannot be mounted" in boot_line(vm), boot_line(vm)
            assert "persistent partition: none, see `boot`" in vm.console.command("show")
            assert "e2fsck -y said 8" in vm.console.command("log e2fsck", log=True)
            power_off(vm)
