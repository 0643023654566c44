"""The line at the console on a terminal that behaves as a serial one: what an operator sees of what is typed."""
import re

from case_console import Terminal
from cases import case, expect
from lab import wait_until

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
                             "usage: write FILE"], said)
        # the cursor is behind the bad word
        console.keys("\x7f\x7f\x7f.en\x0b", "gateway> wr .en")
        console.keys("\t", "gateway> wr .env ")
        # or another line comes instead
        console.keys("\x15shwo\r", "gateway> shwo")
        said = console.keys("version\r", "gateway> ")
        expect("MITIGATOR gateway" in said[-1], said)
        said = console.keys("reb\r", "gateway> reb")
        expect("to be written out in full, not as reb" in said[-1], said)
        console.keys("\r", "gateway> ")
        # and a long one in its row
        console.keys("x" * 100 + "\x01", "gateway> " + "x" * 69 + ">")
        console.keys("\x05\x15" + "word " * 30, "gateway> <" + ("word " * 30)[-53:])
    finally:
        console.close()


ASKED = "\x1b7\x1b[999;999H\x1b[6n\x1b8"


def as_large_as(console, rows_, columns):
    """The terminal answers what it is asked behind the first line that someone types."""
    console.terminal.type(b"\r")
    console.terminal.wait(ASKED + "gateway> ")
    console.terminal.type(b"\x1b[%d;%dR" % (rows_, columns))
    console.keys("\x01", "gateway> ")


@case
def what_is_more_than_a_screen_comes_in_pages(lab):
    more = "--more-- (Enter, q)"
    for height in (10, 24):
        console = Console(lab)
        try:
            whole = console.keys("help\r", "gateway> ")[1:]         # of a terminal that tells nothing
            expect(len(whole) > 2 * 10, whole)
            as_large_as(console, height, 80)
            said = console.keys("help\r", more)[1:]
            expect(said == whole[:height - 1], said)
            # Enter as CR LF is one page
            while said != whole:
                got = len(whole) - len(said) > height - 1
                said += console.keys("\r\n", more if got else "gateway> ")
                expect(said == whole[:len(said)], said)
            expect(console.keys("help\r", more)[1:] == whole[:height - 1])
            expect(console.keys("xq", "gateway> ") == [])
            # no pause when it is not wanted, when it is not needed, and while a paste waits
            expect(console.keys("help | no-more\r", "gateway> ")[1:] == whole)
            expect(len(console.keys("help | ping\r", "gateway> ")) == 2)
            expect(console.keys("help | count\r", "gateway> ")[1:] == ["%d lines" % len(whole)])
            console.terminal.type(b"help\rversion\r")
            said = console.see("gateway> ", len(whole) + 2)
            expect([row for row in said if row.strip() in map(str.strip, whole)] == whole and more not in said, said)
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
        lines = console.keys("help | addr\r", "gateway> ")[1:]
        expect(lines and all("addr" in line for line in lines), lines)
        expect(console.keys("help | addr | keys | count\r", "gateway> ")[1:] == ["1 lines"])
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
