"""Generations at the console of the appliance, and which one a boot runs."""
import re
import tempfile

from appliance import PATHS, Appliance, wait_for
from cases import case
from cluster import make_instances, network
from vm import make_data_image

OTHER = "198.51.100.%d/24"


def addresses(a):
    """The last number of those that these cases change."""
    return [int(n) for n in re.findall(r"inet 198\.51\.100\.(\d+)/24", a.output("ip -4 addr"))]


def conf(n):
    return network(1, "Address=%s\n" % (OTHER % n))


def type_file(a, name, text):
    console = a.vm.console
    at = console.begin("write " + name)
    console.wait_for(r"then a line with a single \.", 30, at)
    console.write((text.replace("\n", "\r") + ".\ryes\r").encode())
    console.finish("write " + name, at, 60)
    a.files[name] = text


def are_up(a):
    wait_for("both paths", lambda: all(a.is_up(path) for path in PATHS), 60)


@case
def boot_holds_what_was_typed_and_not_applied_and_undo_takes_back_what_was(image):
    one, = make_instances(1, image + "/gateway")
    files = {**one.files([one]), "network.conf": conf(1)}
    with Appliance("generations", image, files, instance=one, no_reboot=False) as a:
        a.prompt()
        are_up(a)
        type_file(a, "network.conf", conf(2))
        said = a.say("diff")
        assert re.search(r"- +\d+ +Address=198.51.100.1/24\n +\+ +\d+ +Address=198.51.100.2/24\n", said) and "Key" not in said, said
        at = len(a.vm.console.text)
        a.reboot()
        are_up(a)
        words = "the files were written at the console, and never committed: generation 1 runs"
        assert re.search("config: " + words, a.vm.console.text[at:]), "not loudly"
        assert addresses(a) == [1], addresses(a)
        assert words in a.screen() and "configuration    the one confirmed last" in a.say("show gateway")
        assert "ok: what was confirmed last, in place of the files" in a.say("boot")
        said = a.say("reconfigure")
        assert addresses(a) == [2] and words not in a.screen(), said
        type_file(a, "network.conf", conf(3))
        assert "address 198.51.100.3/24 added" in a.say("reconfigure")
        said = a.say("history")
        assert re.search(r"^ +1 .* boot +confirmed .*\n +2 .* console +confirmed .*\n +3 .* console +in force +ok: ", said, re.M), said
        assert "generation 2 is put back, the files with it" in a.say("undo") and addresses(a) == [2]
        assert a.say("diff") == "no difference: what runs, the files\n"
        assert "generation 1 is put back, the files with it" in a.say("rollback 1") and addresses(a) == [1]
        at = len(a.vm.console.text)
        a.reboot()                                      # the control: it is not held
        are_up(a)
        assert addresses(a) == [1] and "config:" not in a.vm.console.text[at:], a.vm.console.text[at:]
        a.write({"network.conf": conf(4)})              # as another machine would, with the disk in it
        a.output("sync")
        a.reboot()
        are_up(a)
        assert addresses(a) == [4], a.say("show")


def is_stopped(a):
    """It is let go on when it has the lock just now."""
    a.output("kill -STOP %d" % a.pid("config"))
    stopped = "is under way" not in a.say("reset config")
    if not stopped:
        a.output("kill -CONT %d" % a.pid("config"))
    return stopped


@case
def what_no_one_confirms_is_undone_also_by_a_crash_or_a_power_cut(image):
    one, = make_instances(1, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        make_data_image(work + "/disk", {**one.files([one]), "network.conf": conf(1)})
        with Appliance("confirm-1", image, None, disk=work + "/disk", instance=one) as a:
            a.prompt()
            are_up(a)
            type_file(a, "network.conf", conf(2))
            said = a.say("reconfigure confirm")
            assert re.search(r"applied\. `confirm` within 5 min, or generation 1 \(\d\d-\d\d-\d\d \d\d:\d\d\) comes back\.\n", said), said
            assert addresses(a) == [2] and re.search(r"\(unconfirmed [45]m\)> \Z", a.vm.console.text), a.vm.console.text[-200:]
            assert "unless `confirm` keeps it" in a.screen()
            assert "generation 2 waits for `confirm` or `undo`" in a.say("reconfigure")
            before = a.pid("config")
            a.output("kill -9 %d" % before)
            wait_for("another one that watches", lambda: a.pid("config") not in (0, before), 60)
            # the end of its time comes now
            a.output("cd /run/gateway; sed '1s/ .*/ 1/' pending > later; mv later pending")
            wait_for("what ran before", lambda: addresses(a) == [1], 60)
            a.vm.console.wait_for(r"\[\d\d:\d\d\] config: not confirmed: generation 1 runs again\n", 30, 0)
            a.vm.console.wait_for("config: the files were not confirmed in time: generation 1 runs", 30, 0)
            wait_for("its end", lambda: "unless `confirm`" not in a.screen(), 60)

            said = a.say("reconfigure confirm 5")
            assert "within 5 min, or generation 1 " in said and addresses(a) == [2], said
            assert a.say("confirm") == "generation 3 is confirmed\n"
            type_file(a, "network.conf", conf(4))
            assert "within 1440 min, or generation 3 " in a.say("reconfigure confirm 1440") and addresses(a) == [4]
            for words in ("reconfigure gateway", "gateway apply", "gateway-dataplane keep", "network revert"):
                said = a.say(words)                     # no part of it behind the back of what waits
                assert "change together, or not at all" in said and addresses(a) == [4], said
            said = a.say("reset config")
            assert said == "what was applied waits for `confirm` or `undo`: nothing was removed\n", said
            wait_for("a watch that is stopped and holds no lock", lambda: is_stopped(a), 60)
            a.output("sed -i '1s/ .*/ 0 applied/' /run/gateway/pending")
            said = a.say("reset config")                # no word would help it
            assert said == "a change is not over yet, see `show`: nothing was removed\n", said
            a.vm.kill()
        with Appliance("confirm-2", image, None, disk=work + "/disk", instance=one) as a:
            a.prompt()
            are_up(a)
            a.vm.console.wait_for("config: the files were committed, and never confirmed: generation 3 runs", 30, 0)
            assert addresses(a) == [2], a.say("show")
            said = a.say("diff")
            assert re.search(r"- +\d+ +Address=198.51.100.2/24\n +\+ +\d+ +Address=198.51.100.4/24\n", said), said
