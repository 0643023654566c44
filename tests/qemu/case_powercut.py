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
HELD = r"the files were (?:written at the console, and never committed|committed, and never confirmed|set aside, and never committed)"

# From entry begin to end of the log the old set would run, or the new one.
Step = collections.namedtuple("Step", "name begin end old new")
# Four files, none of which is another number's, and by which of two keys: "-" when they have lost theirs.
Set = collections.namedtuple("Set", "number key")
# What a disk that was cut off says: the set that would run, whether it does so in place of the files, the generation, its history.
Found = collections.namedtuple("Found", "set held number history")

ONE_A, TWO_A, THREE_B, FOUR_B = Set(1, "A"), Set(2, "A"), Set(3, "B"), Set(4, "B")
ONE_B = Set(1, "B")             # put back when its key was replaced


def files_of_set(instance, number):
    files = {**instance.files([instance]), "network.conf": conf(number)}
    port = str(4560 + number)
    files = {name: text.replace("4567", port) for name, text in files.items()}
    return {name: files[name] if name == "vpn-private.conf" else "# set %d\n%s" % (number, files[name]) for name in FILES}


def known_sets(instances):
    """[(Set, its files)]"""
    known = []
    for key, instance in zip("AB", instances):
        for number in (1, 2, 3, 4):
            files = files_of_set(instance, number)
            lost = {**files, "vpn-private.conf": files["vpn-private.conf"].replace(instance.private_key, "(left out)")}
            known += [(Set(number, key), files), (Set(number, "-"), lost)]
    return known


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
    assert "nothing runs before `reconfigure`" in said, said


def say(a, line, part):
    said = a.say(line, 120)
    assert part in said, "%s did not say %r:\n%s" % (line, part, said)


def wait_for_its_time(a):
    """It is up now. The partition is told last."""
    at, number = len(a.vm.console.text), a.output("cat /run/gateway/pending").split()[0]
    a.output("cd /run/gateway; sed '1s/ .*/ 1/' pending > later; mv later pending")
    a.vm.console.wait_for("config: the files were not confirmed in time: generation [0-9]+ runs", 120, at)
    wait_for("its end", lambda: a.run("ls /run/gateway/pending")[0], 120)
    wait_for("the history", lambda: re.search("^ *%s .* undone" % number, a.say("history"), re.M), 120)


def changes(texts):
    """(what is done, how, the set that would run behind it)"""
    def imports(which):
        return "import %d" % which.number, lambda a: import_set(a, texts[which])

    def says(line, part):
        return line, lambda a: say(a, line, part)
    return ((*imports(TWO_A), ONE_A), (*says("reconfigure", "address 198.51.100.2/24 added"), TWO_A),
            (*imports(THREE_B), TWO_A), (*says("reconfigure confirm", "`confirm` within"), TWO_A),
            (*says("confirm", "is confirmed"), THREE_B), (*says("rollback 1", "generation 1 is put back, the files with it"), ONE_B),
            (*says("undo", "generation 3 is put back, the files with it"), THREE_B),
            (*imports(FOUR_B), THREE_B), (*says("reconfigure confirm", "`confirm` within"), THREE_B),
            (*says("undo", "runs again"), THREE_B),
            (*says("reconfigure confirm 5", "`confirm` within"), THREE_B), ("time", wait_for_its_time, THREE_B),
            (*says("reconfigure", "address 198.51.100.4/24 added"), FOUR_B))


def record(image, work, instance, known):
    """(the log, its steps): of the disk `before`, from the machine's first boot on."""
    texts = {which: exported(image, work, files) for which, files in known if which in (TWO_A, THREE_B, FOUR_B)}
    make_data_image(work + "/before", dict(known)[ONE_A])
    shutil.copyfile(work + "/before", work + "/disk")
    log, steps, runs = work + "/log", [], ONE_A
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
    texts = read_set(path)
    return next((which for which, files in known if files == texts), None)


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
            which = set_in(known, path)
            assert which, "%s: generation %s is none that was committed: %s" % (where, number, read_set(path))
            with open(path + "/about") as f:
                about = f.read()
            assert which.key != "-" or "lost-key" in about, "%s: generation %s has lost its key: %s" % (where, number, about)


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
        confirmed = set_in(known, "%s/generations/%d" % (data, number))
        runs = set_in(known, run + "/applied/confirmed" if held else data)
        assert runs, "%s: what runs is a mixture: %s" % (where, read_set(data))
        assert confirmed == runs, "%s: set %s runs, and %s is confirmed:\n%s" % (where, runs, confirmed, history.stdout)
        return Found(runs, held, number, history.stdout + history.stderr)


def boot_it(image, instance, path, found, where):
    with Appliance("powercut-boots", image, None, disk=path, instance=instance) as a:
        a.prompt()
        are_up(a)
        wait_for("the address of the NIC", lambda: addresses(a), 60)
        assert addresses(a) == [found.set.number], "%s: %s is there, expected %s:\n%s" % (where, addresses(a), found, a.say("show"))
        assert bool(re.search(HELD, a.screen())) == found.held, "%s: expected %s:\n%s" % (where, found, a.say("show"))
        said = a.say("history")
        assert re.search(r"^ +%d .* in force" % found.number, said, re.M), "%s: expected %s:\n%s" % (where, found, said)


# ---- the cases ----

def choose(log, steps, count):
    """(entry, step, the share of loose writes that is there) in the order of the log. Each step gets as many as the next, every other
    one with writes under way; the first is where the first commit begins."""
    lots, loose, cuts = random.Random(count), writelog.loose_counts(log), [(steps[1].begin, 1, 0)]
    for i in range(1, count):
        step = steps[i % len(steps)]
        places = range(step.begin, step.end + 1)
        if i % 2:
            cuts.append((lots.choice([at for at in places if loose[at] > 1] or places), i % len(steps), i // 2 % 2 * 0.5))
        else:
            cuts.append((lots.choice(places), i % len(steps), lots.choice((0, 0.5, 1))))
    return sorted(cuts)


def check_cuts(image, count, boot_count):
    one, other = make_instances(2, image + "/gateway")
    other.n = one.n                                     # its key is one that comes later
    known = known_sets((one, other))
    with tempfile.TemporaryDirectory() as work:
        log, steps = record(image, work, one, known)
        quiet = [step.name for step in steps if not any(entry.flush for entry in log[step.begin:step.end])]
        assert not quiet, "nothing was flushed to the disk by %s: this case shows nothing" % quiet
        cuts, seen, lots = writelog.Cuts(work + "/before", log, work), collections.Counter(), random.Random(count)
        for number, (cut, index, share) in enumerate(choose(log, steps, count)):
            step = steps[index]
            where = "cut %d behind write %d of %d, in %s" % (number, cut, len(log), step)
            lost = cuts.take(cut, share, lots, work + "/cut")
            found = look(image, work, work + "/cut", known, where)
            assert found.set in (step.old, step.new), "%s: %s runs:\n%s" % (where, found.set, found.history)
            seen["new" if found.set != step.old else "old" if step.old != step.new else "same"] += 1
            seen["held"] += found.held
            seen["with writes lost"] += lost > 0
            if number % (count // boot_count) == count // boot_count // 2:
                boot_it(image, one, work + "/cut", found, where)
                seen["booted"] += 1
        missing = {"old", "held", "with writes lost", "booted"} - set(+seen)
        assert not missing, "no cut was %s: this case shows nothing: %s" % (missing, seen)
        cuts.take(len(log), 0, lots, work + "/cut")
        found = look(image, work, work + "/cut", known, "at the end")
        assert (found.set, found.held) == (FOUR_B, False), "at the end: %s" % (found,)
        print("  %d writes and flushes, %d cuts: %s" % (len(log), count, dict(seen)), flush=True)


@case
def power_cut_at_any_write_leaves_the_old_set_or_the_new_one(image):
    check_cuts(image, 20, 1)


@soak
def four_hundred_power_cuts_leave_the_old_set_or_the_new_one(image):
    check_cuts(image, 400, 10)
