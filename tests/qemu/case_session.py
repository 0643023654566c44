"""Sessions on both backends: who may move a peer, what is sent before the interface is up, what a crash and a ping cost."""
import re
import socket
import struct

from appliance import PATHS, cluster, wait_for
from case_lwip import move
from cases import case
from cluster import outer_address, vpn_address

INITIATION, INITIATION_LEN = 1, 148
HOSTILE = "192.0.2.66"


def udp_payload(frame, source, port):
    """What a frame brings from that address to that UDP port, or b""."""
    if frame[12:14] != b"\x08\x00" or frame[23] != 17 or frame[26:30] != socket.inet_aton(source):
        return b""
    length, = struct.unpack("!H", frame[38:40])
    return frame[42:34 + length] if struct.unpack("!H", frame[36:38])[0] == port else b""


def udp_frame(source, target, port, payload):
    """From a machine that is not there."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(target))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF) + head[12:]
    return b"\x52\x54\0\0\0\x01\x52\x54\0\0\0\x66\x08\0" + head + struct.pack("!HHHH", 4444, port, 8 + len(payload), 0) + payload


class Initiations:
    """Those of one instance to a port, as the hub sees them; to: of which other one, None: whichever."""

    def __init__(self, hub, n, port, to=None):
        self.hub, self.n, self.port, self.to, self.seen = hub, n, port, to and socket.inet_aton(outer_address(to)), []

    def tap(self, _, frame):
        payload = udp_payload(frame, outer_address(self.n), self.port)
        if len(payload) == INITIATION_LEN and payload[0] == INITIATION and self.to in (None, frame[30:34]):
            self.seen.append(payload)

    def __enter__(self):
        self.hub.tap = self.tap
        return self

    def __exit__(self, *_):
        self.hub.tap = None


@case
def replayed_initiation_moves_no_peer_for_long(image):
    """Recorded on the management port, sent to the dataplane's: the kernel takes the move, and is put right; lwIP does not."""
    c = cluster(image)
    first, second, third = c.all
    key = second.instance.public_key
    for backend in ("kernel", "lwip"):
        move(first, "kernel", backend)
        first.wait_handshakes(2)
        first.fresh_sessions(2)
        home = outer_address(2) + ":4568"
        assert first.peers("gateway-dataplane")[key]["endpoint"] == home
        with Initiations(c.hub, 2, 4567, to=1) as recorded:
            second.netns("gateway", "wg set wg0 peer %s remove" % first.instance.public_key)
            second.run("/sbin/gateway reconfigure", 60)
            message = wait_for("an initiation to record", lambda: recorded.seen)[0]
        received = first.peers("gateway-dataplane")[key]["received_bytes"]
        c.hub.inject(0, udp_frame(HOSTILE, outer_address(1), 4568, message))
        wait_for("that it is taken", lambda: first.peers("gateway-dataplane")[key]["received_bytes"] >= received + INITIATION_LEN)
        now = first.peers("gateway-dataplane")[key]["endpoint"]
        assert now == (HOSTILE + ":4444" if backend == "kernel" else home), "%s: %s" % (backend, now)
        if backend == "lwip":
            said = first.say("ping %s gateway-dataplane -c 3 -i 0.1 -q" % vpn_address(2))
            assert "3 received" in said, said
            continue
        # idle, it is left alone; once it is missed, it is looked for where the file has it
        line = "ping %s gateway-dataplane -c 600 -i 0.1 -q" % vpn_address(2)
        start = first.vm.console.begin(line)
        c.hub.unplugged.add(1)              # or the peer may speak first
        try:
            wait_for("its own endpoint again", lambda: first.peers("gateway-dataplane")[key]["endpoint"] == home, 60)
        finally:
            c.hub.unplugged.clear()
        first.vm.console.write(b"\x03")
        said = first.vm.console.finish(line, start)
        sent, lost = re.search(r"(\d+) sent, \d+ received, (\d+) lost", said).groups()
        assert int(lost) > 10, "nothing went to who replayed: %s of %s" % (lost, sent)
        # what was asked for while the cable was out is asked for again within seconds
        wait_for("answers", lambda: "3 received" in first.say("ping %s gateway-dataplane -c 3 -i 0.1 -q" % vpn_address(2)))
        said = first.say("log looked", log=True)
        assert "nothing came from %s:4444 for 15 s: looked for where the file has it" % HOSTILE in said, said


@case
def peer_with_a_keepalive_gets_nothing_before_the_interface_is_up(image):
    """The kernel backend is the control for lwIP."""
    c = cluster(image)
    first, second, third = c.all
    sections = [first.instance.section(), second.instance.section("PersistentKeepalive = 25\n")]
    first.reconfigure("--force", files={"vpn-public.conf": "\n".join(sections)})
    for backend in ("kernel", "lwip"):
        move(first, "kernel" if backend == "lwip" else "lwip", "kernel")
        first.vm.set_link(0, False)
        wait_for("no carrier", lambda: "LOWER_UP" not in first.output("ip link show eth0"))
        first.write({".env": first.files[".env"].replace("BACKEND=" + first.show()["backend"], "BACKEND=" + backend, 1)})
        first.run("/sbin/gateway reconfigure --force")
        shown = first.show()
        assert shown["backend"] == backend and shown["state"] == "waiting for carrier", shown
        assert [peer["sent_bytes"] for peer in shown["peers"]] == [0], shown
        with Initiations(c.hub, 1, 4567) as sent:
            first.vm.set_link(0, True)
            wait_for("a session", lambda: all(first.handshakes("gateway").values()))
            assert len(sent.seen) == 1, "%s: %d initiations" % (backend, len(sent.seen))


@case
def peer_by_name_that_had_moved_stays_where_it_is_over_a_crash(image):
    c = cluster(image)
    first, second, third = c.all
    key = second.instance.public_key
    first.output("mount -o remount,rw / && echo %s peer.example > /etc/hosts; mount -o remount,ro /" % outer_address(2))
    sections = [first.instance.section(), second.instance.section(host="peer.example"), third.instance.section()]
    first.reconfigure(files={"vpn-public.conf": "\n".join(sections)})
    first.wait_handshakes(2)
    for path, port in zip(PATHS, (4567, 4568)):
        assert first.peers(path)[key]["endpoint"] == "%s:%d" % (outer_address(2), port), first.show(path)
    first.netns("gateway", "wg set wg0 peer %s endpoint 192.0.2.99:4567" % key)
    old = first.pid("gateway")
    first.output("kill -9 %d" % old)
    wait_for("the service again", lambda: first.pid("gateway") not in (0, old) and first.show().get("state") == "up")
    first.run("/sbin/gateway reconfigure", 60)            # waits for names
    assert first.peers()[key]["endpoint"] == "192.0.2.99:4567", first.show()
    said = first.reconfigure(files={"vpn-public.conf": "\n".join(i.section() for i in c.instances)})
    assert first.peers()[key]["endpoint"] == outer_address(2) + ":4567", said


@case
def choosing_a_backend_makes_no_interface(image):
    c = cluster(image)
    first = c.all[0]
    first.output("(ip -o monitor link > /run/links 2>&1 & echo $! > /run/links.pid)")
    move(first, "lwip", "lwip")
    first.reconfigure("--force", files={".env": first.instance.files(c.instances)[".env"]})
    for path in PATHS:
        assert first.show(path)["backend_reason"] == "the kernel has WireGuard", first.show(path)
    first.output("ip link set lo mtu 60000 && ip link set lo mtu 65536")
    seen = wait_for("what the monitor says", lambda: re.findall(r"^(?:Deleted )?\d+: ([^:@]+)", first.output("cat /run/links"), re.M))
    first.output("kill $(cat /run/links.pid)")
    assert "lo" in seen and not set(seen) - {"lo", "eth0"}, seen


@case
def echo_of_others_wakes_no_service(image):
    c = cluster(image)
    first, second, third = c.all

    def wakeups():
        return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", first.output("cat /proc/%d/status" % first.pid("gateway")), re.M)[1])

    before = wakeups()
    said = second.say("ping %s -c 300 -i 0.02 -q" % vpn_address(1))
    assert "300 received" in said, said
    cost = wakeups() - before
    assert cost < 60, "%d wake-ups for 300 requests that the kernel answers" % cost
    # the control: of what it asks for itself it hears each answer
    before = wakeups()
    said = first.say("ping %s -c 100 -i 0.02 -q" % vpn_address(2))
    assert "100 received" in said and wakeups() - before > 60, (said, wakeups() - before)
