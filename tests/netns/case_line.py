"""The line at the console on a terminal that behaves as a serial one: what an operator sees of what is typed."""
import os
import random
import re
import shutil
import time

from case_console import Terminal
from cases import case, expect, soak
from lab import wait_until, wg_keys
from pair import files

SEQUENCE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|\x1b([78])")


def rows(text):
    """What a screen shows, a row each, that has no end at the bottom."""
    screen, at, kept, i = [""], 0, 0, 0
    while i < len(text):
        found = SEQUENCE.match(text, i)
        if found:
            count, final = found[1], found[2] or found[3]
            if final in "CD":
                at += int(count) * (1 if final == "C" else -1)
            elif final == "K":
                screen[-1] = screen[-1][:at]
            elif final == "J":
                screen = [""]
            elif final == "7":
                kept = at
            elif final == "8":
                at = kept
            elif final == "H" and not count:
                at = 0
            else:
                expect(found[0] in ("\x1b[999;999H", "\x1b[6n"), found[0])
            i = found.end()
            continue
        c = text[i]
        i += 1
        if c == "\n":
            screen.append("")
            at = 0
        elif c == "\r":
            at = 0
        elif c == "\b":
            at -= 1
        else:
            expect(c >= " ", c)
            row = screen[-1].ljust(at)
            screen[-1] = row[:at] + c + row[at + 1:]
            at += 1
    return screen


class Console:
    """A console and what its screen shows."""

    def __init__(self, lab):
        self.terminal = Terminal(lab.binary, "console")
        self.see("gateway> ")

    def see(self, row, above=1, timeout=30):
        """Waits for the last row to be this one, and so many above it: what was above it since the last time."""
        def shown():
            self.terminal.wait("")
            seen = rows(self.terminal.text)
            return len(seen) > above and seen[-1].rstrip() == row.rstrip()
        wait_until("the row %r below %r" % (row, rows(self.terminal.text)[-6:]), shown, timeout)
        above = rows(self.terminal.text)[:-1]
        self.terminal.text = self.terminal.text[self.terminal.text.rfind("\n") + 1:]
        return above

    def keys(self, keys, row, timeout=30):
        """What these keys print above the row that they end with."""
        self.terminal.type(keys if isinstance(keys, bytes) else keys.encode())
        return self.see(row, len(re.findall(r"[\r?]", str(keys))), timeout)

    def close(self):
        self.terminal.close()


@case
def words_are_told_completed_and_made_whole(lab):
    console = Console(lab)
    try:
        said = console.keys("help\r", "gateway> ")
        expect(max(map(len, said)) <= 79 and any(row.startswith("  poweroff  ") for row in said), said)
        told = console.keys("?", "gateway> ")
        expect(max(map(len, told)) <= 79 and any(row.startswith("  reconfigure  ") for row in told), told)
        told = console.keys("ping ?", "gateway> ping")
        expect(any("ADDRESS" in row for row in told) and any("COUNT" in row for row in told), told)
        console.keys("\x15cl\t", "gateway> clock ")
        told = console.keys("s\t?", "gateway> clock set ")
        expect(any("YYYY-MM-DD" in row for row in told), told)
        console.keys("\x15write vpn-\t", "gateway> write vpn-p")
        console.keys("\x01\x05u\t", "gateway> write vpn-public.conf ")
        said = console.keys("\x15vers\r", "gateway> ")
        expect(any("MITIGATOR gateway" in row for row in said), said)
        said = console.keys("!!\r", "gateway> ")
        expect(said[-2] == "vers" and "MITIGATOR gateway" in said[-1], said)
    finally:
        console.close()


@case
def word_that_does_not_fit_is_marked_and_the_line_comes_back(lab):
    console = Console(lab)
    try:
        said = console.keys("wr foo --conf /nowhere\r", "gateway> wr foo --conf /nowhere")
        expect(said[-3:] == ["gateway> wr foo --conf /nowhere",
                             " " * 12 + "^ no word that fits here begins with foo: `?` tells what fits",
                             "usage: write FILE [--force]"], said)
        # the cursor is behind the bad word
        console.keys("\x7f\x7f\x7f.en\x0b", "gateway> wr .en")
        console.keys("\t", "gateway> wr .env ")
        # or another line comes instead
        console.keys("\x15shwo\r", "gateway> shwo")
        said = console.keys("version\r", "gateway> ")
        expect("MITIGATOR gateway" in said[-1], said)
        said = console.keys("shwo\r", "gateway> shwo")
        expect(said[-1] == " " * 9 + "^ unknown command shwo: did you mean `show`?", said)
        console.keys("\x15\r", "gateway> ")
        said = console.keys("reb\r", "gateway> reb")
        expect("to be written out in full, not as reb" in said[-1], said)
        console.keys("\r", "gateway> ")
        # and a long one in its row
        console.keys("x" * 100 + "\x01", "gateway> " + "x" * 69 + ">")
        console.keys("\x05\x15" + "word " * 30, "gateway> <" + ("word " * 30)[-53:])
    finally:
        console.close()




def as_large_as(console, rows_, columns):
    """The terminal answers what it is asked behind the first line that someone types."""
    console.keys("\r", "gateway> ")
    console.terminal.type(b"\x1b[%d;%dR" % (rows_, columns))


@case
def what_is_more_than_a_screen_comes_in_pages(lab):
    more = "--more-- (Enter, q)"
    for height, width in ((10, 80), (24, 80), (50, 132)):
        console = Console(lab)
        try:
            whole = console.keys("help\r", "gateway> ")[1:]         # of a terminal that tells nothing
            expect(len(whole) > 2 * 10, whole)
            as_large_as(console, height, width)
            said = console.keys("help\r", more)[1:]
            expect(said == whole[:height - 1], said)
            # Enter as CR LF is one page
            while said != whole:
                got = len(whole) - len(said) > height - 1
                said += console.keys("\r\n", more if got else "gateway> ")
                expect(said == whole[:len(said)], said)
            expect(console.keys("help\r", more)[1:] == whole[:height - 1])
            # keys of the terminal are none
            console.terminal.type(b"\x1b[6~\x1bOB\x1b[1;5C")
            # what is typed for a prompt is obeyed by no one, up to its Enter
            expect(console.keys("xq help version \r", more)[-1].startswith("that line was not obeyed"))
            expect(console.keys("q", "gateway> ") == [])
            # no pause when it is not wanted, when it is not needed, and while a paste waits
            expect(console.keys("help | no-more\r", "gateway> ")[1:] == whole)
            expect(len(console.keys("help | ping\r", "gateway> ")) == 2)
            expect(console.keys("help | count\r", "gateway> ")[1:] == ["%d lines" % len(whole)])
            console.terminal.type(b"help\rversion\r")
            said = console.see("gateway> ", len(whole) + 2)
            expect([row for row in said if row.strip() in map(str.strip, whole)] == whole and more not in said, said)
            # what fits is told in pages too
            told = console.keys("?", more)
            expect(len(told) == height, told)
            console.keys("q", "gateway> ", 30)
            # Ctrl-C is an end at once
            console.keys("help\r", more)
            said = console.keys("\x03", "gateway> ")
            expect(said[-1:] == ["^C"], said)
        finally:
            console.close()


@case
def what_a_command_prints_is_filtered(lab):
    console = Console(lab)
    try:
        lines = console.keys("help | file\r", "gateway> ")[1:]
        expect(lines and all("file" in line for line in lines), lines)
        expect(console.keys("help | file | pasted | count\r", "gateway> ")[1:] == ["1 line"])
        said = console.keys("help |\r", "gateway> help |")
        expect("a word is missing behind |" in said[-1], said)
        said = console.keys("write .env | count\r", "gateway> ")
        expect(said[-1] == "what write prints cannot be filtered", said)
        said = console.keys("help | json\r", "gateway> ")
        expect("no form for programs" in said[-1], said)
        told = console.keys("help | ?", "gateway> help | ")
        expect(any(row.startswith("  no-more") for row in told), told)
        console.keys("cou\t", "gateway> help | count ")
        said = console.keys("\r", "gateway> ")
        expect(said[-1].endswith(" lines"), said)
    finally:
        console.close()


RUN_DIR = "/run/gateway"        # where a console looks; what runs in a case has one of its own


@case
def prompt_and_completion_know_the_names_that_run(lab):
    keys = [wg_keys() for _ in range(3)]
    peers = [(public, "10.8.3.%d/32" % n, None, "") for n, (_, public) in enumerate(keys, 1)]
    text = files(keys[0][0], peers, "10.8.3.1")
    for name in ("fra1", "ams 1\x1b", ""):
        text["vpn-public.conf"] = text["vpn-public.conf"].replace("[Peer]\n", "[Peer] %s\n" % (name and "# " + name), 1)
    text["vpn-public.conf"] = text["vpn-public.conf"].replace("\x1b", "")
    ours = lab.gateway(lab.host("a"), text)
    names = ours.dir + "/run/names"
    with open(names) as f:
        expect(f.read() == "fra1\n10.8.3.2 ams_1\n10.8.3.3 \n", open(names).read())
    console = Console(lab)
    os.makedirs(RUN_DIR, exist_ok=True)
    shutil.copy(names, RUN_DIR)
    try:
        console.keys("\r", "fra1> ")
        told = console.keys("ping ?", "fra1> ping ")
        expect(any("10.8.3.2" in row for row in told) and not any("10.8.3.1" in row for row in told), told)
        console.keys("1\t", "fra1> ping 10.8.3.")
        console.keys("3\t\x01\x1b[C", "fra1> ping 10.8.3.3 ")
        with open(RUN_DIR + "/names", "w") as f:
            f.write("fra1(fallback)\n")
        console.keys("\x15\r", "fra1(fallback)> ")
        console.keys("x" * 80, "fra1(fallback)> <" + "x" * 36)
        os.unlink(RUN_DIR + "/names")
        console.keys("\x15\r", "gateway> ")
    finally:
        shutil.rmtree(RUN_DIR)
        console.close()


def at_9600_baud(terminal, data):
    """As a serial line carries it: 960 bytes a second, whoever reads."""
    begun = time.monotonic()
    for at in range(0, len(data), 96):
        time.sleep(max(0, begun + at / 960 - time.monotonic()))
        terminal.type(data[at:at + 96])


def pasted_whole(lab, size, send):
    """A file of that size, with all that means something to the line editor, through the console in one paste."""
    line = "# !! | count ? \ttab 'quote' ~ %d: show what fits? help | no-more"
    text = ""
    while len(text) < size - 100:
        text += line % len(text) + "\n"
    conf = lab.dir + "/conf"
    os.mkdir(conf)
    console = Console(lab)
    try:
        as_large_as(console, 24, 80)
        send(console.terminal, ("write vpn-public.conf --conf %s\r%s.\ryes\rversion\r" % (conf, text.replace("\n", "\r"))).encode())
        console.terminal.wait("MITIGATOR gateway", 120)
        with open(conf + "/vpn-public.conf") as f:
            expect(f.read() == text)
    finally:
        console.close()


@case
def paste_of_131_kb_arrives_whole(lab):
    pasted_whole(lab, 131000, Terminal.type)


@soak
def paste_of_131_kb_at_9600_baud_arrives_whole(lab):
    pasted_whole(lab, 131000, at_9600_baud)


@case
def noise_and_breaks_at_9600_baud_leave_a_console_that_obeys(lab):
    chance = random.Random(9600)
    typed = b"show\x1b[A\x1b[D\x7f?\tping 10.8.3.2 -c 1\x15boot\x1b[A\x15help\x15" * 40
    noisy = bytes(chance.randrange(256) if chance.random() < 0.01 else byte for byte in typed[:1920])
    noisy = bytes(byte for byte in noisy if byte not in b"\r\n\x03\x04")      # which are no noise to a line
    noisy = noisy[:900] + b"\0" * 5 + noisy[900:]                            # a BREAK reads so
    for height, width in ((24, 80), (50, 132)):
        console = Console(lab)
        try:
            as_large_as(console, height, width)
            at_9600_baud(console.terminal, noisy)
            console.terminal.type(b"\x15version\r")
            console.terminal.wait("MITIGATOR gateway 0", 60)
            console.see("gateway> ")
        finally:
            console.close()


@case
def paste_behind_what_is_not_obeyed_is_no_commands(lab):
    """A file that someone pastes behind a typo: none of its lines is taken for a command, none is in the history."""
    conf = lab.dir + "/conf"
    os.mkdir(conf)
    paste = "[Interface]\rPrivateKey = %s\r.\rversion\r" % wg_keys()[0]
    console = Console(lab)
    try:
        for line, said in (("write vpn-pirvate.conf", "no word that fits here begins with vpn-pirvate.conf"),
                           ("wriet vpn-private.conf", "unknown command wriet"),
                           ("write vpn-private.conf --conf %s/none" % lab.dir, "it is as it was"),
                           ("[Peer]", "unknown command [Peer]"),
                           ("x" * 1500, "a line has at most 1023 characters")):
            console.terminal.text = ""
            console.terminal.type((line + "\r" + paste).encode())
            console.terminal.wait("bytes that came behind it were not obeyed", 60)
            text = console.terminal.text
            expect(said in text, line, text)
            expect("MITIGATOR" not in text, "what was pasted behind %r was obeyed" % line, text)
            # what is typed next is
            console.terminal.type(b"\x15clock\r")
            console.terminal.wait("UTC", 60)
            console.terminal.wait("gateway> ")
        console.terminal.text = ""
        console.terminal.type(b"\x15PrivateKey\x12\x12\x12\x12\x12")
        console.terminal.wait("PrivateKey")
        expect("PrivateKey = " not in console.terminal.text, "the key is in the history")
        expect(os.listdir(conf) == [], os.listdir(conf))
    finally:
        console.close()
