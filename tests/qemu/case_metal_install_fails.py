"""`install` where things are missing: a disk that stops taking writes, a machine without EFI variables."""
import re
import tempfile

from case_metal_install import content, empty_disk, install
from case_metal_partition import boot_line, power_off
from cases import case, log_dir
from cluster import make_instances
from disk import Disk
from firmware import BOOT_S, Direct, Metal, make_disk, partitions
from vm import KERNEL, make_data_image

GOOD_WRITES = (0, 12)           # none; some of the ESP, which takes more


def data_of(disk):
    """(its place in the table, what it holds)"""
    place = next(p for p in partitions(disk) if p[0] == "mitigator-data")
    return place, content(disk)[place[1]:place[1] + place[2]]


@case
def disk_that_fails_in_an_install_keeps_its_data_and_another_takes_it(image):
    """The kernel alone, as on a machine without UEFI: onto a disk with an operator's files that fails, twice; onto an empty one;
    onto the first when it holds. Then the empty one, by what the firmware finds without an entry."""
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        failing, empty = make_disk(image, work + "/failing", 1024, one.files([one, two])), empty_disk(work + "/empty", 1024)
        make_data_image(work + "/own", {})      # else the machine would mount the other's
        before = data_of(failing)
        with Disk(failing) as disk, Direct(
                "install-fails", image, work + "/own", models=(), log_dir=log_dir(image, "metal"),
                extra_args=disk.args() + [
                    "-drive", "if=none,id=cd,format=raw,media=cdrom,readonly=on,file=%s/gateway.iso" % image,
                    "-device", "ide-cd,bus=ide.1,drive=cd",
                    "-drive", "if=none,id=empty,format=raw,file=" + empty, "-device", "nvme,serial=nvme-1,drive=empty"]) as vm:
            vm.console.expect("gateway> ", BOOT_S)
            assert "ok: /dev/vda" in boot_line(vm), boot_line(vm)
            for good in GOOD_WRITES:
                disk.good = good
                said = KERNEL.sub("", install(vm, "vdb", "vdb"))
                assert disk.good < 0, "the disk was never asked for more than %d writes: this case shows nothing" % good
                disk.good = None
                assert "vdb IS UNUSABLE: it could not be written: I/O error; its data was not touched" in said, said
                assert data_of(failing) == before, "an install that failed after %d writes touched the data" % good
            said = install(vm, "nvme0n1", "nvme-1")
            assert "this machine has no EFI variables: no boot entry is made" in said, said
            assert "installed on nvme0n1;" in said, said
            said = install(vm, "vdb", "vdb")
            assert "installed on vdb, kept: mitigator-data" in said, said
            power_off(vm)
        assert data_of(failing) == before, "the data is not what it was"
        with Metal("install-empty", image, [("nvme", empty)]) as vm:
            vm.prompt()
            assert re.search(r"ok: /dev/nvme0n1p2 made anew\n", boot_line(vm)), boot_line(vm)
            assert "not clustered" in vm.console.command("check"), vm.console.command("check")
            power_off(vm)
