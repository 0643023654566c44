"""`update`: what is refused and changes nothing, what is tried and confirmed, what is left by itself, and power cuts meanwhile."""
import collections
import os
import random
import re
import shutil
import tempfile

import writelog
from appliance import wait_for
from cases import case, soak
from cluster import make_instances, vpn_address
from firmware import BOOT_S, MIB, OVMF, Metal
from update import (HEADER, copy_to_esp, copy_rest_to_esp, esp_of, images_on, make_bundle, make_key, make_stick, make_uki, make_wide_disk,
                    read_image, rename_on_esp, run)
from vm import PROMPT, Hub

WRITE_S = 240                   # some ten MiB, thrice read
FACTORY = "gateway_0.1.0.efi"
ANY = OVMF + "OVMF_VARS_4M.fd"  # the firmware's own order: that of its entries
DEVELOPMENT = "DEVELOPMENT KEYS"


def content(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def said_of(vm, line, timeout=WRITE_S):
    return vm.console.command(line, timeout)


def boots_again(vm):
    """From `reboot` to the prompt, through whatever comes between."""
    vm.console.seen = len(vm.console.text)
    vm.console.begin("reboot")
    return comes_up(vm)


def comes_up(vm):
    vm.console.expect(r"MITIGATOR gateway \d", 3 * BOOT_S)        # the firmware's own line has the entry's name
    vm.console.expect(PROMPT, BOOT_S)
    return wait_for("the boot step", lambda: re.search(r" images +ok: (.*)\n", vm.console.command("boot")), BOOT_S, 0.5)[1]


def shown(vm):
    """{name: words} of `show boot`."""
    return dict(re.findall(r"^(gateway_\S+\.efi) +(.+)$", vm.console.command("show boot"), re.M))


def make_wrong_bundles(image, work, folder):
    """{file: what is said of it}; the good one is 0.2.0."""
    uki = make_uki(image, work + "/0.2.0.efi", "0.2.0")
    good = content(make_bundle(image, folder + "/good", uki, "0.2.0"))
    flipped = bytearray(good)
    flipped[HEADER + len(good) // 2] ^= 1
    write(folder + "/altered", flipped)
    header = bytearray(good)
    header[24] = ord("9")       # its version
    write(folder + "/header", header)
    write(folder + "/cut", good[:-1])
    write(folder + "/longer", good + b"\0")
    write(folder + "/nothing", b"")
    make_bundle(image, folder + "/stranger", uki, "0.2.0", key=make_key(image, work + "/key"))
    small = work + "/small"
    write(small, b"MZ")
    make_bundle(image, folder + "/board", small, "0.2.0", board="qemu")
    make_bundle(image, folder + "/gap", small, "0.9.0", least="0.5.0")
    make_bundle(image, folder + "/same", small, "0.1.0")
    make_bundle(image, folder + "/older", small, "0.0.9", least="0.0.1")
    write(work + "/large", bytes(60 * MIB))
    make_bundle(image, folder + "/large", work + "/large", "0.2.0")
    return {"altered": "it is damaged", "header": "its signature is of none of this board's keys", "cut": "it is cut off",
            "longer": "there is something behind its end", "nothing": "it is no update",
            "stranger": "its signature is of none of this board's keys", "board": "it is for the board qemu, and this is pc",
            "gap": "it replaces 0.5.0 and newer, and this is 0.1.0", "same": "it is 0.1.0, which runs",
            "older": "it is 0.0.9, older than 0.1.0"}


@case
def update_is_refused_or_tried_and_confirmed(image):
    """One boot refuses what is wrong, and takes the good one from a stick; the next runs it on trial, and it is confirmed by hand;
    the third has it as confirmed."""
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as folder:
        wrong = make_wrong_bundles(image, work, folder)
        stick = make_stick(work + "/stick", folder + "/good")
        disk = make_wide_disk(image, work + "/disk", folder)
        write(work + "/filler", bytes(int(run("mdir", "-i", esp_of(disk), "::/").split("bytes free")[0].split("\n")[-1]
                                              .replace(" ", "")) - 50 * MIB))
        run("mcopy", "-i", esp_of(disk), work + "/filler", "::/filler")
        with Metal("update", image, [("virtio", disk), ("usb", stick)], variables=ANY, no_reboot=False) as vm:
            said = comes_up(vm)
            assert said.startswith(FACTORY) and DEVELOPMENT in said, said
            assert shown(vm) == {FACTORY: "runs, confirmed"}, shown(vm)
            for name, why in wrong.items():
                said = said_of(vm, "update " + name)
                assert why in said and "nothing was changed" in said, "%s: %s" % (name, said)
            said = said_of(vm, "update large")
            assert "there is no room for 61 MiB" in said, said
            assert "is no file" in said_of(vm, "update elsewhere"), said_of(vm, "update elsewhere")
            assert shown(vm) == {FACTORY: "runs, confirmed"}, shown(vm)
            said = said_of(vm, "update usb")
            assert "0.2.0 is beside 0.1.0, on trial from the next boot on" in said, said
            assert shown(vm) == {"gateway_0.2.0+3.efi": "on trial from the next boot on", FACTORY: "runs, confirmed"}, shown(vm)

            said = boots_again(vm)
            assert said.startswith("gateway_0.2.0+2-1.efi, on trial, 2 tries left"), said
            assert shown(vm) == {"gateway_0.2.0+2-1.efi": "runs, ON TRIAL, 2 tries left", FACTORY: "confirmed"}, shown(vm)
            assert "is on trial: wait" in said_of(vm, "update good"), said_of(vm, "update good")
            said = said_of(vm, "update confirm")
            assert "0.2.0 is confirmed" in said, said
            assert shown(vm) == {"gateway_0.2.0.efi": "runs, confirmed", FACTORY: "confirmed"}, shown(vm)

            said = boots_again(vm)
            assert said.startswith("gateway_0.2.0.efi") and "trial" not in said, said
            assert "it is 0.2.0, which runs" in said_of(vm, "update good"), said_of(vm, "update good")
            vm.console.begin("poweroff")
            vm.wait(60)
        assert images_on(disk) == [FACTORY, "gateway_0.2.0.efi"], images_on(disk)
        assert read_image(disk, "gateway_0.2.0.efi") == content(work + "/0.2.0.efi"), "it is not what was made"


def leaves_what_panics(image, work, folder):
    """(disk, variables, the image of 0.2.0) once that was updated to, and the factory's has come up again by itself."""
    panics = make_uki(image, work + "/0.2.0.efi", "0.2.0", "console=ttyS0,115200 rdinit=/none panic=2")
    make_bundle(image, folder + "/panics", panics, "0.2.0")
    disk = make_wide_disk(image, work + "/disk", folder)
    with Metal("left", image, [("virtio", disk)], variables=ANY) as vm:
        comes_up(vm)
        assert "0.2.0 is beside 0.1.0" in said_of(vm, "update panics")
        variables = vm.keep_variables(work + "/variables")
        vm.console.begin("poweroff")
        vm.wait(60)
    rename_on_esp(disk, "gateway_0.2.0+3.efi", "gateway_0.2.0+1.efi")      # one try is enough here
    with Metal("left", image, [("virtio", disk)], variables=variables, no_reboot=False) as vm:
        said = comes_up(vm)
        assert "panic" in vm.console.text, "0.2.0 was not started: this case shows nothing:\n%s" % vm.console.text
        assert said.startswith(FACTORY), said
        assert shown(vm) == {"gateway_0.2.0+0-1.efi": "NOT GOOD, started 1 time: left", FACTORY: "runs, confirmed"}, shown(vm)
        vm.keep_variables(variables)
        vm.console.begin("poweroff")
        vm.wait(60)
    return disk, variables, panics


@case
def image_that_panics_is_left_by_itself(image):
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as folder:
        leaves_what_panics(image, work, folder)


@soak
def image_that_cannot_be_loaded_is_left_and_an_older_one_stays_when_asked_for(image):
    """0.3.0 is cut short on the ESP: the loader gives up, and the firmware goes on to the entry without it. 0.0.9 is asked for,
    confirmed, and then alone."""
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as folder:
        make_bundle(image, folder + "/older", make_uki(image, work + "/0.0.9.efi", "0.0.9"), "0.0.9", least="0.0.1")
        disk, variables, panics = leaves_what_panics(image, work, folder)
        write(work + "/short", content(panics)[:5 * MIB])
        copy_to_esp(disk, work + "/short", "gateway_0.3.0+3.efi")
        with Metal("left", image, [("virtio", disk)], variables=variables, no_reboot=False) as vm:
            said = comes_up(vm)
            assert said.startswith(FACTORY), said
            assert shown(vm)["gateway_0.3.0+2-1.efi"] == "started 1 time, not good; 2 tries left", shown(vm)
            said = said_of(vm, "update older downgrade")
            assert "0.0.9 is beside 0.1.0" in said and "gateway_0.3.0+2-1.efi is removed" in said, said
            said = boots_again(vm)
            assert said.startswith("gateway_0.0.9+0-1.efi, on trial"), said
            assert "0.0.9 is confirmed" in said_of(vm, "update confirm")
            said = boots_again(vm)
            assert said.startswith("gateway_0.0.9.efi"), said
            assert shown(vm) == {"gateway_0.0.9.efi": "runs, confirmed"}, shown(vm)


# ---- from a peer ----

def disk_of(image, work, instance, instances):
    folder = "%s/files%d" % (work, instance.n)
    os.mkdir(folder)
    for name, text in instance.files(instances).items():
        with open("%s/%s" % (folder, name), "w") as f:
            f.write(text)
    return make_wide_disk(image, "%s/disk%d" % (work, instance.n), folder, 128)


def handshakes(vm):
    return [p["latest_handshake"] for p in vm.show("gateway").get("peers", ())]


@soak
def update_comes_from_a_peer_through_loss_and_a_pulled_cable_and_is_confirmed_by_it(image):
    """One runs 0.2.0, two the factory's 0.1.0; 5 % of the frames are lost, and the cable is out for half a minute meanwhile."""
    with tempfile.TemporaryDirectory() as work, Hub(2) as hub:
        one, two = instances = make_instances(2, image + "/gateway")
        disks = [disk_of(image, work, instance, instances) for instance in instances]
        uki = make_uki(image, work + "/0.2.0.efi", "0.2.0")
        copy_to_esp(disks[0], uki, "gateway_0.2.0.efi")
        copy_rest_to_esp(image, disks[0], uki, "0.2.0")
        with Metal("update-one", image, [("virtio", disks[0])], nics=[hub.port(0)], variables=ANY, no_reboot=False) as a, \
             Metal("update-two", image, [("virtio", disks[1])], nics=[hub.port(1)], variables=ANY, no_reboot=False) as b:
            assert comes_up(a).startswith("gateway_0.2.0.efi"), a.console.command("boot")
            assert comes_up(b).startswith(FACTORY), b.console.command("boot")
            wait_for("the VPN", lambda: any(handshakes(b)), BOOT_S, 0.5)
            hub.loss = 0.05
            line = "update from " + vpn_address(one.n)
            start = b.console.begin(line)
            b.console.wait_for(r"\d{4,} of \d+ KiB", WRITE_S, start)
            b.set_link(0, False)
            b.console.wait_for("nothing comes any more", 60, start)
            b.set_link(0, True)
            said = b.console.finish(line, start, WRITE_S)
            print("  " + re.sub(r"(\d+ of \d+ KiB\r?)+(?=\d+ of)", "", said).strip().replace("\n", "\n  "), flush=True)
            assert "0.2.0 is beside 0.1.0" in said, said
            hub.loss = 0
            said = boots_again(b)
            assert said.startswith("gateway_0.2.0+2-1.efi, on trial"), said
            wait_for("the verdict", lambda: shown(b) == {"gateway_0.2.0.efi": "runs, confirmed", FACTORY: "confirmed"}, WRITE_S, 0.5)
            assert "it is 0.2.0, which runs" in said_of(b, line), said_of(b, line)
            # what came from a peer goes on to the next one, and what the factory wrote does too
            assert "it is 0.2.0, which runs" in said_of(a, "update from " + vpn_address(two.n))
        assert read_image(disks[1], "gateway_0.2.0.efi") == content(uki), "it is not what the peer runs"


# ---- power cuts ----

Step = collections.namedtuple("Step", "name begin end")


def record(image, work, disk):
    """(the log of writes, its steps): of an update and its confirmation, on a disk whose log begins with the first boot."""
    shutil.copyfile(disk, work + "/recorded")
    log, steps = work + "/log", []
    with Metal("update-cut", image, variables=ANY, no_reboot=False, extra_args=writelog.args(work + "/recorded", log)) as vm:
        comes_up(vm)
        for line, part in (("update good", "0.2.0 is beside 0.1.0"), ("reboot", None), ("update confirm", "0.2.0 is confirmed")):
            begin = writelog.length(log)
            if part:
                said = said_of(vm, line)
                assert part in said, said
                steps.append(Step(line, begin, writelog.length(log)))
            else:
                boots_again(vm)
        vm.kill()
    return writelog.entries(log), steps


def check_cut(disk, factory, image, where):
    """What the loader would find: the factory's is whole, and 0.2.0 is whole under its one name, if it has one."""
    names = images_on(disk)
    assert FACTORY in names and read_image(disk, FACTORY) == factory, "%s: the factory's image is not whole: %s" % (where, names)
    others = [name for name in names if name.startswith("gateway_0.2.0")]
    assert len(others) < 2, "%s: two names for one image: %s" % (where, names)
    for name in others:
        assert read_image(disk, name) == image, "%s: %s has a name and is not whole" % (where, name)
    return others[0] if others else None


def check_cuts(image, count, boot_count):
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as folder:
        uki = content(make_uki(image, work + "/0.2.0.efi", "0.2.0"))
        factory = content(image + "/gateway.efi")
        make_bundle(image, folder + "/good", work + "/0.2.0.efi", "0.2.0")
        disk = make_wide_disk(image, work + "/disk", folder, 64)
        log, steps = record(image, work, disk)
        lots, seen, cuts = random.Random(count), collections.Counter(), writelog.Cuts(disk, log, work)
        places = sorted((lots.randint(step.begin, step.end), n % len(steps), lots.choice((0, 0.5, 1))) for n, step in
                        ((n, steps[n % len(steps)]) for n in range(count)))
        for number, (cut, index, share) in enumerate(places):
            where = "cut %d behind write %d of %d, in %s" % (number, cut, len(log), steps[index])
            seen["with writes lost"] += cuts.take(cut, share, lots, work + "/cut") > 0
            name = check_cut(work + "/cut", factory, uki, where)
            seen[name] += 1
            if index:
                assert name, "%s: 0.2.0 has lost its name" % where
            if number % (count // boot_count) == count // boot_count // 2:
                with Metal("update-boots", image, [("virtio", work + "/cut")], variables=ANY, no_reboot=False) as vm:
                    said = comes_up(vm)
                    assert said.startswith("gateway_0.2.0" if name else FACTORY), "%s: %s" % (where, said)
                    wait_for("the ESP without remains", lambda: "cannot" not in vm.console.command("show boot"), 60)
                    vm.console.begin("poweroff")
                    vm.wait(60)
                assert "update.tmp" not in images_on(work + "/cut"), "%s: what was cut off is still there" % where
        print("  %d writes and flushes, %d cuts: %s" % (len(log), count, dict(seen)), flush=True)


@case
def power_cut_in_an_update_leaves_a_whole_image_under_its_name(image):
    check_cuts(image, 12, 1)


@soak
def sixty_power_cuts_in_an_update_leave_a_whole_image_under_its_name(image):
    check_cuts(image, 60, 10)
