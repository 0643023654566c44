"""A small network on one machine: namespaces of our own, links between them, our services, wireguard-go, pings.

    isolate()
    with Lab() as lab:
        a, b = lab.host("a"), lab.host("b")
        lab.link(a, "192.0.2.1/24", b, "192.0.2.2/24")
        ours = lab.gateway(a, {...})
        theirs = lab.wireguard_go(b, "go0")
"""
import contextlib
import ctypes
import json
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

CLONE_NEWNS, CLONE_NEWNET, MS_REC_PRIVATE = 0x20000, 0x40000000, 0x4000 | 0x40000
ECHOES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "echoes")


def isolate():
    """Namespaces of our own, so that nothing of the machine is seen or changed."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 or libc.mount(b"none", b"/", None, MS_REC_PRIVATE, None) != 0 or \
            libc.mount(b"tmpfs", b"/run", b"tmpfs", 0, None) != 0:
        raise OSError(ctypes.get_errno(), "namespaces of our own")
    os.makedirs("/run/wireguard")
    os.environ["ASAN_OPTIONS"] = "detect_leaks=0"


def searched():
    """The environment of a sanitized program that is searched for leaks when it ends, as those are that go on beside a case. To commands,
    which end with what they hold, the search would be four fifths of their time."""
    return dict(os.environ, ASAN_OPTIONS="quarantine_size_mb=1")


def run(*words, **options):
    """The output of a command that must succeed."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, **options)
    if done.returncode != 0:
        raise RuntimeError("%s ended with %d: %s" % (" ".join(words), done.returncode, done.stdout))
    return done.stdout


def wait_until(what, condition, timeout=30):
    """Asks again, since neither wg nor ip can be waited for."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise RuntimeError("not in %d s: %s" % (timeout, what))
        select.select([], [], [], 0.05)


def is_ready(ready, timeout=90):
    """Whether a service tells so by its --ready-fd, of which this is the end to read. Closes it."""
    told = select.select([ready], [], [], timeout)[0] and os.read(ready, 1) == b"\n"
    os.close(ready)
    return told


def wg_keys():
    private = run("wg", "genkey").strip()
    return private, run("wg", "pubkey", input=private).strip()


class Host:
    """A network namespace."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        run("ip", "netns", "add", name)
        self("ip", "link", "set", "lo", "up")

    def __call__(self, *words, **options):
        return run("ip", "netns", "exec", self.name, *words, **options)

    def start(self, *words, **options):
        """One that goes on beside the case."""
        process = subprocess.Popen(["ip", "netns", "exec", self.name, *words], **{"env": searched(), **options})
        self.lab.processes.append(process)
        return process


def ping(host, address, count=3, interval=0.2, size=56, wait=5):
    """(sent, received)"""
    words = ["ip", "netns", "exec", host, ECHOES, "-c", str(count), "-i", str(interval), "-s", str(size), "-W", str(wait), address]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    match = re.search(r"(\d+) packets transmitted, (\d+) received", done.stdout)
    if not match:
        raise RuntimeError("echoes: " + done.stdout)
    return int(match[1]), int(match[2])


def served_by(sock):
    """The process at the other end."""
    return struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]


def said_by(path, request):
    """The answer of a socket of lines, {key: the first value}, and "pid" of who gives it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(30)
        sock.connect(path)
        sock.sendall(request.encode())
        text = b""
        while not text.endswith(b"\n\n"):
            piece = sock.recv(1 << 16)
            if not piece:
                raise ConnectionError(path)
            text += piece
        values = {"pid": str(served_by(sock))}
    for line in text.decode().split():
        key, _, value = line.partition("=")
        values.setdefault(key, value)
    return values


def engines(word):
    """The programs that carry a path of ours, and have that word among theirs."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid) as f:
                words = f.read().split("\0")
        except OSError:
            continue
        if words[0] == "@wireguard-lwip" and any(word in one for one in words):
            found.append(int(pid))
    return found


class Gateway:
    """One of our services, in the foreground on a host."""

    def __init__(self, lab, host, files, name, inner, options):
        self.lab, self.host, self.name, self.inner = lab, host, name, inner
        run("ip", "netns", "add", inner)     # from here it is seen everywhere, also where the service looks
        self.dir = tempfile.mkdtemp(prefix="gateway.", dir=lab.dir)
        os.mkdir(self.dir + "/conf")
        self.write(files)
        self.options, self.prefix = options, ()
        self.start()

    def start(self):
        ready, told = os.pipe()
        self.log = open(self.dir + "/log", "a+")
        self.process = self.host.start(
            *self.prefix, self.lab.applet(self.name), "run", "--conf", self.dir + "/conf", "--run", self.dir + "/run", "--netns", self.inner,
            "--ready-fd", str(told), *self.options, pass_fds=[told], stderr=self.log)
        os.close(told)
        if not is_ready(ready):
            raise RuntimeError("%s does not start: %s" % (self.name, self.said()))

    def said(self):
        self.log.flush()
        with open(self.dir + "/log") as f:
            return f.read()

    def write(self, files):
        for name, text in files.items():
            path = "%s/conf/%s" % (self.dir, name)
            with open(path, "w") as f:
                f.write(text)
            os.chmod(path, 0o600)

    def ask(self, *words):
        return run(self.lab.applet(self.name), "--run", self.dir + "/run", *words)

    def show(self):
        return json.loads(self.ask("show", "--json"))

    def peer(self, key):
        return next(p for p in self.show()["peers"] if p["public_key"] == key)

    def engine(self, name="wg0"):
        """What the program that carries it tells of itself, {key: value}; {} when there is none."""
        for folder in (self.dir + "/run", "/run/wireguard"):
            try:
                return said_by("%s/%s.more" % (folder, name), "get=1\n\n")
            except (FileNotFoundError, ConnectionError):
                continue
        return {}

    def pids(self):
        """Of the service, and of what carries its path."""
        return [self.process.pid] + engines(self.dir)

    def rss_kb(self):
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(30)
        if how == signal.SIGTERM and status != 0:
            raise RuntimeError("%s ended with %d: %s" % (self.name, status, self.said()[-4000:]))
        return status


class Program:
    """`wireguard-lwip` alone in place of a service, with the same files: wg(8) and ip(8) do with them what a service would."""

    def __init__(self, lab, host, files, name, inner):
        self.lab, self.host, self.inner = lab, host, inner
        self.device = "wg0-dataplane" if name == "gateway-dataplane" else "wg0"
        run("ip", "netns", "add", inner)
        self.dir = tempfile.mkdtemp(prefix="program.", dir=lab.dir)
        self.files = {}
        self.write(files)
        self.start()

    def start(self):
        netns = os.open("/run/netns/" + self.inner, os.O_RDONLY)
        self.log = open(self.dir + "/log", "w")
        self.process = self.host.start(self.lab.applet("wireguard-lwip"), "-f", "--netns", str(netns), self.device, pass_fds=[netns],
                                       stderr=self.log)
        os.close(netns)
        wait_until("it is there: " + self.said(), lambda: "is there" in self.said())
        run("wg", "setconf", self.device, self.dir + "/conf")
        address = re.search(r"MITIGATOR_VPN_ADDRESS=(\S+)", self.files[".env"])[1]
        ipv6 = ":" in address
        run("ip", "-n", self.inner, "address", "add", address + ("/64" if ipv6 else "/24"), "dev", self.device, *(["nodad"] if ipv6 else []))
        run("ip", "-n", self.inner, "link", "set", self.device, "up")

    def write(self, files):
        self.files.update(files)
        conf = self.files["vpn-private.conf"] + self.files["vpn-public.conf"]
        port = re.search(r"DATA_PLANE_VPN_PORT=(\d+)", self.files[".env"])
        if port and self.device != "wg0":
            conf = re.sub(r"ListenPort = \d+", "ListenPort = " + port[1], conf)
        with open(self.dir + "/conf", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
            f.write(conf)

    def said(self):
        with open(self.dir + "/log") as f:
            return f.read()

    def ask(self, *words):
        return run("wg", "show", self.device) if words == ("show",) else run("wg", words[1], self.device, *words[2:])

    def show(self):
        rows = [line.split("\t") for line in run("wg", "show", self.device, "dump").splitlines()[1:]]
        told = said_by("/run/wireguard/%s.more" % self.device, "get=1\n\n")
        return {"under_load": told["under_load"] == "1",
                "peers": [{"public_key": row[0], "endpoint": row[2].replace("(none)", ""), "latest_handshake": int(row[4]),
                           "received_bytes": int(row[5]), "sent_bytes": int(row[6])} for row in rows]}

    def peer(self, key):
        return next(p for p in self.show()["peers"] if p["public_key"] == key)

    def stop(self):
        self.process.terminate()
        status = self.process.wait(30)
        if status != 0:
            raise RuntimeError("%s ended with %d: %s" % (self.device, status, self.said()[-4000:]))


class WireguardGo:
    """The other implementation; wg(8) drives it."""

    def __init__(self, lab, host, device, private_key, port):
        self.host, self.device = host, device
        self.private_key, self.port = private_key, port
        self.lab = lab
        self.start()

    def start(self):
        self.process = self.host.start(self.lab.wireguard_go_path, "-f", self.device,
                                       env=dict(os.environ, LOG_LEVEL="error"),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until("wireguard-go serves " + self.device,
                   lambda: subprocess.run(["wg", "show", self.device], stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL).returncode == 0)
        self.set("private-key", "/dev/stdin", "listen-port", str(self.port), input=self.private_key)

    def set(self, *words, **options):
        return run("wg", "set", self.device, *words, **options)

    def address(self, *addresses):
        for address in addresses:
            self.host("ip", "address", "add", address, "dev", self.device, *(["nodad"] if ":" in address else []))
        self.host("ip", "link", "set", self.device, "mtu", "1420", "up")

    def handshake(self, key):
        for line in run("wg", "show", self.device, "latest-handshakes").splitlines():
            peer, when = line.split()
            if peer == key:
                return int(when)
        return 0

    def endpoint(self, key):
        for line in run("wg", "show", self.device, "endpoints").splitlines():
            peer, where = line.split()
            if peer == key:
                return where
        return None

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class Daemon:
    """A process that went to the background, and is no child of ours, as subprocess has its own."""

    def __init__(self, pid):
        self.pid, self.fd = pid, os.pidfd_open(pid)

    def poll(self):
        return 0 if select.select([self.fd], [], [], 0)[0] else None

    def wait(self, timeout):
        if not select.select([self.fd], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("process %d" % self.pid, timeout)

    def send_signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.fd, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Engine:
    """A `wireguard-lwip` in the background, by the name of its sockets; wg(8) and ip(8) drive it, and its second socket is asked."""

    def __init__(self, lab, device):
        self.device = device
        self.process = Daemon(served_by(self.connect()))
        lab.processes.append(self.process)

    def connect(self):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(30)
        sock.connect("/run/wireguard/%s.more" % self.device)
        return sock

    def answer(self, *lines, sock=None):
        """The lines of an answer of the second socket, without the empty one."""
        sock = sock or self.connect()
        sock.sendall("\n".join([*lines, "", ""]).encode())
        text = b""
        while not text.endswith(b"\n\n"):
            part = sock.recv(65536)
            if not part:
                raise RuntimeError("%s.more ends within an answer: %r" % (self.device, text))
            text += part
        return text.decode().split("\n")[:-2]

    def told(self, *lines):
        """What it says of the device, by key; of peers too, the last one's."""
        answer = dict(line.split("=", 1) for line in self.answer(*lines))
        if answer["errno"] != "0":
            raise RuntimeError("%s: %r" % (" ".join(lines), answer))
        return answer

    def set(self, *words, **options):
        return run("wg", "set", self.device, *words, **options)

    def dump(self):
        """Of each peer, by its key: preshared key, endpoint, allowed IPs, handshake, received, sent, keepalive."""
        rows = [line.split("\t") for line in run("wg", "show", self.device, "dump").splitlines()[1:]]
        return {row[0]: row[1:] for row in rows}


class Lab:
    def __init__(self, binary, wireguard_go, program=False):
        self.program = program      # stands in for gateway services
        self.binary, self.wireguard_go_path = os.path.abspath(binary), os.path.abspath(wireguard_go)
        self.processes, self.hosts, self.mounts = [], [], []
        self.dir = tempfile.mkdtemp(prefix="lab.")
        os.mkdir(self.dir + "/bin")
        self.use(self.binary)

    def use(self, binary):
        """That build of ours from now on."""
        self.binary = binary
        for name in ("config", "gateway", "gateway-dataplane", "network", "wireguard-lwip"):
            link = self.dir + "/bin/" + name
            if os.path.lexists(link):
                os.unlink(link)
            os.symlink(binary, link)

    def applet(self, name):
        return self.dir + "/bin/" + name

    def mount(self, source, target):
        """Put a file over another for as long as the lab is there."""
        run("mount", "--bind", source, target)
        self.mounts.append(target)

    def host(self, name):
        self.hosts.append(name)
        return Host(self, name)

    def link(self, a, a_addresses, b, b_addresses, name="eth0", mtu=1500):
        run("ip", "link", "add", "name", "left", "type", "veth", "peer", "name", "right")
        for end, host, addresses in (("left", a, a_addresses), ("right", b, b_addresses)):
            run("ip", "link", "set", end, "netns", host.name, "name", name)
            for address in addresses.split():
                host("ip", "address", "add", address, "dev", name, *(["nodad"] if ":" in address else []))
            host("ip", "link", "set", name, "mtu", str(mtu), "up")

    def gateway(self, host, files, name="gateway", inner=None, options=("--backend", "lwip")):
        if self.program:
            return Program(self, host, files, name, inner or "vpn-" + host.name)
        return Gateway(self, host, files, name, inner or "vpn-" + host.name, options)

    def network_service(self, host, files, until=None):
        """`network`, which knows its directories by heart: these are the lab's own."""
        run("mount", "-t", "tmpfs", "none", "/srv")
        self.mounts.append("/srv")
        os.mkdir("/srv/mitigator")
        for name, text in files.items():
            with open("/srv/mitigator/" + name, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
                f.write(text)
        ready, told = os.pipe()
        # a dynamic binary that binds late leaves what was in registers on its stack; the image's is static
        process = host.start(self.applet("network"), "run", "--ready-fd", str(told), pass_fds=[told],
                             stderr=subprocess.DEVNULL, env=dict(os.environ, LD_BIND_NOW="1"))
        os.close(told)
        if until:                   # it is ready when all its NICs have carrier: with none that fits, after 10 s
            wait_until("what is waited for of network", until)
        elif not is_ready(ready):
            raise RuntimeError("network does not start")
        return process

    def engine(self, host, device, *options, **more):
        """One alone, once it is in the background."""
        host(self.applet("wireguard-lwip"), *options, device, **more)
        return Engine(self, device)

    def wireguard_go(self, host, device, private_key, port=4567):
        return WireguardGo(self, host, device, private_key, port)

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        for pid in engines(self.dir):       # of a service that was killed, and not started again
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        wait_until("the end of what carried paths", lambda: not engines(self.dir))
        for target in reversed(self.mounts):
            run("umount", target)
        for name in run("ip", "netns", "list").split("\n"):
            if name.strip():
                subprocess.run(["ip", "netns", "del", name.split()[0]])
        with contextlib.suppress(FileNotFoundError):
            os.remove("/run/resolv.conf")       # a network service's; the next lab has the same /run
        shutil.rmtree(self.dir)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
