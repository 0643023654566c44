"""`install` where things are missing: a disk or a medium that fails, an ESP that is too small, a machine without EFI variables, or
one whose variables are full."""
import collections
import re
import shutil
import struct
import tempfile

from case_metal_install import content, empty_disk, install
from case_metal_partition import boot_line, power_off
from cases import case, log_dir, soak
from cluster import make_instances
from disk import FLUSH, READ, WRITE, Disk
from firmware import BOOT_S, MIB, SECTOR, Direct, Metal, make_disk, partitions
from vm import KERNEL, make_data_image

DISK_MIB = 1024
TABLE = (0, 34 * SECTOR)
BACKUP = ((DISK_MIB * MIB - 33 * SECTOR), DISK_MIB * MIB)
ESP = (MIB, 2 * MIB)            # its beginning
UKI = (4 * MIB, 16 * MIB)       # within it

AS_IT_WAS = "vdb cannot be read and written to: I/O error; it is as it was"
UNUSABLE = "vdb IS UNUSABLE: it could not be written: I/O error; its data was not touched"

# What of the disk fails; then: only once the UKI is written.
Fault = collections.namedtuple("Fault", "kind place says then")
FAULTS = [
    Fault(WRITE, BACKUP, AS_IT_WAS, False),
    Fault(WRITE, UKI, UNUSABLE, False),
    Fault(WRITE, BACKUP, UNUSABLE, True),
]
MORE_FAULTS = [
    Fault(WRITE, TABLE, AS_IT_WAS, False),
    Fault(WRITE, ESP, AS_IT_WAS, False),
    Fault(READ, ESP, AS_IT_WAS, False),
    Fault(FLUSH, (0, 0), AS_IT_WAS, False),
    Fault(WRITE, TABLE, UNUSABLE, True),
    Fault(FLUSH, (0, 0), UNUSABLE, True),
]


def data_of(disk):
    """(its place in the table, what it holds)"""
    place = next(p for p in partitions(disk) if p[0] == "mitigator-data")
    return place, content(disk)[place[1]:place[1] + place[2]]


def cd(image):
    return ["-drive", "if=none,id=cd,format=raw,media=cdrom,readonly=on,file=%s/gateway.iso" % image,
            "-device", "ide-cd,bus=ide.1,drive=cd"]


class Kernel(Direct):
    """The kernel alone, as on a machine without UEFI, with files of its own: else it would mount those of the disk under test."""

    def __init__(self, image, work, args, **options):
        make_data_image(work + "/own", {})
        super().__init__("install-fails", image, work + "/own", models=(), log_dir=log_dir(image, "metal"), extra_args=args,
                         **options)

    def prompt(self):
        self.console.expect("gateway> ", BOOT_S)
        assert "ok: /dev/vda" in boot_line(self), boot_line(self)
        return self

    def install(self, disk, answer):
        return KERNEL.sub("", install(self, disk, answer))


def fails(vm, disk, failing, faults):
    """Each fault in turn, on a disk with an operator's files."""
    for fault in faults:
        before = content(failing)
        bad = [(fault.kind, *fault.place)]
        if fault.then:
            disk.then_bad = UKI[0], bad
        else:
            disk.bad = bad
        disk.failed = 0
        said = vm.install("vdb", "vdb")
        disk.bad = []
        assert fault.says in said, "%s: %s" % (fault, said)
        assert disk.failed, "%s: the disk was not asked for that: this case shows nothing" % (fault,)
        assert "installed" not in said, "%s: %s" % (fault, said)
        after = content(failing)
        if fault.says == AS_IT_WAS:
            assert after == before, "%s: it is not as it was" % (fault,)
        (_, at, length), = [place for place in partitions(failing) if place[0] == "mitigator-data"]
        assert after[at:at + length] == before[at:at + length], "%s: the data was touched" % (fault,)


@case
def disk_that_fails_in_an_install_keeps_its_data_and_another_takes_it(image):
    """Onto a disk with an operator's files that fails in several ways; onto an empty one; onto the first when it holds. Then the
    empty one boots, by what the firmware finds without an entry."""
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        failing = make_disk(image, work + "/failing", DISK_MIB, one.files([one, two]))
        empty = empty_disk(work + "/empty", DISK_MIB)
        before = data_of(failing)
        with Disk(failing) as disk, Kernel(image, work, disk.args() + cd(image) + [
                "-drive", "if=none,id=empty,format=raw,file=" + empty, "-device", "nvme,serial=nvme-1,drive=empty"]) as vm:
            vm.prompt()
            fails(vm, disk, failing, FAULTS)
            said = vm.install("nvme0n1", "nvme-1")
            assert "this machine has no EFI variables: no boot entry is made" in said, said
            assert "installed on nvme0n1;" in said, said
            said = vm.install("vdb", "vdb")
            assert "installed on vdb, kept: mitigator-data" in said, said
            power_off(vm)
        assert data_of(failing) == before, "the data is not what it was"
        with Metal("install-empty", image, [("nvme", empty)]) as vm:
            vm.prompt()
            assert re.search(r"ok: /dev/nvme0n1p2 made anew\n", boot_line(vm)), boot_line(vm)
            assert "not clustered" in vm.console.command("check"), vm.console.command("check")
            power_off(vm)


@soak
def each_way_in_which_a_disk_fails_in_an_install(image):
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        failing = make_disk(image, work + "/failing", DISK_MIB, one.files([one, two]))
        with Disk(failing) as disk, Kernel(image, work, disk.args() + cd(image)) as vm:
            vm.prompt()
            fails(vm, disk, failing, MORE_FAULTS)
            assert "installed on vdb, kept: mitigator-data" in vm.install("vdb", "vdb")
            power_off(vm)


def uki_on(medium, image):
    """Where a part of it stands on the ISO."""
    part = content(image + "/gateway.efi")[MIB:MIB + 4096]
    at = content(medium).find(part)
    assert at >= 0, "the UKI is not on the medium in one piece"
    return at, at + 4096


@soak
def medium_that_cannot_be_read_or_an_esp_that_is_too_small_changes_nothing(image):
    with tempfile.TemporaryDirectory() as work:
        medium, empty = work + "/iso", empty_disk(work + "/empty", DISK_MIB)
        shutil.copy(image + "/gateway.iso", medium)
        target = ["-drive", "if=none,id=empty,format=raw,file=" + empty, "-device", "nvme,serial=nvme-1,drive=empty"]
        with Disk(medium) as disk, Kernel(image, work, target + disk.args("ide-cd,bus=ide.1", "cd", ",media=cdrom,readonly=on"),
                                          board_conf={"ESP_SIZE_MB": "40"}) as vm:
            vm.prompt()
            disk.bad = [(READ, *uki_on(medium, image))]
            said = vm.install("nvme0n1", "nvme-1")
            assert disk.failed, "the medium was not asked for that: this case shows nothing"
            assert "sr0 cannot be read, which this version's files are on: nvme0n1 is as it was" in said, said
            assert not content(empty).strip(b"\0"), "something was written to the disk"
            disk.bad = []
            assert "installed on nvme0n1;" in vm.install("nvme0n1", "nvme-1")
            power_off(vm)
        empty_disk(empty, DISK_MIB)
        with Kernel(image, work, target + cd(image), board_conf={"ESP_SIZE_MB": "12"}) as vm:
            vm.prompt()
            said = vm.install("nvme0n1", "nvme-1")
            assert "the files do not go into an ESP of 12 MiB: nvme0n1 is as it was" in said, said
            assert not content(empty).strip(b"\0"), "something was written to the disk"
            power_off(vm)


# ---- EFI variables, as EDK2's MdeModulePkg/Include/Guid/VariableFormat.h has them ----

HEADER, VARIABLE = struct.Struct("<16sIBBHI"), struct.Struct("<HBBIQ16sIII16s")
START_ID, ADDED, ATTRIBUTES = 0x55aa, 0x3f, 7
NOBODYS = bytes(range(16))
FILL_LEN = 16384


def fill_variables(path, left):
    """Leave no more than that many bytes for others, those of what was removed among them."""
    with open(path, "r+b") as f:
        data = bytearray(f.read())
        store = struct.unpack_from("<H", data, 48)[0]
        begin, end = store + HEADER.size, store + HEADER.unpack_from(data, store)[1]
        kept, at = b"", begin

        def padded(variable):
            return variable + b"\xff" * (-len(variable) % 4)
        while struct.unpack_from("<H", data, at)[0] == START_ID:
            name_len, data_len = struct.unpack_from("<II", data, at + 36)
            variable = padded(data[at:at + VARIABLE.size + name_len + data_len])
            kept += variable if variable[2] == ADDED else b""
            at += len(variable)
        for number in range(1 << 16):
            name = ("Fill%04x\0" % number).encode("utf-16-le")
            data_len = min(FILL_LEN, end - left - begin - len(kept) - VARIABLE.size - len(name))
            if data_len <= 0:
                break
            kept += padded(VARIABLE.pack(START_ID, ADDED, 0, ATTRIBUTES, 0, bytes(16), 0, len(name), data_len, NOBODYS) + name +
                           bytes(data_len))
        data[begin:end] = kept.ljust(end - begin, b"\xff")
        f.seek(0)
        f.write(data)


@soak
def boot_entry_that_the_firmware_refuses_is_told_and_the_disk_boots_without(image):
    with tempfile.TemporaryDirectory() as work:
        empty, variables = empty_disk(work + "/empty", DISK_MIB), work + "/variables"
        with Metal("entries", image, [("cd", image + "/gateway.iso"), ("nvme", empty)]) as vm:
            vm.prompt()
            vm.keep_variables(variables)
        fill_variables(variables, 4096)
        with Metal("entries-full", image, [("cd", image + "/gateway.iso"), ("nvme", empty)], variables=variables) as vm:
            vm.prompt()
            vm.booted()
            said = KERNEL.sub("", install(vm, "nvme0n1", "nvme-1"))
            assert "the boot entries could not be made: " in said, said
            assert "the firmware finds EFI/BOOT/BOOTX64.EFI itself" in said and "installed on nvme0n1;" in said, said
        with Metal("entries-none", image, [("nvme", empty)]) as vm:
            vm.prompt()
            assert re.search(r"ok: /dev/nvme0n1p2 made anew\n", boot_line(vm)), boot_line(vm)
            power_off(vm)
