"""The written disk and the ISO boot on the machines that there are, and both paths come up."""
import re
import tempfile

from appliance import PATHS, wait_for
from cases import case
from cluster import make_instances
from firmware import Metal, make_disk

MACHINES = [("virtio", "virtio-net-pci"), ("nvme", "e1000e"), ("ahci", "vmxnet3")]


def both_paths_are_up(vm, instance):
    for path in PATHS:
        wait_for(path, lambda: vm.show(path).get("interface") == "wg0", 60)
    assert vm.console.command("network").startswith("eth0 "), vm.console.command("network")


def boots(image, name, disks, model, instance):
    with Metal(name, image, disks, models=[model]) as vm:
        vm.prompt()
        prompt_s = vm.age()
        both_paths_are_up(vm, instance)
        print("%s: prompt after %.1f s, both paths after %.1f s" % (name, prompt_s, vm.age()))
        print(vm.console.command("boot"))
        assert "FAILED" not in vm.console.command("boot"), vm.console.command("boot")
        return vm.console.command("boot")


@case
def disk_boots_on_virtio_nvme_and_ahci(image):
    instances = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        for disk, nic in MACHINES:
            path = make_disk(image, work + "/" + disk, 1024, instances[0].files(instances))
            said = boots(image, "metal-" + disk, [(disk, path)], nic, instances[0])
            assert re.search(r"persistent partition +ok", said), said


@case
def iso_boots_as_cd_and_as_usb_stick(image):
    """Its own medium has no persistent partition: that is on a disk that the firmware is not told to boot."""
    instances = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        for medium in ("cd", "usb"):
            disk = make_disk(image, work + "/disk", 1024, instances[0].files(instances))
            boots(image, "metal-" + medium, [(medium, image + "/gateway.iso"), ("virtio", disk)], "virtio-net-pci",
                  instances[0])
