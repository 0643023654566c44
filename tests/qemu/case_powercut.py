"""Power cuts while configuration is changed: what the disk is told is written down, and cut off anywhere afterwards.

The file system is checked as a boot does it. What would run then is asked of the program itself, its boot step on the files of the
disk that was cut off; machines boot from some of them and run just that."""
import collections
import os
import random
import re
import shutil
import subprocess
import tempfile

import writelog
from appliance import DATA, PATHS, Appliance, wait_for
from case_generations import addresses, are_up, conf
from case_partition import PATH_OF_TOOLS
from cases import case, soak
from cluster import make_instances
from vm import make_data_image

FILES = ("vpn-private.conf", "vpn-public.conf", ".env", "network.conf")
SETS = (1, 2, 3, 4)
HELD = r"the files were (?:written at the console, and never committed|committed, and never confirmed|set aside, and never committed)"

# From entry begin to end of the log the old set would run, or the new one.
Step = collections.namedtuple("Step", "name begin end old new")
# What a disk that was cut off says: the set that would run, whether it does so in place of the files, the generation, its history.
Found = collections.namedtuple("Found", "set held number history")


def sets(instance, number):
    """Four files, none of which is another set's."""
    files = {**instance.files([instance]), "network.conf": conf(number)}
    return {name: "# set %d\n%s" % (number, files[name]) for name in FILES}


def exported(image, work, files):
    os.makedirs(work + "/import", exist_ok=True)
    for name in FILES:
        with open("%s/import/%s" % (work, name), "w") as f:
            f.write(files[name])
    return subprocess.run(["gateway", "export", "--with-keys", "--conf", work + "/import"], executable=image + "/gateway",
                          stdout=subprocess.PIPE, text=True, check=True).stdout


# ---- what is cut off ----

def import_set(a, text):
    a.vm.agent.write_file("/run/set", text, 0o600)
    said = a.output("/sbin/gateway import < /run/set", 120)
    assert "applies them" in said, said


def say(a, line, part):
    said = a.say(line, 120)
    assert part in said, "%s did not say %r:\n%s" % (line, part, said)


def wait_for_its_time(a):
    """It is up now."""
    at = len(a.vm.console.text)
    a.output("cd /run/gateway; sed '1s/ .*/ 1/' pending > later; mv later pending")
    a.vm.console.wait_for("config: the files were not confirmed in time: generation [0-9]+ runs", 120, at)
    wait_for("its end", lambda: a.run("ls /run/gateway/pending")[0], 120)


def changes(texts):
    """(what is done, how, the set that would run behind it)"""
    def imports(n):
        return "import %d" % n, lambda a: import_set(a, texts[n])

    def says(line, part):
        return line, lambda a: say(a, line, part)
    return ((*imports(2), 1), (*says("reconfigure", "address 198.51.100.2/24 added"), 2),
            (*imports(3), 2), (*says("reconfigure confirm", "`confirm` keeps it"), 2), (*says("confirm", "is confirmed"), 3),
            (*says("rollback 1", "generation 1 is put back, the files with it"), 1),
            (*says("undo", "generation 3 is put back, the files with it"), 3),
            (*imports(4), 3), (*says("reconfigure confirm", "`confirm` keeps it"), 3), (*says("undo", "runs again"), 3),
            (*says("reconfigure confirm 5", "`confirm` keeps it"), 3), ("time", wait_for_its_time, 3),
            (*says("reconfigure", "address 198.51.100.4/24 added"), 4))


def record(image, work, instance, known):
    """(the log, its steps): of the disk `before`, from the machine's first boot on."""
    texts = {n: exported(image, work, known[n]) for n in SETS}
    make_data_image(work + "/before", known[1])
    shutil.copyfile(work + "/before", work + "/disk")
    log, steps, runs = work + "/log", [], 1
    with Appliance("powercut", image, None, instance=instance, extra_args=writelog.args(work + "/disk", log)) as a:
        a.prompt()
        are_up(a)
        for name in ("network", *PATHS):
            wait_for("what it keeps", lambda: a.run("ls %sapplied/%s/network.conf" % (DATA, name))[0] == 0, 60)
        a.output("sync")
        for name, change, new in changes(texts):
            begin = writelog.length(log)
            change(a)
            steps.append(Step(name, begin, writelog.length(log), runs, new))
            runs = new
        a.vm.kill()
    return writelog.entries(log), steps


# ---- what is left ----

def read_set(path):
    """None when one of them is not there."""
    texts = {}
    for name in FILES:
        try:
            with open("%s/%s" % (path, name)) as f:
                texts[name] = f.read()
        except FileNotFoundError:
            return None
    return texts


def set_in(known, path):
    return next((n for n in known if known[n] == read_set(path)), None)


def pointer(data):
    """The generation that is confirmed, 0 before there is any."""
    try:
        with open(data + "/generations/confirmed") as f:
            return int(f.readline())
    except FileNotFoundError:
        return 0


def each_generation_is_whole(known, data, where):
    directory = data + "/generations"
    for number in os.listdir(directory) if os.path.isdir(directory) else ():
        if number.isdigit():
            path = "%s/%s" % (directory, number)
            assert set_in(known, path), "%s: generation %s is none that was committed: %s" % (where, number, read_set(path))
            assert os.path.exists(path + "/about"), "%s: nothing is said of generation %s" % (where, number)


def look(image, work, path, known, where):
    """Found. The disk itself stays as it was cut off."""
    checked = work + "/checked"
    shutil.copyfile(path, checked)
    fsck = subprocess.run(["e2fsck", "-fp", checked], capture_output=True, text=True, env=PATH_OF_TOOLS)
    assert fsck.returncode in (0, 1), "%s: the file system is not whole: %s" % (where, fsck.stdout)
    with tempfile.TemporaryDirectory(dir=work) as top:
        data, run = top + "/data", top + "/run"
        os.mkdir(data)
        os.mkdir(run)
        subprocess.run(["debugfs", "-R", "rdump / " + data, checked], capture_output=True, check=True, env=PATH_OF_TOOLS)
        each_generation_is_whole(known, data, where)
        before = pointer(data)
        assert not before or set_in(known, "%s/generations/%d" % (data, before)), where + ": what is confirmed is not there"
        words = ["--conf", data, "--run", run]
        boot = subprocess.run(["config", "boot", *words], executable=image + "/gateway", capture_output=True, text=True)
        held = os.path.exists(run + "/held")
        assert boot.returncode == 0, "%s: the boot step failed: %s" % (where, boot.stderr)
        # what is held is told in a line, and there is no other reason for words
        assert bool(re.search("config: " + HELD, boot.stderr)) == held and boot.stderr.count("\n") == held, where + ": " + boot.stderr
        history = subprocess.run(["config", "history", *words], executable=image + "/gateway", capture_output=True, text=True)
        each_generation_is_whole(known, data, where + ", booted")
        number = pointer(data)
        assert number >= before, "%s: generation %d was confirmed, and then %d" % (where, before, number)
        confirmed = set_in(known, "%s/generations/%d" % (data, number)) if number else None
        runs = set_in(known, run + "/applied/confirmed" if held else data)
        assert runs, "%s: what runs is a mixture: %s" % (where, read_set(data))
        assert confirmed in (runs, None), "%s: set %s runs, and set %s is confirmed:\n%s" % (where, runs, confirmed, history.stdout)
        return Found(runs, held, number, history.stdout + history.stderr)


def boot_it(image, instance, path, found, where):
    with Appliance("powercut-boots", image, None, disk=path, instance=instance) as a:
        a.prompt()
        are_up(a)
        wait_for("the address of the NIC", lambda: addresses(a), 60)
        assert addresses(a) == [found.set], "%s: %s is there, expected %s:\n%s" % (where, addresses(a), found, a.say("show"))
        assert bool(re.search(HELD, a.screen())) == found.held, "%s: expected %s:\n%s" % (where, found, a.say("show"))
        said = a.say("history")
        assert re.search(r"^ +%d .* in force" % found.number, said, re.M), "%s: expected %s:\n%s" % (where, found, said)


# ---- the cases ----

def choose(steps, count, lots):
    """(entry, step) in the order of the log; each step gets as many as the next."""
    return sorted((lots.randint(step.begin, step.end), i % len(steps)) for i, step in
                  ((i, steps[i % len(steps)]) for i in range(count)))


def check_cuts(image, count, boot_count):
    instance, = make_instances(1, image + "/gateway")
    known = {n: sets(instance, n) for n in SETS}
    with tempfile.TemporaryDirectory() as work:
        log, steps = record(image, work, instance, known)
        quiet = [step.name for step in steps if not any(entry.flush for entry in log[step.begin:step.end])]
        assert not quiet or quiet == ["time"], "nothing was flushed to the disk by %s: this case shows nothing" % quiet
        cuts, seen = writelog.Cuts(work + "/before", log, work), collections.Counter()
        for number, (cut, index) in enumerate(choose(steps, count, random.Random(count))):
            step = steps[index]
            where = "cut %d behind write %d of %d, in %s" % (number, cut, len(log), step)
            cuts.take(cut, number, work + "/cut")
            found = look(image, work, work + "/cut", known, where)
            assert found.set in (step.old, step.new), "%s: set %d runs:\n%s" % (where, found.set, found.history)
            seen["new" if found.set != step.old else "old" if step.old != step.new else "same"] += 1
            seen["held"] += found.held
            if number % (count // boot_count) == count // boot_count // 2:
                boot_it(image, instance, work + "/cut", found, where)
        assert seen["old"] and seen["new"] and seen["held"], "not each outcome was seen: %s" % seen
        cuts.take(len(log), 0, work + "/cut")
        found = look(image, work, work + "/cut", known, "at the end")
        assert (found.set, found.held) == (4, False), "at the end: %s" % (found,)
        print("  %d writes and flushes, %d cuts: %s" % (len(log), count, dict(seen)), flush=True)


@case
def power_cut_at_any_write_leaves_the_old_set_or_the_new_one(image):
    check_cuts(image, 20, 1)


@soak
def four_hundred_power_cuts_leave_the_old_set_or_the_new_one(image):
    check_cuts(image, 400, 10)
