"""NICs have the same names whatever their drivers' order; the power button ends the machine in order."""
import os
import re

from appliance import wait_for
from cases import case, log_dir
from firmware import BOOT_S, Direct
from vm import Nic

# Where each is in the machine; the firmware would find them in another order than that of their addresses here.
NICS = [("virtio-net-pci,addr=07.0", 3), ("e1000e,addr=05.0", 1), ("vmxnet3,addr=06.0", 2)]
DRIVERS = ["vmxnet3", "e1000e", "virtio_net"]


def names(said):
    return dict(re.findall(r"^(eth\d) +([0-9a-f:]{17}) ", said, re.M))


def boot(image, name, drivers):
    nics = [Nic("/tmp/%s-%d.%d" % (name, n, os.getpid()), "/nowhere", "52:54:00:00:02:%02x" % place)
            for n, (_, place) in enumerate(NICS)]
    return Direct(name, image, None, nics, models=[model for model, _ in NICS], log_dir=log_dir(image, "metal"),
                  board_conf={"MODULES": "ext4 evdev wireguard tun " + " ".join(drivers)})


@case
def nics_are_numbered_by_where_they_are(image):
    seen, renamed = [], []
    for drivers in (DRIVERS, DRIVERS[::-1]):
        with boot(image, "nics-" + drivers[0], drivers) as vm:
            vm.console.expect("gateway> ", BOOT_S)
            renamed.append(int(re.search(r"3 NICs, (\d) renamed", vm.booted()).group(1)))
            said = wait_for("the network service", lambda: "network.sock" not in (it := vm.console.command("network")) and it)
            seen.append(names(said))
            assert list(seen[-1]) == ["eth0", "eth1", "eth2"], said
            assert re.search(r"hardware e1000e, pci-0000:00:05.0, port 0\n", said), said
            assert re.search(r"hardware virtio_net, pci-0000:00:07.0, port 0\n", said), said
            said = vm.console.command("network eth0")
            assert "rings    in: 256 packets of at most 4096; out: 256 of 4096" in said, said
            assert re.search(r"offloads TSO, .*GRO of forwarded UDP; it has no: UDP segmentation", " ".join(said.split())), said
            assert "eth1" not in said, said
            assert "its driver cannot blink a light" in vm.console.command("network identify eth2")
            assert "blinks for 10 s" in vm.console.command("network identify eth0")
            vm.monitor("system_powerdown")
            vm.console.expect("power off", 60)
            assert vm.wait(60) == 0
    assert seen[0] == seen[1] == {"eth%d" % (n - 1): "52:54:00:00:02:%02x" % n for n in (1, 2, 3)}, seen
    assert any(renamed), "the drivers found them in this order by themselves: this case shows nothing"
