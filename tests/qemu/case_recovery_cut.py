"""`reset all` as an appliance's disk has it: a GPT partition, another one of that name, and the power goes half way."""
import tempfile

from appliance import PROMPT_S, Appliance, wait_for
from cases import case
from case_partition import FIRST_LBA, SECTOR, boot_line, gpt_disk
from case_recovery import LONG, answer_r, configure, content, has_key, named, nothing_runs
from cluster import make_instances
from disk import Disk
from vm import ANY_PROMPT, make_data_image

MIB = 1 << 20
DISK_MIB, SEEN_MIB, HANGS_MIB = 160, 64, 100    # the console tells how far it is every 64 MiB
OTHER_MIB = 520                                 # mke2fs takes blocks of 4 KiB, and leaves half of the first as it is
START = FIRST_LBA * SECTOR


def plant(disk, marks):
    """Bytes that no file system owns, as something before it may have left them."""
    with open(disk, "r+b") as f:
        for offset, mark in marks.items():
            f.seek(START + offset)
            f.write(mark)


def left_on(disk, marks):
    with open(disk, "rb") as f:
        return [mark for offset, mark in marks.items() if f.seek(START + offset) and f.read(len(mark)) == mark]


def foreign_disk(work, marks):
    """A disk whose partition is called as ours and holds something else."""
    with open(work + "/nothing", "wb"):
        pass
    gpt_disk(work + "/other", work + "/nothing", "mitigator-data", OTHER_MIB)
    plant(work + "/other", marks)
    return work + "/other"


def ask(console, words, answer, start):
    console.wait_for(words + "(?s:.*)Type its .* to go on: ", 120, start)
    at = len(console.text)
    console.write(answer.encode() + b"\r")
    return at


@case
def reset_all_that_the_power_ends_is_told_and_begins_anew(image):
    """Whatever the machine's speed, the disk takes no more than its first part. Then the second try, which asks for the other disk too."""
    one, two = make_instances(2, image + "/gateway")
    marks = {at * MIB: b"left behind at %d MiB" % at for at in (120, 150)}
    other_marks = {at: b"left behind at byte %d" % at for at in (0, 2048, 4000, 300 * MIB)}
    with tempfile.TemporaryDirectory() as work:
        disk, other = work + "/disk", foreign_disk(work, other_marks)
        make_data_image(work + "/fs", named(one, [one, two]), size_mb=DISK_MIB)
        gpt_disk(disk, work + "/fs", "mitigator-data")
        plant(disk, marks)
        outside = content(disk)[:START]
        with Disk(disk) as failing, Appliance("cut-1", image, None, instance=one, board_conf=LONG, extra_args=failing.args()) as a:
            a.prompt()
            answer_r(a, "(?:no path|what ran)")
            nothing_runs(a)
            failing.hangs_from = START + HANGS_MIB * MIB
            start = a.vm.console.begin("reset all")
            ask(a.vm.console, "Everything on /dev/vda1 ", "fra1", start)
            a.vm.console.wait_for("%d of %d MiB overwritten" % (SEEN_MIB, DISK_MIB), 120, start)
            wait_for("the disk to hang", lambda: failing.held, 120)
            a.vm.kill()
        assert left_on(disk, marks), "it was over before the power went: this case shows nothing"

        with Appliance("cut-2", image, None, disk=disk, instance=one, no_reboot=False, extra_args=[
                "-drive", "if=none,id=other,format=raw,file=" + other, "-device", "virtio-blk-pci,drive=other"]) as a:
            a.prompt()
            said = wait_for("the boot step", lambda: boot_line(a), PROMPT_S)
            assert "FAILED: `reset all` was cut off on /dev/vda1: do it again" in said, said
            start = a.vm.console.begin("reset all")
            at = ask(a.vm.console, "1 of 2 that are named or labelled mitigator-data:\nEverything on /dev/vda1 ", "vda1", start)
            at = ask(a.vm.console, "vda1 is made anew and empty(?s:.*)\n2 of 2 (?s:.*)\nEverything on /dev/vdb1 ", "vdb1", at)
            a.vm.console.wait_for(r"vdb1 is made anew and empty(?s:.*)\n" + ANY_PROMPT, 300, at)
            assert content(disk)[:START] == outside, "what is in front of the partition was changed"
            left = left_on(disk, marks) + left_on(other, other_marks)
            assert not left, "%s is still on the disk" % left
            assert not has_key(disk, one), "the key is still on the disk"
            a.reboot()
            assert "ok: /dev/vda1" in boot_line(a), boot_line(a)
            wait_for("the services", lambda: a.show("gateway") and a.show("gateway-dataplane"), 60)
            configure(a, named(one, [one, two]))
            said = a.say("log labelled", log=True)
            assert "2 file systems are named or labelled mitigator-data: vda1 is taken" in said, said
            a.vm.console.begin("poweroff")
            a.vm.wait(60)
