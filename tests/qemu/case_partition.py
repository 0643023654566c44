"""The persistent partition: none, by name, by label, left dirty, damaged."""
import os
import re
import struct
import subprocess
import tempfile
import zlib

from appliance import DATA, PATHS, Appliance, wait_for
from cases import case
from cluster import make_instances
from vm import Hub, make_data_image

PATH_OF_TOOLS = dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin")
SECTOR = 512
FIRST_LBA = 2048
LINUX_DATA = bytes.fromhex("af3dc60f838472478e793d69d8477de4")  # as GPT has it on disk
UNIQUE = bytes(range(16))


def superblock(path):
    """(state, is the journal to be replayed) of the ext4 file system."""
    with open(path, "rb") as f:
        f.seek(1024)
        block = f.read(1024)
    return struct.unpack_from("<H", block, 0x3a)[0], bool(struct.unpack_from("<I", block, 0x60)[0] & 4)


def debugfs(path, *commands):
    done = subprocess.run(["debugfs", "-w", "-f", "-", path], input="\n".join(commands), text=True, check=True,
                          capture_output=True, env=PATH_OF_TOOLS)
    return done.stdout


def boot_line(appliance):
    return wait_for("the boot step", lambda: re.search(r".*persistent partition .*\n", appliance.say("boot"))).group(0)


def paths_are_up(appliance):
    for path in PATHS:
        wait_for(path, lambda: appliance.show(path).get("interface") == "wg0")


def gpt_disk(path, file_system, name, mib=0):
    """A disk with one partition of that name, of that size at least (UEFI 2.10, chapter 5)."""
    with open(file_system, "rb") as f:
        data = f.read()
    sectors = FIRST_LBA + max(len(data), mib << 20) // SECTOR + 34
    last = sectors - 34
    entry = LINUX_DATA + UNIQUE + struct.pack("<QQQ", FIRST_LBA, last - 1, 0) + name.encode("utf-16-le").ljust(72, b"\0")
    entries = entry.ljust(128 * 128, b"\0")

    def header(here, other, table):
        def pack(crc):
            return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, here, other, 34, last, UNIQUE,
                               table, 128, 128, zlib.crc32(entries))
        return pack(zlib.crc32(pack(0))).ljust(SECTOR, b"\0")

    protective = bytes(446) + struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xee, b"\xff\xff\xff", 1, sectors - 1)
    with open(path, "wb") as f:
        f.write(protective.ljust(510, b"\0") + b"\x55\xaa" + header(1, sectors - 1, 2) + entries)
        f.seek(FIRST_LBA * SECTOR)
        f.write(data)
        f.seek((sectors - 33) * SECTOR)
        f.write(entries + header(sectors - 1, 1, sectors - 33))


@case
def without_a_persistent_partition_it_runs_from_memory(image):
    one, two = make_instances(2, image + "/gateway")
    with Hub(2) as hub, Appliance("diskless", image, None, [hub.port(0)], instance=one) as a, \
         Appliance("diskless-peer", image, two.files([one, two]), [hub.port(1)], instance=two) as peer:
        a.prompt()
        a.vm.console.wait_for("no partition or disk is named or labelled mitigator-data: the files are IN MEMORY", 60, 0)
        wait_for("the services", lambda: a.show("gateway-dataplane") and a.show("gateway"))
        assert "`install` puts the system on a disk" in boot_line(a), boot_line(a)
        said = a.say("show")
        assert "not clustered" in said and "persistent partition: none. The files are IN MEMORY" in said, said
        peer.prompt()
        a.write(one.files([one, two]))
        said = a.say("reconfigure")
        assert "gateway: 1 added" in said and "gateway-dataplane: 1 added" in said, said
        for each in (a, peer):
            each.wait_handshakes(1, 60)
        assert "2 received" in a.say("ping 10.8.3.2 -c 2 -i 0.1 -q")


@case
def partition_is_found_by_its_gpt_name(image):
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        make_data_image(work + "/fs", one.files([one, two]), label="other")
        gpt_disk(work + "/disk", work + "/fs", "mitigator-data")
        with Appliance("gpt", image, None, disk=work + "/disk", instance=one) as a:
            a.prompt()
            assert "ok: /dev/vda1\n" in boot_line(a)
            paths_are_up(a)


@case
def dirty_file_system_is_recovered(image):
    """The machine is killed while it writes."""
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        disk = work + "/disk"
        make_data_image(disk, one.files([one, two]))
        with Appliance("dirty-1", image, None, disk=disk, instance=one) as a:
            a.prompt()
            assert "ok: /dev/vda\n" in boot_line(a)
            paths_are_up(a)
            a.output("cd %s; (while :; do for i in 1 2 3 4; do echo $i > f$i; rm f$i; sync; done; done)"
                     " > /dev/null 2>&1 &" % DATA)
            wait_for("writes", lambda: a.run("ls %sf1" % DATA)[0] == 0)
            a.vm.kill()
        assert superblock(disk)[1], "the journal is empty: this case shows nothing"
        with Appliance("dirty-2", image, None, disk=disk, instance=one) as a:
            a.prompt()
            assert re.search("ok: /dev/vda was not clean: e2fsck -p said [01]\n", boot_line(a)), boot_line(a)
            paths_are_up(a)
            assert "rw," in a.output("grep mitigator /proc/mounts")


def damage(disk, junk):
    """Take blocks in use for free, and wipe some inodes that hold junk."""
    places = {}
    with open(disk, "rb") as f:
        f.seek(1024 + 24)
        block_size = 1024 << struct.unpack("<I", f.read(4))[0]
    names = re.findall(r"^ *\d+ .* (\S+)$", debugfs(disk, "ls -l /"), re.M)
    for name in names:
        block = re.search(r"located at block (\d+)", debugfs(disk, 'imap "/%s"' % name))
        places.setdefault(int(block.group(1)), set()).add(name)
    wiped = [block for block, there in places.items() if there <= junk]
    assert wiped, places
    debugfs(disk, "freeb 100 1000", "set_super_value state 2")
    with open(disk, "r+b") as f:
        f.seek(wiped[0] * block_size)
        f.write(b"\xa5" * block_size)


@case
def damaged_file_system_is_mended(image):
    one, two = make_instances(2, image + "/gateway")
    junk = {"junk%d" % n for n in range(40)}
    with tempfile.TemporaryDirectory() as work:
        disk = work + "/disk"
        make_data_image(disk, {**one.files([one, two]), **dict.fromkeys(junk, "junk\n" * 300)})
        damage(disk, junk)
        check = subprocess.run(["e2fsck", "-fn", disk], capture_output=True, env=PATH_OF_TOOLS)
        assert check.returncode & 4, "e2fsck finds nothing: this case shows nothing"
        with Appliance("damaged", image, None, disk=disk, instance=one) as a:
            a.prompt()
            assert re.search("ok: /dev/vda was not clean: e2fsck -y said [12]\n", boot_line(a)), boot_line(a)
            paths_are_up(a)
            a.vm.console.begin("poweroff")
            a.vm.wait(30)
        check = subprocess.run(["e2fsck", "-fn", disk], capture_output=True, text=True, env=PATH_OF_TOOLS)
        assert check.returncode == 0, check.stdout
        assert superblock(disk) == (1, False)
