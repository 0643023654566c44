"""A console on the port that the firmware names, and on the screen with a USB keyboard."""
import os
import struct
import tempfile
import time

from appliance import wait_for
from cases import case
from firmware import BOOT_S, Metal

COM2 = 0x2f8
KEYS = {" ": "spc", "\n": "ret"}


def spcr_of(address, memory=False):
    """The table behind its header: a 16550 at an I/O port or in memory, 57600 bit/s."""
    return struct.pack("<B3xBBBBQ", 0, 0 if memory else 1, 8, 0, 1, address) + bytes(6) + bytes([6]) + bytes(21)


def type_in(vm, text):
    for key in text:
        vm.monitor("sendkey " + KEYS.get(key, key))


def picture(vm, work):
    """The screen as (width, height, pixels)."""
    path = work + "/screen.ppm"
    vm.monitor("screendump " + path)
    with open(path, "rb") as f:
        kind, size, depth, pixels = f.read().split(b"\n", 3)
    assert kind == b"P6" and depth == b"255"
    width, height = map(int, size.split())
    return width, height, pixels


def lit(shot):
    return sum(1 for at in range(0, len(shot[2]), 3) if shot[2][at] > 100)


@case
def screen_keyboard_and_the_firmwares_port_are_consoles(image):
    with tempfile.TemporaryDirectory() as work:
        with open(work + "/spcr", "wb") as f:
            f.write(spcr_of(COM2))
        extra = ["-device", "VGA", "-device", "usb-kbd", "-acpitable", "sig=SPCR,rev=2,data=%s/spcr" % work,
                 "-chardev", "file,id=com2,path=%s/com2" % work, "-serial", "chardev:com2"]
        with Metal("consoles", image, [("cd", image + "/gateway.iso")], extra_args=extra) as vm:
            vm.prompt()
            assert "console                  ok: ttyS1 ttyS0 tty1\n" in vm.booted(), vm.booted()

            def said_on_com2():
                with open(work + "/com2", errors="replace") as f:
                    return f.read()
            wait_for("the prompt on the firmware's port", lambda: "gateway> " in said_on_com2())

            # Until the keyboard has its driver, what is typed goes nowhere: the picture tells.
            empty = picture(vm, work)
            assert empty[0] >= 640 and 0 < lit(empty) < len(empty[2]) // 3 // 4, "no text on the screen"

            def help_is_there():
                type_in(vm, "help\n")
                time.sleep(1)
                return lit(picture(vm, work)) > 2 * lit(empty)
            wait_for("the list of commands on the screen", help_is_there, 60, 1)
            os.rename(work + "/screen.ppm", vm.log("ppm"))
            type_in(vm, "q\n")                      # it is more than a screen
            type_in(vm, "poweroff\n")
            vm.console.expect("power off", 60)
            assert vm.wait(60) == 0
