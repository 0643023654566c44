"""Where a peer is: names with several addresses, dead names, peers that went elsewhere."""
import json
import os
import subprocess

from cases import case, expect
from lab import ping, wait_until, wg_keys
from pair import files


NAME_SERVER = """
import json, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
print("ready", flush=True)
while True:
    query, client = s.recvfrom(512)
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    with open(sys.argv[1]) as f:
        addresses = json.load(f).get(".".join(labels))
    if addresses is None:
        continue
    family = {1: socket.AF_INET, 28: socket.AF_INET6}[query[at + 2]]
    found = [socket.inet_pton(family, a) for a in addresses if (":" in a) == (family == socket.AF_INET6)]
    answer = query[:2] + b"\\x81\\x80\\0\\1" + bytes([0, len(found), 0, 0, 0, 0]) + query[12:at + 5]
    for data in found:
        answer += b"\\xc0\\x0c" + query[at + 1:at + 5] + bytes([0, 0, 0, 0, 0, len(data)]) + data
    s.sendto(answer, client)
"""


def name_server(lab, host, names):
    """Knows names -> addresses of both families, and says nothing of any other."""
    set_names(lab, names)
    with open(lab.dir + "/resolv.conf", "w") as f:
        f.write("nameserver 127.0.0.1\noptions timeout:30 attempts:1\n")
    lab.mount(lab.dir + "/resolv.conf", "/etc/resolv.conf")
    host("ip", "link", "set", "lo", "up")
    host.start("python3", "-c", NAME_SERVER, lab.dir + "/names", stdout=subprocess.PIPE, text=True).stdout.readline()


def set_names(lab, names):
    with open(lab.dir + "/names.new", "w") as f:
        json.dump(names, f)
    os.replace(lab.dir + "/names.new", lab.dir + "/names")


def named_peer(lab, addresses, dead=0):
    """Ours on a, to whom wireguard-go on b is a name; both families outside. dead: other names before it, of which no one
    knows anything. (ours, wireguard-go, its public key)"""
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "192.0.2.1/24 2001:db8::1/64", b, "192.0.2.2/24 2001:db8::2/64")
    name_server(lab, a, {"peer.example": addresses})
    (key_a, pub_a), (key_b, pub_b) = wg_keys(), wg_keys()
    go = lab.wireguard_go(b, "go0", key_b, 5678)
    go.set("peer", pub_a, "allowed-ips", "10.8.3.1/32")
    go.address("10.8.3.2/24")
    peers = [(pub_a, "10.8.3.1/32", "192.0.2.1:4567", "")]
    peers += [(wg_keys()[1], "10.8.3.%d/32" % n, "dead%d.example:5678" % n, "") for n in range(10, 10 + dead)]
    peers += [(pub_b, "10.8.3.2/32", "peer.example:5678", "")]
    return lab.gateway(a, files(key_a, peers, "10.8.3.1")), go, pub_b


@case
def name_with_two_addresses_is_reached_by_the_one_that_has_a_route(lab):
    ours, go, key = named_peer(lab, ["2001:db8::2", "192.0.2.2"])
    wait_until("the first of them", lambda: ours.peer(key)["endpoint"] == "[2001:db8::2]:5678")
    expect(ping(ours.inner, "10.8.3.2", 3) == (3, 3), ours.show(), ours.said())
    before = ours.peer(key)["latest_handshake"]
    ours.host("ip", "-6", "address", "flush", "dev", "eth0")
    wait_until("the other", lambda: ours.peer(key)["endpoint"] == "192.0.2.2:5678")
    expect(ping(ours.inner, "10.8.3.2", 3) == (3, 3), ours.show(), ours.said())
    expect(ours.peer(key)["latest_handshake"] == before, "the session began anew", ours.said())
    # who asks now, as wg(8) does, is told the same
    control = lab.wireguard_go(ours.host, "go1", wg_keys()[0], 9)
    ours.host("wg", "set", "go1", "peer", key, "endpoint", "peer.example:5678")
    expect(control.endpoint(key) == "192.0.2.2:5678", control.endpoint(key))


@case
def dead_names_do_not_hold_up_the_others(lab):
    ours, go, key = named_peer(lab, ["192.0.2.2"], 5)
    wait_until("its address", lambda: ours.peer(key)["endpoint"] == "192.0.2.2:5678", 20)
    expect(ping(ours.inner, "10.8.3.2", 3) == (3, 3), ours.show(), ours.said())
