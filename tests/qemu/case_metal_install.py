"""`install` from the ISO: onto an empty disk, onto one with data, and what it refuses."""
import re
import subprocess
import tempfile

from appliance import PATHS, wait_for
from cases import case
from cluster import make_instances
from firmware import MIB, Metal, make_disk, partitions

INSTALL_S = 180


def empty_disk(path, size_mb):
    with open(path, "wb") as f:
        f.truncate(size_mb * MIB)
    return path


def content(path):
    with open(path, "rb") as f:
        return f.read()


def version_of(image):
    with open(image + "/os-release") as f:
        return re.search(r"IMAGE_VERSION=(.*)", f.read())[1]


def install(vm, disk, answer):
    """What it says, with that answer typed to its question."""
    start = vm.console.begin("install " + disk)
    vm.console.wait_for(r"Type its (serial|name) \S+ to go on: ", 60, start)
    answered = vm.console.begin(answer)
    vm.console.wait_for(r"gateway> ", INSTALL_S, answered)
    return vm.console.text[start:]


@case
def iso_installs_on_a_disk_which_then_boots_by_its_entry(image):
    """One boot of the ISO with three disks: an empty one, one with an operator's files, one too small; then each of the first two."""
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        kept = make_disk(image, work + "/kept", 1024, one.files([one, two]))
        empty = empty_disk(work + "/empty", 1024)
        small = empty_disk(work + "/small", 577)
        with open(kept, "r+b") as f:        # no system on it: only its data is worth anything
            f.seek(MIB)
            f.write(bytes(512 * MIB))
        _, at, _ = partitions(kept)[1]
        with Metal("install", image, [("cd", image + "/gateway.iso"), ("nvme", empty), ("virtio", kept), ("ahci", small)]) as vm:
            vm.prompt()
            vm.booted()
            assert "firmware    its variables are read-only\n" in vm.console.command("hardening"), vm.console.command("hardening")
            said = vm.console.command("install")
            assert re.search(r"^nvme0n1  .*serial nvme-1, 1024 MiB\n {6}nothing that is known here$", said, re.M), said
            assert re.search(r'partition 2 "mitigator-data", \d+ MiB: ext4', said), said
            said = vm.console.command("install sda")
            assert "sda is too small: it has 577 MiB, and needs 578" in said, said
            assert content(small) == bytes(577 * MIB), "something was written to a disk that is too small"
            said = install(vm, "nvme0n1", "nvme-2")
            assert "that is not nvme-1: nothing was written" in said, said
            assert not partitions(empty), "something was written without the serial"
            said = install(vm, "nvme0n1", "nvme-1")
            assert "installed on nvme0n1" in said, said
            assert re.search(r"boot entry Boot\w+ .*is new", said), said
            said = install(vm, "vda", "vda")
            assert "installed on vda, kept: mitigator-data" in said, said
            assert re.search(r"boot entry Boot\w+ .*replaces the one of an earlier install", said), said
            wait_for("variables that no one may write", lambda:
                     "firmware    its variables are read-only\n" in vm.console.command("hardening"))
            variables = vm.keep_variables(work + "/variables")
        # for peers, `update from`
        rest = subprocess.check_output(["mtype", "-i", "%s@@%d" % (empty, MIB), "::/loader/bundle_" + version_of(image)])
        assert rest == content(image + "/bundle.rest"), "what a bundle is beside its image did not come along"
        assert partitions(kept)[1][:2] == ("mitigator-data", at), "the data is not where it was: %s" % partitions(kept)
        with Metal("installed", image, [("virtio", kept)], variables=variables) as vm:
            vm.prompt()
            said = vm.booted()
            assert re.search(r"firmware +ok: gateway_", said), said
            for path in PATHS:
                wait_for(path, lambda: vm.show(path).get("interface") == "wg0", 60)
            said = vm.console.command("install vda")
            assert "vda is what this system runs from" in said, said
            vm.keep_variables(variables)
            vm.console.begin("poweroff")
            vm.wait(60)
        # Without the loader nothing but the second entry starts anything: the firmware does not look below EFI/Linux by itself.
        subprocess.run(["mdel", "-i", "%s@@%d" % (kept, MIB), "::EFI/BOOT/BOOTX64.EFI"], check=True)
        with Metal("entry", image, [("virtio", kept)], variables=variables) as vm:
            vm.prompt()
            said = vm.booted()
            assert re.search(r"firmware +ok(?!.*gateway_)", said), said
