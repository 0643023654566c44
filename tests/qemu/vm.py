"""Virtual machines for tests and demos: a hub between them, their console, and a
root shell beside the firmware.

    with Hub(2) as hub, Vm("a", "build/qemu", "a.img", nics=[hub.port(0)], agent=True) as a:
        a.console.expect("gateway> ", 30)
        print(a.console.command("show", 5))
        status, words = a.agent.run("wg show", 5)
"""
import base64
import codecs
import collections
import errno
import os
import random
import re
import selectors
import shlex
import shutil
import socket
import subprocess
import tempfile
import threading
import time

COMMAND_S = 90                   # on a machine with other work; a commit waits up to 30 s for a peer to be heard
PROMPT = "gateway> "             # of an instance without a name
ANY_PROMPT = r"(?!(?:conf|edit)> )[\w.-]+(?:\([a-z0-9: ]+\))*> "    # not that of what is pasted, or edited
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[78]|\r")
# Lines of the log: the kernel's come in anywhere, a console's own at a prompt, which is drawn anew behind them.
KERNEL = re.compile(r"\[ *\d+\.\d{6}\] [^\n]*\n|(?:" + ANY_PROMPT + r")?(?:\[\d\d:\d\d\] [^\n]*\n)+(?:\d+ more lines?: `log`\n)?")
HALF_ESCAPE = re.compile(r"\x1b[][()0-9;?]*\Z")
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))


class Timeout(Exception):
    pass


class KernelDied(Timeout):
    """An Oops before PID 1 said a word. It is TCG's: seen once in some thousand boots, in the kernel's own text_poke."""
    again = True


def check_kernel(name, text):
    if "Oops: " in text and "MITIGATOR" not in text:
        raise KernelDied("%s: the kernel died before PID 1 began: %s" % (name, re.search(r".*Oops: .*", text)[0]))


class Nic:
    """A network card on a hub's port."""

    def __init__(self, local, remote, mac):
        self.local, self.remote, self.mac = local, remote, mac


class Hub:
    """An Ethernet hub: what comes in at one port goes out at all the others.

    loss is the share of frames that get lost, 0..1; it may be set at any time.
    frames counts what came in at each port. A machine that does not take its frames for a moment
    gets them later; dropped counts those of the other ports that it did not take in time.
    """
    KEEP_S = 0.5

    def __init__(self, ports, loss=0.0):
        self.loss = loss
        self.frames = [0] * ports
        self.dropped = 0
        self._waiting = [collections.deque() for _ in range(ports)]     # (until when, frame)
        self.unplugged = set()      # ports whose cable is pulled
        self.frame_max = None       # bytes; longer ones are lost, None: any length passes
        self.tap = None             # called with the port and the frame that came in there
        self._dir = tempfile.mkdtemp(prefix="hub.")
        self._sockets = []
        for n in range(ports):
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.bind(self._path("hub", n))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            s.setblocking(False)
            self._sockets.append(s)
        self._quit, self._end = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _path(self, side, n):
        return "%s/%s%d" % (self._dir, side, n)

    def port(self, n, mac=None):
        return Nic(self._path("vm", n), self._path("hub", n), mac or "52:54:00:00:00:%02x" % (n + 1))

    def attach(self, n):
        """A socket of the caller's to send frames into that port by hand; what comes out there is lost."""
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.connect(self._path("hub", n))
        return s

    def _run(self):
        selector = selectors.DefaultSelector()
        for n, s in enumerate(self._sockets):
            selector.register(s, selectors.EVENT_READ, n)
        selector.register(self._end, selectors.EVENT_READ, None)
        while True:
            for key, _ in selector.select(0.001 if any(self._waiting) else None):
                if key.data is None:
                    return
                try:
                    frame = key.fileobj.recv(1 << 16)
                except BlockingIOError:
                    continue
                self.frames[key.data] += 1
                if self.tap:
                    self.tap(key.data, frame)
                self._repeat(frame, key.data)
            for n, waiting in enumerate(self._waiting):
                while waiting and self._deliver(n, *waiting[0]):
                    waiting.popleft()

    def _repeat(self, frame, came_in):
        if self.frame_max and len(frame) > self.frame_max:
            return
        until = time.monotonic() + self.KEEP_S
        for n, waiting in enumerate(self._waiting):
            if n == came_in or {n, came_in} & self.unplugged or random.random() < self.loss:
                continue
            if waiting or not self._deliver(n, until, frame):
                waiting.append((until, frame))

    def inject(self, port, frame):
        """A frame of no one's to the machine at that port."""
        until = time.monotonic() + 5
        while not self._deliver(port, until, frame):
            time.sleep(0.01)

    def _deliver(self, n, until, frame):
        """False: to be tried again. Linux lets no more than ten datagrams wait in a unix socket."""
        try:
            self._sockets[n].sendto(frame, self._path("vm", n))
        except OSError as err:
            if err.errno in (errno.EAGAIN, errno.ENOBUFS) and time.monotonic() < until:
                return False
            if err.errno not in (errno.ENOENT, errno.ECONNREFUSED, errno.EAGAIN, errno.ENOBUFS):
                raise
            self.dropped += 1       # not started yet, gone, or it does not listen
        return True

    def close(self):
        if not self._sockets:
            return
        self._quit.close()
        self._thread.join()
        for s in self._sockets:
            s.close()
        self._sockets = []
        self._end.close()
        shutil.rmtree(self._dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Port:
    """A serial port: everything it said, and how to wait for more."""

    def __init__(self, name):
        self.name = name
        self.text = ""              # without escape sequences
        self.seen = 0               # up to where expect() has read
        self.on_bytes = None        # called with what arrives
        self.closed = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._half = ""             # of an escape sequence
        self._news = threading.Condition()
        self._socket = None

    def attach(self, connection):
        self._socket = connection
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                data = self._socket.recv(4096)
            except OSError:
                data = b""
            if data and self.on_bytes:
                self.on_bytes(data)
            with self._news:
                if data:
                    text = self._half + self._decoder.decode(data)
                    half = HALF_ESCAPE.search(text)
                    cut = half.start() if half else len(text)
                    self.text += ESCAPES.sub("", text[:cut])
                    self._half = text[cut:]
                else:
                    self.closed = True
                self._news.notify_all()
            if not data:
                return

    def write(self, data):
        self._socket.sendall(data)

    def send(self, line):
        self.write(line.encode() + b"\n")

    def wait_for(self, regex, timeout, start):
        """Wait until regex matches at or after position start; return the match."""
        pattern = re.compile(regex, re.M)
        return self.wait_until(lambda: pattern.search(self.text, start), timeout, start, regex)

    def wait_until(self, predicate, timeout, start, regex):
        """Wait until predicate() is true and return what it gave; regex says what did not come."""
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                found = predicate()
                if found:
                    return found
                left = deadline - time.monotonic()
                if self.closed or left <= 0:
                    check_kernel(self.name, self.text)
                    raise Timeout("%s: no %r %s; it said:\n%s" % (
                        self.name, regex, "before it closed" if self.closed else "in %g s" % timeout,
                        self.text[start:][-2000:]))
                self._news.wait(left)

    def expect(self, regex, timeout=COMMAND_S):
        """Wait for regex after what was expected last."""
        match = self.wait_for(regex, timeout, self.seen)
        self.seen = match.end()
        return match


class Console(Port):
    def command(self, line, timeout=COMMAND_S, log=False):
        """What a command prints, from its echo up to the next prompt; log: lines of the kernel's log too."""
        return self.finish(line, self.begin(line), timeout, log)

    def begin(self, line):
        """Type a command; where to wait for its end."""
        start = len(self.text)
        self.send(line)
        return start

    def ended(self, line, start):
        """The match of a command's output, None while it runs. A line that cannot be obeyed comes back behind the prompt."""
        escaped = re.escape(line)
        return re.search(escaped + r" *\n((?:.*\n)*?)" + ANY_PROMPT + "(?:" + escaped + r"\x08*)?\Z",
                         KERNEL.sub("", self.text[start:]))

    def finish(self, line, start, timeout=COMMAND_S, log=False):
        match = self.wait_until(lambda: self.ended(line, start), timeout, start, line)
        self.seen = len(self.text)
        if log:
            return self.text[start:].partition("\n")[2].rpartition("\n")[0]
        # A step of the boot that goes on below is one row, as it was told.
        return re.sub(r"\n {25}(?=\S)", " ", match.group(1)) if line.split()[-1:] == ["boot"] else match.group(1)


class Agent(Port):
    """A root shell in the machine, on its second serial port."""
    count = 0
    born = 0                    # what it said before is of an earlier boot
    is_ready = False

    def starts_anew(self):
        """The machine is about to start again: the next command waits for the new shell."""
        self.born, self.is_ready = len(self.text), False

    def run(self, command, timeout=COMMAND_S):
        """(exit status, output) of a shell command. What it leaves behind must redirect its output."""
        if not self.is_ready:
            self.wait_for(r"^ready\n", timeout, self.born)
            self.is_ready = True
        self.count += 1
        marker = "agent-%d-done" % self.count
        start = len(self.text)
        self.send(marker + " " + base64.b64encode(command.encode()).decode())
        match = self.wait_for(r"\n%s (\d+)\n" % marker, timeout, start)
        return int(match.group(1)), self.text[start:match.start()]

    def output(self, command, timeout=COMMAND_S):
        """The output of a command that must succeed."""
        status, words = self.run(command, timeout)
        if status != 0:
            raise RuntimeError("%s: %r ended with %d:\n%s" % (self.name, command, status, words))
        return words

    def read_file(self, path):
        return base64.b64decode(self.output("base64 " + shlex.quote(path)))

    def write_file(self, path, data, mode=0o644):
        """Replace a file atomically."""
        text = base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()
        target, new = shlex.quote(path), shlex.quote(path + ".new")
        self.output(": > /run/upload")
        for i in range(0, len(text), 2048):
            self.output("printf %%s %s >> /run/upload" % text[i:i + 2048])
        self.output("base64 -d < /run/upload > %s && chmod %o %s && mv %s %s && rm /run/upload"
                    % (new, mode, new, new, target))


def read_bytes(path):
    with open(path, "rb") as f:
        return f.read()


def read_board(path):
    """A board.conf as a dict."""
    with open(path) as f:
        return {name.strip(): value.strip() for name, _, value in
                (line.partition("=") for line in f if "=" in line and not line.startswith("#"))}


def make_data_image(path, files, label="mitigator-data", size_mb=16):
    """An ext4 image with these files (name -> text); vpn-private.conf is its owner's alone."""
    with tempfile.TemporaryDirectory() as stage:
        for name, text in files.items():
            to = os.path.join(stage, name)
            with open(to, "w") as f:
                f.write(text)
            os.chmod(to, 0o600 if name == "vpn-private.conf" else 0o644)
        subprocess.run([TOP + "/scripts/data-image", path, label, str(size_mb), stage], check=True)


class Vm:
    """A virtual machine that boots an image directory (build/<board>).

    data_image (or None) is written to; keep a copy of what should stay. board_conf: settings of the board
    that come instead of its own. What the machine said is kept in log_dir: NAME.console, NAME.agent, NAME.qemu.
    """

    def __init__(self, name, board_dir, data_image, nics=(), agent=False, extra_cmdline="",
                 log_dir=None, no_reboot=True, extra_args=(), board_conf=None):
        self.name = name
        self._board = os.path.basename(os.path.abspath(board_dir))
        board = read_board(TOP + "/board/%s/board.conf" % self._board)
        self._dir = tempfile.mkdtemp(prefix="vm.")
        self.log_dir = log_dir or self._dir
        os.makedirs(self.log_dir, exist_ok=True)
        self.console = Console(name + " console")
        self.agent = Agent(name + " agent") if agent else None
        self._log = open(self.log("qemu"), "w")
        self._process = self._monitor = None
        try:
            self._start(board, board_dir, data_image, nics, extra_cmdline, no_reboot, extra_args, board_conf)
        except BaseException:
            self.close()
            raise

    def log(self, what):
        return "%s/%s.%s" % (self.log_dir, self.name, what)

    def _pack_board_conf(self, settings):
        """An archive with a board.conf in which these settings stand before the board's own."""
        with open(TOP + "/board/%s/board.conf" % self._board) as f:
            text = "".join("%s = %s\n" % setting for setting in settings.items()) + f.read()
        for name, words in (("board.conf", text), ("manifest", "file /etc/board.conf 644 %s/board.conf\n" % self._dir)):
            with open(self._dir + "/" + name, "w") as f:
                f.write(words)
        return subprocess.run([TOP + "/initramfs/pack", self._dir + "/manifest"], check=True, stdout=subprocess.PIPE).stdout

    def _boot_args(self, board, board_dir, extra_cmdline, board_conf):
        """The kernel, straight from files; with the agent's archive behind the image's."""
        with open(board_dir + "/cmdline") as f:
            cmdline = f.read().strip() + " " + extra_cmdline
        parts = ["initramfs.img"]
        if self.agent:
            cmdline += " rdinit=/test/init"
            parts.append("agent.img")
        archives = [read_bytes(board_dir + "/" + part) for part in parts]
        if board_conf:
            archives.append(self._pack_board_conf(board_conf))
        initrd = self._dir + "/initrd"
        with open(initrd, "wb") as out:
            for data in archives:
                out.write(data + bytes(-len(data) % 4))
        return ["-kernel", board_dir + "/vmlinux", "-initrd", initrd, "-append", cmdline.strip()]

    def _disk_args(self, board, data_image):
        return ["-drive", "if=none,id=data,format=raw,file=" + data_image,
                "-device", board["QEMU_DISK"] + ",drive=data"] if data_image else []

    def _nic_device(self, board, n):
        return board["QEMU_NIC"]

    def _start(self, board, board_dir, data_image, nics, extra_cmdline, no_reboot, extra_args, board_conf):
        ports = {"console": self.console}
        if self.agent:
            ports["agent"] = self.agent
        args = shlex.split(board["QEMU"]) + [
            "-nodefaults", "-display", "none", "-name", self.name, "-device", "virtio-rng-pci"]
        args += self._boot_args(board, board_dir, extra_cmdline, board_conf)
        if no_reboot:
            args.append("-no-reboot")
        args += self._disk_args(board, data_image)
        for n, nic in enumerate(nics):
            args += ["-netdev", "dgram,id=net%d,local.type=unix,local.path=%s,remote.type=unix,remote.path=%s"
                     % (n, nic.local, nic.remote),
                     "-device", "%s,netdev=net%d,mac=%s,romfile=" % (self._nic_device(board, n), n, nic.mac)]
            if os.path.exists(nic.local):
                os.unlink(nic.local)
        monitor = Port(self.name + " monitor")
        ports["monitor"] = monitor
        listeners = []
        for what, port in ports.items():
            listener = socket.socket(socket.AF_UNIX)
            listener.bind("%s/%s" % (self._dir, what))
            listener.listen(1)
            listener.settimeout(10)
            listeners.append((listener, port))
            args += ["-chardev", "socket,id=%s,path=%s/%s,logfile=%s"
                     % (what, self._dir, what, self.log(what)),
                     "-monitor" if port is monitor else "-serial", "chardev:" + what]
        self.started = time.monotonic()
        # setpriv: the machine ends with us, however we end.
        self._process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *args, *extra_args],
                                         stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        for listener, port in listeners:
            try:
                port.attach(listener.accept()[0])
            except socket.timeout:
                with open(self.log("qemu")) as f:
                    raise RuntimeError("%s: QEMU does not start:\n%s" % (self.name, f.read()))
            finally:
                listener.close()
        self._monitor = monitor

    def monitor(self, command):
        """A command of QEMU's monitor, until it is done; what it said."""
        start = len(self._monitor.text)
        self._monitor.send(command)
        self._monitor.wait_for(r"\n\(qemu\) \Z", 30, start)
        return self._monitor.text[start:]

    def set_link(self, nic, up):
        """Pull a network card's cable, or put it in: the machine sees its carrier change."""
        self.monitor("set_link net%d %s" % (nic, "on" if up else "off"))

    def send_break(self, port):
        """A BREAK on a serial port, as a cable gives it that is plugged in."""
        self.monitor("chardev-send-break " + port)

    def age(self):
        """Seconds since QEMU was started."""
        return time.monotonic() - self.started

    def rss_mb(self):
        with open("/proc/%d/status" % self._process.pid) as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) // 1024

    def cpu_s(self):
        """What it has cost the machine that it runs on."""
        with open("/proc/%d/stat" % self._process.pid) as f:
            return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")

    def running(self):
        return self._process is not None and self._process.poll() is None

    def wait(self, timeout=30):
        """Wait until the machine is off; its exit status."""
        return self._process.wait(timeout)

    def kill(self):
        if self._process:
            self._process.kill()
            self._process.wait()

    def close(self):
        self.kill()
        self._log.close()
        shutil.rmtree(self._dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
