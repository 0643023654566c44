"""A machine's firmware, disk and partition as the applets look for them, for a process of its own: where they are known by fixed paths, others
stand in that process's mounts."""
import os
import subprocess

from lab import run

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENDOR = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
GUID = "6d697469-6761-746f-722d-646973000042"
MIB = 1 << 20

# $1: what to lay over; behind it the command. /sys is mounted anew by `ip netns exec`.
MOUNTS = r"""
set -e
with=$1; shift
mount -t tmpfs none /sys/block
mount -t tmpfs none /sys/firmware
mkdir -p /sys/firmware/efi/efivars
cp "$with"/variables/* /sys/firmware/efi/efivars/
mount -t overlay none -o lowerdir="$with/etc:/etc" /etc
mount -t overlay none -o lowerdir="$with/sbin:/usr/sbin" /usr/sbin
mount -t tmpfs none /srv
mkdir /srv/mitigator
mount --bind "$with/data" /srv/mitigator
if [ -e "$with/run" ]; then
	mkdir -p /run/gateway
	mount --bind "$(cat "$with/run")" /run/gateway
fi
if [ -e "$with/disk" ]; then
	mkdir /sys/block/vdz
	mount -t tmpfs none /dev
	mkdir /dev/net
	mknod /dev/net/tun c 10 200
	mknod /dev/null c 1 3
	mknod /dev/random c 1 8
	mknod /dev/urandom c 1 9
	mknod /dev/vdz b $(cat "$with/disk")
	mknod /dev/vdz1 b $(cat "$with/partition")
fi
exec "$@"
"""


def make_bundle(lab, path, uki, version, least="0.1.0"):
    tool = os.path.join(os.path.dirname(lab.binary), os.pardir, "target", "bundle")
    sbom = lab.dir + "/sbom"
    with open(sbom, "w") as f:
        f.write("{}" * 1000)
    run(tool, "make", path, TOP + "/tests/update/development.key", "pc", version, least, uki, sbom)
    run(tool, "rest", path + ".rest", TOP + "/tests/update/development.key", "pc", version, least, uki, sbom)
    with open(path, "rb") as f:
        return f.read()


class Machine:
    """What runs there is version, on trial with tries ("+2-1"); with a bundle (its path), the disk has that too."""

    def __init__(self, lab, name, version, bundle=None, uki=None, tries=""):
        self.dir, self.loops = "%s/machine.%s" % (lab.dir, name), []
        os.makedirs(self.dir + "/variables")
        for folder, file in (("etc", TOP + "/board/pc/board.conf"), ("sbin", "/usr/bin/mtools")):
            os.mkdir("%s/%s" % (self.dir, folder))
            run("cp", file, "%s/%s/" % (self.dir, folder))
        image = "gateway_%s%s.efi" % (version, tries)
        for variable, text in (("StubImageIdentifier", "\\EFI\\Linux\\" + image), ("LoaderDevicePartUUID", GUID.upper())):
            with open("%s/variables/%s-%s" % (self.dir, variable, VENDOR), "wb") as f:
                f.write(b"\6\0\0\0" + (text + "\0").encode("utf-16-le"))
        if bundle:
            self.make_disk(bundle, uki, image, version)
        os.mkdir(self.dir + "/data")
        run("mount", "-t", "tmpfs", "none", self.dir + "/data")
        lab.mounts.append(self.dir + "/data")

    def make_disk(self, bundle, uki, image, version):
        disk = self.dir + "/image"
        esp = "%s@@%d" % (disk, MIB)
        run("truncate", "-s", "80M", disk)
        run("/sbin/sgdisk", "--clear", "--new=1:1M:+76M", "--typecode=1:ef00", "--partition-guid=1:" + GUID, disk)
        run("/sbin/mkfs.fat", "-F", "32", "--offset", "2048", disk, str(76 * 1024))
        run("mmd", "-i", esp, "::EFI", "::EFI/Linux", "::loader")
        run("mcopy", "-i", esp, uki, "::EFI/Linux/" + image)
        run("mcopy", "-i", esp, bundle + ".rest", "::loader/bundle_" + version)
        for name, more in (("disk", ()), ("partition", ("--offset", str(MIB), "--sizelimit", str(76 * MIB)))):
            self.loops.append(run("/sbin/losetup", "--find", "--show", *more, disk).strip())
            number = os.stat(self.loops[-1]).st_rdev
            with open("%s/%s" % (self.dir, name), "w") as f:
                f.write("%d %d" % (os.major(number), os.minor(number)))

    def close(self):
        for device in self.loops:
            subprocess.run(["/sbin/losetup", "-d", device])

    def words(self, *words):
        """A command there."""
        return ["sh", "-c", MOUNTS, "sh", self.dir, *words]

    def runs_at(self, run_dir):
        with open(self.dir + "/run", "w") as f:
            f.write(run_dir)

    def fetched(self):
        """What has come from a peer, None: nothing."""
        try:
            with open(self.dir + "/data/system/fetched.bundle", "rb") as f:
                return f.read()
        except FileNotFoundError:
            return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
