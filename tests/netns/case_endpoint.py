"""Where a peer is: names with several addresses, dead names, peers that went elsewhere."""
import json
import os
import select
import signal
import subprocess

from cases import case, expect
from frames import udp_socket
from lab import ping, run, wait_until, wg_keys
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
        f.write("nameserver 127.0.0.1\noptions timeout:30 attempts:5\n")
    lab.mount(lab.dir + "/resolv.conf", "/etc/resolv.conf")
    host("ip", "link", "set", "lo", "up")
    host.start("python3", "-c", NAME_SERVER, lab.dir + "/names", stdout=subprocess.PIPE, text=True).stdout.readline()


def set_names(lab, names):
    with open(lab.dir + "/names.new", "w") as f:
        json.dump(names, f)
    os.replace(lab.dir + "/names.new", lab.dir + "/names")


def named_peer(lab, addresses, dead=0, more=()):
    """Ours on a, to whom wireguard-go on b is a name; both families outside. dead: other names before it, of which no one
    knows anything; more: further peers, (VPN address, endpoint), with lab.more_keys. (ours, wireguard-go, its public key)"""
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "192.0.2.1/24 2001:db8::1/64", b, "192.0.2.2/24 2001:db8::2/64")
    name_server(lab, a, {"peer.example": addresses})
    (key_a, pub_a), (key_b, pub_b) = wg_keys(), wg_keys()
    go = lab.wireguard_go(b, "go0", key_b, 5678)
    go.set("peer", pub_a, "allowed-ips", "10.8.3.1/32")
    go.address("10.8.3.2/24")
    peers = [(pub_a, "10.8.3.1/32", "192.0.2.1:4567", "")]
    peers += [(wg_keys()[1], "10.8.3.%d/32" % n, "dead%d.example:5678" % n, "") for n in range(10, 10 + dead)]
    lab.more_keys = [wg_keys() for _ in more]
    peers += [(key[1], address + "/32", endpoint, "") for key, (address, endpoint) in zip(lab.more_keys, more)]
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
    wait_until("its address", lambda: ours.peer(key)["endpoint"] == "192.0.2.2:5678")
    expect(ping(ours.inner, "10.8.3.2", 3) == (3, 3), ours.show(), ours.said())


@case
def peer_that_does_not_answer_is_looked_for_elsewhere(lab):
    """The first address of its name leads to no one; and one that had moved is at home again."""
    ours, go, key = named_peer(lab, ["2001:db8::99", "192.0.2.2"], more=[("10.8.3.3", "192.0.2.2:5679")])
    other = lab.wireguard_go(go.host, "go1", lab.more_keys[0][0], 5679)
    other.set("peer", ours.show()["public_key"], "allowed-ips", "10.8.3.1/32")
    other.address("10.8.3.3/32")
    wait_until("the first of them", lambda: ours.peer(key)["endpoint"] == "[2001:db8::99]:5678")
    moved = lab.more_keys[0][1]
    run("wg", "set", "wg0", "peer", moved, "endpoint", "192.0.2.88:1")
    pings = [ours.host.start("ip", "netns", "exec", ours.inner, "ping", "-i", "0.5", "-c", "120", address, stdout=subprocess.DEVNULL)
             for address in ("10.8.3.2", "10.8.3.3")]
    wait_until("the other address", lambda: ours.peer(key)["endpoint"] == "192.0.2.2:5678", 60)
    wait_until("the file's", lambda: ours.peer(moved)["endpoint"] == "192.0.2.2:5679", 60)
    for peer in (key, moved):
        wait_until("a session", lambda: ours.peer(peer)["latest_handshake"])
    for process in pings:
        process.terminate()
        process.wait(10)
    expect(ping(ours.inner, "10.8.3.2", 3) == (3, 3), ours.show(), ours.said())


def noted(ours):
    """Where peers were last, for after a crash."""
    path = ours.dir + "/run/gateway.endpoints"
    if not os.path.exists(path):
        return ""
    with open(path) as f:
        return f.read()


@case
def peer_by_name_is_reached_after_a_crash_though_no_name_server_answers(lab):
    ours, go, key = named_peer(lab, ["192.0.2.2"])
    wait_until("its address", lambda: ours.peer(key)["endpoint"] == "192.0.2.2:5678")
    expect(ping(ours.inner, "10.8.3.2", 3) == (3, 3), ours.show())
    wait_until("a note of it", lambda: "192.0.2.2" in noted(ours))
    set_names(lab, {})
    ours.stop(signal.SIGKILL)
    ours.start()
    expect(ours.peer(key)["endpoint"] == "192.0.2.2:5678", ours.show(), ours.said())
    expect(ping(ours.inner, "10.8.3.2", 3) == (3, 3), ours.show(), ours.said())


@case
def peer_that_had_moved_stays_where_it_is_over_a_crash(lab):
    ours, go, key = named_peer(lab, ["192.0.2.2"])
    wait_until("its address", lambda: ours.peer(key)["endpoint"] == "192.0.2.2:5678")
    expect(ping(ours.inner, "10.8.3.2", 3) == (3, 3), ours.show())
    go.host("ip", "address", "add", "192.0.2.77/24", "dev", "eth0")
    go.host("ip", "address", "del", "192.0.2.2/24", "dev", "eth0")
    go.host("ip", "address", "replace", "192.0.2.77/24", "dev", "eth0")
    go.set("peer", ours.show()["public_key"], "endpoint", "192.0.2.1:4567")
    expect(ping("b", "10.8.3.1", 3) == (3, 3), ours.show())
    expect(ours.peer(key)["endpoint"] == "192.0.2.77:5678", ours.show())
    wait_until("a note of it", lambda: "192.0.2.77" in noted(ours))
    ours.stop(signal.SIGKILL)
    ours.start()
    expect(ping(ours.inner, "10.8.3.2", 3) == (3, 3), ours.show(), ours.said())
    ours.ask("reconfigure")         # which looks the name up
    expect(ours.peer(key)["endpoint"] == "192.0.2.77:5678", ours.show())
    expect(ping(ours.inner, "10.8.3.2", 3) == (3, 3), ours.show())
    ours.stop()
    expect(not os.path.exists(ours.dir + "/run/gateway.endpoints"))


def silent_peer(lab):
    """A host with our service, the link's other end, and how often the peer there, who never answers, was knocked at since the last look."""
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "192.0.2.1/24", b, "192.0.2.2/24")
    silent = udp_socket("b", ("192.0.2.2", 5678))
    silent.setblocking(False)
    (key_a, pub_a), (_, pub_b) = wg_keys(), wg_keys()
    lab.gateway(a, files(key_a, [(pub_a, "10.8.3.1/32", "192.0.2.1:4567", ""), (pub_b, "10.8.3.2/32", "192.0.2.2:5678", "")], "10.8.3.1"))

    def knocks():
        count = 0
        while select.select([silent], [], [], 0)[0]:
            count += len(silent.recv(2000)) < 32
        return count

    return a, b, knocks


@case
def silent_peer_is_knocked_at_again_though_the_host_is_quiet(lab):
    knocks = silent_peer(lab)[2]
    wait_until("the first", knocks)
    wait_until("another, 10 s later", knocks, 40)


@case
def silent_peer_is_not_knocked_at_with_every_event_of_the_host(lab):
    a, b, knocks = silent_peer(lab)
    count = wait_until("the first", knocks)
    watch = a.start("ip", "-o", "monitor", "address", stdout=subprocess.PIPE, text=True)
    for n in range(12):                     # as many bursts, each longer than it waits for one to end
        a("ip", "address", "add", "198.51.100.%d/32" % n, "dev", "eth0")
        watch.stdout.readline()
        select.select([], [], [], 0.3)
    count += knocks()
    expect(count <= 4, count)               # after 0, 10, 30, 70 s, however slow the machine is
    # with the carrier it is a fresh start
    b("ip", "link", "set", "eth0", "down")
    wait_until("no carrier", lambda: "NO-CARRIER" in a("ip", "link", "show", "eth0"))
    select.select([], [], [], 0.5)
    b("ip", "link", "set", "eth0", "up")
    wait_until("another knock", knocks)
