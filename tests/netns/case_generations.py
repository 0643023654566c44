"""Generations on the partition: what stays of them, and which files a boot takes."""
import array
import fcntl
import os
import re
import shutil
import subprocess
import termios

from case_commit import NETWORK, SERVICES, Box, Dataplane
from case_nics import addresses
from cases import case, expect
from frames import udp_socket
from lab import run, wait_until, wg_keys

FILES = ("vpn-private.conf", "vpn-public.conf", ".env", "network.conf")


def read(path):
    with open(path) as f:
        return f.read()


def stored(box):
    """(number that is confirmed, number -> its lines in about, number -> its files)"""
    top = box.conf + "/generations/"
    numbers = sorted(int(name) for name in os.listdir(top) if name.isdigit())
    about = {n: dict(line.split(" ", 1) for line in read("%s%d/about" % (top, n)).splitlines()) for n in numbers}
    texts = {n: {name: read("%s%d/%s" % (top, n, name)) for name in FILES} for n in numbers}
    return int((read(top + "confirmed") if os.path.exists(top + "confirmed") else "0").split()[0]), about, texts


CAME_UP = 1600000000        # the first set of box_with_two


def by_hand(box):
    return {name: read(box.conf + "/" + name) for name in FILES}


def at_the_console(box, name, text):
    subprocess.run([box.lab.applet("gateway"), "write", name, "--conf", box.conf], input=text, text=True, check=True,
                   stdout=subprocess.DEVNULL)


def runs(box, nic):
    expect(addresses(box.a) == {"192.0.2.%d/24" % nic: True}, addresses(box.a), nic)


def keep_the_files(box):
    """Each service does when it has started, not before."""
    wait_until("the files are kept", lambda: all(read("%s/applied/%s/network.conf" % (box.conf, name)) == read(box.conf + "/network.conf")
                                                 for name in SERVICES))


def box_with_two(lab):
    """A box on its second generation."""
    box = Box(lab)
    box.write()
    box.start()
    os.utime(box.conf + "/applied/gateway", (CAME_UP, CAME_UP))
    box.write(nic=2)
    expect(box.commit()[0] == 0)
    return box


@case
def commits_stay_as_generations_and_the_last_twenty_of_them(lab):
    box = box_with_two(lab)
    confirmed, about, texts = stored(box)
    expect(confirmed == 2 and texts[2] == by_hand(box), confirmed)
    expect([about[n]["by"] for n in (1, 2)] == ["boot", "console"] and all(a["state"] == "confirmed" for a in about.values()), about)
    expect(all(a["summary"] == "ok: 10.8.3.1/24, 1 peer, ports 4567 and 4568" for a in about.values()), about)
    expect(int(about[1]["when"]) == CAME_UP, about)     # and not when it was found
    expect(box.commit()[0] == 0 and stored(box)[0] == 2, "the same files again are no new generation")
    old = texts[2]["vpn-private.conf"]
    for n in range(3, 22):
        box.write(nic=n)
        if n == 20:
            fresh, public = wg_keys()
            box.key, box.peers[0] = fresh, (public, *box.peers[0][1:])
            box.write(nic=n)
        expect(box.commit("--force")[0] == 0, n)
    confirmed, about, texts = stored(box)
    expect(confirmed == 21 and sorted(about) == list(range(2, 22)), confirmed, sorted(about))
    key = old.split("PrivateKey = ")[1].split()[0]
    for n in range(2, 20):
        expect(key not in texts[n]["vpn-private.conf"] and "PrivateKey = (left out)" in texts[n]["vpn-private.conf"], n)
    expect(all(box.key in texts[n]["vpn-private.conf"] for n in (20, 21)))
    with open(box.conf + "/generations/19/vpn-private.conf", "w") as f:
        f.write(old)                                    # as a power cut leaves it, behind the note that it goes
    status, said = box.config("rollback", "19", "--force")
    expect(status == 0 and "the private key of generation 19 was replaced since: the one in force goes on" in said, said)
    now = by_hand(box)
    expect(key not in now["vpn-private.conf"] and box.key in now["vpn-private.conf"] and public in now["vpn-public.conf"], "a key came back", now)
    modes = run("find", box.conf + "/generations", "-perm", "/077")
    expect(not modes, modes)


@case
def boot_takes_files_that_were_changed_elsewhere(lab):
    box = box_with_two(lab)
    expect(box.boot() == "" and not os.path.exists(box.run + "/held"))
    runs(box, 2)
    box.write(nic=3)                                    # with the disk in another machine
    expect(box.boot() == "" and not os.path.exists(box.run + "/held"))
    runs(box, 3)
    keep_the_files(box)
    box.write(nic=1, more=0)                            # what was confirmed once, too
    shutil.copytree(box.conf + "/generations/1", box.dir + "/first")
    for name in FILES:
        shutil.copy(box.dir + "/first/" + name, box.conf)
    expect(box.boot() == "")
    runs(box, 1)
    keep_the_files(box)
    box.boot()
    confirmed, about, texts = stored(box)
    expect(texts[confirmed] == by_hand(box) and about[confirmed]["by"] == "boot", confirmed, about)


@case
def boot_holds_files_that_were_written_at_the_console_and_not_committed(lab):
    box = box_with_two(lab)
    at_the_console(box, "network.conf", NETWORK % 4)
    said = box.boot()
    expect("the files were written at the console, and never committed: generation 2 runs" in said, said)
    expect("generation 2 runs" in read(box.run + "/held"))
    runs(box, 2)
    box.boot()                                          # and again
    runs(box, 2)
    at_the_console(box, "vpn-public.conf", by_hand(box)["vpn-public.conf"] + "# more\n")
    expect("never committed" in box.boot())
    runs(box, 2)
    status, said = box.commit()
    expect(status == 0 and not os.path.exists(box.run + "/held"), status, said)
    runs(box, 4)
    expect(box.boot() == "")
    runs(box, 4)
    at_the_console(box, "network.conf", NETWORK % 5)
    box.write(nic=6)                                    # and then with the disk in another machine
    expect(box.boot() == "")
    runs(box, 6)


@case
def boot_holds_files_whose_commit_was_cut_off_or_failed(lab):
    box = box_with_two(lab)
    box.processes["gateway-dataplane"].kill()
    box.processes.pop("gateway-dataplane").wait(30)
    os.unlink(box.run + "/gateway-dataplane.sock")
    dataplane = Dataplane(box)
    box.write(nic=7)
    commit = box.begin("--force")
    dataplane.answer("plan")
    with dataplane.next("apply"):
        runs(box, 7)                                    # the control: half of it runs
        commit.kill()
        commit.communicate(timeout=60)
    dataplane.listener.close()
    said = box.boot()
    expect("the files were committed, and never confirmed: generation 2 runs" in said, said)
    runs(box, 2)
    expect(stored(box)[1][3]["state"] == "not confirmed", stored(box)[1])
    with udp_socket("a", ("0.0.0.0", 5555)):
        box.write(nic=8, extra="DATA_PLANE_VPN_PORT=5555\n")
        expect(box.commit("--force")[0] == 1)
    said = box.boot()
    expect("the files were committed, and failed: generation 2 runs" in said, said)
    runs(box, 2)


@case
def first_box_with_a_typo_in_its_vpn_files_has_its_addresses(lab):
    box = Box(lab)
    box.start()                                         # it came up once, with nothing to do
    box.boot()
    box.write()
    with open(box.conf + "/vpn-public.conf", "a") as f:
        f.write("no line of it\n")
    box.boot()
    runs(box, 1)
    box.write(nic=2)
    expect(box.commit()[0] == 0)
    with open(box.conf + "/vpn-public.conf", "a") as f:
        f.write("no line of it\n")
    box.boot()                                          # the control: once it had some, they go with the rest
    runs(box, 2)


@case
def applied_sets_of_an_earlier_release_are_taken_over(lab):
    box = box_with_two(lab)
    before = by_hand(box)
    shutil.rmtree(box.conf + "/generations")
    box.boot()
    confirmed, about, texts = stored(box)
    expect(confirmed == 1 and about[1]["by"] == "boot" and texts[1] == before, confirmed, about)
    for name in SERVICES[1:]:                           # which an older firmware finds
        expect({n: read("%s/applied/%s/%s" % (box.conf, name, n)) for n in FILES} == before, name)
    at_the_console(box, "network.conf", NETWORK % 5)
    expect("generation 1 runs" in box.boot())           # the control: they are what is run
    runs(box, 2)


@case
def rollback_puts_the_files_and_what_runs_back(lab):
    box = box_with_two(lab)
    for n in (3, 4, 5):
        box.write(nic=n, more=n)
        expect(box.commit("--force")[0] == 0, n)
    third = stored(box)[2][3]
    at_the_console(box, "network.conf", NETWORK % 9)
    status, said = box.config("rollback", "3", "--force")
    expect(status == 0 and "they are kept as generation 7" in said and said.endswith("generation 3 is put back, the files with it\n"), said)
    runs(box, 3)
    confirmed, about, texts = stored(box)
    expect(confirmed == 6 and texts[6] == third == by_hand(box) and about[6]["by"] == "put back 3", confirmed, about)
    expect(about[7]["state"] == "set aside" and texts[7]["network.conf"] == NETWORK % 9, about)
    expect(box.boot() == "")
    runs(box, 3)
    status, said = box.config("undo", "--force")
    expect(status == 0 and said.endswith("generation 5 is put back, the files with it\n"), said)
    runs(box, 5)
    status, said = box.config("history")
    rows = [line.split() for line in said.splitlines()]
    expect(status == 0 and [row[0] for row in rows] == list("12345678"), said)
    expect("put back 5" in said.splitlines()[7] and "in force" in said.splitlines()[7], said)


@case
def undo_tells_before_it_asks_that_the_files_which_wait_are_not_what_it_undoes(lab):
    box = box_with_two(lab)
    at_the_console(box, "network.conf", NETWORK % 9)
    before = by_hand(box), stored(box)
    told = "the files wait for `reconfigure`: `undo` is not about them, but about what RUNS, generation 2.\n" \
           "`rollback 2` discards them; `undo` does so too, and goes back to generation 1. `history` keeps them.\n"
    status, said = box.config("undo")
    expect(status == 4 and said == told + "nothing was changed: `undo --force` if it is meant\n", status, said)
    expect((by_hand(box), stored(box)) == before, "something was changed")
    runs(box, 2)
    status, said = box.config("rollback", "2")          # the word that it names
    expect(status == 0 and "they are kept as generation 3" in said and by_hand(box)["network.conf"] == NETWORK % 2, status, said)
    expect(stored(box)[0] == 2 and stored(box)[2][3]["network.conf"] == NETWORK % 9, stored(box)[1])
    runs(box, 2)
    at_the_console(box, "network.conf", NETWORK % 9)
    status, said = box.config("undo", "--force")
    expect(status == 0 and told in said, status, said)
    runs(box, 1)
    status, said = box.config("undo")                   # the control: no file waits
    expect(status == 0 and "the files wait" not in said, status, said)
    runs(box, 2)


@case
def rollback_that_would_ask_changes_no_file(lab):
    box = box_with_two(lab)
    box.write(nic=3, more=4)
    expect(box.commit()[0] == 0)
    before = by_hand(box), stored(box), addresses(box.a)
    status, said = box.config("rollback", "1")
    expect(status == 4 and "this cuts 4 of 5 peers: --force" in said, status, said)
    for words, part in ((("9",), "there is no generation 9"), ((), "usage: "), (("x",), "usage: "), (("0",), "usage: ")):
        status, said = box.config("rollback", *words)
        expect(status and part in said, words, said)
    expect(before == (by_hand(box), stored(box), addresses(box.a)), "something was changed")
    status, said = box.config("rollback", "1", "--force")       # the control
    expect(status == 0 and before[0] != by_hand(box), said)
    expect(not [name for name in os.listdir(box.conf) if name.startswith(".import")], os.listdir(box.conf))


@case
def rollback_behind_a_new_key_goes_on_with_the_new_key(lab):
    box = box_with_two(lab)
    old = box.key
    box.key, public = wg_keys()
    box.peers[0] = (public, *box.peers[0][1:])
    box.write(nic=3)
    expect(box.commit("--force")[0] == 0)
    status, said = box.config("rollback", "2", "--force")
    expect(status == 0 and "the private key of generation 2 was replaced since: the one in force goes on" in said, said)
    runs(box, 2)
    expect(public in by_hand(box)["vpn-public.conf"], "the section of our own has another key")
    text = by_hand(box)["vpn-private.conf"]
    expect(box.key in text and old not in text, "the key that was replaced is back")


@case
def diff_tells_what_differs_and_no_secret(lab):
    box = box_with_two(lab)
    expect(box.config("diff") == (0, "no difference: what runs, the files\n"), box.config("diff"))
    old, box.key = box.key, wg_keys()[0]
    psk = wg_keys()[0]
    box.write(nic=3, extra="TOKEN=secret\nMITIGATOR_VPN_MTU=1400\n")
    with open(box.conf + "/vpn-public.conf", "a") as f:
        f.write("PresharedKey = %s\n# \x1b[2J\n" % psk)
    status, said = box.config("diff")
    expect(status == 0 and said.endswith("- what runs   + the files\n"), said)
    lines = [" ".join(line.split()) for line in said.splitlines()]
    changes = [re.sub(r"^([-+]) \d+ ", r"\1 ", line) for line in lines]
    for line in ("network.conf", "- Address=192.0.2.2/24", "+ Address=192.0.2.3/24", "+ MITIGATOR_VPN_MTU=1400"):
        expect(line in changes, line, said)
    expect(sum("PrivateKey" in line for line in changes) == 2 and sum("PresharedKey" in line for line in changes) == 1, said)
    expect(not any(secret in said for secret in (old, box.key, psk, "=secret", "\x1b")), said)
    for words, gone, come in ((("1",), "generation 1", "what runs"), (("1", "2"), "generation 1", "generation 2")):
        status, said = box.config("diff", *words)
        expect(said.count("\n  - ") == said.count("\n  + ") == 1 and said.startswith("network.conf\n") and
               said.endswith("- %s   + %s\n" % (gone, come)), said)
    status, said = box.config("diff", "2", "7")
    expect(status == 1 and said == "there is no generation 7: `history` lists the generations\n", said)


@case
def readers_hold_up_no_commit_and_write_nothing(lab):
    box = Box(lab)
    box.write()
    box.start()
    expect(box.config("history") == (0, "there is no generation yet: the first `reconfigure` makes one\n"), box.config("history"))
    expect(not os.path.exists(box.conf + "/generations"), "who looks writes")
    box.write(nic=2)
    with open(box.conf + "/vpn-public.conf", "a") as f:
        f.write("".join("# %d: a remark of some length, as people write them into such files\n" % n for n in range(2000)))
    status, said = box.commit()
    expect(status == 0, status, said)
    reader = subprocess.Popen(box.words("diff", "1"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    waits = array.array("i", [0])
    wait_until("no one reads what it prints", lambda: fcntl.ioctl(reader.stdout, termios.FIONREAD, waits) == 0 and waits[0] > 60000, 60)
    box.write(nic=3)
    status, said = box.commit("--force")
    expect(status == 0, status, said)
    expect(reader.poll() is None, "the control: it prints still")
    expect(b"generation 1" in reader.communicate(timeout=60)[0])


@case
def words_that_a_verb_does_not_take_are_answered_in_the_words_of_the_console(lab):
    box = Box(lab)
    box.write()
    os.mkdir(box.run, 0o700)
    for words, usage in ((("commit", "--confirm", "99999"), "reconfigure [at HH:MM[:SS]] [confirm [MINUTES, 1..10080]]"), (("history", "--confirm", "5"), "history"),
                         (("confirm", "--force"), "confirm"), (("diff", "x"), "diff [N [M]]"), (("undo", "3"), "undo [--force]")):
        status, said = box.config(*words)
        expect(status == 2 and said.startswith("usage: " + usage) and said.count("\n") == 1 and "--run" not in said, words, said)
    expect(box.config("history")[0] == 0)               # the control
