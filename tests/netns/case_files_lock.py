"""Two consoles on one set of files: one changes them at a time, and none undoes what the other has just written."""
import fcntl
import os
import signal
import subprocess

from case_commit import Box
from case_console import Terminal
from case_disk import children
from case_files import cluster
from case_generations import box_with_two, read
from cases import case, expect
from lab import wait_until, wg_keys
from steps import Held, which

BUSY = "another console has the files"
ENDPOINT = "192.0.2.77:4567"
NAMES = ("vpn-private.conf", "vpn-public.conf", ".env", "network.conf")


def begin(box, *words):
    return subprocess.Popen([box.lab.applet("gateway"), *words, "--conf", box.conf], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def say(box, words, text=""):
    process = begin(box, *words)
    said = process.communicate(text, timeout=60)[0]
    return process.returncode, said


def texts(box):
    return {name: read(box.conf + "/" + name) for name in NAMES if os.path.exists(box.conf + "/" + name)}


@case
def files_are_changed_by_one_console_at_a_time(lab):
    box = box_with_two(lab)
    exported = say(box, ("export", "--with-keys"))[1]
    before = texts(box)
    changes = ((("set", "ListenPort", "5567"), ""), (("unset", "DATA_PLANE_VPN_PORT"), ""), (("key", "new", "--force"), ""),
               (("peer", "set", "10.8.3.2", "Endpoint", ENDPOINT), ""), (("write", "network.conf"), before["network.conf"] + "# more\n"),
               (("import",), exported))
    with open(box.conf + "/.env", "a") as f:
        f.write("DATA_PLANE_VPN_PORT=5568\n")
    before = texts(box)
    fd = os.open(box.conf, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(fd, fcntl.LOCK_EX)                      # as the other console does
    for words, text in changes:
        status, said = say(box, words, text)
        expect(status == 1 and BUSY in said and all(len(line.replace(box.conf, "/srv/mitigator")) <= 79 for line in said.splitlines() if BUSY in line), words, status, said)
    for words in (("commit",), ("rollback", "1")):
        status, said = box.config(*words)
        expect(status == 1 and BUSY in said, words, said)
    expect(texts(box) == before, "something was changed")
    os.close(fd)
    for words, text in changes:                         # the control
        status, said = say(box, words, text)
        expect(status == 0, words, status, said)


@case
def change_that_began_before_another_one_takes_nothing_back(lab):
    box = Box(lab)
    box.write()
    public = box.conf + "/vpn-public.conf"
    section = "[Peer]\nPublicKey = %s\nAllowedIPs = 10.8.3.9/32\n" % wg_keys()[1]
    adding = begin(box, "peer", "add")
    # read(2) of what is pasted: the files were read before
    wait_until("it waits for the paste", lambda: read("/proc/%d/syscall" % adding.pid).startswith("0 0x0 "))
    status, said = say(box, ("peer", "set", "10.8.3.2", "Endpoint", ENDPOINT))
    expect(status == 0, said)
    said = adding.communicate(section, timeout=60)[0]
    expect(adding.returncode == 1 and "another console changed it meanwhile; nothing is changed" in said, said)
    expect(ENDPOINT in read(public) and "10.8.3.9" not in read(public), "what the other wrote is lost", read(public))
    # a `write` at a terminal, whose question stands there meanwhile
    terminal = Terminal(box.lab.binary, "gateway", "write", "vpn-public.conf", "--conf", box.conf)
    try:
        terminal.wait("then a line with a single .")
        terminal.type(section.replace("\n", "\r").encode() + b".\r")
        terminal.wait("keep it (yes/no)? ")
        status, said = say(box, ("peer", "set", "10.8.3.2", "Endpoint", ENDPOINT.replace("77", "78")))
        expect(status == 0, said)
        terminal.type(b"yes\r")
        wait_until("its end", lambda: terminal.wait("") or terminal.process.poll() is not None)
        terminal.wait("")
        expect("another console changed it meanwhile: it is as it was" in terminal.text, terminal.text)
        expect(ENDPOINT.replace("77", "78") in read(public), "what the other wrote is lost", read(public))
    finally:
        terminal.close()
    status, said = say(box, ("peer", "set", "10.8.3.2", "Endpoint", ENDPOINT))
    status, said = say(box, ("peer", "add"), section)   # the control
    expect(status == 0 and ENDPOINT in read(public) and "10.8.3.9" in read(public), said)


@case
def new_key_goes_into_its_section_wherever_that_stands_by_then(lab):
    files, _, public, other = cluster(lab)
    words = ["sh", "-c", 'kill -STOP $$; exec "$@"', "sh", lab.applet("gateway"), "key", "new", "--force", "--conf", files.conf]
    making = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_until("it is stopped", lambda: children(os.getpid(), "T") == [making.pid])
    held = Held(making.pid, lab.binary)
    os.kill(making.pid, signal.SIGCONT)
    held.go(which("renameat vpn-private.conf"))
    expect(held.at, "it replaces no private key", held.passed)
    section = "[Peer]\nPublicKey = %s\nAllowedIPs = 10.8.3.9/32\n\n" % wg_keys()[1]
    files.put("vpn-public.conf", section + files.get("vpn-public.conf"))        # by someone who takes no lock
    held.let_go()
    said = making.communicate(timeout=60)[0]
    expect(making.returncode == 0 and files.get("vpn-public.conf").startswith(section), "another section got the key", said)
    fresh = said.rpartition("PublicKey = ")[2].split()[0]
    expect("PublicKey = %s\nAllowedIPs = 10.8.3.1/32" % fresh in files.get("vpn-public.conf"), files.get("vpn-public.conf"))
    expect(public not in files.get("vpn-public.conf") and other in files.get("vpn-public.conf"), files.get("vpn-public.conf"))
