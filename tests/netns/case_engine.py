"""`wireguard-lwip` alone: what stock wg(8), wg-quick(8) and ip(8) make of it, beside wireguard-go."""
import base64
import os
import signal
import subprocess

from cases import case, expect, soak
from lab import ECHOES, Engine, ping, run, served_by, wait_until, wg_keys
from pair import PSK
from verdicts import Skip


class Alone:
    """The program on host a, as wg7, and wireguard-go on host b; 10.8.3.1 and 10.8.3.2 inside."""

    def __init__(self, lab):
        self.lab, self.a, self.b = lab, lab.host("a"), lab.host("b")
        lab.link(self.a, "192.0.2.1/24", self.b, "192.0.2.2/24")
        (self.key_a, self.pub_a), (self.key_b, self.pub_b) = wg_keys(), wg_keys()
        self.go = lab.wireguard_go(self.b, "go0", self.key_b, 5678)
        self.go.set("peer", self.pub_a, "allowed-ips", "10.8.3.1/32")
        self.go.address("10.8.3.2/24")

    def start(self):
        self.ours = self.lab.engine(self.a, "wg7")

    def begin(self, *words):
        self.ours.set("private-key", "/dev/stdin", "peer", self.pub_b, "allowed-ips", "10.8.3.2/32", "endpoint", "192.0.2.2:5678",
                      *words, input=self.key_a)
        self.a("ip", "address", "add", "10.8.3.1/24", "dev", self.ours.device)
        self.a("ip", "link", "set", self.ours.device, "up")

    def both_ways(self, count=3):
        for host, address in (("a", "10.8.3.2"), ("b", "10.8.3.1")):
            said = ping(host, address, count)
            expect(said == (count, count), host, said, run("wg"))


def target(lab):
    """The binary of the image: a sanitized one makes system calls of its own."""
    path = lab.binary.replace("/host/", "/target/")
    if not os.path.exists(path):
        raise Skip("there is no %s" % path)
    lab.use(path)


def read(pid, name):
    with open("/proc/%d/%s" % (pid, name)) as f:
        return f.read()


@case
def engine_is_driven_by_stock_wg_and_ip(lab):
    alone = Alone(lab)
    alone.start()
    pid, device = alone.ours.process.pid, alone.ours.device
    link = alone.a("ip", "-d", "link", "show", device)
    expect("mtu 1420" in link and "alias" not in link and "tun type tun" in link, link)
    # in no one's session, terminal or descriptors, and known by its name
    expect(read(pid, "cmdline") == "@wireguard-lwip\0%s\0" % device and read(pid, "comm") == "wireguard-lwip\n", read(pid, "cmdline"))
    expect(os.getsid(pid) == pid)
    expect(all(os.readlink("/proc/%d/fd/%d" % (pid, fd)) == "/dev/null" for fd in (0, 1)))
    expect(run("wg", "show", "interfaces").split().count(device) == 1, run("wg", "show", "interfaces"))
    alone.begin()
    alone.both_ways()
    # no port was set: any, as of the kernel's, and it is where the peer sees us
    port = run("wg", "show", device, "listen-port").strip()
    expect(int(port) > 0 and alone.go.endpoint(alone.pub_a) == "192.0.2.1:" + port, port, alone.go.endpoint(alone.pub_a))
    alone.ours.set("listen-port", "4567")
    expect(ping("a", "10.8.3.2", 1) == (1, 1) and alone.go.endpoint(alone.pub_a) == "192.0.2.1:4567", alone.go.endpoint(alone.pub_a))
    # all that wg shows is what it set
    other = wg_keys()[1]
    alone.ours.set("fwmark", "0x77", "peer", other, "preshared-key", "/dev/stdin", "endpoint", "[fd00::9]:99", "persistent-keepalive", "7",
                   "allowed-ips", "10.8.9.0/24,fd00:9::/64", input=PSK)
    peers = alone.ours.dump()
    expect(peers[other][:2] == [PSK, "[fd00::9]:99"] and sorted(peers[other][2].split(",")) == ["10.8.9.0/24", "fd00:9::/64"] and
           peers[other][6] == "7", peers)
    expect(run("wg", "show", device, "fwmark") == "0x77\n", run("wg", "show", device))
    handshake = peers[alone.pub_b][3]
    conf = lab.dir + "/sync"
    with open(conf, "w") as f:
        f.write("[Interface]\nListenPort = 4567\nPrivateKey = %s\n[Peer]\nPublicKey = %s\nAllowedIPs = 10.8.3.2/32\n"
                "Endpoint = 192.0.2.2:5678\n" % (alone.key_a, alone.pub_b))
    run("wg", "syncconf", device, conf)
    peers = alone.ours.dump()
    expect(list(peers) == [alone.pub_b] and peers[alone.pub_b][3] == handshake != "0", peers)
    alone.both_ways()
    alone.ours.set("peer", alone.pub_b, "remove")
    expect(alone.ours.dump() == {}, alone.ours.dump())


@case
def engine_ends_with_its_interface_its_socket_or_a_signal(lab):
    a = lab.host("a")
    for end in (lambda ours: a("ip", "link", "delete", "wg7"), lambda ours: os.unlink("/run/wireguard/wg7.sock"),
                lambda ours: os.unlink("/run/wireguard/wg7.more"),
                lambda ours: ours.process.terminate(), lambda ours: ours.process.send_signal(signal.SIGINT),
                lambda ours: ours.process.kill()):
        ours = lab.engine(a, "wg7")
        watch = ours.connect()
        expect(ours.answer("watch=1", sock=watch) == ["errno=0"])
        end(ours)
        ours.process.wait(10)
        expect(watch.recv(100) == b"", "whoever watches is not told")
        expect("wg7" not in a("ip", "link"), a("ip", "link"))
    # what is left of a socket is in no one's way, and wg takes it away
    ours = lab.engine(a, "wg7")
    ours.process.terminate()
    ours.process.wait(10)
    expect(run("wg", "show", "interfaces").split() == [] and "wg7.sock" not in os.listdir("/run/wireguard"), os.listdir("/run/wireguard"))


@case
def engine_sees_its_socket_removed_behind_more_files_than_it_can_be_told_of(lab):
    a, other = lab.host("a"), "/run/wireguard/other"
    queue_len = int(run("cat", "/proc/sys/fs/inotify/max_queued_events"))
    for remove in (os.unlink, lambda path: os.rename(path, path + ".away"), lambda path: os.rename(other, path)):
        ours = lab.engine(a, "wg7")
        os.chmod("/run/wireguard/wg7.sock", 0o660)      # which is no end
        expect(ours.told("get=1")["version"] == "1")
        ours.process.send_signal(signal.SIGSTOP)
        for i in range(queue_len + 10):
            open(other, "w").close()
            os.rename(other, other + "2")
            os.unlink(other + "2")
        open(other, "w").close()
        remove("/run/wireguard/wg7.sock")
        ours.process.send_signal(signal.SIGCONT)
        ours.process.wait(10)
        for name in os.listdir("/run/wireguard"):
            os.unlink("/run/wireguard/" + name)


def refused(lab, *words, status=1, host="a"):
    done = subprocess.run(["ip", "netns", "exec", host, lab.applet("wireguard-lwip"), *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
    expect(done.returncode == status, words, done)
    return done.stdout


@case
def engine_takes_nothing_that_is_anothers(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "", name="wg8")
    ours = lab.engine(a, "wg7")
    go = lab.wireguard_go(b, "wg9", wg_keys()[0], 5678)
    for device, words in (("wg7", "wg7 runs already: `ip link del wg7` ends it"), ("wg8", "an interface wg8 exists"), ("wg9", "wg9.sock: Address")):
        said = refused(lab, device)
        expect(said.count(words) == 1 and "usage" not in said, device, said)
    expect("wg8" in a("ip", "link") and "wg9" not in a("ip", "link") and served_by(ours.connect()) == ours.process.pid)
    # one of that name that is in no one's hands here, while another's is served by it
    b("ip", "link", "add", "wg7", "index", "77", "type", "veth", "peer", "name", "other")
    said = refused(lab, "wg7", host="b")
    expect(said.count("an interface wg7 exists and is not ours") == 1 and "ip link del" not in said, said)
    expect(run("wg", "show", "wg9", "listen-port").strip() == str(go.port))
    for words in ((), ("wg/1",), ("a-name-of-sixteen",), ("wg1", "wg2"), ("--netns", "77", "wg1"), ("--sockets", "here", "wg1"),
                  ("--what", "wg1"), ("wg1", "--uapi")):
        expect("usage: wireguard-lwip" in refused(lab, *words, status=2), words)
    expect("cannot" in refused(lab, "--sockets", "/proc/1", "wg1"))
    for words in (("--help",), ("-f", "-h"), ("wg1", "--help")):
        said = refused(lab, *words, status=0)
        expect(said.startswith("usage: wireguard-lwip") and "--help" in said, said)
    expect("wg1" not in a("ip", "link"), a("ip", "link"))


@case
def engine_has_its_interface_in_a_namespace_that_it_is_handed(lab):
    a, b, inner = lab.host("a"), lab.host("b"), lab.host("inner")
    lab.link(a, "192.0.2.1/24", b, "192.0.2.2/24")
    (key_a, pub_a), (key_b, pub_b) = wg_keys(), wg_keys()
    go = lab.wireguard_go(b, "go0", key_b, 5678)
    go.set("peer", pub_a, "allowed-ips", "10.8.3.1/32", "endpoint", "192.0.2.1:4567")
    go.address("10.8.3.2/24")
    fd = os.open("/run/netns/inner", os.O_RDONLY)
    a(lab.applet("wireguard-lwip"), "--netns", str(fd), "--uapi", "other", "--alias", "of a test", "wg7", pass_fds=[fd])
    os.close(fd)
    ours = Engine(lab, "other")
    run("wg", "set", "other", "listen-port", "4567", "private-key", "/dev/stdin", "peer", pub_b, "allowed-ips", "10.8.3.2/32", input=key_a)
    expect("alias of a test" in inner("ip", "link", "show", "wg7") and "wg7" not in a("ip", "link"), inner("ip", "link"))
    inner("ip", "address", "add", "10.8.3.1/24", "dev", "wg7")
    inner("ip", "link", "set", "wg7", "up")
    expect(ping("b", "10.8.3.1", 3) == (3, 3) == ping("inner", "10.8.3.2", 3), run("wg"))
    inner("ip", "link", "delete", "wg7")
    ours.process.wait(10)


def told_until(ours, condition):
    """What it says of itself, once that is so."""
    return wait_until("what its second socket tells", lambda: next((told for told in [ours.told("get=1")] if condition(told)), None))


@case
def engine_tells_what_uapi_has_no_words_for(lab):
    alone = Alone(lab)
    alone.start()
    ours = alone.ours
    watch = ours.connect()
    expect(ours.answer("watch=1", sock=watch) == ["errno=0"])
    told = ours.told("get=1")
    expect(told["version"] == "1" and told["under_load"] == "0" and "trouble" not in told and
           told["index"] == alone.a("cat", "/sys/class/net/wg7/ifindex").strip(), told)
    # who writes with a key that is no peer's, and to a key that is not ours
    alone.begin()
    ours.set("listen-port", "4567", "peer", alone.pub_b, "remove")
    alone.go.set("peer", alone.pub_a, "endpoint", "192.0.2.1:4567")
    ping("b", "10.8.3.1", 1, wait=1)
    told = told_until(ours, lambda told: "unknown_from" in told)
    expect(told["unknown_from"] == "192.0.2.2:5678" and told["drop_unknown_peer"] == "1" and int(told["unknown_age_s"]) < 30, told)
    expect(bytes.fromhex(told["unknown_public_key"]) == base64.b64decode(alone.pub_b), told)
    # a peer that does not answer, and why
    ours.set("peer", alone.pub_b, "endpoint", "192.0.2.2:5678", "allowed-ips", "10.8.3.2/32", "persistent-keepalive", "9",
             "preshared-key", "/dev/stdin", input=PSK)
    told = told_until(ours, lambda told: told.get("failure") == "preshared_key")    # until then a stranger's key is blamed, who wrote from there
    expect(bytes.fromhex(told["public_key"]) == base64.b64decode(alone.pub_b) and told["failing"] == "1", told)
    # trouble is said, and that it changed
    for n in range(3, 73):
        alone.a("ip", "address", "add", "192.0.2.%d/32" % n, "dev", "eth0")
    told = told_until(ours, lambda told: "trouble" in told)
    expect("more than 64 addresses" in told["trouble"] and watch.recv(100) == b"changed=1\n\n", told)


@case
def engine_speaks_for_a_nic_that_the_kernel_has_nothing_on(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/24")
    (key_a, pub_a), (key_b, pub_b) = wg_keys(), wg_keys()
    go = lab.wireguard_go(b, "go0", key_b, 5678)
    go.set("peer", pub_a, "allowed-ips", "10.8.3.1/32")
    go.address("10.8.3.2/24")
    ours = lab.engine(a, "wg7")
    ours.set("private-key", "/dev/stdin", "peer", pub_b, "allowed-ips", "10.8.3.2/32", "endpoint", "198.51.100.2:5678", input=key_a)
    a("ip", "address", "add", "10.8.3.1/24", "dev", "wg7")
    a("ip", "link", "set", "wg7", "up")
    b("ip", "address", "add", "198.51.100.2/32", "dev", "lo")
    ours.told("set=1", "replace_nics=true", "nic=eth0", "mtu=1500", "address=192.0.2.1/24", "route=198.51.100.0/24", "gateway=192.0.2.2")
    expect(ping("a", "10.8.3.2", 3) == (3, 3) == ping("b", "192.0.2.1", 3), ours.answer("get=1"))
    expect("192.0.2.1" not in a("ip", "address"), a("ip", "address"))
    for lines in (["nic=eth0"], ["replace_nics=true", "address=192.0.2.1/24"], ["replace_nics=true", "nic=eth0", "address=x"],
                  ["replace_nics=true", "what=1"]):
        answer = ours.answer("set=1", *lines)
        expect(answer[0].startswith("error=") and answer[1] in ("errno=-71", "errno=-22"), lines, answer)
    expect(ping("b", "192.0.2.1", 1) == (1, 1), "what failed changed nothing")
    ours.told("set=1", "replace_nics=true")
    expect(ping("b", "192.0.2.1", 1, wait=1) == (1, 0))


@case
def engine_goes_the_way_that_rules_have_for_its_mark(lab):
    alone = Alone(lab)
    alone.start()
    alone.begin("persistent-keepalive", "1")
    alone.both_ways(1)
    # all goes through the tunnel but what bears the mark, as wg-quick makes it of AllowedIPs = 0.0.0.0/0
    alone.a("ip", "route", "add", "default", "dev", "wg7", "table", "77")
    alone.a("ip", "rule", "add", "not", "fwmark", "0x77", "table", "77")
    wait_until("its own packets are led into itself", lambda: ping("a", "10.8.3.2", 1, wait=1)[1] == 0)
    alone.ours.set("fwmark", "0x77")
    wait_until("they are not any more", lambda: ping("a", "10.8.3.2", 1, wait=1)[1] == 1)
    alone.both_ways()


@case
def engine_goes_on_when_its_interface_moves_to_another_namespace(lab):
    alone = Alone(lab)
    inner = lab.host("inner")
    alone.start()
    alone.begin()
    alone.a("ip", "link", "set", "wg7", "netns", "inner")
    inner("ip", "address", "add", "10.8.3.1/24", "dev", "wg7")
    inner("ip", "link", "set", "wg7", "up")
    expect(ping("inner", "10.8.3.2", 3) == (3, 3) == ping("b", "10.8.3.1", 3), run("wg"))
    inner("ip", "link", "delete", "wg7")
    wait_until("its end", lambda: alone.ours.process.poll() is not None)


def pings_beside(question):
    """What echoes says of 300 echo requests at 100/s, while question is asked again and again by four processes; None: by no one."""
    asking = [subprocess.Popen(["sh", "-c", "while :; do %s; done" % question], stdout=subprocess.DEVNULL) for _ in range(4 * bool(question))]
    try:
        done = run("ip", "netns", "exec", "a", ECHOES, "-c", "300", "-i", "0.01", "-W", "5", "10.8.3.2")
    finally:
        for process in asking:
            process.kill()
            process.wait()
    return done.strip()


@soak
def engine_answers_who_asks_for_a_thousand_peers_between_packets(lab):
    target(lab)
    alone = Alone(lab)
    alone.start()
    alone.begin()
    conf = lab.dir + "/many"
    with open(conf, "w") as f:
        for n in range(1000):
            f.write("[Peer]\nPublicKey = %s\nAllowedIPs = 10.%d.%d.0/24\n" % (base64.b64encode(os.urandom(31) + b"\0").decode(), 100 + n // 250, n % 250))
    run("wg", "addconf", "wg7", conf)
    for question in None, "wg show wg7 dump", "wg show wg7":
        said = pings_beside(question)
        print("  FIGURE  beside %s: %s" % (question or "nothing", said))
        expect("300 received" in said, said)
    expect(len(alone.ours.dump()) == 1001)


@case
def engine_ten_at_once_on_one_host(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "192.0.2.1/24", b, "192.0.2.2/24")
    key_b, pub_b = wg_keys()
    go = lab.wireguard_go(b, "go0", key_b, 5678)
    go.address(*("10.8.%d.2/24" % n for n in range(10)))
    for n in range(10):
        key, pub = wg_keys()
        ours = lab.engine(a, "wg%d" % n)
        ours.set("private-key", "/dev/stdin", "peer", pub_b, "allowed-ips", "10.8.%d.2/32" % n, "endpoint", "192.0.2.2:5678", input=key)
        a("ip", "address", "add", "10.8.%d.1/24" % n, "dev", "wg%d" % n)
        a("ip", "link", "set", "wg%d" % n, "up")
        go.set("peer", pub, "allowed-ips", "10.8.%d.1/32" % n)
    for n in range(10):
        expect(ping("a", "10.8.%d.2" % n, 1) == (1, 1) == ping("b", "10.8.%d.1" % n, 1), n, run("wg"))
    expect(len(set(run("wg", "show", "wg%d" % n, "listen-port") for n in range(10))) == 10, run("wg"))


@case
def engine_is_what_wg_quick_starts_without_the_kernels(lab):
    if os.path.exists("/sys/module/wireguard") or subprocess.run(["ip", "link", "add", "wgx", "type", "wireguard"],
                                                                 stderr=subprocess.DEVNULL).returncode == 0:
        raise Skip("this kernel has WireGuard, and wg-quick takes that")
    alone = Alone(lab)
    alone.b("ip", "address", "add", "203.0.113.1/32", "dev", "lo")
    conf = lab.dir + "/wgq.conf"
    environment = dict(os.environ, WG_QUICK_USERSPACE_IMPLEMENTATION=lab.applet("wireguard-lwip"))
    for allowed in "10.8.3.0/24", "0.0.0.0/0":      # the latter by a mark, rules and a table of wg-quick's
        with open(conf, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
            f.write("[Interface]\nPrivateKey = %s\nAddress = 10.8.3.1/24\nMTU = 1400\n[Peer]\nPublicKey = %s\nAllowedIPs = %s\n"
                    "Endpoint = 192.0.2.2:5678\n" % (alone.key_a, alone.pub_b, allowed))
        alone.a("wg-quick", "up", conf, env=environment)
        alone.both_ways()
        expect("mtu 1400" in alone.a("ip", "link", "show", "wgq"))
        if allowed == "0.0.0.0/0":
            expect(ping("a", "203.0.113.1", 3) == (3, 3), run("wg"), alone.a("ip", "rule"))
        alone.a("wg-quick", "down", conf, env=environment)
        wait_until("its end", lambda: run("wg", "show", "interfaces").split() == ["go0"])
