"""What goes wrong with a peer is told by its cause: in show, in JSON and in the log, with the peer's name."""
import base64
import json
import os
import re
import subprocess

from cases import case, expect
from frames import udp_socket
from lab import ECHOES, ping, run, wait_until, wg_keys
from pair import PSK, Pair, files


class Told(Pair):
    """A pair in which the other has a name."""

    def __init__(self, lab, **options):
        super().__init__(lab, **options)
        named = files(self.key_a, self.peers, self.vpn[0])
        start = named["vpn-public.conf"].rindex("[Peer]\n")
        named["vpn-public.conf"] = named["vpn-public.conf"][:start] + named["vpn-public.conf"][start:].replace("[Peer]", "[Peer] # berlin")
        self.ours.write(named)
        self.ours.ask("reconfigure")

    def peer(self):
        return self.ours.peer(self.pub_b)

    def failed(self, reason, words):
        """Waits for that reason, everywhere."""
        wait_until("last failure " + reason, lambda: self.peer()["last_failure"] == reason)
        expect(words in self.ours.ask("show"), words, self.ours.ask("show"))
        wait_until("a line in the log: " + words,
                   lambda: "peer berlin: handshake failed: " + words in self.ours.said(), 90)

    def dropped(self, cause, words, count=1):
        wait_until("%d dropped as %s" % (count, cause), lambda: self.peer()["dropped"][cause] >= count)
        expect(words in self.ours.ask("show"), words, self.ours.ask("show"))
        wait_until("a line in the log: " + words, lambda: any(
            "peer berlin: dropped " in line and words in line for line in self.ours.said().splitlines()), 90)

    def knock(self, host):
        host.start("ping", "-c", "1", "-W", "1", self.vpn[1] if host is not self.b else self.vpn[0], stdout=subprocess.DEVNULL)


@case
def wrong_preshared_key_is_told_on_both_sides_of_a_handshake(lab):
    pair = Told(lab, ours_more="PresharedKey = " + PSK)
    lab.processes.append(subprocess.Popen(["ip", "netns", "exec", pair.ours.inner, "ping", "-c", "1", "-W", "1", pair.vpn[1]],
                                          stdout=subprocess.DEVNULL))
    pair.failed("preshared_key", "its answer does not open: it has another preshared key")
    expect(pair.peer()["failing"] is True and pair.peer()["latest_handshake"] == 0, pair.peer())
    pair.dropped("not_authentic", "not authentic")
    wait_until("a line that it is down", lambda: re.search(
        r"peer berlin: DOWN: we send, and nothing has come for 15 s; handshake with \S+: its answer does not open", pair.ours.said()), 90)
    # and with the same on both sides it is over, and said to be
    pair.go.set("peer", pair.pub_a, "preshared-key", "/dev/stdin", input=PSK)
    wait_until("a handshake", lambda: pair.peer()["latest_handshake"])
    pair.both_ways()
    expect(pair.peer()["failing"] is False, pair.peer())
    expect("(over; " in pair.ours.ask("show"), pair.ours.ask("show"))
    wait_until("a line that it is over", lambda: "peer berlin: handshake done, after " in pair.ours.said(), 90)
    wait_until("a line that it is up", lambda: re.search(r"peer berlin: up again, after \d+ s, at ", pair.ours.said()), 90)
    expect("another preshared key" not in json.dumps(pair.ours.show()["dropped"]))


@case
def wrong_keys_are_told_with_who_and_from_where(lab):
    pair = Told(lab)
    pair.both_ways()
    packets = pair.ours.show()["interface_packets"]
    expect(packets["rx"] >= 6 and packets["tx"] >= 6, packets)
    expect(pair.ours.show()["dropped"]["unknown_peer"] == 0, pair.ours.show())
    private, public = wg_keys()
    pair.ours.stop()            # no session that would hide it
    pair.go.set("private-key", "/dev/stdin", input=private)
    pair.ours.start()
    pair.knock(pair.b)
    pair.failed("wrong_key", "wrong key: from its endpoint comes a public key that is no peer's")
    shown = pair.ours.show()
    expect(shown["dropped"]["unknown_peer"] >= 1 and shown["unknown_peer"]["public_key"] == public, shown)
    expect(shown["unknown_peer"]["from"] == pair.ends[1], shown)
    expect(public in pair.ours.ask("show"), pair.ours.ask("show"))
    wait_until("a line in the log that names who and where", lambda: any(
        "initiations by no peer" in line and "the last by %s... from %s" % (public[:4], pair.ends[1]) in line
        for line in pair.ours.said().splitlines()), 90)
    # the other's idea of our key
    other = wg_keys()[1]
    pair.ours.stop()
    pair.go.set("private-key", "/dev/stdin", input=pair.key_b)
    pair.go.set("peer", pair.pub_a, "remove", "peer", other, "allowed-ips", pair.vpn[0] + "/32", "endpoint", pair.ends[0])
    pair.ours.start()
    pair.knock(pair.b)
    pair.failed("wrong_key_of_ours", "wrong key: its endpoint has another public key for us")
    expect(pair.ours.show()["dropped"]["not_for_our_key"] >= 1, pair.ours.show())


def recorded(pair, sock, count):
    """That many initiations of b's, one behind the other, which no one has seen."""
    messages = []
    pair.go.stop()
    pair.go.start()
    pair.go.set("peer", pair.pub_a, "allowed-ips", pair.vpn[0] + "/32", "endpoint", "192.0.2.3:4444")
    pair.go.address(pair.vpn[1] + "/24")
    pair.b.start("ping", "-c", "1", "-W", "1", pair.vpn[0], stdout=subprocess.DEVNULL)
    while len(messages) < count:
        message = sock.recv(2000)
        if message[0] == 1:
            messages.append(message)
    pair.go.stop()
    return messages


@case
def replays_and_stamps_from_behind_are_told_apart(lab):
    pair = Told(lab)
    pair.both_ways()
    expect(pair.peer()["dropped"]["initiation_replayed"] == 0, pair.peer())
    pair.b("ip", "address", "add", "192.0.2.3/24", "dev", "eth0")
    sock = udp_socket("b", ("192.0.2.3", 4444))
    sock.settimeout(60)
    first, second = recorded(pair, sock, 2)
    sock.sendto(second, ("192.0.2.1", 4567))
    expect(sock.recv(2000)[0] == 2)          # the control: it was good once
    sock.sendto(second, ("192.0.2.1", 4567))
    pair.failed("replay", "an initiation of it was replayed")
    pair.dropped("initiation_replayed", "replayed initiations")
    expect(pair.peer()["dropped"]["initiation_stamp_behind"] == 0, pair.peer())
    sock.sendto(first, ("192.0.2.1", 4567))
    pair.failed("stamp_behind", "its initiation has a stamp from behind")
    expect(pair.peer()["dropped"]["initiation_stamp_behind"] == 1, pair.peer())


@case
def full_queue_is_told(lab):
    pair = Told(lab)
    pair.go.stop()
    pair.ours.stop()            # with the session that there may be
    pair.ours.start()
    ping(pair.ours.inner, pair.vpn[1], 200, interval=0.002, wait=1)
    pair.dropped("queue_full", "to it for a full queue", 50)
    pair.failed("no_answer", "no answer")


@case
def wg_fields_are_those_of_stock_wg(lab):
    pair = Told(lab, ours_more="PresharedKey = %s\nPersistentKeepalive = 25" % PSK, theirs_more=("preshared-key", "/dev/stdin"))
    pair.both_ways()
    for words in (("dump",), ("public-key",), ("private-key",), ("listen-port",), ("fwmark",), ("peers",), ("preshared-keys",), ("endpoints",),
                  ("allowed-ips",), ("latest-handshakes",), ("persistent-keepalive",)):
        stable = lambda text: [line.split("\t")[:5] for line in text.splitlines()]
        ours, theirs = pair.ours.ask("wg", "show", "wg0", *words), run("wg", "show", "wg0", *words)
        expect(stable(ours) == stable(theirs) and ours, words, ours, theirs)
        ours, theirs = pair.ours.ask("wg", "show", "all", *words), run("wg", "show", "all", *words)
        theirs = "".join(line for line in theirs.splitlines(True) if line.startswith("wg0\t"))
        expect(stable(ours) == stable(theirs) and ours, "all", words, ours, theirs)
    expect(pair.ours.ask("wg", "show", "interfaces") == "wg0\n")
    fields = pair.ours.ask("wg", "show", "wg0", "transfer").split()
    expect(len(fields) == 3 and int(fields[1]) > 0 and int(fields[2]) > 0, fields)


@case
def show_of_1024_peers_holds_no_packet_up(lab):
    pair = Told(lab)
    pair.both_ways()
    many = [(base64.b64encode(os.urandom(32)).decode(), "10.8.%d.%d/32" % (10 + i // 250, 1 + i % 250), None, "") for i in range(1022)]
    pair.ours.write(files(pair.key_a, pair.peers + many, pair.vpn[0] + "/16"))
    pair.ours.ask("reconfigure")

    def slowest(asking):
        """Of 500 packets in 2.5 s, none of which is lost: ms, and how many answers went beside them."""
        stream = pair.b.start(ECHOES, "-c", "500", "-i", "0.005", "-W", "10", pair.vpn[0], stdout=subprocess.PIPE, text=True)
        answers = 0
        while asking and stream.poll() is None:
            for words in (("show", "--json"), ("show",), ("wg", "show", "wg0", "dump")):
                said = pair.ours.ask(*words)
                expect(all(peer[0] in said for peer in many), words, len(said))
                answers += 1
            expect(len(json.loads(pair.ours.ask("show", "--json"))["peers"]) == 1023)
        said = stream.communicate()[0]
        expect("500 packets transmitted, 500 received" in said, said)
        return re.search(r"slowest (\S+) ms", said)[1], answers

    alone, _ = slowest(False)
    beside, answers = slowest(True)
    expect(answers)
    print("          %d answers about 1,023 peers beside 200 packets a second: the slowest took %s ms, without them %s ms" %
          (answers, beside, alone))
