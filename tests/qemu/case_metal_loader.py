"""The loader takes the highest version, and with Secure Boot nothing that was not signed."""
import os
import re
import subprocess
import tempfile

from cases import case
from firmware import BOOT_S, MIB, OVMF, Metal
from vm import TOP

SNAKEOIL = "/usr/share/ovmf/PkKek-1-snakeoil"
SNAKEOIL_VARS = OVMF + "OVMF_VARS_4M.snakeoil.fd"
REFUSED = r"Security Violation|Access [Dd]enied|Secure Boot violation"


def run(*words, **options):
    subprocess.run(words, check=True, cwd=TOP, **options)


def loader_of(image):
    return os.path.dirname(os.path.abspath(image)) + "/src/systemd-boot-efi/usr/lib/systemd/boot/efi/"


@case
def highest_version_is_tried_first(image):
    """9 is below 10, and a candidate (~rc1) below its release, whatever order the files stand in."""
    versions = ["0.10.0", "0.9.0", "0.10.0~rc1"]
    stub, name = loader_of(image) + "linuxx64.efi.stub", "gateway_%s.efi"
    with tempfile.TemporaryDirectory() as work:
        for version in versions:
            with open(image + "/os-release") as f:
                release = re.sub(r"IMAGE_VERSION=.*", "IMAGE_VERSION=" + version, f.read())
            with open(work + "/os-release", "w") as f:
                f.write(release)
            run(TOP + "/scripts/uki", stub, "%s/%s" % (work, name % version), ".osrel=%s/os-release" % work,
                *("%s=%s/%s" % (section, os.path.abspath(image), file) for section, file in
                  ((".cmdline", "cmdline"), (".initrd", "initramfs.img"), (".linux", "vmlinuz"))))
        run(TOP + "/scripts/esp", work + "/esp", "512", loader_of(image) + "systemd-bootx64.efi",
            "%s/%s" % (work, name % versions[0]), name % versions[0])
        for version in versions[1:]:
            run("mcopy", "-i", work + "/esp", "%s/%s" % (work, name % version), "::EFI/Linux/")
        run(TOP + "/scripts/disk", work + "/disk", work + "/esp", "mitigator-data", "16")
        with Metal("versions", image, [("virtio", work + "/disk")]) as vm:
            vm.prompt()
            assert re.search(r"firmware +ok: gateway_0\.10\.0\.efi[;\n]", vm.booted()), vm.booted()


def is_refused(image, name, disk):
    with Metal(name, image, [("virtio", disk)], secure=SNAKEOIL_VARS) as vm:
        vm.console.expect(REFUSED, BOOT_S)
        assert "MITIGATOR" not in vm.console.text


@case
def only_what_was_signed_boots_with_secure_boot(image):
    build = os.path.dirname(os.path.abspath(image))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    signed = image + "/signed"
    with tempfile.TemporaryDirectory() as work:
        run("openssl", "rsa", "-in", SNAKEOIL + ".key", "-passin", "pass:snakeoil", "-out", work + "/key",
            stderr=subprocess.DEVNULL)
        run("make", "-s", "B=" + build, "BOARD=pc", "sign", "KEY=%s/key" % work, "CERT=%s.pem" % SNAKEOIL, env=environment,
            stdout=subprocess.DEVNULL)
        with Metal("signed", image, [("virtio", signed + "/disk.img")], secure=SNAKEOIL_VARS) as vm:
            vm.prompt()
            assert re.search(r"firmware +ok: gateway_", vm.booted()), vm.booted()
        is_refused(image, "unsigned", image + "/disk.img")

        # The loader as signed, one bit of what it is to start turned over.
        disk = work + "/disk"
        run("cp", "--sparse=always", signed + "/disk.img", disk)
        with open(signed + "/gateway.efi", "rb") as f:
            uki = bytearray(f.read())
        uki[len(uki) // 2] ^= 1
        with open(work + "/uki", "wb") as f:
            f.write(uki)
        name = subprocess.check_output(["mdir", "-b", "-i", "%s@@%d" % (disk, MIB), "::EFI/Linux"], text=True).split()[0]
        run("mcopy", "-o", "-i", "%s@@%d" % (disk, MIB), work + "/uki", name)
        is_refused(image, "flipped", disk)
