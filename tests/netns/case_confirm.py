"""A commit that is undone unless someone confirms it, or when its process is killed."""
import os

from case_commit import NETWORK, Dataplane
from case_generations import box_with_two, by_hand, read, runs, stored
from cases import case, expect
from lab import wait_until


class Watch:
    """The process that undoes, as PID 1 starts it."""

    def __init__(self, box):
        self.box, self.log = box, box.dir + "/watch.log"
        self.start()

    def start(self):
        with open(self.log, "a") as log:
            self.process = self.box.a.start(self.box.lab.applet("config"), "watch", "--conf", self.box.conf, "--run", self.box.run,
                                            stderr=log)

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def said(self):
        return read(self.log)


def let_time_pass(box):
    """The end of the time to confirm comes now."""
    number, _, words = read(box.run + "/pending").partition(" ")
    with open(box.run + "/pending.later", "w") as f:
        f.write("%s 1\n%s" % (number, words.partition("\n")[2]))
    os.rename(box.run + "/pending.later", box.run + "/pending")


def is_over(box):
    wait_until("the end of it", lambda: not os.path.exists(box.run + "/pending"), 60)


def box_that_waits(lab):
    """Its third generation runs, unconfirmed."""
    box = box_with_two(lab)
    before = stored(box)
    box.write(nic=3, more=2)
    status, said = box.commit("--confirm", "10")
    expect(status == 0 and "generation 3 runs until " in said and "unless `confirm` keeps it" in said, status, said)
    runs(box, 3)
    expect(stored(box)[0] == before[0] == 2, "confirmed before anyone said so")
    return box


@case
def commit_that_no_one_confirms_is_undone(lab):
    box = box_that_waits(lab)
    watch = Watch(box)
    for words, part in ((("commit",), "generation 3 waits for `confirm` or `undo`: nothing was changed"),
                        (("rollback", "1", "--force"), "generation 3 waits for")):
        status, said = box.config(*words)
        expect(status == 1 and part in said, words, said)
    expect(not [name for name in os.listdir(box.conf) if name.startswith(".import")], os.listdir(box.conf))
    runs(box, 3)
    let_time_pass(box)
    is_over(box)
    runs(box, 2)
    expect(box.state()[1]["gateway-dataplane"][3] == box.state()[1]["gateway"][3] and len(box.state()[1]["gateway"][3]) == 1)
    words = "the files were not confirmed in time: generation 2 runs, which was confirmed last"
    expect(words in watch.said() and words in read(box.run + "/held"), watch.said())
    expect(stored(box)[1][3]["state"] == "undone", stored(box)[1])
    expect("Address=192.0.2.3/24" in box.config("diff")[1])
    watch.kill()
    said = box.boot()
    expect("the files were committed, and never confirmed: generation 2 runs" in said, said)
    runs(box, 2)
    watch.start()
    expect(box.commit("--confirm", "1")[0] == 0 and not os.path.exists(box.run + "/held"), "held, and it runs")
    expect(box.config("confirm")[0] == 0)               # the control: and now it is meant
    runs(box, 3)
    expect(stored(box)[0] == 4 and not os.path.exists(box.run + "/pending"), stored(box)[0])
    watch.kill()


@case
def commit_that_is_confirmed_stays(lab):
    box = box_that_waits(lab)
    watch = Watch(box)
    expect(box.config("confirm") == (0, "generation 3 is confirmed\n"))
    expect(stored(box)[0] == 3 and stored(box)[1][3]["state"] == "confirmed" and not os.path.exists(box.run + "/pending"))
    for name in ("gateway", "gateway-dataplane"):
        wait_until("it is kept", lambda: read("%s/applied/%s/network.conf" % (box.conf, name)) == NETWORK % 3)
    status, said = box.config("confirm")
    expect(status == 1 and said == "nothing waits to be confirmed\n", said)
    watch.kill()
    expect(box.boot() == "")
    runs(box, 3)


@case
def word_that_is_waited_for_outlives_every_crash(lab):
    box = box_that_waits(lab)
    watch = Watch(box)
    watch.kill()
    for name in ("gateway", "network"):                 # each goes on with what ran, and keeps nothing that is not confirmed
        box.processes[name].kill()
        box.processes[name].wait(30)
        box.start((name,))
    runs(box, 3)
    kept = [read("%s/applied/%s/network.conf" % (box.conf, name)) for name in box.services]
    expect(kept == [NETWORK % 2] * 3, kept)
    let_time_pass(box)                                  # while no one watches
    watch.start()
    is_over(box)
    runs(box, 2)
    watch.kill()


@case
def power_cut_while_a_word_is_waited_for_boots_what_was_confirmed(lab):
    box = box_that_waits(lab)
    said = box.boot()
    expect("the files were committed, and never confirmed: generation 2 runs" in said, said)
    runs(box, 2)
    expect(len(box.state()[1]["gateway"][3]) == 1)


@case
def undo_takes_back_at_once_what_waits(lab):
    box = box_that_waits(lab)
    status, said = box.config("undo")
    expect(status == 0 and said.endswith("what was confirmed before runs again; the files stay as they are\n"), said)
    runs(box, 2)
    expect(by_hand(box)["network.conf"] == NETWORK % 3 and not os.path.exists(box.run + "/pending"))
    status, said = box.commit()                         # the control: nothing is in the way
    expect(status == 0, said)
    runs(box, 3)


def killed_at(lab, verb, steps, nic, held):
    """A commit whose process is killed when it asks the dataplane for this, which is answered by hand; steps: what that is asked by the
    one who makes an end of it. nic: what runs then."""
    box = box_with_two(lab)
    box.processes["gateway-dataplane"].kill()
    box.processes.pop("gateway-dataplane").wait(30)
    os.unlink(box.run + "/gateway-dataplane.sock")
    watch, dataplane = Watch(box), Dataplane(box)
    box.write(nic=7, more=2)
    commit = box.begin("--force")
    for step in ("plan", "apply", "keep"):
        with dataplane.next(step) as call:
            if step == verb:
                commit.kill()
                commit.communicate(timeout=60)
                break
            call.send(b"x\0")
    for step in steps:
        dataplane.answer(step)
    is_over(box)
    runs(box, nic)
    expect(os.path.exists(box.run + "/held") == held, "held")
    expect(("were being applied when that was cut off: generation 2 runs" in watch.said()) == held, watch.said())
    expect(stored(box)[0] == (2 if nic == 2 else 3), stored(box)[1])
    commit = box.begin("--force")
    for step in ("plan", "apply", "keep"):
        dataplane.answer(step)
    said = commit.communicate(timeout=60)[0]
    expect(commit.returncode == 0, said)
    runs(box, 7)
    watch.kill()


@case
def commit_killed_before_anything_is_applied_changes_nothing(lab):
    killed_at(lab, "plan", (), 2, False)


@case
def commit_killed_half_way_is_undone(lab):
    killed_at(lab, "apply", ("apply", "keep"), 2, True)


@case
def commit_killed_once_it_is_confirmed_is_the_new_one(lab):
    killed_at(lab, "keep", ("keep",), 7, False)
