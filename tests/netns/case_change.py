"""One set of files takes the place of another: handed over by who read it, put back, kept, and gone on with after a crash."""
import array
import os
import signal
import socket
import tempfile

from case_disk import frozen, mounted, waiting
from case_nics import MAIN, Network, addresses
from cases import case, expect
from lab import wait_until, wg_keys
from pair import Pair, files

PACKET_MAX = 16384


def begin(service, fd, *words):
    """A request to a service's control socket, a directory with it."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.settimeout(60)
    sock.connect("%s/run/%s.sock" % (service.dir, getattr(service, "name", "network")))
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))] if fd is not None else []
    sock.sendmsg(["".join(word + "\0" for word in words).encode()], rights)
    return sock


def answer(sock):
    """(exit status, text)"""
    text = ""
    with sock:
        while True:
            packet = sock.recv(PACKET_MAX)
            expect(packet, "it ended without a status", text)
            if packet[:1] == b"x":
                return packet[1], text
            text += packet[1:].decode()


def hand(service, directory, *words):
    """What it says to a verb with the files of a directory."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY) if directory else None
    try:
        return answer(begin(service, fd, *words))
    finally:
        if directory:
            os.close(fd)


def directory(lab, texts):
    path = tempfile.mkdtemp(prefix="set.", dir=lab.dir)
    for name, text in texts.items():
        with open(path + "/" + name, "w") as f:
            f.write(text)
        os.chmod(path + "/" + name, 0o600)
    return path


def read(*parts):
    with open("/".join(parts)) as f:
        return f.read()


def more_peers(pair, count):
    return pair.peers + [(wg_keys()[1], "10.8.3.%d/32" % (10 + n), "192.0.2.9:4567", "") for n in range(count)]


@case
def set_that_is_handed_over_is_applied_undone_and_kept(lab):
    pair = Pair(lab)
    ours = pair.ours
    pair.both_ways()
    wait_until("the fallback", lambda: os.path.exists(ours.dir + "/conf/applied/gateway/.env"))
    fallback = ours.dir + "/conf/applied/gateway/vpn-public.conf"
    before = read(fallback)
    fresh = directory(lab, files(pair.key_a, more_peers(pair, 2), pair.vpn[0]))
    with open(ours.dir + "/conf/vpn-public.conf", "w") as f:
        f.write("half of a file")               # what is not handed over is not looked at

    status, said = hand(ours, fresh, "plan")
    expect(status == 0 and said == "  peer 10.8.3.10   added\n  peer 10.8.3.11   added\ngateway: would be applied\n", status, said)
    expect(len(ours.show()["peers"]) == 1, "a plan does it already")
    expect(hand(ours, None, "undo") == (1, "gateway: there is nothing to put back\n"))
    expect(hand(ours, None, "plan")[0] == 3)    # the control: its own files are
    handshake = ours.peer(pair.peers[1][0])["latest_handshake"]
    for _ in range(2):
        status, said = hand(ours, fresh, "apply", "--quiet")
        expect(status == 0 and "gateway: 2 added, 0 updated, 0 removed, 1 kept\n" in said, status, said)
        expect(read(fallback) == before, "kept before it was asked for")
        status, said = hand(ours, None, "undo")
        expect(status == 0 and said.count("gateway: removed peer ") == 2 and
               said.endswith("gateway: what ran before is put back\n"), status, said)
        expect(len(ours.show()["peers"]) == 1 and hand(ours, None, "undo")[0] == 1)
    expect(hand(ours, fresh, "apply")[0] == 0 and hand(ours, None, "keep") == (0, ""))
    expect(read(fallback) == read(fresh, "vpn-public.conf"))
    expect(hand(ours, None, "undo")[0] == 1)
    expect(ours.peer(pair.peers[1][0])["latest_handshake"] == handshake)        # the session had no part in it
    pair.both_ways()


@case
def what_was_applied_goes_on_after_a_crash_without_the_disk(lab):
    pair = Pair(lab)
    ours, conf = pair.ours, pair.ours.dir + "/conf"
    pair.both_ways()
    fresh = directory(lab, files(pair.key_a, more_peers(pair, 2), pair.vpn[0]))
    expect(hand(ours, fresh, "apply")[0] == 0)  # and not kept
    ours.stop(signal.SIGKILL)
    os.rename(conf, conf + ".away")
    ours.start()
    pair.both_ways()
    expect(len(ours.show()["peers"]) == 3 and "started again: what ran goes on" in ours.said(), ours.said())
    said = hand(ours, None, "undo", "--quiet")
    expect(said == (1, "gateway: there is nothing to put back\n"), "what it cannot undo it takes for undone", said)
    expect(hand(ours, directory(lab, {".env": "no line of it\n"}), "apply")[0] == 1)
    said = hand(ours, None, "undo", "--quiet")          # the control: nothing was changed
    expect(said == (0, ""), said)
    ours.stop()
    expect(not os.path.exists(ours.dir + "/run/applied/gateway"), "a private key is left in memory")
    os.rename(conf + ".away", conf)
    ours.start()                                # the control: it was ended, and begins with its files
    expect(len(ours.show()["peers"]) == 1)


@case
def disk_that_hangs_holds_up_no_set_that_is_elsewhere(lab):
    pair = Pair(lab)
    os.mkdir(lab.dir + "/slow")
    with mounted(lab, lab.dir + "/slow"):
        texts = files(pair.key_a, pair.peers, pair.vpn[0])
        fresh = directory(lab, files(pair.key_a, more_peers(pair, 2), pair.vpn[0]))
        for name, text in texts.items():
            with open(lab.dir + "/slow/" + name, "w") as f:
                f.write(text)
            os.chmod(lab.dir + "/slow/" + name, 0o644)      # whoever reads the files mends that, and waits
        fd = os.open(lab.dir + "/slow", os.O_RDONLY | os.O_DIRECTORY)
        try:
            with frozen(lab.dir + "/slow"):
                first = begin(pair.ours, fd, "apply")
                wait_until("it waits for the disk", lambda: waiting(pair.ours.process.pid))
                expect(hand(pair.ours, fresh, "plan") == (3, "gateway: another reconfigure is under way\n"))
                status, said = answer(first)
                expect(status == 1 and "the disk does not answer" in said, status, said)
                status, said = hand(pair.ours, fresh, "apply")
                expect(status == 0 and "gateway: 2 added" in said, status, said)
                pair.both_ways()
        finally:
            os.close(fd)


@case
def nics_get_their_addresses_though_a_vpn_file_has_a_typo(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24")
    network = Network(lab, a, MAIN, **{"vpn-public.conf": "[Peer]\nPublicKey = typo\n"})
    expect("vpn-public.conf:2: " in network.said() and addresses(a) == {"192.0.2.1/24": True}, network.said(), addresses(a))
    network.stop()
    expect(not os.path.exists(network.dir + "/conf/applied"), "files with errors were kept")
    os.unlink(network.dir + "/conf/vpn-public.conf")
    network.start()                             # the control
    wait_until("the fallback", lambda: os.path.exists(network.dir + "/conf/applied/network/network.conf"))
    network.stop()
    network.write(MAIN.replace("Address", "Addres"))
    network.start()
    expect("the NICs get the last applied configuration" in network.said() and addresses(a) == {"192.0.2.1/24": True}, network.said())


@case
def nics_go_on_after_a_crash_and_are_put_back(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24")
    network = Network(lab, a, MAIN)
    network.write(MAIN.replace("192.0.2.1", "192.0.2.8"))
    network.process.kill()
    network.process.wait()
    network.start()
    expect(addresses(a) == {"192.0.2.1/24": True} and "started again: what ran goes on" in network.said(), addresses(a))
    fresh = directory(lab, {"network.conf": MAIN.replace("192.0.2.1", "192.0.2.7")})
    status, said = hand(network, fresh, "apply")
    expect(status == 0 and addresses(a) == {"192.0.2.7/24": True}, status, said)
    status, said = hand(network, None, "undo")
    expect(status == 0 and addresses(a) == {"192.0.2.1/24": True}, status, said)
