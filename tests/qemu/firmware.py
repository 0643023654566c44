"""Machines that boot by UEFI firmware, as a server does, from disks that were written once."""
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile

from appliance import wait_for
from cases import log_dir
from vm import PROMPT, Nic, Vm, make_data_image

OVMF = "/usr/share/OVMF/"
MIB = 1 << 20
SECTOR = 512
BUSY = "no_timer_check"         # the kernel's own check of its timer fails where QEMU does not run in time
BOOT_S = 180                    # firmware, loader, an 18 MB kernel and its modules; a busy machine takes its time

DISKS = {                       # how a disk hangs on the machine
    "virtio": ["virtio-blk-pci"],
    "4k": ["virtio-blk-pci,logical_block_size=4096,physical_block_size=4096"],
    "nvme": ["nvme,serial=nvme-1"],
    "ahci": ["ide-hd,bus=ide.0,serial=ahci-1"],
    "cd": ["ide-cd,bus=ide.1"],
    "usb": ["usb-storage,serial=stick-1"],
}


class Direct(Vm):
    """The board's kernel and initramfs without firmware and disk; models: of the NICs, in QEMU's words."""

    def __init__(self, *args, models=(), **options):
        self._models = models
        super().__init__(*args, **options)

    def _nic_device(self, board, n):
        return self._models[n]

    def _boot_args(self, board, board_dir, extra_cmdline, board_conf):
        return super()._boot_args(board, board_dir, extra_cmdline + " " + BUSY, board_conf)

    def booted(self):
        """The boot steps, when they are over."""
        return wait_for("the boot steps", lambda: re.search(r"(?s)\A.*NIC names .*\Z", self.console.command("boot")),
                        BOOT_S, 0.5).group(0)


class Metal(Direct):
    """disks: (a word of DISKS, path) in the order in which the firmware tries them; models: of the NICs, in QEMU's words."""

    def __init__(self, name, image, disks=(), nics=None, models=("virtio-net-pci",), secure=None, extra_args=(), macs=None,
                 variables=None, **options):
        """secure: a folder with vars.fd, keys enrolled in it; None: any loader boots. macs: of the NICs, where it matters.
        variables: what keep_variables kept of another machine; the order in which disks boot is then theirs."""
        self._disks, self._secure, self._ordered = disks, secure, variables is None
        self._work = tempfile.TemporaryDirectory()
        if nics is None:
            macs = macs or ["52:54:00:00:01:%02x" % (n + 1) for n in range(len(models))]
            nics = [Nic("%s/nic%d" % (self._work.name, n), self._work.name + "/nowhere", mac) for n, mac in enumerate(macs)]
        code, fresh = ("CODE_4M.secboot.fd", secure) if secure else ("CODE_4M.fd", OVMF + "OVMF_VARS_4M.fd")
        shutil.copy(variables or fresh, self._work.name + "/vars.fd")
        self._code = OVMF + "OVMF_" + code
        super().__init__(name, image, None, nics, models=models, log_dir=log_dir(image, "metal"), extra_args=extra_args, **options)

    def _boot_args(self, board, board_dir, extra_cmdline, board_conf):
        args = ["-drive", "if=pflash,format=raw,readonly=on,file=" + self._code,
                "-drive", "if=pflash,format=raw,file=%s/vars.fd" % self._work.name, "-device", "qemu-xhci"]
        if self._secure:
            args += ["-machine", "smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"]
        else:                   # systemd-stub(7): taken where Secure Boot is off
            args += ["-smbios", "type=11,value=io.systemd.stub.kernel-cmdline-extra=" + BUSY]
        return args

    def _disk_args(self, board, data_image):
        args = []
        for n, (kind, path) in enumerate(self._disks):
            extra = ",media=cdrom,readonly=on" if kind == "cd" else ""
            args += ["-drive", "if=none,id=disk%d,format=raw,file=%s%s" % (n, path, extra)]
            args += ["-device", "%s,drive=disk%d%s" % (DISKS[kind][0], n, ",bootindex=%d" % n if self._ordered else "")]
        return args

    def prompt(self):
        self.console.expect(PROMPT, BOOT_S)
        return self

    def keep_variables(self, path):
        """The firmware's, as they are now."""
        shutil.copy(self._work.name + "/vars.fd", path)
        return path

    def show(self, path):
        said = self.console.command("%s show --json" % path)
        return json.loads(said) if said.startswith("{") else {}

    def close(self):
        super().close()
        self._work.cleanup()


def as_hardware(board_conf, work):
    """QEMU's options for a machine that does not own up to being virtual: by CPUID, and by SMBIOS 3.7 7.1, BIOS characteristics
    extension byte 2, bit 4. Where either is told, systemd-boot does not trust the TSC, and measures no times."""
    bios = struct.pack("<BBHBBHBBQBBBBBB", 0, 24, 0, 1, 2, 0xe800, 3, 0, 1 << 3, 0, 1 << 2 | 1 << 3, 0, 0, 0xff, 0xff)
    with open(work + "/smbios", "wb") as f:
        f.write(bios + b"maker\0" + b"1\0" + b"01/01/2026\0\0")
    return ["-cpu", re.search(r"-cpu (\S+)", board_conf["QEMU"])[1] + ",-hypervisor", "-smbios", "file=%s/smbios" % work]


def partitions(path):
    """[(name, first byte, length)] of a GPT disk."""
    found = []
    with open(path, "rb") as f:
        f.seek(2 * SECTOR)
        table = f.read(128 * 128)
    for n in range(128):
        entry = table[n * 128:n * 128 + 128]
        first, last = struct.unpack_from("<QQ", entry, 32)
        if first:
            found.append((entry[56:].decode("utf-16-le").rstrip("\0"), first * SECTOR, (last + 1 - first) * SECTOR))
    return found


def make_disk(image, path, size_mb, files=None):
    """A disk as a factory writes it, of a size; files: what an operator put on its partition."""
    subprocess.run(["cp", "--sparse=always", image + "/disk.img", path], check=True)
    os.truncate(path, size_mb * MIB)
    if files is None:
        return path
    _, at, length = next(p for p in partitions(path) if p[0] == "mitigator-data")
    with tempfile.TemporaryDirectory() as work:
        make_data_image(work + "/fs", files, size_mb=length // MIB)
        with open(work + "/fs", "rb") as f, open(path, "r+b") as disk:
            disk.seek(at)
            disk.write(f.read())
    return path
