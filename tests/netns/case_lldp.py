"""Which switch a NIC is at, and what its hardware is set to: lldpd as the switch, frames by hand as one who means harm, ioctls as
the other view of offloads."""
import contextlib
import ctypes
import fcntl
import json
import os
import random
import re
import select
import signal
import socket
import struct
import subprocess

from case_nics import MAIN, Network, addresses
from cases import case, expect
from frames import ethernet, mac_of, namespace, packet_socket
from lab import ping, wait_until

LLDP, LLDP_UID = 0x88CC, 64781
NEAREST, CUSTOMER = bytes.fromhex("0180c200000e"), bytes.fromhex("0180c2000000")
SWITCH = bytes.fromhex("001b54aabb00")


def tlv(kind, value):
    return struct.pack("!H", kind << 9 | len(value)) + value


def lldpdu(chassis=SWITCH, port=b"Gi1/0/5", ttl=120, name=b"sw1", more=b""):
    return tlv(1, b"\4" + chassis) + tlv(2, b"\5" + port) + tlv(3, struct.pack("!H", ttl)) + tlv(5, name) + more + tlv(0, b"")


def read_lldpdu(payload):
    """TLVs of a kind -> the first one's value."""
    found = {}
    while payload:
        head = struct.unpack("!H", payload[:2])[0]
        found.setdefault(head >> 9, payload[2:2 + (head & 511)])
        payload = payload[2 + (head & 511):]
        if not head:
            break
    return found


class Wire:
    """b's end of a's cable."""

    def __init__(self):
        self.sock, self.mac = packet_socket("b", "eth0"), mac_of("b", "eth0")

    def send(self, *args, to=NEAREST, **words):
        self.sock.send(ethernet(to, self.mac, LLDP, lldpdu(*args, **words)))

    def drain(self):
        while select.select([self.sock], [], [], 0)[0]:
            self.sock.recv(2048)

    def next(self, timeout=40):
        """(destination, TLVs) of the next frame that the other end sends."""
        while True:
            expect(select.select([self.sock], [], [], timeout)[0], "no LLDP in %d s" % timeout)
            try:
                frame, origin = self.sock.recvfrom(2048)
            except OSError:                             # the cable is pulled
                continue
            if frame[12:14] == struct.pack("!H", LLDP) and origin[2] != socket.PACKET_OUTGOING:
                return frame[:6], read_lldpdu(frame[14:])


class Lldpd:
    """The switch, on a host with eth0."""

    def __init__(self, lab, host, *settings):
        self.host, self.socket = host, "/run/lldpd/socket"      # it becomes another user
        os.makedirs("/run/lldpd", exist_ok=True)
        with open("/run/lldpd/conf", "w") as f:
            f.write("\n".join(settings + ("configure lldp tx-interval 1",)) + "\n")
        self.process = host.start("lldpd", "-d", "-k", "-I", "eth*", "-C", "eth0", "-u", self.socket, "-O", "/run/lldpd/conf",
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def neighbours(self):
        done = subprocess.run(["lldpcli", "-u", self.socket, "-f", "json0", "show", "neighbors", "details"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, timeout=30)
        return done.stdout if done.returncode == 0 else ""


def network_on(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24")
    return a, b, Network(lab, a, MAIN)


def agent_of(network):
    """The process that reads what strangers write, once it has become no one."""
    def find():
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                with open("/proc/%s/cmdline" % pid) as cmdline, open("/proc/%s/status" % pid) as f:
                    status = dict(re.findall(r"^(\w+):\s*(.*)$", f.read(), re.M))
                    if cmdline.read().split("\0")[0] == "lldp" and status["PPid"] == str(network.process.pid) and \
                            status["Uid"].split() == [str(LLDP_UID)] * 4 and status["NoNewPrivs"] == "1":
                        return int(pid), status
        return None
    return wait_until("the process for LLDP", find)


def lldp_rows(network):
    return re.findall(r"^  LLDP     (.*(?:\n {11}.*)*)", network.ask("eth0")[1], re.M)


def says(network, pattern):
    return wait_until("`network eth0` says " + pattern, lambda: re.search(pattern, network.ask("eth0")[1]))


@case
def lldp_and_lldpd_tell_each_other_who_they_are(lab):
    a, b, network = network_on(lab)
    switch = Lldpd(lab, b, 'configure system hostname "sw1"', 'configure system description "a switch"',
                   'configure ports eth0 lldp portidsubtype local "Gi1/0/5" description "to fra1"')
    says(network, r"  LLDP     sw1, port Gi1/0/5 \(to fra1\), 192\.0\.2\.2;")
    wait_until("it is in the log", lambda: "eth0: its cable goes to sw1, port Gi1/0/5" in network.said())
    expect("sw1, port Gi1/0/5" in network.show() and "a switch" not in network.show(), network.show())
    expect("a switch" in " ".join(lldp_rows(network)[0].split()), lldp_rows(network))
    mac = ":".join("%02x" % octet for octet in mac_of("a", "eth0"))
    heard = wait_until("lldpd hears us", lambda: mac in switch.neighbours() and switch.neighbours())
    one = json.loads(heard)["lldp"][0]["interface"][0]
    expect(one["port"][0]["id"][0] == {"type": "ifname", "value": "eth0"} and one["port"][0]["ttl"][0]["value"] == "121", one)
    chassis = one["chassis"][0]
    expect(chassis["id"][0]["value"] == mac and chassis["descr"][0]["value"] == "MITIGATOR gateway" and
           "192.0.2.1" in str(chassis["mgmt-ip"]), one)
    expect([c["type"] for c in chassis["capability"] if c["enabled"]] == ["Station"], one)
    switch.process.terminate()                          # it says goodbye
    wait_until("the switch is gone", lambda: not any("sw1" in row for row in lldp_rows(network)))


@case
def lldp_is_sent_and_heard_as_the_file_says(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24")
    wire = Wire()
    network = Network(lab, a, MAIN)
    to, first = wire.next()
    expect(to == NEAREST and first[1] == b"\4" + mac_of("a", "eth0") and first[2] == b"\5eth0" and first[3] == b"\0\x79", first)
    wire.send()
    says(network, "LLDP     sw1, port Gi1/0/5;")
    network.reconfigure(MAIN + "EmitLLDP=customer-bridge\nLLDP=routers-only\n")
    to, tlvs = wire.next()
    while to == NEAREST:
        to, tlvs = wire.next()
    expect(to == CUSTOMER and tlvs[3] == b"\0\x79", to, tlvs)
    wire.send(port=b"host", to=CUSTOMER)                 # no router, as far as it says
    wire.send(port=b"Gi1/0/6", more=tlv(7, struct.pack("!HH", 0x14, 0x04)))
    says(network, "port Gi1/0/6")
    expect(not any("port host" in row for row in lldp_rows(network)), lldp_rows(network))
    network.reconfigure(MAIN + "EmitLLDP=no\nLLDP=no\n")
    tlvs = wire.next()[1]
    while tlvs[3] != b"\0\0":                           # the goodbye behind what was on its way
        tlvs = wire.next()[1]
    expect(lldp_rows(network) == ["not listened to"], lldp_rows(network))
    network.reconfigure(MAIN.replace("[Network]", "[Link]\nUnmanaged=yes\n\n[Network]"))
    wire.send()                                         # heard, and not answered
    says(network, "LLDP     sw1, port Gi1/0/5;")
    network.reconfigure(MAIN)
    expect(wire.next()[1][3] == b"\0\x79")              # the next one since the goodbye
    b("ip", "link", "set", "eth0", "down")
    says(network, "LLDP     no carrier")
    b("ip", "link", "set", "eth0", "up")
    expect(wire.next(10)[1][3] == b"\0\x79")            # at once, not in half a minute
    expect(network.ask("eth9") == (1, "no NIC eth9: `network` lists them\n"), network.ask("eth9"))


@case
def lldp_bounds_what_a_neighbour_sends(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24")
    wire, dice = Wire(), random.Random(802)
    network = Network(lab, a, MAIN)
    pid, status = agent_of(network)
    wire.next()                                         # so it has its socket
    expect(status["CapPrm"] == status["CapAmb"] == "0" * 16 and status["Gid"].split() == [str(LLDP_UID)] * 4, status)
    wire.send(name=b"the first\x1b[2J")
    says(network, r"LLDP     the first \[2J, port Gi1/0/5;")
    good = lldpdu()
    for n in range(5000):
        kind = n % 4
        frame = good if kind else lldpdu(chassis=struct.pack("!IH", n, 7), ttl=65535)
        if kind == 1:
            frame = frame[:dice.randrange(len(frame))]
        elif kind == 2:
            frame = bytearray(frame)
            for _ in range(3):
                frame[dice.randrange(len(frame))] = dice.randrange(256)
        elif kind == 3:
            frame = dice.randbytes(1500)
        wire.sock.send(ethernet(NEAREST, wire.mac, LLDP, bytes(frame)))
    expect(ping("b", "192.0.2.1", 1, wait=30) == (1, 1))
    rows = lldp_rows(network)
    expect(rows[0].startswith("the first [2J") or rows[0].startswith("sw1"), rows)
    expect(1 <= len(rows) <= 5, rows)
    expect(agent_of(network)[0] == pid, network.said())
    expect(network.said().count("its cable goes to") <= 2, network.said())
    with open("/proc/%d/stat" % pid) as f:
        ticks = sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13]))
    print("  FIGURE  5001 frames at once: %d ms of the agent's processor time" % (ticks * 1000 // os.sysconf("SC_CLK_TCK")))
    os.kill(pid, signal.SIGKILL)                        # whatever ends it: it comes again, and hears and is heard
    wire.drain()
    wire.next()
    expect(agent_of(network)[0] != pid)
    wire.send(chassis=b"\2\0\0\0\0\1", port=b"again", ttl=0)
    wire.send(port=b"Gi1/0/5", name=b"after")
    says(network, "LLDP     after, port Gi1/0/5;")
    network.stop()


# ---- what the hardware is set to ----

SIOCETHTOOL, GGSO, GGRO = 0x8946, 0x23, 0x2B


def is_on(name, command, device="eth0"):
    """By the ioctl of before netlink, which knows no single kind of TSO."""
    value = (ctypes.c_uint32 * 2)(command, 0)
    with namespace(name), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock.fileno(), SIOCETHTOOL, struct.pack("16sP16x", device.encode(), ctypes.addressof(value)))
    return value[1] != 0


def offloads(network):
    """Those that are on, and those that could be."""
    row = re.search(r"^  offloads (.*(?:\n {11}.*)*)", network.ask("eth0")[1], re.M)
    expect(row, network.ask("eth0"))
    return [half.split(", ") for half in " ".join(row[1].split()).partition("; it has no")[0].split("; off: ")]


@case
def offloads_of_a_nic_follow_the_file(lab):
    a, b, network = network_on(lab)
    before = offloads(network)
    gro = is_on("a", GGRO)
    expect(is_on("a", GGSO) and {"TSO", "TSO of IPv6", "GSO"} <= set(before[0]) and "GRO of forwarded UDP" in before[1], before)
    text = MAIN.replace("[Network]", "[Link]\nTCPSegmentationOffload=no\nGenericSegmentationOffload=no\nGenericReceiveOffload=%s\n"
                                     "GenericReceiveOffloadUDPForwarding=yes\n\n[Network]" % ("no" if gro else "yes"))
    network.write(text)
    said = network.ask("plan", "--lines")[1]
    expect("  eth0  TSO off\n" in said and "  eth0  GRO of forwarded UDP on\n" in said and "IPv6" not in said, said)
    expect(offloads(network) == before, "a plan does it already")
    said = network.reconfigure(text)
    expect("eth0: TSO off\n" in said and "eth0: GRO of forwarded UDP on\n" in said, said)
    expect(not is_on("a", GGSO) and is_on("a", GGRO) != gro, "the kernel does not know of it")
    on, off = offloads(network)
    expect({"GRO of forwarded UDP", "TSO of IPv6"} <= set(on) and {"TSO", "GSO"} <= set(off), on, off)
    status, said = network.ask("revert")                # as when a later NIC, or a path, fails
    expect(status == 0 and offloads(network) == before, said, offloads(network))
    network.reconfigure(text)
    said = network.reconfigure(text)
    expect("network: 0 changes" in said, said)
    network.write(MAIN)
    said = network.ask("plan", "--lines")[1]
    expect("  eth0  TSO on\n" in said and "  eth0  GRO of forwarded UDP off\n" in said, said)
    said = network.reconfigure(MAIN)                    # lines that are gone: what it had
    expect("eth0: TSO on\n" in said and offloads(network) == before, said, offloads(network))
    a("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
    network.write(text + "Address=fd00:3::1/64\n")      # a later step of the same NIC fails
    status, said = network.ask("reconfigure")
    expect(status != 0 and "eth0: TSO off" in said, status, said)
    network.ask("revert")
    expect(offloads(network) == before and addresses(a) == {"192.0.2.1/24": True}, offloads(network))
