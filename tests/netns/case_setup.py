"""`setup` on two new machines: a cluster by what is typed and two pastes."""
import re

from case_console import Terminal
from case_files import Files
from cases import case, expect
from lab import wait_until

KEYSTROKES_MAX = 150


class Setup:
    def __init__(self, lab, host, conf):
        self.terminal = Terminal("/usr/bin/env", "env", "ip", "netns", "exec", host.name, lab.applet("gateway"), "setup", "--conf", conf)
        self.typed, self.all = 0, ""

    def see(self, end):
        wait_until("%r at the end of %r" % (end, self.terminal.text[-400:]),
                   lambda: self.terminal.wait("") or self.terminal.text.endswith(end), 60)
        said, self.terminal.text = self.terminal.text, ""
        self.all += said
        expect(max(map(len, said.splitlines())) <= 79, said)
        return said

    def type(self, line, end):
        self.typed += len(line) + 1
        self.terminal.type((line + "\r").encode())
        return self.see(end)

    def paste(self, text):
        self.terminal.type(text.replace("\n", "\r").encode())
        self.typed += 2
        self.terminal.type(b".\r")
        wait_until("its end", lambda: self.terminal.wait("") or self.terminal.process.poll() is not None, 60)
        self.terminal.wait("")
        self.all += self.terminal.text
        return self.terminal.process.wait()


def answered(setup, name, address, vpn):
    said = setup.see("NIC of the way to the others (eth0): ")
    expect(re.search(r"  eth0 +[0-9a-f:]{17}  carrier\n", said), said)
    expect("expected a NIC of the list" in setup.type("eth7", "(eth0): "))
    setup.type("", "its ADDRESS/LENGTH: ")
    expect("expected ADDRESS/LENGTH" in setup.type(address, "its ADDRESS/LENGTH: "))
    setup.type(address + "/24", "Enter: none: ")
    setup.type("", "VPN address of this instance: ")
    setup.type(vpn, "its name, Enter: none: ")
    said = setup.type(name, "conf> ")
    return said.split("the others need this section:\n\n")[1].split("\n\n")[0] + "\n"


@case
def setup_makes_a_cluster_of_two_new_instances(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "")
    dirs, setups, sections = [], [], []
    for host, name, address, vpn in ((a, "fra1", "192.0.2.1", "10.8.3.1"), (b, "ams1", "192.0.2.2", "10.8.3.2")):
        files = Files(lab, where=name, network="[Match]\nName=*\n\n[Network]\nLinkLocalAddressing=no\n" if name == "fra1" else "# new\n")
        dirs.append(files)
        setups.append(Setup(lab, host, files.conf))
        sections.append(answered(setups[-1], name, address, vpn))
        expect(sections[-1].startswith("[Peer] # %s\nPublicKey = " % name) and "Endpoint = %s:4567" % address in sections[-1],
               sections[-1])
    try:
        for setup, other, files in zip(setups, reversed(sections), dirs):
            expect(setup.paste(other) == 0, setup.all)
            key = files.get("vpn-private.conf").split("PrivateKey = ")[1].strip()
            expect(key not in setup.all, "the private key was on the screen")
            print("  FIGURE  %d keystrokes of setup beyond the paste" % setup.typed)
            expect(setup.typed <= KEYSTROKES_MAX, setup.typed)
            expect("1 peer" in files.ask("check", "--no-names", "--no-host"))
            expect("is in vpn-public.conf already" in again(lab, files))
    finally:
        for setup in setups:
            setup.terminal.close()


def again(lab, files):
    terminal = Terminal(lab.binary, "gateway", "setup", "--conf", files.conf)
    try:
        wait_until("its end", lambda: terminal.wait("") or terminal.process.poll() is not None, 60)
        terminal.wait("")
        expect(terminal.process.wait() == 1, terminal.text)
        return terminal.text
    finally:
        terminal.close()
