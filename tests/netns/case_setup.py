"""`setup` on two new machines: a cluster by what is typed and two pastes."""
import re

from case_console import Terminal
from case_files import Files
from cases import case, expect
from lab import wait_until, wg_keys

KEYSTROKES_MAX = 150


class Setup:
    def __init__(self, lab, host, conf):
        self.terminal = Terminal("/usr/bin/env", "env", "ip", "netns", "exec", host.name, lab.applet("gateway"), "setup", "--conf", conf)
        self.typed, self.all = 0, ""

    def see(self, end, keeps=True):
        wait_until("%r at the end of %r" % (end, self.terminal.text[-400:]),
                   lambda: self.terminal.wait("") or self.terminal.text.endswith(end), 60)
        said, self.terminal.text = self.terminal.text, ""
        self.all += said
        expect(not keeps or max(map(len, said.splitlines())) <= 79, said)
        return said

    def type(self, line, end):
        self.typed += len(line) + 1
        self.terminal.type((line + "\r").encode())
        return self.see(end)

    def paste(self, text):
        self.terminal.type(text.replace("\n", "\r").encode())
        self.typed += 2
        self.end(b".\r", 0)

    def end(self, keys, status):
        self.terminal.type(keys)
        wait_until("its end", lambda: self.terminal.wait("") or self.terminal.process.poll() is not None, 60)
        self.terminal.wait("")
        self.all += self.terminal.text
        expect(self.terminal.process.wait() == status, self.all)


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
        files = Files(lab, where=name, network="[Match]\nName=*\n# nothing yet\n" if name == "fra1" else "# new\n")
        dirs.append(files)
        setups.append(Setup(lab, host, files.conf))
        sections.append(answered(setups[-1], name, address, vpn))
        expect(sections[-1].startswith("[Peer] # %s\nPublicKey = " % name) and "Endpoint = %s:4567" % address in sections[-1],
               sections[-1])
    try:
        for setup, other, files in zip(setups, reversed(sections), dirs):
            setup.paste(other)
            key = files.get("vpn-private.conf").split("PrivateKey = ")[1].strip()
            expect(key not in setup.all, "the private key was on the screen")
            print("  FIGURE  %d keystrokes of setup beyond the paste" % setup.typed)
            expect(setup.typed <= KEYSTROKES_MAX, setup.typed)
            expect("1 peer" in files.ask("check", "--no-names", "--no-host"))
            expect("is in vpn-public.conf already" in again(lab, files))
        kept = dirs[0].get("network.conf")
        expect(kept.endswith("\n[Match]\nName=*\n# nothing yet\n") and kept.startswith("[Match]\nMACAddress = "),
               kept)
        expect(dirs[1].get("network.conf").startswith("# new\n\n[Match]\nMACAddress = "), dirs[1].get("network.conf"))
    finally:
        for setup in setups:
            setup.terminal.close()


@case
def setup_that_was_broken_off_goes_on(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "")
    files = Files(lab, network="[Match]\nName=*\n\n[Link]\nMTUBytes=1400\n")
    other = "[Peer] # ams1\nPublicKey = %s\nAllowedIPs = 10.8.3.2/32\nEndpoint = 192.0.2.2:4567\nPresharedKey = %s\n" % (
        wg_keys()[1], wg_keys()[0])
    setup = Setup(lab, a, files.conf)
    try:
        setup.see("NIC of the way to the others (eth0): ")
        setup.type("", "its ADDRESS/LENGTH: ")
        setup.type("192.0.2.1/24", "Enter: none: ")
        setup.type("", "VPN address of this instance: ")
        setup.type("10.8.3.1", "its name, Enter: none: ")
        # what stands in the file and would not count for eth0 any more is said
        said = setup.type("fra1", "(yes/no)? ")
        expect("the [Match] at network.conf:1 fits eth0 too" in said, said)
        setup.type("yes", "conf> ")
        setup.end(b"\x03", 1)
    finally:
        setup.terminal.close()
    expect("MTUBytes=1400" in files.get("network.conf") and "`gateway setup` goes on" in setup.all, setup.all)
    public = files.get("vpn-public.conf")
    setup = Setup(lab, a, files.conf)
    try:
        said = setup.see("conf> ")
        expect("ADDRESS" not in said and "the others need this section:\n\n" + public in said, said)
        # more than the file takes is refused and asked for again
        setup.terminal.type(b"# " + b"x" * (1 << 20) + b"\r.\r")
        said = setup.see("with a single .\nconf> ", keeps=False)
        expect("that is more than vpn-public.conf takes, 1024 KiB" in said, said[-300:])
        setup.terminal.type(other.replace("\n", "\r").encode())
        setup.end(b".\r", 0)
    finally:
        setup.terminal.close()
    expect(files.get("vpn-public.conf") == public + "\n" + other, files.get("vpn-public.conf"))


def again(lab, files):
    terminal = Terminal(lab.binary, "gateway", "setup", "--conf", files.conf)
    try:
        wait_until("its end", lambda: terminal.wait("") or terminal.process.poll() is not None, 60)
        terminal.wait("")
        expect(terminal.process.wait() == 1, terminal.text)
        return terminal.text
    finally:
        terminal.close()
