"""What is plugged in while the machine runs: NICs and a USB stick. And what the firmware names and no one has."""
import os
import re
import tempfile

from appliance import wait_for
from case_metal_consoles import spcr_of
from case_metal_install import empty_disk
from cases import case, log_dir
from firmware import BOOT_S, Direct
from vm import ANY_PROMPT

MACS = {"virtio-net-pci": "52:54:00:00:09:01", "e1000e": "52:54:00:00:09:02"}
DRIVERS = {"virtio-net-pci": "virtio_net", "e1000e": "e1000e"}
NOWHERE = 0xfedc9000            # a UART at a memory address, as AMD's have it, that this machine has not


def paste(vm, line, text):
    """write FILE and what is pasted into it."""
    at = vm.console.begin(line)
    vm.console.wait_for(r"%s\n.*\n" % re.escape(line), 30, at)
    vm.console.send(text + ".")
    vm.console.wait_for(r"keep it \(yes/no\)\? ", 90, at)
    vm.console.send("yes")
    vm.console.wait_for(r"\(yes/no\)\? yes\n(?s:.*)\n" + ANY_PROMPT, 90, at)


def wait_said(vm, what, line, pattern):
    """What that command says, once it fits."""
    return wait_for(what, lambda: re.search(pattern, it := vm.console.command(line), re.M) and it, 60)


def section(mac, address):
    return "[Match]\nMACAddress=%s\n\n[Network]\nAddress=%s/24\n\n" % (mac, address)


@case
def nics_and_a_usb_stick_that_are_plugged_in_serve_at_once(image):
    """A machine without NIC, without data and with an SPCR that leads nowhere."""
    with tempfile.TemporaryDirectory() as work:
        with open(work + "/spcr", "wb") as f:
            f.write(spcr_of(NOWHERE, memory=True))
        extra = ["-acpitable", "sig=SPCR,rev=2,data=%s/spcr" % work, "-device", "qemu-xhci,id=usb",
                 "-drive", "if=none,id=empty,format=raw,file=" + empty_disk(work + "/empty", 1024),
                 "-device", "nvme,serial=nvme-1,drive=empty"]
        for n, model in enumerate(MACS):
            extra += ["-device", "pcie-root-port,id=slot%d,chassis=%d,slot=%d" % (n, n + 1, n + 1), "-netdev", "user,id=late%d" % n]
        with Direct("hotplug", image, None, models=(), log_dir=log_dir(image, "metal"), extra_args=extra) as vm:
            vm.console.expect("gateway> ", BOOT_S)
            said = vm.booted()
            assert re.search(r"console +ok: ttyS0 tty1\n", said), said
            assert "IN MEMORY" in said and "0 NICs" in said, said
            paste(vm, "write network.conf", "".join(section(mac, "192.0.2.%d" % n) for n, mac in enumerate(MACS.values(), 1)))
            vm.console.command("reconfigure --force", 60)
            for n, (model, mac) in enumerate(MACS.items()):
                assert mac not in vm.console.command("network").partition("fits")[0]
                vm.monitor("device_add %s,netdev=late%d,id=nic%d,bus=slot%d,mac=%s" % (model, n, n, n, mac))
                said = wait_said(vm, model, "network", r"^eth\d +%s +up(.*\n +.*)*192\.0\.2\.%d/24" % (mac, n + 1))
                assert re.search(r"%s(.*\n)+? +hardware %s, pci-" % (mac, DRIVERS[model]), said), said

            said = vm.console.command("install nvme0n1")
            assert "nothing but nvme0n1 itself can have this version's files" in said, said
            for plugged in range(2):            # QEMU forgets a drive some time behind its device
                vm.monitor("drive_add 0 if=none,id=drive-%d,format=raw,readonly=on,file=%s/gateway.iso" % (plugged, os.path.abspath(image)))
                vm.monitor("device_add usb-storage,bus=usb.0,id=stick-%d,serial=stick-1,drive=drive-%d" % (plugged, plugged))
                wait_said(vm, "the stick", "install", r"^sda .*serial stick-1, .*read-only")
                at = vm.console.begin("install nvme0n1")
                vm.console.wait_for(r"Type its serial nvme-1 to go on: ", 60, at)
                vm.console.write(b"\r")
                vm.console.wait_for(r"nothing was written\n" + ANY_PROMPT, 60, at)
                vm.monitor("device_del stick-%d" % plugged)
                wait_for("the stick is gone", lambda: not re.search(r"^sda ", vm.console.command("install"), re.M), 60)
            assert "nothing but nvme0n1 itself can have" in vm.console.command("install nvme0n1")
            assert "192.0.2.2/24" in vm.console.command("network"), "what runs from memory does not go on"
            vm.monitor("device_del nic1")
            wait_for("the NIC is gone", lambda: not re.search(r"^eth\d +%s" % MACS["e1000e"], vm.console.command("network"), re.M), 60)
            vm.console.begin("poweroff")
            assert vm.wait(60) == 0
