"""The log that is kept on the partition: over a boot, torn, with no room, and read-only."""
from appliance import DATA, Appliance, wait_for
from cases import case
from cluster import make_instances

LOG = DATA + "system/log"
CHANGE = "console: ttyS0: set ListenPort"


def tell(a, words):
    """As a console says what is written at once."""
    a.output("echo '<29>console: test: %s' > /dev/kmsg" % words)


def is_kept(a, words):
    wait_for("%r in the log that is kept" % words, lambda: words in a.output("cat %s* 2> /dev/null" % LOG), 60)


def said(a, words):
    return a.output("dmesg").count("recorder: " + words)


@case
def log_that_is_kept_tells_of_the_boot_before(image):
    one, two = make_instances(2, image + "/gateway")
    with Appliance("kept", image, one.files([one, two]), instance=one, no_reboot=False) as a:
        a.prompt()
        wait_for("the services", lambda: a.show("gateway"), 60)
        assert CHANGE not in a.say("log console:", log=True)
        a.say("set ListenPort 5567")
        is_kept(a, CHANGE)
        assert a.output("stat -c %%a %s" % LOG).strip() == "600"
        # As a power cut leaves it, in the middle of a write.
        a.output("printf '2026-11-28 10:00:00 99 console: half a li' >> " + LOG)
        a.reboot()
        wait_for("the services", lambda: a.show("gateway"), 60)
        text = a.say("log console:", log=True)
        assert CHANGE in text, text
        assert "init: reboot: typed at a console; all that runs is stopped first" in a.say("log reboot", log=True), a.say("log 1d", log=True)
        assert "---- a boot ----" in a.say("log 1d boot", log=True), a.say("log 1d boot", log=True)
        assert CHANGE not in a.say("log boot console:", log=True), "`log boot` has what was before the boot"
        a.say("set ListenPort 4567")
        text = a.say("log console:", log=True)
        assert text.count(CHANGE) == 2, text

        # No room: told once, and nothing else suffers.
        a.output("dd if=/dev/zero of=%sfill bs=64k 2> /dev/null; dd if=/dev/zero of=%sfill2 bs=1k 2> /dev/null; true" % (DATA, DATA))

        def is_told():                  # what stands in the last block has room to its end
            a.output("for n in 1 2 3 4 5 6 7 8; do echo '<29>console: test: %s' > /dev/kmsg; done" % ("x" * 200))
            return said(a, "the log is not kept on the partition: No space left on device")
        wait_for("a word on it", is_told, 120)
        tell(a, "while it is full")
        tell(a, "while it is full still")
        assert "while it is full still" in a.say("log test:", log=True), "the prompt waits for the disk, or the log does"
        assert said(a, "the log is not kept on the partition: No space left on device") == 1, "not told once"
        assert a.pid("recorder") and a.is_up("gateway")
        a.output("rm %sfill %sfill2" % (DATA, DATA))
        tell(a, "with room again")
        is_kept(a, "with room again")
        is_kept(a, "while it is full still")

        a.output("mount -o remount,ro " + DATA)
        tell(a, "read-only")
        wait_for("a word on it", lambda: said(a, "the log is not kept on the partition: Read-only file system"), 60)
        assert a.is_up("gateway") and "read-only" in a.say("log test:", log=True)
        a.output("mount -o remount,rw " + DATA)
        tell(a, "writable again")
        is_kept(a, "writable again")
        is_kept(a, "read-only")
