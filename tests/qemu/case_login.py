"""The password of the consoles: asked for at each, after a while without a key too; wrong ones; a lost one. On a machine of 160 MiB."""
import os
import re
import socket
import tempfile

from appliance import PROMPT_S
from cases import case, log_dir
from cluster import make_instances
from vm import ANY_PROMPT, Console, Vm, make_data_image, read_board

PASSWORD, OTHER = "correct horse", "battery staple"
IDLE_S = 40
WRONG = 10                      # each waits a second longer than the one before
HASH_S = 60                     # Argon2id, emulated, on a machine with other work


class TwoConsoles:
    """A machine without the tests' shell: both of its serial ports are consoles."""

    def __init__(self, image, disk):
        self._dir = tempfile.TemporaryDirectory()
        path = self._dir.name + "/second"
        self.second = Console("second console")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(1)
        self.vm = Vm("login", image, disk, extra_cmdline="console=ttyS1", log_dir=log_dir(image, "qemu"), no_reboot=False,
                     extra_args=["-chardev", "socket,id=second,path=" + path, "-serial", "chardev:second"],
                     board_conf={"LOGIN_IDLE_S": IDLE_S, "RECOVERY_S": 1800})
        self.first = self.vm.console
        self._listener.settimeout(30)
        self.second.attach(self._listener.accept()[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.vm.close()
        self._listener.close()
        self._dir.cleanup()


def answer(console, typed, words, timeout=HASH_S):
    """Type something that is not shown, and wait for what is said then."""
    start = len(console.text)
    console.send(typed)
    return console.wait_for(words, timeout, start)


def ask(console, line):
    """Type a command that asks for a password."""
    start = console.begin(line)
    console.wait_for("password: ", HASH_S, start)


def refused(console, typed, words):
    """What is pasted behind it is no command: until there is a prompt again."""
    answer(console, typed, words + r"\n(?s:.*?)" + ANY_PROMPT)


def log_in(console, password):
    answer(console, password, r"\n(?:\d+ wrong passwords? before: [^\n]*\n)?" + ANY_PROMPT, HASH_S + WRONG)
    console.seen = len(console.text)


def boots(console, before):
    """Until the consoles are there again."""
    console.wait_for("MITIGATOR gateway [^\n]*\n", PROMPT_S, before)
    console.wait_for("recovery, a console and nothing else", PROMPT_S, before)


def is_asked(console):
    """At the first line, when not before it."""
    start = len(console.text)
    console.send("export --with-keys")
    console.wait_for("password: ", PROMPT_S, start)


@case
def consoles_ask_for_the_password(image):
    assert " -m 160 " in read_board(os.path.dirname(os.path.abspath(__file__)) + "/../../board/qemu/board.conf")["QEMU"] + " "
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        disk = work + "/disk"
        make_data_image(disk, one.files([one, two]))
        with TwoConsoles(image, disk) as machine:
            first, second = machine.first, machine.second
            for console in (first, second):
                console.wait_for(ANY_PROMPT, PROMPT_S, 0)
            assert "PrivateKey" in first.command("export --with-keys", PROMPT_S), "the control: without a password all is to be had"
            assert "no password is asked for here" in first.command("logout")
            assert "in recovery: `reboot`" in first.command("password reset")
            ask(first, "password")
            refused(first, "short", "8 characters or more: nothing was changed")
            ask(first, "password")
            answer(first, PASSWORD, "once more: ")
            refused(first, OTHER, "two different ones: nothing was changed")
            assert "PrivateKey" in second.command("export --with-keys"), "one that was not set is asked for"
            ask(first, "password")
            answer(first, PASSWORD, "once more: ")
            answer(first, PASSWORD, "every console asks for it")

            # The other console, whose time without a key the first one's is: at a dialogue, behind which there is no other wait.
            ask(first, "password")
            mark = len(second.text)
            is_asked(second)
            for i in range(WRONG):
                answer(second, "wrong %d" % i, "that is not the password\npassword: ", HASH_S + WRONG)
            assert "PrivateKey" not in second.text[mark:], "a key was to be had without the password"
            first.wait_for(r"old password: \s*logged out: nothing was typed for %d s\npassword: " % IDLE_S, IDLE_S + 60, 0)
            start = len(first.text)
            log_in(first, PASSWORD)
            # What was typed first on the other console is one more where that one was logged out by then.
            assert re.search(r"\n(?:%d|%d) wrong passwords before" % (WRONG, WRONG + 1), first.text[start:]), \
                "the consoles do not count together:\n" + first.text[start:]
            said = first.command("log console:", log=True)
            for line in ("ttyS0: password\n", "ttyS1: login failed, 1 in a row", "ttyS1: login failed, %d in a row" % WRONG,
                         "ttyS0: logout, no one typed", "ttyS0: login\n"):
                assert "console: " + line in said + "\n", "%r is not in the log:\n%s" % (line, said)
            log_in(second, PASSWORD)

            # A new one, which who came in by the old one has to type.
            ask(first, "password")
            refused(first, OTHER, "that is not the password: nothing was changed")
            ask(first, "password")
            answer(first, PASSWORD, "new password: ")
            answer(first, OTHER, "once more: ")
            answer(first, OTHER, "every console asks for it")
            is_asked(second)
            log_in(second, OTHER)
            start = second.begin("logout")
            second.wait_for("password: ", 30, start)

            # A boot, and none of it on the way.
            before = len(first.text)
            first.begin("reboot")
            boots(first, before)
            is_asked(first)
            assert "PrivateKey" not in first.text[before:], "a key was to be had before the password was known"
            answer(first, PASSWORD, "that is not the password\npassword: ")
            log_in(first, OTHER)
            assert re.search(r"password +ok: asked for at each console", first.command("boot")), first.command("boot")

            # Lost: where no one is asked, and that stays.
            start = first.begin("logout")
            first.wait_for("password: ", 30, start)
            answer(first, "r", r"RECOVERY: what ran was stopped(?s:.*)\n" + ANY_PROMPT, PROMPT_S)
            first.seen = len(first.text)
            assert "the password is gone" in first.command("password reset")
            assert "there is no password" in first.command("password reset")
            before = len(first.text)
            first.begin("reboot")
            boots(first, before)
            assert "PrivateKey" in first.command("export --with-keys", PROMPT_S), "a password that is gone is asked for"
            assert "recovery: the password was taken away" in first.command("log taken", log=True), "no line on it stayed"
            for console in (first, second):
                assert PASSWORD not in console.text and OTHER not in console.text, "a password was shown"
            first.begin("poweroff")
            machine.vm.wait(60)
