"""A change that waits for its time, at the console: over a reboot, and while the clock is set."""
import re
import time

from appliance import Appliance, wait_for
from case_generations import addresses, are_up, conf, type_file
from cases import case
from cluster import make_instances


def guest_s(a):
    return int(a.output("date +%s"))


def clock(seconds):
    return time.strftime("%H:%M:%S", time.gmtime(seconds))


@case
def change_waits_for_its_time_over_a_reboot_and_by_the_clock_on_the_wall(image):
    one, = make_instances(1, image + "/gateway")
    with Appliance("at", image, {**one.files([one]), "network.conf": conf(1)}, instance=one, no_reboot=False) as a:
        a.prompt()
        are_up(a)
        type_file(a, "network.conf", conf(2))
        assert "was 5 s ago" in a.say("reconfigure at " + clock(guest_s(a) - 5)) or "Nothing waits for it" in a.vm.console.text[-400:]
        when = guest_s(a) + 7200
        said = a.say("reconfigure at " + clock(when))
        assert "  eth0  198.51.100.2/24   added\n" in said and "`undo` cancels it.\n" in said, said
        assert re.search(r"\(at %s\)> \Z" % clock(when), a.vm.console.text), a.vm.console.text[-200:]
        waits = "`reconfigure` waits for %s UTC; `undo` cancels it" % time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(when))
        assert waits in a.screen() and "waits for its time" in a.say("history") and addresses(a) == [1]
        assert "`undo` cancels it" in " ".join(a.say("reconfigure").split()) and "waits for its time" in a.say("reset config")
        at = len(a.vm.console.text)
        a.vm.agent.starts_anew()
        a.vm.console.begin("reboot")
        a.vm.console.wait_for("MITIGATOR gateway [^\n]*\n", 180, at)
        a.vm.console.wait_for("the files wait for their time: generation 1 runs", 180, at)
        a.prompt()
        are_up(a)
        assert addresses(a) == [1] and waits in a.screen(), a.vm.console.text[at:]
        assert re.search(r"\(at %s\)> \Z" % clock(when), a.vm.console.text), a.vm.console.text[at:]
        at = len(a.vm.console.text)
        a.output("date -s @%d" % (guest_s(a) + 3600))
        a.vm.console.wait_for(r"the clock was set forward by .*: what waits for %s UTC comes in " % clock(when), 60, at)
        assert addresses(a) == [1]
        a.output("date -s @%d" % (when - 2))
        wait_for("its time", lambda: addresses(a) == [2], 60)
        wait_for("the end of it", lambda: "waits for" not in a.screen(), 60)
        assert re.search(r" UTC +at %s +in force " % clock(when), a.say("history")), a.say("history")
        assert a.say("diff") == "no difference: what runs, the files\n"
