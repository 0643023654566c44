"""Updates for tests: other versions of the image, good and bad, as bundles and as what stands on an ESP."""
import os
import re
import subprocess
import tempfile

from firmware import MIB, SECTOR, make_disk, partitions
from vm import TOP

KEY = TOP + "/tests/update/development.key"
FOLDER = "::/EFI/Linux"
SIGNED = 256                    # bytes of a bundle that its signature covers
HEADER = SIGNED + 64


def run(*words, **options):
    return subprocess.run([str(word) for word in words], check=True, cwd=TOP, capture_output=True, text=True, **options).stdout


def build_of(image):
    return os.path.dirname(os.path.abspath(image))


def make_uki(image, path, version, cmdline=None):
    """This image as another version; cmdline: in place of its own."""
    with open(image + "/os-release") as f:
        release = re.sub(r"IMAGE_VERSION=.*", "IMAGE_VERSION=" + version, f.read())
    with open(image + "/cmdline") as f:
        words = cmdline or f.read()
    for name, text in (("os-release", release), ("cmdline", words)):
        with open("%s.%s" % (path, name), "w") as f:
            f.write(text)
    stub = build_of(image) + "/src/systemd-boot-efi/usr/lib/systemd/boot/efi/linuxx64.efi.stub"
    run(TOP + "/scripts/uki", stub, path, ".osrel=%s.os-release" % path, ".cmdline=%s.cmdline" % path,
        ".initrd=%s/initramfs.img" % os.path.abspath(image), ".linux=%s/vmlinuz" % os.path.abspath(image))
    return path


def make_key(image, path):
    run(build_of(image) + "/target/bundle", "key", path)
    return path


def make_bundle(image, path, uki, version, least="0.1.0", board="pc", key=KEY):
    run(build_of(image) + "/target/bundle", "make", path, key, board, version, least, uki, os.path.abspath(image) + "/sbom.cdx.json")
    return path


def make_stick(path, bundle):
    """A FAT on the whole of it."""
    with open(path, "wb") as f:
        f.truncate(64 * MIB)
    run("/sbin/mkfs.fat", "-F", "32", path)
    run("mcopy", "-i", path, bundle, "::/update.bundle")
    return path


def make_wide_disk(image, path, folder, data_mb=256):
    """A disk as from the factory, with a larger partition that holds what is in the folder."""
    make_disk(image, path, 514 + data_mb)
    name, at, _ = next(p for p in partitions(path) if p[0] == "mitigator-data")
    run("/sbin/sgdisk", "-e", "-d", "2", "-n", "2:%d:+%dM" % (at // SECTOR, data_mb - 1), "-c", "2:" + name, "-t", "2:8300", path)
    run(TOP + "/scripts/data-image", path + ".fs", name, data_mb - 1, folder)
    run("dd", "if=%s.fs" % path, "of=" + path, "bs=1M", "seek=%d" % (at // MIB), "conv=notrunc,sparse")
    os.remove(path + ".fs")
    return path


def esp_of(disk):
    return "%s@@%d" % (disk, MIB)


def images_on(disk):
    """The names below EFI/Linux."""
    return sorted(os.path.basename(line) for line in run("mdir", "-b", "-i", esp_of(disk), FOLDER + "/").split())


def read_image(disk, name):
    return subprocess.run(["mcopy", "-i", esp_of(disk), "%s/%s" % (FOLDER, name), "-"], check=True, capture_output=True).stdout


def copy_to_esp(disk, path, name):
    run("mcopy", "-o", "-i", esp_of(disk), path, "%s/%s" % (FOLDER, name))


def copy_rest_to_esp(image, disk, uki, version, key=KEY):
    """What a bundle of that image is beside it, as `update` leaves it there."""
    with tempfile.TemporaryDirectory() as work:
        run(build_of(image) + "/target/bundle", "rest", work + "/rest", key, "pc", version, "0.1.0", uki,
            os.path.abspath(image) + "/sbom.cdx.json")
        run("mcopy", "-o", "-i", esp_of(disk), work + "/rest", "::/loader/bundle_" + version)


def rename_on_esp(disk, name, to):
    run("mren", "-i", esp_of(disk), "%s/%s" % (FOLDER, name), to)
