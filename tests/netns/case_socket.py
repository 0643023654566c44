"""The sockets that a service is asked by: clients that connect and do no more are in no one's way."""
import socket
import struct
import subprocess

from cases import case, expect
from lab import wait_until
from pair import Pair

MUTE = 64


def connected(path, kind):
    sock = socket.socket(socket.AF_UNIX, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 60, 0))      # a full backlog is waited for
    sock.connect(path)
    return sock


@case
def mute_clients_are_in_no_ones_way(lab):
    pair = Pair(lab)
    expect("interface: wg0" in subprocess.run(["wg", "show", "wg0"], stdout=subprocess.PIPE, text=True).stdout)
    mute = [connected(pair.ours.dir + "/run/gateway.sock", socket.SOCK_SEQPACKET) for _ in range(MUTE)]
    expect(pair.ours.show()["state"] == "up")
    mute += [connected("/run/wireguard/wg0.sock", socket.SOCK_STREAM) for _ in range(MUTE)]
    wait_until("stock wg is answered", lambda: subprocess.run(
        ["wg", "show", "wg0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0, 60)
    pair.both_ways()
    for sock in mute:
        sock.close()
