"""The persistent partition of a written disk: empty, grown, with a damaged table, foreign, write-protected."""
import os
import re
import subprocess
import tempfile

from appliance import wait_for
from cases import case, log_dir
from cluster import make_instances
from firmware import BOOT_S, MIB, SECTOR, Direct, Metal, make_disk, partitions

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
        disk = make_disk(image, work + "/disk", 1024)
        with Metal("empty", image, [("virtio", disk)]) as vm:
            vm.prompt()
            assert "/dev/vda2 made anew, grown to 510 MiB" in boot_line(vm), boot_line(vm)
            said = vm.console.command("check")
            assert "not clustered" in said, said   # the default files are there, and say nothing
            power_off(vm)
        table_is_whole(disk)
        assert file_system_mb(disk, work) == 510


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
            # Without the firmware, which would put it right before us.
            with Direct(name, image, disk, models=["virtio-net-pci"], log_dir=log_dir(image, "metal")) as vm:
                vm.console.expect("gateway> ", BOOT_S)
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
