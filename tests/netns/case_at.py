"""A commit that waits for its time: what was checked then is applied, by whoever lives, or it is told why not."""
import calendar
import os
import re
import signal
import time

from case_commit import Dataplane
from case_confirm import Watch, is_over, let_time_pass
from case_generations import at_the_console, box_with_two, by_hand, read, runs, stored
from case_commit import NETWORK
from cases import case, expect
from frames import udp_socket
from lab import wait_until
from steps import Held, which

WAITS = re.compile(r"it is applied at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC, in 1 h \d+ min; `undo` cancels it\.\n"
                   r"The clock of this instance says \d\d:\d\d:\d\d now: compare it with the others'\.\n\Z")


def clock(seconds):
    """What the clock will show then."""
    return time.strftime("%H:%M:%S", time.gmtime(time.time() + seconds))


def box_that_waits(lab, *words, nic=3, seconds=7190, extra=""):
    """On its second generation, another one typed for in two hours; watched."""
    box = box_with_two(lab)
    box.write(nic=nic, extra=extra)
    at_the_console(box, "network.conf", NETWORK % nic)
    status, said = box.commit("--at", clock(seconds), *words)
    expect(status == 0 and "  eth0  192.0.2.%d/24   added\n" % nic in said and WAITS.search(said), status, said)
    runs(box, 2)
    return box, Watch(box)


def set_time(path, when, step=None):
    """It waits for then from now on."""
    _, _, rest = read(path).partition(" ")
    with open(path + ".later", "w") as f:
        f.write("%d %s" % (when, rest.replace("waits", step, 1) if step else rest))
    os.rename(path + ".later", path)


def let_it_come(box, when=None):
    """Its time is now; or then."""
    when = time.time() if when is None else when
    for path in (box.conf + "/generations/scheduled.at", box.run + "/scheduled"):
        set_time(path, when)


def is_there(box):
    return [os.path.exists(path) for path in (box.run + "/scheduled", box.run + "/applied/scheduled", box.conf + "/generations/scheduled.at",
                                              box.conf + "/generations/scheduled")]


def is_gone(box):
    wait_until("the end of it", lambda: is_there(box) == [False] * 4 and box.owner() is None, 60)


@case
def commit_that_waits_is_applied_in_its_time_as_it_was_checked(lab):
    box, watch = box_that_waits(lab)
    expect(is_there(box) == [True] * 4 and stored(box)[0] == 2, is_there(box))
    expect(re.search(r"^   at  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  console       waits for its time\n\Z", box.config("history")[1], re.M))
    expect(read(box.run + "/scheduled").splitlines()[1].endswith(" UTC; `undo` cancels it"), read(box.run + "/scheduled"))
    for words in (("commit",), ("commit", "--at", clock(60)), ("rollback", "1", "--force")):
        status, said = box.config(*words)
        expect(status == 1 and "a reconfigure waits for " in said and "nothing was changed; `undo` cancels it" in said, words, said)
    expect(not [name for name in os.listdir(box.conf) if name.startswith(".import")], os.listdir(box.conf))
    at_the_console(box, "network.conf", NETWORK % 9)    # which no one checked
    let_it_come(box)
    is_gone(box)
    runs(box, 3)
    expect(by_hand(box)["network.conf"] == NETWORK % 9, "the files were replaced")
    confirmed, about, texts = stored(box)
    expect(confirmed == 3 and about[3]["by"].startswith("at ") and texts[3]["network.conf"] == NETWORK % 3, confirmed, about)
    for part in ("eth0: address 192.0.2.3/24 added", "what waited for "):
        wait_until("it is told", lambda: part in watch.said(), 60)
    expect("NOT applied" not in watch.said(), watch.said())
    status, said = box.commit()                         # the control: nothing is in the way
    expect(status == 0, said)
    runs(box, 9)
    watch.kill()


@case
def time_that_the_clock_shows_soon_is_waited_for(lab):
    box = box_with_two(lab)
    watch = Watch(box)
    box.write(nic=3)
    for at, part in ((clock(-5), " ago: it is "), ("25:00", "is no time of the day"), ("soon", "is no time of the day")):
        status, said = box.commit("--at", at)
        expect(status == 1 and part in said and said.endswith("Nothing waits for it\n"), status, said)
        expect(is_there(box) == [False] * 4, is_there(box))
    status, said = box.commit("--at", clock(15))
    expect(status == 0, said)
    when = calendar.timegm(time.strptime(re.search(r"it is applied at (\S+ \S+) UTC", said)[1], "%Y-%m-%d %H:%M:%S"))
    wait_until("its time", lambda: not os.path.exists(box.run + "/scheduled"), 90)
    expect(time.time() >= when, "before its time")
    runs(box, 3)
    is_gone(box)
    watch.kill()


@case
def commit_that_waits_is_cancelled_by_undo(lab):
    box, watch = box_that_waits(lab)
    status, said = box.config("undo")
    expect(status == 0 and re.fullmatch(r"what waited for .* UTC is cancelled; the files stay as they are\n", said), status, said)
    expect(is_there(box) == [False] * 4 and stored(box)[0] == 2 and by_hand(box)["network.conf"] == NETWORK % 3, is_there(box))
    runs(box, 2)
    status, said = box.config("undo", "--force")        # the control: the next one is about what runs
    expect(status == 0 and "generation 1 takes the place of generation 2" in said, said)
    watch.kill()


@case
def commit_that_waits_outlives_crashes_and_a_boot(lab):
    box, watch = box_that_waits(lab)
    watch.kill()
    for name in ("gateway", "network"):
        box.processes[name].kill()
        box.processes[name].wait(30)
        box.start((name,))
    runs(box, 2)
    said = box.boot()
    expect("the files wait for their time: generation 2 runs" in said, said)
    runs(box, 2)
    let_it_come(box)       # while no one watches
    watch.start()
    is_gone(box)
    runs(box, 3)
    expect(stored(box)[0] == 3, stored(box)[0])
    watch.kill()
    expect(box.boot() == "")                            # the control: and it is over
    runs(box, 3)


@case
def time_that_passed_while_the_instance_was_off_is_told(lab):
    box, watch = box_that_waits(lab)
    watch.kill()
    set_time(box.conf + "/generations/scheduled.at", 1000000000)        # before this machine was switched on
    box.boot()
    runs(box, 2)
    watch.start()
    is_gone(box)
    expect("what waited for 2001-09-09 01:46:40 UTC was NOT applied: this instance was off then" in watch.said(), watch.said())
    runs(box, 2)
    expect(stored(box)[0] == 2, stored(box)[0])
    watch.kill()


@case
def clock_that_is_set_over_the_time_applies_nothing(lab):
    box, watch = box_that_waits(lab)
    let_it_come(box, time.time() - 300)
    is_gone(box)
    expect("UTC was NOT applied: the clock was set over it" in watch.said(), watch.said())
    runs(box, 2)
    watch.kill()


@case
def commit_that_fails_in_its_time_is_told_and_nothing_changes(lab):
    box, watch = box_that_waits(lab, extra="DATA_PLANE_VPN_PORT=5555\n")
    with udp_socket("a", ("0.0.0.0", 5555)):
        let_it_come(box)
        is_gone(box)
        said = watch.said()
    for part in ("UDP port 5555 is in use by another program", "gateway-dataplane failed: the NICs and the paths are as they were",
                 "UTC was NOT applied, and what ran before runs: `log config` tells why"):
        expect(part in said, part, said)
    runs(box, 2)
    expect(stored(box)[0] == 2 and stored(box)[1][3]["state"] == "failed", stored(box)[1])
    watch.kill()


@case
def commit_that_waits_may_wait_for_a_word_then(lab):
    box, watch = box_that_waits(lab, "--confirm", "10")
    expect(", then 10 min for `confirm`; `undo` cancels it" in read(box.run + "/scheduled"))
    let_it_come(box)
    is_gone(box)
    runs(box, 3)
    expect("UTC runs: `confirm` within 10 min, or what ran before comes back" in watch.said() and stored(box)[0] == 2, watch.said())
    expect(box.config("confirm") == (0, "generation 3 is confirmed\n"))
    expect(stored(box)[0] == 3 and not os.path.exists(box.run + "/pending"))
    watch.kill()


@case
def what_is_killed_while_it_applies_what_waited_is_undone_and_told(lab):
    box, watch = box_that_waits(lab)
    box.processes["gateway-dataplane"].kill()
    box.processes.pop("gateway-dataplane").wait(30)
    os.unlink(box.run + "/gateway-dataplane.sock")
    dataplane = Dataplane(box)
    let_it_come(box)
    dataplane.answer("plan")
    with dataplane.next("apply"):
        expect(read(box.conf + "/generations/scheduled.at").split()[2] == "begun", "a boot would try it again")
        os.kill(box.owner(), signal.SIGKILL)
    for verb in ("apply", "keep"):                      # of the one who undoes
        dataplane.answer(verb)
    is_over(box)
    is_gone(box)
    runs(box, 2)
    for part in ("were being applied when that was cut off: generation 2 runs", "was NOT applied: applying it was cut off"):
        expect(part in watch.said(), part, watch.said())
    watch.kill()


@case
def what_a_power_cut_left_of_what_waited_is_not_tried_again(lab):
    box, watch = box_that_waits(lab)
    watch.kill()
    set_time(box.conf + "/generations/scheduled.at", time.time() + 3600, "begun")
    expect("the files wait for their time: generation 2 runs" in box.boot())
    watch.start()
    is_gone(box)
    expect("was NOT applied: applying it was cut off" in watch.said(), watch.said())
    runs(box, 2)
    watch.kill()


@case
def disk_that_hangs_behind_a_change_keeps_nothing_from_being_undone(lab):
    box, watch = box_that_waits(lab, "--confirm", "10")
    held = Held(watch.process.pid, lab.binary, follow=True)
    let_it_come(box)
    held.go(which("unlinkat scheduled.at"))             # as the disk may hold it
    expect(held.at, "the partition's record is not dropped", held.passed)
    try:
        wait_until("the lock is let go", lambda: box.owner() is None, 60)
        runs(box, 3)
        let_time_pass(box)
        is_over(box)
        runs(box, 2)
        expect(os.path.exists(box.conf + "/generations/scheduled.at"), "the control: the record is there still")
    finally:
        held.let_go()
    is_gone(box)
    watch.kill()


@case
def clock_that_is_not_trusted_applies_nothing(lab):
    box = box_with_two(lab)
    with open(box.run + "/clock", "w") as f:
        f.write("the machine's clock said something\n")
    box.write(nic=3)
    status, said = box.commit("--at", clock(7190))
    expect(status == 0 and said.endswith("It is NOT trusted (`clock`): nothing is applied by it before `clock set`.\n"), status, said)
    watch = Watch(box)
    let_it_come(box)
    wait_until("a word on it", lambda: "the clock is not trusted (`clock`): what waits for " in watch.said(), 60)
    expect(is_there(box) == [True] * 4, is_there(box))
    runs(box, 2)
    let_it_come(box, time.time() + 3600)
    os.unlink(box.run + "/clock")                       # as `clock set` does
    wait_until("a word on it", lambda: "the clock was set: what waits for " in watch.said(), 60)
    runs(box, 2)
    let_it_come(box)                                    # the control
    is_gone(box)
    runs(box, 3)
    watch.kill()
