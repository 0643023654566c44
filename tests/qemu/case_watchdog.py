"""The watchdog: it resets a machine whose PID 1 stands still, and no other. A service that stands still is started again."""
import re
import tempfile

from appliance import FREEZE, PATHS, PROMPT_S, Appliance, wait_for
from case_disk import waiting_for_the_disk
from cases import case
from cluster import make_instances
from disk import Disk
from vm import make_data_image

WATCHDOG_S = 30                 # a machine that QEMU does not run for some seconds is not to be reset
BANNER = "MITIGATOR gateway [^\n]*\n"


def boot_line(a, step):
    found = re.search(r"^ *[\d.]+ s +[\d.]+ s +%s +(.*?) *$" % step, a.say("boot"), re.M)
    return found[1] if found else ""


def paths_are_up(a):
    for path in PATHS:
        wait_for(path, lambda: a.show(path).get("interface") == "wg0", PROMPT_S)


def age_s(a):
    """Since the machine began."""
    return float(a.output("cat /proc/uptime").split()[0])


@case
def machine_whose_pid_1_stands_still_is_reset_and_one_whose_service_or_disk_does_is_not(image):
    one, = make_instances(1, image + "/gateway")
    files = one.files([one])
    files[".env"] += "DATA_PLANE_VPN_BACKEND=lwip\n"
    with tempfile.TemporaryDirectory() as work:
        make_data_image(work + "/disk", files)
        with Disk(work + "/disk") as disk, \
             Appliance("watchdog", image, None, instance=one, no_reboot=False, board_conf={"WATCHDOG_S": WATCHDOG_S},
                       extra_args=disk.args() + ["-device", "i6300esb"]) as a:
            a.prompt()
            paths_are_up(a)
            assert re.search(r"watchdog\d: i6300ESB timer, %d s" % WATCHDOG_S, wait_for("the watchdog", lambda: boot_line(a, "watchdog")))
            assert boot_line(a, "boot before") == "ok: none is known", boot_line(a, "boot before")

            # a service in an endless loop, and any that stands still
            for path in ("gateway-dataplane", "gateway"):
                before = a.pid(path)
                a.output("kill -STOP %d" % before)
                a.vm.console.wait_for(r"init: %s stands still for \d+ s \(state T\): it is killed and started again" % path, 90, 0)
                wait_for(path + " anew", lambda: a.pid(path) not in (0, before))
            paths_are_up(a)

            # who feeds it
            before = a.pid("watchdog")
            a.output("kill -9 %d" % before)
            wait_for("another one that feeds it", lambda: a.pid("watchdog") not in (0, before))

            # a disk that hangs
            services = [a.pid(process) for process in ("network", "gateway", "gateway-dataplane")]
            disk.hang()
            a.output("(echo > /srv/mitigator/x; sync) > /dev/null 2>&1 &")
            wait_for("who waits for the disk", lambda: waiting_for_the_disk(a))
            since_s = age_s(a)
            wait_for("the watchdog's time", lambda: age_s(a) > since_s + WATCHDOG_S + 10, 120 + 4 * WATCHDOG_S, 1)
            assert [a.pid(process) for process in ("network", "gateway", "gateway-dataplane")] == services, "a service was started again"
            disk.answer()
            wait_for("the disk", lambda: not waiting_for_the_disk(a))

            # PID 1
            at = len(a.vm.console.text)
            a.output(FREEZE)
            a.vm.agent.starts_anew()
            a.vm.console.seen = a.vm.console.wait_for(BANNER, PROMPT_S + 4 * WATCHDOG_S, at).end()
            a.prompt()
            said = wait_for("why", lambda: boot_line(a, "boot before"))
            assert said == "ok: the watchdog reset the machine", said


# A piece of memory that no one else uses, and that a reset leaves.
STORE = "memmap=1M$0x8000000 ramoops.mem_address=0x8000000 ramoops.mem_size=0x100000 ramoops.record_size=0x20000 panic=3"


@case
def last_words_of_a_kernel_that_died_are_told_once_and_kept(image):
    one, = make_instances(1, image + "/gateway")
    with Appliance("last-words", image, one.files([one]), instance=one, no_reboot=False, extra_cmdline=STORE) as a:
        a.prompt()
        paths_are_up(a)
        at = len(a.vm.console.text)
        a.vm.agent.send("x " + "ZWNobyBjID4gL3Byb2Mvc3lzcnEtdHJpZ2dlcg==")      # echo c > /proc/sysrq-trigger
        a.vm.agent.starts_anew()
        a.vm.console.seen = a.vm.console.wait_for(BANNER, PROMPT_S, at).end()
        a.prompt()
        said = wait_for("why", lambda: boot_line(a, "boot before"))
        assert said == "ok: the kernel: Kernel panic - not syncing: sysrq triggered crash (`log last-words`)", said
        a.vm.console.wait_for("init: the boot before: the kernel: Kernel panic", 60, at)
        assert "sysrq triggered crash" in a.say("log last-words | panic"), a.say("log last-words")
        assert "Kernel panic" in a.output("cat /srv/mitigator/system/last-words")
        assert a.output("ls /sys/fs/pstore") == "", "it is still in the store"
        a.reboot()
        said = wait_for("why", lambda: boot_line(a, "boot before"))
        assert said == "ok: reboot: typed at a console", said
        assert "reboot: typed at a console" in a.say("log reboot:"), "why it was rebooted is not in the log that is kept"
