"""README's way from disk.img to a running appliance: its commands word for word, and the screens that it shows."""
import os
import re
import subprocess
import tempfile

from appliance import wait_for
from cases import case
from firmware import BOOT_S, MIB, Metal, as_hardware
from readme import KEY, MAC, blocks, boot_as_readme_has_it, chapter, check_screen, steps
from vm import PROMPT, TOP, read_board

def write_disk(image, work):
    """The line that writes it, with a file in the place of the disk. dd cuts a file off behind what it writes; a disk it cannot."""
    with open(TOP + "/README.md") as f:
        readme = f.read()
    line = re.search(r"^    (dd if=.*)$", readme, re.M)[1]
    assert line.count("/dev/DISK") == 1, line
    subprocess.run(re.search(r"`(lsblk .*?)`", readme)[1], shell=True, check=True, stdout=subprocess.DEVNULL)
    disk = work + "/disk"
    os.mkdir(work + "/build")
    os.symlink(os.path.abspath(image), work + "/build/pc")
    subprocess.run(line.replace("/dev/DISK", disk), shell=True, check=True, cwd=work, stderr=subprocess.DEVNULL)
    os.truncate(disk, 1024 * MIB)
    return disk


def write_file(vm, line, text):
    """write FILE: what follows is pasted, up to the single dot; the rest is the screen, with the answer."""
    at = vm.console.begin(line)
    end = text.index(".")
    vm.console.wait_for(r"%s\n.*\n" % re.escape(line), 30, at)
    for pasted in text[:end + 1]:
        vm.console.send(pasted)
    question, answer = re.search(r"(.* \(yes/no\)\? )(\w+)", "\n".join(text[end:])).groups()
    vm.console.wait_for(re.escape(question) + r"\Z", 30, at)
    vm.console.send(answer)
    said = vm.console.wait_until(lambda: re.search(r"(?s)\nconf> \.\n(.*)%s\Z" % PROMPT, vm.console.text[at:]), 30, at, "the file")[1]
    check_screen(text[end + 1:], said)


def work_through(vm, block, keys):
    """keys: README's public key of this instance -> the one that was made here, once it was."""
    for line, text in steps(block):
        if line.startswith("write "):
            write_file(vm, line, [KEY.sub(lambda key: keys.get(key[0], key[0]), pasted) for pasted in text])
            continue
        start = len(vm.console.text)
        vm.console.command(line, 60)
        said = vm.console.text[start:]      # as the screen has it
        check_screen(text, said)
        if line == "key new":
            keys[KEY.search("".join(text))[0]] = KEY.search(said)[0]


@case
def readme_leads_from_the_disk_image_to_a_running_appliance(image):
    screens = blocks(chapter("The first boot, screen by screen"))
    mac = MAC.search("".join(screens))[0]
    with tempfile.TemporaryDirectory() as work:
        disk = write_disk(image, work)
        machine = as_hardware(read_board(TOP + "/board/pc/board.conf"), work)
        with Metal("readme", image, [("virtio", disk)], macs=[mac], extra_args=machine) as vm:
            vm.prompt()
            check_screen(screens[0].replace(PROMPT, "").splitlines(), vm.console.text)
            vm.booted()
            wait_for("the services", lambda: vm.show("gateway-dataplane"), BOOT_S)
            keys = {}
            for block in screens[1:]:
                work_through(vm, block, keys)
            assert len(keys) == 1, "README makes no key"
            assert vm.show("gateway")["state"] == "up", vm.console.command("show")
            vm.console.begin("poweroff")
            vm.wait(60)


@case
def lines_of_readme_boot_the_disk_without_a_server(image):
    boot_as_readme_has_it(image, "pc", "Without a server it boots in QEMU by OVMF (Debian's `ovmf`):", BOOT_S)
