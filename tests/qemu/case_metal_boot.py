"""The written disk and the ISO boot on the machines that there are, and both paths come up."""
import re
import tempfile

from appliance import PATHS, wait_for
from cases import case
from cluster import make_instances
from firmware import Metal, as_hardware, make_disk
from vm import TOP, read_board

MACHINES = [("virtio", "virtio-net-pci"), ("nvme", "e1000e"), ("ahci", "vmxnet3")]


def both_paths_are_up(vm, instance):
    for path in PATHS:
        wait_for(path, lambda: vm.show(path).get("interface") == "wg0", 60)
    assert vm.console.command("network").startswith("eth0 "), vm.console.command("network")


def phases(said, prompt_s, up_s):
    """Seconds each took: by the loader's LoaderTimeInitUSec and LoaderTimeExecUSec, from outside, and by our own table. The
    kernel's share has its unpacking in it. The loader measures its counter against one millisecond of the firmware's: where QEMU
    did not run meanwhile, firmware and loader come out too short, and the kernel's share too long."""
    since = {name.strip(): (float(at), float(took))
             for at, took, name in re.findall(r"^ *([\d.]+) s +([\d.]+) s +(.*?)  ", said, re.M)}
    firmware, loader = map(float, re.search(r"before the kernel firmware ([\d.]+) s, loader ([\d.]+) s", said).groups())
    init = since["mounts"][0] - since["mounts"][1]
    last_step = since["read-only root"][0]
    return "firmware %.1f, loader %.1f, kernel %.1f, init %.1f, paths %.1f s; in all %.1f s" % (
        firmware, loader, prompt_s - since["console"][0] - firmware - loader + init, last_step - init,
        max(since[path][0] for path in PATHS) - last_step, up_s)


def boots(image, name, disks, model, instance):
    with tempfile.TemporaryDirectory() as work, \
            Metal(name, image, disks, models=[model],
                  extra_args=as_hardware(read_board(TOP + "/board/pc/board.conf"), work)) as vm:
        vm.prompt()
        prompt_s = vm.age()
        both_paths_are_up(vm, instance)
        up_s = vm.age()
        wait_for("both paths in the table", lambda: all(path + " " in vm.console.command("boot") for path in PATHS))
        said = vm.console.command("boot")
        assert "FAILED" not in said, said
        assert re.search(r"firmware +ok: gateway_\S+; before the kernel firmware [\d.]+ s, loader [\d.]+ s\n", said), said
        print("%s: %s" % (name, phases(said, prompt_s, up_s)))
        return said


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
