"""An image that the loader counts is confirmed when it is good, and left when it is not; the boot after that says why."""
import os
import re
import subprocess
import tempfile

from appliance import FREEZE, wait_for
from case_metal_loader import loader_of, run
from case_metal_update import ANY, FACTORY, comes_up, disk_of, handshakes, shown
from cases import case, soak
from cluster import make_instances
from firmware import BOOT_S, MIB, Metal, partitions
from update import copy_to_esp
from vm import TOP, Hub, read_bytes

NEW = "9.0.0"
SECONDS = {"BOOT_GOOD_S": 40, "BOOT_CARRIER_S": 80, "RECOVERY_S": 0}     # the services have the first half to come up
NETWORK = "[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.1/24\n"


def new_image(image, work, settings=SECONDS, first=None):
    """The same system by a higher version, with settings of its own. first: a script that a shell becomes PID 1 by."""
    with open(TOP + "/board/pc/board.conf") as f:
        board = "".join("%s = %s\n" % setting for setting in settings.items()) + f.read()
    with open(image + "/os-release") as f:
        release = re.sub(r"IMAGE_VERSION=.*", "IMAGE_VERSION=" + NEW, f.read())
    with open(image + "/cmdline") as f:
        words = f.read().strip() + (" rdinit=/test/first" if first else "")
    manifest = "file /etc/board.conf 644 %s/board.conf\n" % work + ("file /test/first 755 %s/first\n" % work if first else "")
    for name, text in (("board.conf", board), ("os-release", release), ("cmdline", words), ("first", first or ""), ("manifest", manifest)):
        with open(work + "/" + name, "w") as f:
            f.write(text)
    parts = [read_bytes(image + "/initramfs.img"), read_bytes(os.path.dirname(os.path.abspath(image)) + "/qemu/agent.img") if first else b"",
             subprocess.run([TOP + "/initramfs/pack", work + "/manifest"], check=True, stdout=subprocess.PIPE).stdout]
    with open(work + "/initrd", "wb") as f:
        f.write(b"".join(part + bytes(-len(part) % 4) for part in parts))
    run(TOP + "/scripts/uki", loader_of(image) + "linuxx64.efi.stub", work + "/uki", ".osrel=%s/os-release" % work,
        ".cmdline=%s/cmdline" % work, ".initrd=%s/initrd" % work, ".linux=%s/vmlinuz" % os.path.abspath(image))
    return work + "/uki"


def disk_with_trial(image, work, tries, alive):
    """The image's disk; beside its UKI a new one with so many tries; who was alive before."""
    disk, stage = work + "/disk", work + "/data"
    run("cp", "--sparse=always", image + "/disk.img", disk)
    run("mcopy", "-i", "%s@@%d" % (disk, MIB), new_image(image, work), "::EFI/Linux/gateway_%s+%d.efi" % (NEW, tries))
    os.makedirs(stage + "/system")
    for name, text in (("network.conf", NETWORK), ("system/alive", alive)):
        with open(stage + "/" + name, "w") as f:
            f.write(text)
    _, at, length = next(p for p in partitions(disk) if p[0] == "mitigator-data")
    run(TOP + "/scripts/data-image", work + "/fs", "mitigator-data", str(length // MIB), stage)
    with open(disk, "r+b") as f:
        f.seek(at)
        f.write(read_bytes(work + "/fs"))
    return disk


def ukis(disk):
    said = subprocess.check_output(["mdir", "-b", "-i", "%s@@%d" % (disk, MIB), "::EFI/Linux"], text=True)
    return sorted(name.rpartition("/")[2] for name in said.split())


def step(vm, name):
    found = re.search(r"^ *[\d.]+ s +[\d.]+ s +%s +(.*?) *$" % name, vm.console.command("boot"), re.M)
    return found[1] if found else ""


@case
def image_on_trial_is_confirmed_when_its_services_are_without_a_fault(image):
    with tempfile.TemporaryDirectory() as work:
        disk = disk_with_trial(image, work, 3, "nic pci-0000:00:04.0 0\n")
        with Metal("trial-good", image, [("virtio", disk)]) as vm:
            vm.prompt()
            said = wait_for("the verdict", lambda: re.search(r"trial +ok: this image is good and confirmed", vm.console.command("boot")), 180)
            assert said and "%s, 2 tries left" % NEW in vm.console.command("boot"), vm.console.command("boot")
            assert "on trial:" not in vm.console.command("boot")
            print("  FIGURE  confirmed %.1f s after the machine was switched on" % vm.age())
        plain = [name for name in ukis(disk) if NEW not in name]
        assert ukis(disk) == sorted(plain + ["gateway_%s.efi" % NEW]) and len(plain) == 1 and "+" not in plain[0], ukis(disk)


@case
def image_on_trial_that_lacks_what_was_there_is_left_and_the_boot_after_it_says_why(image):
    with tempfile.TemporaryDirectory() as work:
        disk = disk_with_trial(image, work, 1, "nic pci-0000:00:04.0 0\nnic pci-0000:77:00.0 0\n")
        with Metal("trial-bad", image, [("virtio", disk)], no_reboot=False) as vm:
            vm.prompt()
            lacks = r"this image was on trial and is given up: 1 NIC missing that had carrier before; "
            at = vm.console.wait_for("init: reboot: " + lacks, BOOT_S, 0).end()
            print("  FIGURE  given up %.1f s after the machine was switched on" % vm.age())
            vm.console.seen = vm.console.wait_for("MITIGATOR gateway [^\n]*\n", BOOT_S, at).end()
            vm.prompt()
            print("  FIGURE  the image before has a prompt %.1f s after that" % vm.age())
            said = wait_for("why", lambda: step(vm, "boot before"))
            assert re.search("ok: reboot: " + lacks, said), said
            assert re.search(r"ok: [\d.]+, not on trial", step(vm, "trial")), step(vm, "trial")
        assert [name for name in ukis(disk) if NEW in name] == ["gateway_%s+0-1.efi" % NEW], ukis(disk)


# ---- what is bad is left by itself, and the VPN is up again ----

HANGS = """#!/test/bin/busybox sh
export PATH=/test/bin
setsid sh -c 'until dmesg | grep -q "watchdog  *ok: watchdog"; do sleep 1; done; %s' &
exec /init
""" % FREEZE
# Of what the board loads, without WireGuard and without what ours stands on.
NO_BACKEND = {**SECONDS, "MODULES": "ext4 vfat nls_cp437 nls_ascii efivarfs efi-pstore evdev"}


def is_left(image, settings, first, why, extra_args=()):
    """why: of `boot before`, once the factory's image runs again. It heard its peer before, and does so behind that."""
    with tempfile.TemporaryDirectory() as work, Hub(2) as hub:
        instances = make_instances(2, image + "/gateway")
        disks = [disk_of(image, work, instance, instances) for instance in instances]
        with Metal("peer", image, [("virtio", disks[1])], nics=[hub.port(1)], variables=ANY) as peer:
            with Metal("trial", image, [("virtio", disks[0])], nics=[hub.port(0)], variables=ANY) as vm:
                assert comes_up(vm).startswith(FACTORY), vm.console.command("boot")
                wait_for("the VPN", lambda: all(handshakes(vm)) and all(handshakes(peer)), BOOT_S, 0.5)
                variables = vm.keep_variables(work + "/variables")
                vm.console.begin("poweroff")
                vm.wait(60)
            copy_to_esp(disks[0], new_image(image, work, settings, first), "gateway_%s+1.efi" % NEW)
            with Metal("trial", image, [("virtio", disks[0])], nics=[hub.port(0)], variables=variables, no_reboot=False,
                       extra_args=extra_args) as vm:
                assert comes_up(vm).startswith("gateway_%s+0-1.efi, on trial" % NEW), vm.console.command("boot")
                vm.console.seen = len(vm.console.text)
                assert comes_up(vm).startswith(FACTORY), vm.console.command("boot")
                print("  FIGURE  the image before runs %.0f s after the machine was switched on with one that %s" % (vm.age(), why))
                said = wait_for("why", lambda: step(vm, "boot before"))
                assert re.search(why, said), said
                assert shown(vm) == {"gateway_%s+0-1.efi" % NEW: "NOT GOOD, started 1 time: left", FACTORY: "runs, confirmed"}, shown(vm)
                wait_for("the VPN", lambda: all(handshakes(vm)), BOOT_S, 0.5)
                print("  FIGURE  the VPN is up at %.0f s" % vm.age())


@soak
def image_whose_init_hangs_is_left_and_the_vpn_is_up_again(image):
    is_left(image, {**SECONDS, "WATCHDOG_S": 10}, HANGS, "the watchdog reset the machine", ["-device", "i6300esb"])


@soak
def image_whose_paths_do_not_come_up_is_left_and_the_vpn_is_up_again(image):
    is_left(image, NO_BACKEND, None, "this image was on trial and is given up")
