"""From the next hop to the frame: priority tags, neighbours that change or never were, answers to strangers."""
import contextlib
import os
import select
import socket
import struct
import threading

import frames
from cases import case, expect
from lab import ping, run, wait_until, wg_keys
from pair import PSK, files

VNET_LEN, NEEDS_CSUM = 10, 1
SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 263, 15, 23


@contextlib.contextmanager
def wire(host, left, right, rewrite):
    """Carries frames between two NICs of a host for the length of a with; rewrite(frame, to_right) may change them."""
    socks = [frames.packet_socket(host.name, device) for device in (left, right)]
    for sock in socks:
        sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    end, stop = os.pipe()

    def carry():
        while True:
            ready = select.select([end, *socks], [], [])[0]
            if end in ready:
                return
            for sock in ready:
                raw = sock.recv(1 << 17)
                vnet, frame = raw[:VNET_LEN], raw[VNET_LEN:]
                out = rewrite(frame, sock is socks[0])
                flags, kind, head, size, start, offset = struct.unpack("<BBHHHH", vnet)
                if flags & NEEDS_CSUM:
                    start += len(out) - len(frame)
                head += len(out) - len(frame) if kind else 0
                socks[sock is socks[0]].send(struct.pack("<BBHHHH", flags, kind, head, size, start, offset) + out)

    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield
    finally:
        os.write(stop, b"x")
        thread.join()
        for fd in (end, stop):
            os.close(fd)
        for sock in socks:
            sock.close()


def ours_and_go(lab, a, b, ours_at, theirs_at, keepalive=0):
    """Ours on host a at 10.8.3.1 and wireguard-go on b at 10.8.3.2; the outer addresses are given as endpoints have them."""
    (key_a, pub_a), (key_b, pub_b) = wg_keys(), wg_keys()
    go = lab.wireguard_go(b, "go0", key_b, 5678)
    go.set("peer", pub_a, "preshared-key", "/dev/stdin", "allowed-ips", "10.8.3.1/32", input=PSK)
    go.address("10.8.3.2/24")
    peers = [(pub_a, "10.8.3.1/32", ours_at + ":4567", ""),
             (pub_b, "10.8.3.2/32", theirs_at + ":5678", "PresharedKey = %s\n" % PSK +
              ("PersistentKeepalive = %d\n" % keepalive if keepalive else ""))]
    return lab.gateway(a, files(key_a, peers, "10.8.3.1")), go, pub_a


def tagged(tci):
    return lambda frame, to_right: frame if to_right else frame[:12] + struct.pack("!HH", 0x8100, tci) + frame[12:]


@case
def priority_tags_are_no_vlan(lab):
    a, m, b = lab.host("a"), lab.host("m"), lab.host("b")
    lab.link(a, "192.0.2.1/24 fd00::1/64", m, "", "eth0")
    run("ip", "link", "add", "name", "left", "type", "veth", "peer", "name", "right")
    run("ip", "link", "set", "left", "netns", m.name, "name", "eth1", "up")
    run("ip", "link", "set", "right", "netns", b.name, "name", "eth0")
    b("ip", "address", "add", "192.0.2.2/24", "dev", "eth0")
    b("ip", "link", "set", "eth0", "up")
    ours, _, _ = ours_and_go(lab, a, b, "192.0.2.1", "192.0.2.2")
    for tci, passes in ((5 << 13, True), (5 << 13 | 7, False), (0, True)):
        with wire(m, "eth0", "eth1", tagged(tci)):
            a("ip", "neigh", "flush", "dev", "eth0")
            kernel = ping(a.name, "192.0.2.2", 2, wait=1)
            inside = ping(ours.inner, "10.8.3.2", 3, wait=1 if not passes else 5)
        expect((kernel[1] > 0) == passes, "the kernel", tci, kernel)
        expect((inside[1] > 0) == passes, "ours", tci, inside, ours.said())
