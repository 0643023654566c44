"""Recovery: "r, Enter" at boot, and what is done there."""
import base64
import hashlib
import os
import re
import subprocess
import tempfile

from appliance import PATHS, PROMPT_S, Appliance, cluster, wait_for
from cases import case
from cluster import make_instances
from vm import ANY_PROMPT, make_data_image

PATH_OF_TOOLS = dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin")
LONG = {"RECOVERY_S": "1800"}   # so that no case depends on how fast it is


def content(path):
    with open(path, "rb") as f:
        return f.read()


def sha256(path):
    return hashlib.sha256(content(path)).hexdigest()


def typed(a, data):
    """Bytes at the console that are no command, up to the next prompt."""
    at = len(a.vm.console.text)
    a.vm.console.write(data)
    a.vm.console.wait_for(r"\n(?s:.*)" + ANY_PROMPT, 30, at)


def answer_r(a, words):
    """r, Enter: until the console is back, as one of recovery."""
    at = len(a.vm.console.text)
    a.vm.console.write(b"r\r")
    a.vm.console.wait_for(r"RECOVERY: %s(?s:.*)\n%s" % (words, ANY_PROMPT), PROMPT_S, at)


def nothing_runs(a):
    assert not any(a.pid(process) for process in PATHS + ("network",)), a.output("ps -o pid,args")
    assert "wg0" not in a.output("ip -o link; ip netns"), a.output("ip -o link; ip netns")
    assert not re.search(r"eth0:.*[<,]UP[,>]", a.output("ip -o link")), a.output("ip -o link")
    assert "mitigator" not in a.output("cat /proc/mounts")


def names_on(disk):
    """What is in the root of the file system."""
    said = subprocess.run(["debugfs", "-R", "ls -p /", disk], check=True, capture_output=True, text=True, env=PATH_OF_TOOLS).stdout
    return set(re.findall(r"^/\d+/[^/]*/[^/]*/[^/]*/([^/]+)/", said, re.M)) - {".", "..", "lost+found"}


def type_back(a, command, name, words, timeout=120):
    """A command that asks for a name; words: of what it says in the end. All that it said."""
    start = a.vm.console.begin(command)
    a.vm.console.wait_for("Type its .* to go on: ", 60, start)
    a.vm.console.write(name.encode() + b"\r")
    a.vm.console.wait_for(words + r"(?s:.*)\n" + ANY_PROMPT, timeout, start)
    return a.vm.console.text[start:]


def configure(a, files):
    """All anew, until both paths are up."""
    a.files = {}
    a.write(files)
    a.say("reconfigure --force", 60)
    for path in PATHS:
        wait_for(path, lambda: a.show(path).get("interface") == "wg0", 60)


def has_key(disk, instance):
    """The private key, as text or as its bytes."""
    data = content(disk)
    return instance.private_key.encode() in data or base64.b64decode(instance.private_key) in data


def named(instance, instances):
    """Its files, with a name for it."""
    files = instance.files(instances)
    files["vpn-public.conf"] = files["vpn-public.conf"].replace("[Peer]", "[Peer] # fra1", 1)
    return files


@case
def r_and_enter_at_boot_leave_consoles_alone_and_change_nothing(image):
    """On a partition that any other boot would mend. Then, after a boot that was not stopped, what runs is stopped."""
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        disk = work + "/disk"
        make_data_image(disk, named(one, [one, two]))
        subprocess.run(["debugfs", "-w", "-R", "set_super_value state 2", disk], check=True, capture_output=True, env=PATH_OF_TOOLS)
        before = sha256(disk)
        with Appliance("recovery", image, None, disk=disk, instance=one, board_conf=LONG, no_reboot=False) as a:
            a.vm.console.expect("`r`, Enter within 1800 s: recovery", PROMPT_S)
            a.prompt()
            for noise in (b"rr\r", b"\xff\xfer\r", b"\0r\r", b"R\r", b"r r\r", b"\x1b[Ar\r", b"CONNECT 115200\rNO CARRIER\r"):
                typed(a, noise)
                assert "recovery: this console" not in a.vm.console.text, noise
            wait_for("the step that waits", lambda: "still starting: persistent partition" in a.say("boot"), 60)
            assert not a.pid("gateway"), "a service was started before it was decided"
            answer_r(a, "no path and no NIC was started, and nothing on the disk was changed")
            assert re.search(r"persistent partition +ok: recovery: /dev/vda is left alone; it was not", a.say("boot")), a.say("boot")
            nothing_runs(a)
            assert "RECOVERY" in a.say("show")
            assert sha256(disk) == before, "recovery changed the disk"

            said = type_back(a, "reset config", "fra2", "that is not fra1: nothing was written")
            assert all(name in said for name in ("network.conf", "vpn-public.conf", ".env", "The key stays")), said
            assert sha256(disk) == before, "a reset that was not confirmed changed the disk"
            type_back(a, "reset config", "fra1", "the configuration is gone")
            assert names_on(disk) == {"vpn-private.conf"}, names_on(disk)

            # A boot that nobody stops in time: what runs is stopped.
            a.reboot()
            wait_for("the services", lambda: a.show("gateway") and a.show("gateway-dataplane"), 60)
            assert "error" in a.say("check"), a.say("check")
            configure(a, named(one, [one, two]))
            assert "is in use. `reboot`, then `r`, Enter" in a.say("reset all")
            assert "is in use. `reboot`, then `r`, Enter" in a.say("format data")
            answer_r(a, "what ran was stopped, the NICs are off, the partition is unmounted")
            nothing_runs(a)
            assert {"generations", "applied", ".clock", "vpn-private.conf"} <= names_on(disk), names_on(disk)
            assert has_key(disk, one), "the key is not found where it must be: this case shows nothing"
            type_back(a, "reset all", "fra1", "is made anew and empty")
            assert not has_key(disk, one), "the key is still on the disk"
            assert not names_on(disk), names_on(disk)

            a.reboot()
            wait_for("the services", lambda: a.show("gateway") and a.show("gateway-dataplane"), 60)
            assert "network.conf" in a.output("ls /srv/mitigator") and "not clustered" in a.say("check"), a.say("check")
            configure(a, named(one, [one, two]))
            said = type_back(a, "reset config", "fra1", "the configuration is gone")
            assert "What runs goes on" in said, said
            assert "wg0" in a.netns("gateway", "ip -o link"), "what ran did not go on"
            assert set(a.output("ls -A /srv/mitigator").split()) == {"vpn-private.conf", "system", ".clock", "lost+found"}
            a.vm.console.begin("poweroff")
            a.vm.wait(60)
        check = subprocess.run(["e2fsck", "-fn", disk], capture_output=True, text=True, env=PATH_OF_TOOLS)
        assert check.returncode == 0, check.stdout


@case
def reset_that_was_cut_off_and_what_no_one_can_read_are_told_and_made_anew(image):
    """As the power leaves it: the superblock given up. No 3 s are waited for: this boots as any other."""
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        disk = work + "/disk"
        make_data_image(disk, one.files([one, two]))
        with open(disk, "r+b") as f:
            f.seek(1024 + 0x63)
            f.write(b"\x80")
        before = sha256(disk)
        with Appliance("cut-off", image, None, disk=disk, instance=one, no_reboot=False) as a:
            a.prompt()
            said = wait_for("the boot step", lambda: re.search(r".*persistent partition .*\n", a.say("boot")), 60).group(0)
            assert "FAILED: `reset all` was cut off on /dev/vda: do it again" in said, said
            assert sha256(disk) == before, "it was changed"
            wait_for("the services", lambda: a.show("gateway") and a.show("gateway-dataplane"), 60)
            type_back(a, "format data", "vda", "is made anew and empty")
            a.reboot()
            said = wait_for("the boot step", lambda: re.search(r".*persistent partition .*\n", a.say("boot")), 60).group(0)
            assert "ok: /dev/vda\n" in said, said
            wait_for("the services", lambda: a.show("gateway") and a.show("gateway-dataplane"), 60)
            configure(a, one.files([one, two]))
            a.vm.console.begin("poweroff")
            a.vm.wait(60)


@case
def recovery_is_offered_at_each_boot_and_not_any_longer(image):
    """On a machine that started as any does."""
    first = cluster(image).all[0]
    said = wait_for("the end of the offer", lambda: re.search("(?s).*recovery is no longer offered", first.output("dmesg")), 60).group(0)
    assert "recovery is offered for 3 s" in said, said
    typed(first, b"r\r")
    assert all(map(first.pid, PATHS)), "a path is gone"
    typed(first, b"\x15\r")
