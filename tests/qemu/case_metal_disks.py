"""Disks that are not as all are: with blocks of 4 KiB; two whose partitions have the same name."""
import re
import subprocess
import tempfile

from appliance import PATHS, wait_for
from case_metal_install import empty_disk, install
from case_metal_partition import boot_line, power_off
from cases import case
from cluster import make_instances
from firmware import Metal, make_disk


@case
def disk_with_blocks_of_4096_bytes_is_installed_on_and_boots(image):
    with tempfile.TemporaryDirectory() as work:
        disk = empty_disk(work + "/disk", 1024)
        with Metal("4k-install", image, [("cd", image + "/gateway.iso"), ("4k", disk)]) as vm:
            vm.prompt()
            vm.booted()
            assert re.search(r"^vda .* 1024 MiB\n", vm.console.command("install"), re.M), vm.console.command("install")
            said = install(vm, "vda", "vda")
            assert "installed on vda;" in said, said
            variables = vm.keep_variables(work + "/variables")
            power_off(vm)
        with Metal("4k", image, [("4k", disk)], variables=variables) as vm:
            vm.prompt()
            assert re.search(r"ok: /dev/vda2 made anew\n", boot_line(vm)), boot_line(vm)
            assert re.search(r"firmware +ok: gateway_", vm.booted()), vm.booted()
            assert re.search(r"persistent partition: /dev/vda2, 4\d\d MiB, \d+% used\n", vm.console.command("show"))
            said = vm.console.command("install")
            assert re.search(r'this system runs from it\n +partition 1 "[^"]*", 512 MiB: FAT32\n'
                             r' +partition 2 "mitigator-data", 510 MiB: ext4 "mitigator-data"\n', said), said
            power_off(vm)


@case
def of_two_disks_with_the_same_partition_the_one_is_taken_that_boots(image):
    """By its name the other one would be."""
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        boots, other = (make_disk(image, work + "/" + name, 1024, instance.files([one, two]))
                        for name, instance in (("boots", one), ("other", two)))
        subprocess.run(["sgdisk", "--randomize-guids", other], check=True, capture_output=True)   # as another install makes them
        with Metal("twins", image, [("virtio", boots), ("nvme", other)]) as vm:
            vm.prompt()
            assert re.search(r"ok: /dev/vda2", boot_line(vm)), boot_line(vm)
            said = vm.console.command("log labelled", log=True)
            assert "2 file systems are named or labelled mitigator-data: vda2 is taken" in said, said
            for path in PATHS:
                wait_for(path, lambda: vm.show(path).get("interface") == "wg0", 60)
            assert "10.8.3.1/24" in vm.console.command("show gateway"), vm.console.command("show gateway")
            power_off(vm)
