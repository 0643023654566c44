"""Who is measured: WireGuard on lwIP, an earlier build of it, wireguard-go, a link without any of them."""
import base64
import ctypes
import glob
import os
import re
import time

from lab import run, wait_until, wg_keys

PR_SET_CHILD_SUBREAPER = 36
TICKS = os.sysconf("SC_CLK_TCK")
SHAKERS, SOURCES = 512, 128     # peers of one responder, addresses that they call from
PEERS = 1000                    # of one end, of which one changes


def adopt():
    """Whoever is left by its parent is ours from now on, so that all that a contender starts is found below us."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def stat(pid):
    """The fields of /proc/PID/stat behind the name, or None: it ended."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


class Processes:
    """All processes of one program below us: the one that was started, and whatever it has beside it, such as one that carries the
    packets, whether that is its child or stands by itself."""

    def __init__(self, program):
        self.stat = os.stat(program)

    def pids(self):
        parents = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                fields = stat(int(name))
                if fields:
                    parents[int(name)] = int(fields[1])
        return [pid for pid in parents if self.is_below(pid, parents) and self.runs(pid)]

    @staticmethod
    def is_below(pid, parents):
        while pid in parents and pid != os.getpid():
            pid = parents[pid]
        return pid == os.getpid()

    def runs(self, pid):
        try:
            return os.path.samestat(os.stat("/proc/%d/exe" % pid), self.stat)      # whatever root it has
        except (FileNotFoundError, ProcessLookupError):
            return False

    def cpu_s(self):
        """Of theirs, and of the children that they had."""
        return sum(sum(map(int, fields[11:15])) for fields in map(stat, self.pids()) if fields) / TICKS

    def rss_mb(self):
        """The most that each had resident, together."""
        return self.sum_mb("status", "VmHWM")

    def pss_mb(self):
        """What they have now, together: a page that several have counts in parts."""
        return self.sum_mb("smaps_rollup", "Pss")

    def sum_mb(self, file, what):
        total = 0
        for pid in self.pids():
            try:
                with open("/proc/%d/%s" % (pid, file)) as f:
                    found = re.search(what + r":\s+(\d+)", f.read())
            except (FileNotFoundError, ProcessLookupError):
                continue
            total += int(found[1]) / 1024 if found else 0
        return total

    def used_avx512(self, since):
        """Whether one of them had something in those registers when the kernel took it off a processor, since then (time.monotonic())."""
        for pid in self.pids():
            try:
                with open("/proc/%d/arch_status" % pid) as f:
                    found = re.search(r"AVX512_elapsed_ms:\s+(\d+)", f.read())
            except (FileNotFoundError, ProcessLookupError):
                continue
            if found and int(found[1]) < (time.monotonic() - since) * 1000:
                return True
        return False

    def ran_ns(self):
        """How long all their threads were on a processor."""
        total = 0
        for pid in self.pids():
            for path in glob.glob("/proc/%d/task/*/schedstat" % pid):
                try:
                    with open(path) as f:
                        total += int(f.read().split()[0])
                except (FileNotFoundError, ProcessLookupError):
                    continue
        return total

    def rest(self):
        """Waits until none of them was on a processor between two looks."""
        looks = [-1]

        def at_rest():
            looks.append(self.ran_ns())
            return looks[-1] == looks[-2]

        wait_until("its processes at rest", at_rest)


def conf(private, vpn, peers, more=""):
    """peers: (public key, VPN address, outer address or None)"""
    public = "".join("[Peer]\nPublicKey = %s\nAllowedIPs = %s/32\n" % (key, inside) +
                     ("Endpoint = %s:4567\n" % outside if outside else "") + more for key, inside, outside in peers)
    return {"vpn-private.conf": "[Interface]\nListenPort = 4567\nPrivateKey = %s\n" % private,
            "vpn-public.conf": public, ".env": "MITIGATOR_VPN_ADDRESS=%s\n" % vpn}


class End:
    """One end of a tunnel: its namespace inside, its device there."""

    def __init__(self, inner, device, change=None):
        self.inner, self.device, self.change = inner, device, change

    def bytes(self, direction):
        """What went through the TUN: rx is what its program wrote."""
        return int(run("ip", "netns", "exec", self.inner, "cat", "/sys/class/net/%s/statistics/%s_bytes" % (self.device, direction)))


class Lwip:
    name, aead = "lwIP (ours)", None

    def __init__(self, binary):
        self.binary, self.processes = binary, Processes(binary)

    def begin(self):
        os.environ.pop("GATEWAY_AEAD", None)
        if self.aead:
            os.environ["GATEWAY_AEAD"] = self.aead

    def end(self, lab, host, private, vpn, length, peers, more=""):
        files = conf(private, "%s/%d" % (vpn, length), peers, more)
        service = lab.gateway(host, files)
        wait_until("up", lambda: service.show()["state"] == "up")

        def change(fresh):
            service.write(conf(private, "%s/%d" % (vpn, length), fresh, more))
            return lambda: service.ask("reconfigure", "--force", "--quiet")

        return End(service.inner, "wg0", change)

    def was_what_it_says(self, since):
        return True


class Before(Lwip):
    name = "lwIP (before)"


class Masked(Lwip):
    name, aead = "lwIP, AVX2", "avx2"

    def was_what_it_says(self, since):
        return not self.processes.used_avx512(since)


class Go:
    name = "wireguard-go"

    def __init__(self, path):
        self.path, self.processes = path, Processes(path)

    def begin(self):
        pass

    def end(self, lab, host, private, vpn, length, peers, more=""):
        device = "go-" + host.name
        go = lab.wireguard_go(host, device, private)
        path = "%s/%s.conf" % (lab.dir, device)

        def write(fresh):
            with open(path, "w") as f:
                f.write("[Interface]\nPrivateKey = %s\nListenPort = 4567\n" % private + conf(private, vpn, fresh, more)["vpn-public.conf"])

        def change(fresh):
            write(fresh)
            return lambda: run("wg", "syncconf", device, path)

        change(peers)()
        go.address("%s/%d" % (vpn, length))
        return End(host.name, device, change)

    def was_what_it_says(self, since):
        return True


class Bare:
    name = "bare veth"
    processes = None

    def begin(self):
        pass

    def was_what_it_says(self, since):
        return True


def hosts(lab):
    return lab.host("a"), lab.host("b")


class Pair:
    """The same at both ends: what is measured goes from the first to the second."""

    def __init__(self, lab, kind):
        a, b = hosts(lab)
        lab.link(a, "192.0.2.1/24", b, "192.0.2.2/24")
        self.processes, self.ends = kind.processes, ()
        self.inner, self.target = ("a", "b"), "192.0.2.2"
        if not kind.processes:
            return
        (key_a, pub_a), (key_b, pub_b) = wg_keys(), wg_keys()
        self.ends = (kind.end(lab, a, key_a, "10.8.3.1", 24, [(pub_b, "10.8.3.2", "192.0.2.2")]),
                     kind.end(lab, b, key_b, "10.8.3.2", 24, [(pub_a, "10.8.3.1", "192.0.2.1")]))
        self.inner, self.target = tuple(end.inner for end in self.ends), "10.8.3.2"

    def cpu_s(self):
        return self.processes.cpu_s() if self.processes else 0

    def forget(self):
        """The first end loses its session: wg(8) removes its peer and adds it again, whoever carries it."""
        device = self.ends[0].device
        peer = run("wg", "show", device, "peers").strip()
        run("wg", "set", device, "peer", peer, "remove", "peer", peer, "allowed-ips", "10.8.3.2/32", "endpoint", "192.0.2.2:4567")
        self.processes.rest()

    def transfer(self):
        """(bytes received, sent) by the first end since then."""
        return tuple(map(int, run("wg", "show", self.ends[0].device, "transfer").split()[1:]))


class Lonely:
    """One end, and `opposite` for the other."""

    def __init__(self, lab, kind, opposite):
        self.a, self.b = hosts(lab)
        lab.link(self.a, "192.0.2.1/24", self.b, "192.0.2.2/24")
        private, self.public = wg_keys()
        self.end = kind.end(lab, self.a, private, "10.8.3.1", 24, [(run(opposite, "key").strip(), "10.8.3.2", None)])
        self.processes = kind.processes


class Responder:
    """One end, with peers that call it and are called by no one."""

    def __init__(self, lab, kind, handshaker):
        a, self.b = hosts(lab)
        sources = ["192.0.2.%d" % (2 + n) for n in range(SOURCES)]
        lab.link(a, "192.0.2.1/24", self.b, " ".join(source + "/24" for source in sources))
        private, public = wg_keys()
        keys = run(handshaker, "keys", str(SHAKERS)).split()
        kind.end(lab, a, private, "10.9.0.1", 16, [(key, "10.9.%d.%d" % (1 + n // 200, 1 + n % 200), None) for n, key in enumerate(keys)])
        self.processes = kind.processes
        self.words = lambda seconds: [handshaker, "run", str(SHAKERS), str(seconds), public, "192.0.2.1:4567", *sources]


class Many:
    """One end with a thousand peers, none of which is there: called all the time where no one listens, or not called at all."""

    def __init__(self, lab, kind, called):
        a, b = hosts(lab)
        lab.link(a, "192.0.2.1/24", b, "192.0.2.2/24")
        private, _ = wg_keys()
        self.peers = [(self.key(), "10.9.%d.%d" % (1 + n // 200, 1 + n % 200), "192.0.2.2" if called else None) for n in range(PEERS)]
        self.end = kind.end(lab, a, private, "10.9.0.1", 16, self.peers, "PersistentKeepalive = 25\n" if called else "")
        self.processes = kind.processes

    @staticmethod
    def key():
        return base64.b64encode(os.urandom(32)).decode()

    def change_one(self, n):
        """Writes the files; what it returns has them taken."""
        self.peers[n] = (self.key(), *self.peers[n][1:])
        return self.end.change(self.peers)
