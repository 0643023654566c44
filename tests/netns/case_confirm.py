"""A commit that is undone unless someone confirms it, or when its process is killed."""
import contextlib
import os
import signal
import subprocess

from case_commit import NETWORK, Box, Dataplane
from case_disk import children, frozen, mounted
from case_generations import box_with_two, by_hand, read, runs, stored
from cases import case, expect, soak
from frames import udp_socket
from lab import run, wait_until


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
    """Of what runs. Who undid it may have the lock for longer: the partition is told behind that."""
    wait_until("the end of it", lambda: not os.path.exists(box.run + "/pending"), 60)


def box_that_waits(lab):
    """Its third generation runs, unconfirmed."""
    box = box_with_two(lab)
    before = stored(box)
    box.write(nic=3, more=2)
    status, said = box.commit("--confirm", "10")
    expect(status == 0 and "applied. `confirm` within 10 min, or generation 2 (" in said and said.endswith(") comes back.\n"), status, said)
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
    wait_until("it is known", lambda: stored(box)[1][3]["state"] == "undone", 60)
    status, said = box.config("undo", "--force")        # right behind it: what is to be undone has been
    expect(status == 1 and "what was confirmed last runs already" in said and stored(box)[0] == 2, status, said)
    runs(box, 2)
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


def box_with_a_dataplane_by_hand(lab):
    """On its second generation, watched."""
    box = box_with_two(lab)
    box.processes["gateway-dataplane"].kill()
    box.processes.pop("gateway-dataplane").wait(30)
    os.unlink(box.run + "/gateway-dataplane.sock")
    return box, Watch(box), Dataplane(box)


@case
def commit_that_cannot_be_undone_waits_until_it_is(lab):
    box, watch, dataplane = box_with_a_dataplane_by_hand(lab)
    box.write(nic=7, more=2)
    commit = box.begin("--force")
    for verb, status in (("plan", 0), ("apply", 1), ("undo", 1)):
        dataplane.answer(verb, status)
    said = commit.communicate(timeout=60)[0]
    expect(commit.returncode == 1 and "not all could be put back: gateway-dataplane" in said, said)
    runs(box, 2)
    with dataplane.next("apply") as call:               # of the one that watches, and fails
        expect("generation 3 failed, and is not undone everywhere yet: gateway-dataplane" in read(box.run + "/pending"))
        call.send(b"x\1")
    wait_until("it is tried later", lambda: "tried again in" in watch.said(), 60)
    expect("generation 3 is to be undone, and is not everywhere yet: gateway-dataplane" in read(box.run + "/pending"))
    dataplane.listener.close()
    os.unlink(box.run + "/gateway-dataplane.sock")
    dataplane = Dataplane(box)                          # it was started again
    for verb in ("apply", "keep"):
        dataplane.answer(verb)
    is_over(box)
    runs(box, 2)
    expect(stored(box)[0] == 2, stored(box)[0])
    expect("the files could not be applied: generation 2 runs" in watch.said(), watch.said())
    watch.kill()


@case
def undo_that_is_tried_again_tells_why_it_was_begun(lab):
    box, watch, dataplane = box_with_a_dataplane_by_hand(lab)
    box.write(nic=7, more=2)
    commit = box.begin("--force", "--confirm", "10")
    for verb in ("plan", "apply"):
        dataplane.answer(verb)
    said = commit.communicate(timeout=60)[0]
    expect(commit.returncode == 0 and "`confirm` within 10 min" in said, said)
    let_time_pass(box)
    dataplane.answer("apply", 1)                        # of the one that watches, and fails
    wait_until("it is tried later", lambda: "tried again in" in watch.said(), 60)
    dataplane.listener.close()
    os.unlink(box.run + "/gateway-dataplane.sock")
    dataplane = Dataplane(box)                          # it was started again
    for verb in ("apply", "keep"):
        dataplane.answer(verb)
    is_over(box)
    runs(box, 2)
    said = watch.said()
    expect("the files were not confirmed in time: generation 2 runs" in said and "cut off" not in said, said)
    watch.kill()


@case
def commit_of_the_same_files_that_is_killed_half_way_is_put_right(lab):
    box, watch, dataplane = box_with_a_dataplane_by_hand(lab)
    commit = box.begin("--force")
    dataplane.answer("plan")
    with dataplane.next("apply"):
        commit.kill()
        commit.communicate(timeout=60)
    for verb in ("apply", "keep"):                      # not kept at once, as what was confirmed
        dataplane.answer(verb)
    is_over(box)
    runs(box, 2)
    expect(not os.path.exists(box.run + "/held") and stored(box)[0] == 2 and stored(box)[1][2]["state"] == "confirmed", stored(box)[1])
    watch.kill()


@contextlib.contextmanager
def box_on_a_disk(lab):
    """Its second generation runs, the third waits: in a file system of its own, which is mounted."""
    box = Box(lab)
    with mounted(lab, box.conf):
        box.write()
        box.start()
        for nic, words in ((2, ()), (3, ("--confirm", "10"))):
            box.write(nic=nic)
            expect(box.commit(*words)[0] == 0, nic)
        yield box
        for process in box.processes.values():
            process.terminate()
            expect(process.wait(60) == 0)


@case
def disk_that_hangs_holds_up_no_undo(lab):
    with box_on_a_disk(lab) as box:
        watch = Watch(box)
        with frozen(box.conf):
            let_time_pass(box)
            is_over(box)
            runs(box, 2)
            expect("generation 2 runs, which was confirmed last" in read(box.run + "/held"), "held")
        wait_until("the partition knows it", lambda: stored(box)[1][3]["state"] == "undone", 60)
        wait_until("its end", lambda: box.owner() is None, 60)
        expect(box.commit("--confirm", "10")[0] == 0)
        runs(box, 3)
        with frozen(box.conf):
            undo = subprocess.Popen(box.words("undo"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            said = "".join(iter(undo.stdout.readline, "what was confirmed before runs again; the files stay as they are\n"))
            runs(box, 2)
            expect(not os.path.exists(box.run + "/pending"), said)
        undo.communicate(timeout=60)
        expect(undo.returncode == 0 and stored(box)[1][4]["state"] == "undone", stored(box)[1])
        watch.kill()


@case
def confirm_that_the_disk_does_not_take_says_so(lab):
    with box_on_a_disk(lab) as box:
        run("mount", "-o", "remount,ro", box.conf)
        status, said = box.config("confirm")
        expect(status == 1 and "generation 3 runs, but the partition did not take it" in said and "Read-only file system" in said and
               "A reboot runs generation 2" in said and "is confirmed" not in said, status, said)
        runs(box, 3)
        expect(not os.path.exists(box.run + "/pending") and stored(box)[0] == 2, stored(box)[0])
        run("mount", "-o", "remount,rw", box.conf)
        said = box.boot()                                   # as it said
        expect("never confirmed: generation 2 runs" in said, said)
        runs(box, 2)
        expect(box.commit("--confirm", "10")[0] == 0)
        status, said = box.config("confirm")            # the control
        expect(status == 0 and said == "generation 4 is confirmed\n", status, said)
        runs(box, 3)


@case
def undo_behind_a_commit_that_failed_asks(lab):
    box = box_with_two(lab)
    with udp_socket("a", ("0.0.0.0", 5555)):
        box.write(nic=8, extra="DATA_PLANE_VPN_PORT=5555\n")
        expect(box.commit("--force")[0] == 1)
    runs(box, 2)
    status, said = box.config("undo")
    expect(status == 4 and "generation 3, the last that was applied, has been put back already (failed)" in said and
           "to generation 1" in said, status, said)
    runs(box, 2)
    status, said = box.config("undo", "--force")        # the control: it is meant
    expect(status == 0 and "generation 1 takes the place of generation 2\n" in said, said)
    runs(box, 1)


def killed_at(lab, verb, steps, nic, held):
    """A commit whose process is killed when it asks the dataplane for this, which is answered by hand; steps: what that is asked by the
    one who makes an end of it. nic: what runs then."""
    box, watch, dataplane = box_with_a_dataplane_by_hand(lab)
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
    wait_until("the lock", lambda: box.owner() is None, 60)
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


@soak
def service_that_hangs_holds_no_one_who_asks_it_for_ever(lab):
    box = box_that_waits(lab)
    box.processes["gateway"].send_signal(signal.SIGSTOP)
    watch = Watch(box)
    try:
        wait_until("it is asked", lambda: children(watch.process.pid), 60)
        first = children(watch.process.pid)
        wait_until("another one asks", lambda: children(watch.process.pid) not in ([], first), 120)
        expect(len(children(watch.process.pid)) == 1, "they gather", children(watch.process.pid))
        runs_as = read(box.run + "/pending")
        expect(runs_as.startswith("3 "), "it is not waited for any more", runs_as)
    finally:
        box.processes["gateway"].send_signal(signal.SIGCONT)
    expect(box.config("confirm")[0] == 0)               # the control
    watch.kill()
