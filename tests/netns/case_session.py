"""Sessions and what keeps them: restarts, probes, pings, and who may move a peer's endpoint."""
import os
import signal
import socket
import subprocess

from cases import case, expect
from frames import namespace, packet_socket, udp_socket
from lab import ping, run, wait_until
from pair import Pair


def raw_sockets(inner):
    """How many raw ICMP sockets the namespace has."""
    return sum(len(run("ip", "netns", "exec", inner, "cat", "/proc/net/" + table).splitlines()) - 1 for table in ("raw", "raw6"))


@case
def service_hears_no_echo_that_it_did_not_ask_for(lab):
    pair = Pair(lab)
    pair.both_ways()
    # a raw socket would have each echo that passes: the service has none
    with namespace(pair.ours.inner):
        control = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    control.setblocking(False)
    expect(ping("b", "10.8.3.1", 5) == (5, 5))
    heard = [control.recv(200) for _ in range(5)]
    expect(len(heard) == 5)
    control.close()
    expect(raw_sockets(pair.ours.inner) == 0, raw_sockets(pair.ours.inner))
    job = subprocess.Popen([lab.applet("gateway"), "--run", pair.ours.dir + "/run", "ping", "10.8.3.2", "-c", "100000", "-i", "0.01", "-q"],
                           stdout=subprocess.PIPE, text=True)
    lab.processes.append(job)
    wait_until("a socket while a ping runs", lambda: raw_sockets(pair.ours.inner) == 1)
    job.terminate()
    job.wait(10)
    wait_until("no socket behind it", lambda: raw_sockets(pair.ours.inner) == 0)
    said = pair.ours.ask("ping", "10.8.3.2", "-c", "3", "-i", "0.05")
    expect("3 sent, 3 received, 0 lost" in said, said)
    expect(raw_sockets(pair.ours.inner) == 0)
    run("ip", "-n", pair.ours.inner, "link", "set", "lo", "up")
    said = pair.ours.ask("ping", "::1", "-c", "3", "-i", "0.05")
    expect("3 sent, 3 received, 0 lost" in said, said)


@case
def replayed_initiation_is_answered_and_moves_no_peer(lab):
    pair = Pair(lab)
    pair.both_ways()
    # b's initiation, recorded on its way to somewhere else; b says nothing after it
    pair.b("ip", "address", "add", "192.0.2.3/24", "dev", "eth0")
    hostile = udp_socket("b", ("192.0.2.3", 4444))
    hostile.settimeout(30)
    pair.go.stop()
    pair.go.start()
    pair.go.set("peer", pair.pub_a, "allowed-ips", "10.8.3.1/32", "endpoint", "192.0.2.3:4444")
    pair.go.address("10.8.3.2/24")
    pair.b.start("ping", "-c", "1", "-W", "1", "10.8.3.1", stdout=subprocess.DEVNULL)
    message = hostile.recv(2000)
    expect(message[0] == 1 and len(message) == 148, message)
    pair.go.stop()

    def replay(port):
        hostile.sendto(message, ("192.0.2.1", port))
        answer, source = hostile.recvfrom(2000)
        expect(answer[0] == 2 and source == ("192.0.2.1", port), answer, source)

    # wireguard-go in our place, with the same keys and on another port, as the other path has them
    control = lab.wireguard_go(pair.a, "go1", pair.key_a, 4568)
    control.set("peer", pair.pub_b, "allowed-ips", "10.8.3.2/32", "endpoint", pair.ends[1])
    pair.a("ip", "link", "set", "go1", "up")
    replay(4568)
    expect(control.endpoint(pair.pub_b) == "192.0.2.3:4444", control.endpoint(pair.pub_b))
    replay(4567)
    expect(pair.ours.peer(pair.pub_b)["endpoint"] == pair.ends[1], pair.ours.show())
    # an engine that was started again does not know any more that it had this one
    dead = pair.ours.engine()["pid"]
    os.kill(int(dead), signal.SIGKILL)
    wait_until("another engine", lambda: pair.ours.engine().get("pid", dead) != dead and pair.ours.show()["state"] == "up")
    replay(4567)
    expect(pair.ours.peer(pair.pub_b)["endpoint"] == pair.ends[1], pair.ours.show())
    pair.go.start()
    pair.go.set("peer", pair.pub_a, "allowed-ips", "10.8.3.1/32")
    pair.go.address("10.8.3.2/24")
    wait_until("a session with the peer", lambda: ping(pair.ours.inner, "10.8.3.2", 1)[1])
    expect(ping(pair.ours.inner, "10.8.3.2", 3) == (3, 3), pair.ours.show())
    hostile.setblocking(False)
    try:
        expect(False, "something of ours went to who replayed", hostile.recv(2000))
    except BlockingIOError:
        pass


@case
def peer_with_a_keepalive_is_silent_until_the_interface_is_up(lab):
    pair = Pair(lab, ours_more="PersistentKeepalive = 25\n", endpoints=(True, False))
    pair.both_ways()
    pair.ours.stop()
    pair.b("ip", "link", "set", "eth0", "down")
    pair.ours.start()
    expect("wg0" not in run("ip", "-n", pair.ours.inner, "-br", "link", "show", "up"))
    expect(pair.ours.peer(pair.pub_b)["sent_bytes"] == 0, pair.ours.show())
    # and the first that leaves is answered
    wire = packet_socket("b", "eth0")
    wire.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)     # that the link is down
    pair.b("ip", "link", "set", "eth0", "up")
    wait_until("a session", lambda: pair.ours.peer(pair.pub_b)["latest_handshake"])
    wire.setblocking(False)
    initiations = 0
    try:
        while True:
            frame = wire.recv(2000)
            initiations += frame[12:14] == b"\x08\x00" and frame[34:38] == b"\x11\xd7\x16\x2e" and frame[42] == 1
    except BlockingIOError:
        pass
    expect(initiations == 1, initiations)
    pair.both_ways()
