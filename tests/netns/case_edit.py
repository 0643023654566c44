"""`edit` at a terminal: lines opened in the line editor, what is wrong told at once, the file as it was on `q`."""

import time

from case_console import Terminal
from case_files import cluster
from cases import case, expect
from lab import wait_until, wg_keys


class Edit:
    def __init__(self, files, name):
        self.terminal = Terminal(files.lab.binary, "gateway", "edit", name, "--conf", files.conf)
        self.see("edit> ")

    def see(self, end):
        """What was printed up to that prompt."""
        wait_until("%r at the end of %r" % (end, self.terminal.text[-300:]),
                   lambda: self.terminal.wait("") or self.terminal.text.endswith(end), 60)
        said, self.terminal.text = self.terminal.text, ""
        expect(max(map(len, said.splitlines())) <= 79 + said.count("\x1b") * 8, said)
        return said

    def type(self, keys, end="edit> "):
        self.terminal.type(keys.encode())
        return self.see(end)

    def ends(self, keys):
        """Its exit status, and what it said."""
        self.terminal.type(keys.encode())
        wait_until("its end", lambda: self.terminal.wait("") or self.terminal.process.poll() is not None, 60)
        self.terminal.wait("")
        return self.terminal.process.wait(), self.terminal.text


@case
def edit_changes_lines_and_tells_what_is_wrong_at_once(lab):
    files, private, _, other = cluster(lab)
    before = files.get("vpn-public.conf")
    edit = Edit(files, "vpn-public.conf")
    try:
        # open a line, spoil it, see it, take it back
        edit.type("9\r", "    9  Endpoint = 192.0.2.2:4567")
        said = edit.type("\x01\x0bEndpoint  192.0.2.9:4567\r")
        expect("  > 9  Endpoint  192.0.2.9:4567" in said and 'error: expected "Key = value"' in said, said)
        said = edit.type("w\r")
        expect("what is new has errors" in said and files.get("vpn-public.conf") == before, said)
        expect("taken back" in edit.type("u\r"))
        # the last digit, then a section more
        edit.type("9\r", "    9  Endpoint = 192.0.2.2:4567")
        said = edit.type("\x7f8\r")
        expect("    9  Endpoint = 192.0.2.2:4568" in said and "error" not in said, said)
        edit.type("i 1\r", "    1  ")
        edit.type("# ours?\r", "    2  ")
        edit.type(".\r")
        edit.type("d 2\r")
        said = edit.type("q\r")
        expect("not written" in said, said)
        status, said = edit.ends("w\r")
        expect(status == 0 and "  +    1  # ours?\n" in said and "  -    1  # all of us\n" in said, status, said)
        expect(files.get("vpn-public.conf") == before.replace("# all of us", "# ours?").replace(":4567\n", ":4568\n"),
               files.get("vpn-public.conf"))
    finally:
        edit.terminal.close()


@case
def edit_shows_no_key_and_leaves_the_file_on_q(lab):
    files, private, _, _ = cluster(lab)
    before = files.get("vpn-private.conf")
    edit = Edit(files, "vpn-private.conf")
    try:
        said = edit.type("3\r")
        expect("line 3 is not to be shown" in said and private not in said, said)
        other = wg_keys()[0]
        edit.type("i 3\r", "    3  ")
        said = edit.type("# PrivateKey = %s" % other, "*=")
        expect(other[:8] not in said and "#" in said, said)
        edit.type("\x15.\r")
        edit.type("2\r", "    2  ListenPort = 4567")
        edit.type("\x7f8\r")
        expect("not written" in edit.type("q\r"))
        # a paste by mistake is no commands
        said = edit.type("[Peer]\rd 1\rw\r")
        expect("d 12  delete" in said, said)
        expect("not written" in edit.type("q\r"))
        status, said = edit.ends("q\r")
        expect(status == 1 and files.get("vpn-private.conf") == before, status, said)
    finally:
        edit.terminal.close()


@case
def edit_overwrites_a_change_of_another_only_when_told_to(lab):
    files, _, _, _ = cluster(lab)
    edit = Edit(files, ".env")
    try:
        edit.type("i\r", "    4  ")
        edit.type("DATA_PLANE_VPN_PORT=5568\r", "    5  ")
        edit.type(".\r")
        expect("  +    4  DATA_PLANE_VPN_PORT=5568\n" in edit.type("v\r"))
        files.ask("set", "DATA_PLANE_VPN_PORT", "6000")
        before = files.get(".env")
        said = edit.type("w\r")
        expect("was changed meanwhile by another" in said and "  +    4  DATA_PLANE_VPN_PORT=6000\n" in said, said)
        expect(files.get(".env") == before, files.get(".env"))
        # what was edited is still there
        said = edit.type("v\r")
        expect("  -    4  DATA_PLANE_VPN_PORT=6000\n  +    4  DATA_PLANE_VPN_PORT=5568\n" in said, said)
        expect("not written" in edit.type("q\r"))
        status, said = edit.ends("w\r")
        expect(status == 0 and files.get(".env") == before.replace("6000", "5568"), status, said)
        expect("expected `gateway write .env`" in files.ask("edit", ".env", status=1))
        expect("usage: edit FILE" in files.ask("edit", "passwd", status=2))
    finally:
        edit.terminal.close()


def ctrl_c(console, ends):
    """And its answer, which is lost when it comes before the terminal throws away what was still to be printed: then once more."""
    for _ in range(5):
        console.text = ""
        console.type(b"\x03")
        try:
            return wait_until("the answer to Ctrl-C", lambda: console.wait("") or console.text.endswith(ends), 5)
        except RuntimeError:
            pass
    expect(False, console.text)


@case
def edit_that_goes_on_behind_ctrl_c_has_the_console_alone(lab):
    files, _, _, _ = cluster(lab)
    before = files.get("vpn-public.conf")
    console = Terminal(lab.binary, "console")
    try:
        console.wait("gateway> ")
        console.type(b"edit vpn-public.conf --conf %s\r" % files.conf.encode())
        console.wait("edit> ")
        for _ in range(2):
            console.text = ""
            console.type(b"9\r")
            console.wait("Endpoint = 192.0.2.2:4567")
            console.type(b"8")
            ctrl_c(console, "edit> ")
        began = time.monotonic()
        while time.monotonic() - began < 2.5:           # a second behind the second one, the console would look what became of it
            console.text = ""
            console.type(b"l 9\r")
            console.wait("  9  Endpoint = 192.0.2.2:4567")
            console.wait("edit> ")
            expect("does not end" not in console.text and "gateway> " not in console.text, console.text)
        console.type(b"q\r")
        console.wait("gateway> ")
        expect(files.get("vpn-public.conf") == before, files.get("vpn-public.conf"))
        # and eight of them, one behind the other, end what takes none; more of them keep no one from the prompt
        console.text = ""
        console.type(b"edit vpn-public.conf --conf %s\r" % files.conf.encode())
        console.wait("edit> ")
        console.text = ""
        wait_until("it is ended", lambda: console.type(b"\x03") or console.wait("") or "\ngateway> " in console.text.replace("\r", ""))
    finally:
        console.close()
