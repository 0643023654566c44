"""What an operator and a supervisor of a plain host meet: options, versions, files as they are written, a log that no one reads."""
import fcntl
import hashlib
import os
import re
import select
import signal
import subprocess
import termios

from cases import case, expect
from lab import wait_until, wg_keys
from pair import Pair

NOBODY = 65534


def alone(lab, files_of_it=None):
    """A service without a cluster: what is asked here needs no network."""
    return lab.gateway(lab.host("a"), files_of_it or {})


@case
def run_directory_is_named_before_or_after_the_verb(lab):
    ours = alone(lab)
    words = ["--run", ours.dir + "/run"]
    gateway = lab.applet("gateway")
    for asked in ([*words, "show"], ["show", *words], ["show", *words, "--json"], ["wg", *words, "show", "dump"]):
        done = subprocess.run([gateway, *asked], capture_output=True, text=True, timeout=30)
        expect("not clustered" in done.stdout or asked[0] == "wg" and "Unable to access" in done.stderr, asked, done)
    for asked in (["show", "--run", "/nowhere"], ["show"]):
        done = subprocess.run([gateway, *asked], capture_output=True, text=True, timeout=30)
        expect(done.returncode == 1 and "the service does not run" in done.stderr, asked, done)
    done = subprocess.run([gateway, "show", "--run"], capture_output=True, text=True, timeout=30)
    expect(done.returncode == 2 and "usage" in done.stderr, done)


@case
def help_that_is_asked_for_is_printed_and_no_error(lab):
    def asked(name, *words):
        done = subprocess.run([lab.applet(name), *words], capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout, done.stderr

    for name in ("gateway", "gateway-dataplane", "network", "config"):
        for word in ("help", "-h", "--help"):
            status, out, err = asked(name, word)
            expect(status == 0 and out.startswith("usage: " + name) and not err, name, word, status, out, err)
        status, out, err = asked(name)
        expect(status == 2 and err.startswith("usage: " + name) and not out, name, status, out, err)
    for words in (("--no-such",), ("help", "no", "such"), ("run", "--no-such", "1")):
        status, out, err = asked("gateway", *words)
        expect(status == 2 and err.startswith("usage: gateway") and not out, words, status, out, err)
    for words, first, about in ((("run", "--help"), "run [--conf DIR] [--state DIR|none] [--netns", "carry the path"),
                                (("set", "-h"), "set [NIC] KEY VALUE [--conf DIR]\n", "change one key"),
                                (("health", "--help"), "health\n", "status 0: up")):
        status, out, err = asked("gateway", *words)
        expect(status == 0 and out.startswith("usage: gateway " + first) and "\n       " + about in out and not err, words, status, out, err)
    for word in ("run", "plan", "show"):
        status, out, err = asked("network", word, "--help")
        expect(status == 0 and out.startswith("usage: network ") and "] plan [--force]" in out and not err, word, status, out, err)
    status, out, _ = asked("gateway", "wg", "--help")
    expect(status == 0 and "wg genkey" in out and "\n       gateway wg show" in out, out)
    status, out, err = asked("gateway", "reconfigur", "--help")
    expect(status != 0 and not out, status, out, err)


@case
def backend_that_is_misspelt_is_told_with_those_that_there_are(lab):
    done = subprocess.run([lab.applet("gateway"), "run", "--backend", "lwIP"], capture_output=True, text=True, timeout=30)
    expect(done.returncode == 2 and not done.stdout, done)
    expect(done.stderr == "gateway: --backend lwIP: this build has none of that name; expected auto|kernel|lwip\n", done)


@case
def version_needs_no_service(lab):
    ours = alone(lab)
    alone_says = subprocess.run([lab.applet("gateway"), "version"], capture_output=True, text=True, timeout=30)
    expect(alone_says.returncode == 0 and not alone_says.stderr, alone_says)
    expect(alone_says.stdout.startswith("MITIGATOR gateway ") and os.uname().release in alone_says.stdout, alone_says)
    expect(ours.ask("version") == alone_says.stdout, ours.ask("version"))


def catches(pid, sig):
    with open("/proc/%d/status" % pid) as status:
        return int(re.search(r"SigCgt:\s*(\S+)", status.read())[1], 16) >> (sig - 1) & 1


@case
def ping_that_is_interrupted_tells_what_it_has_counted(lab):
    pair = Pair(lab)
    line = [lab.applet("gateway"), "ping", "10.8.3.2", "--run", pair.ours.dir + "/run", "-i", "0.01", "-c", "100000"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        expect("bytes from 10.8.3.2" in process.stdout.readline(), "no answer to begin with")
        process.send_signal(signal.SIGINT)
        said = process.stdout.read()
        expect(re.search(r"(^|\n)\d+ sent, \d+ received, \d+ lost, min/avg/max \S+ ms\n\Z", said), said)
        expect(process.wait() == 0, process.returncode)
    # what was lost is waited for, for a moment
    pair.go.set("peer", pair.pub_a, "remove")
    with subprocess.Popen([*line, "-q"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        wait_until("it hears Ctrl-C", lambda: catches(process.pid, signal.SIGINT))
        process.send_signal(signal.SIGINT)
        said = process.stdout.read()
        expect(re.match(r"[1-9]\d* sent, 0 received, [1-9]\d* lost\n\Z", said) and process.wait() == 1, said)
    # what has nothing to tell ends as it always did, and a service that does not answer holds no one
    pair.ours.process.send_signal(signal.SIGSTOP)
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        wait_until("it hears Ctrl-C", lambda: catches(process.pid, signal.SIGINT))
        process.send_signal(signal.SIGINT)
        expect(process.wait(30) == -signal.SIGINT, process.returncode)
    pair.ours.process.send_signal(signal.SIGCONT)


def write(lab, conf, name, data, **options):
    return subprocess.run(["gateway", "write", name, "--conf", conf], executable=lab.binary, input=data, text=True,
                          capture_output=True, timeout=30, **options)


@case
def written_file_keeps_its_mode_and_follows_no_link(lab):
    conf = lab.dir + "/conf"
    os.mkdir(conf)
    for name, before, after in ((".env", 0o600, 0o600), ("network.conf", 0o640, 0o640), ("vpn-private.conf", 0o644, 0o600),
                                ("vpn-public.conf", None, 0o644)):
        path = conf + "/" + name
        if before:
            open(path, "w").close()
            os.chmod(path, before)
        done = write(lab, conf, name, "# new\n")
        expect(done.returncode == 0 and "6 bytes written" in done.stdout, done)
        expect(os.stat(path).st_mode & 0o7777 == after, name, oct(os.stat(path).st_mode))
        done = write(lab, conf, name, "")
        expect(done.returncode == 1 and "nothing was pasted: it is as it was" in done.stderr and os.path.getsize(path) == 6, done)
    victim = lab.dir + "/victim"
    with open(victim, "w") as f:
        f.write("[Interface]\nListenPort = 4567\nPrivateKey = %s\n" % wg_keys()[0])
    os.chmod(victim, 0o644)
    os.unlink(conf + "/vpn-private.conf")
    os.symlink(victim, conf + "/vpn-private.conf")
    checked = subprocess.run(["gateway", "check", "--conf", conf], executable=lab.binary, capture_output=True, text=True)
    expect("cannot be mended (it is a link)" in checked.stderr, checked)
    expect(os.stat(victim).st_mode & 0o7777 == 0o644, oct(os.stat(victim).st_mode))
    expect(write(lab, conf, "vpn-private.conf", "# new\n").returncode == 0)
    expect(not os.path.islink(conf + "/vpn-private.conf") and os.path.getsize(victim) > 6)
    expect(sorted(os.listdir(conf)) == [".env", "network.conf", "vpn-private.conf", "vpn-public.conf"], os.listdir(conf))


@case
def temporary_file_cannot_be_held_open_beforehand(lab):
    """The directory is anyone's: someone waits for the key with files of every name that was ever used, open."""
    conf = lab.dir + "/conf"
    os.mkdir(conf)
    os.chmod(lab.dir, 0o755)
    os.chmod(conf, 0o777)
    held = []
    for name in (".vpn-private.conf.new", "vpn-private.conf.new", ".vpn-private.conf.tmp"):
        held.append(os.open(conf + "/" + name, os.O_RDWR | os.O_CREAT, 0o666))
        os.fchown(held[-1], NOBODY, NOBODY)
    done = write(lab, conf, "vpn-private.conf", "secret\n")
    expect(done.returncode == 0, done)
    status = os.stat(conf + "/vpn-private.conf")
    expect((status.st_uid, status.st_mode & 0o7777) == (0, 0o600), status)
    for fd in held:
        expect(os.pread(fd, 100, 0) == b"")
        os.close(fd)


class Terminal:
    """A process on a terminal of its own, which behaves as a serial port does when it is opened."""

    def __init__(self, binary, *words):
        self.ours, theirs = os.openpty()
        self.before = termios.tcgetattr(theirs)

        def lead():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(words, executable=binary, stdin=theirs, stdout=theirs, stderr=theirs,
                                        start_new_session=True, preexec_fn=lead)
        self.theirs = theirs
        self.text = ""

    def wait(self, words, timeout=30):
        def came():
            while select.select([self.ours], [], [], 0)[0]:
                self.text += os.read(self.ours, 65536).decode("utf-8", "replace").replace("\r\n", "\n")
            return words in self.text
        wait_until("%r on the terminal, which said %r" % (words, self.text[-300:]), came, timeout)

    def type(self, data):
        """As a terminal program does: what comes is read meanwhile, or neither side would go on."""
        os.set_blocking(self.ours, False)
        while data:
            readable, writable, _ = select.select([self.ours], [self.ours], [], 30)
            expect(readable or writable, "the terminal takes nothing", self.text[-300:])
            if readable:
                self.wait("")
            try:
                data = data[os.write(self.ours, data[:1024]):]
            except BlockingIOError:
                pass

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


def written(lab, name, data, answer=b"yes\r"):
    """What `write` at a terminal made of these keys, and what it said."""
    conf = lab.dir + "/conf"
    os.makedirs(conf, exist_ok=True)
    terminal = Terminal(lab.binary, "gateway", "write", name, "--conf", conf)
    try:
        terminal.wait("then a line with a single .")
        terminal.type(data)
        wait_until("its end, or a question",
                   lambda: terminal.wait("") or terminal.text.endswith("keep it (yes/no)? ") or terminal.process.poll() is not None)
        if terminal.process.poll() is None:
            terminal.type(answer)
        wait_until("its end", lambda: terminal.wait("") or terminal.process.poll() is not None)
        terminal.wait("")
        expect(termios.tcgetattr(terminal.theirs) == terminal.before, "the terminal is not as it was")
    finally:
        terminal.close()
    path = conf + "/" + name
    if not os.path.exists(path):
        return None, terminal.text
    with open(path, "rb") as f:
        return f.read(), terminal.text


@case
def pasted_line_of_any_length_is_whole(lab):
    line = b"AllowedIPs = " + b", ".join(b"10.8.%d.%d/32" % (i >> 8, i & 255) for i in range(420))
    expect(len(line) > 6000)
    got, said = written(lab, "vpn-public.conf", b"[Peer]\r" + line + b"\r# end\r.\r")
    expect(got == b"[Peer]\n" + line + b"\n# end\n", len(got or b""), said[-300:])
    got, said = written(lab, "vpn-public.conf", b"# " + b"x" * (1 << 20) + b"\r.\r")
    expect("File too large: it is as it was" in said, said[-300:])
    expect(got == b"[Peer]\n" + line + b"\n# end\n", len(got or b""))


@case
def keys_and_noise_of_a_terminal_stay_out_of_files(lab):
    got, said = written(lab, ".env", b"# one\x1b[A\b\x7f\b1\rA=\0x\x1bOB\x15# two\r\n# three\n\x1b[200~# four\x1b[201~\x04")
    expect(got == b"# 1\n# two\n# three\n# four", got)
    expect("\x1b" not in said and "^[" not in said and "\0" not in said, said)
    kept, said = written(lab, ".env", b"other\r\x03")
    expect(kept == got and "it is as it was" in said, kept, said)


@case
def key_that_is_pasted_is_not_on_the_screen(lab):
    key, public = wg_keys()
    text = "# mine\n[Interface]\nListenPort = 4567\nPrivateKey = %s\n#PrivateKey=%s\n" % (key, key)
    got, said = written(lab, "vpn-private.conf", text.replace("Port", "Port\x7ft").replace("\n", "\r").encode() + b".\r")
    expect(got == text.encode(), got)
    expect(key[:8] not in said and "conf> ListenPort\b \bt = 4567\n" in said, said)
    expect("conf> PrivateKey = %s=\n" % ("*" * 43) in said, said)
    got, said = written(lab, "vpn-public.conf", ("[Peer]\rPublicKey = %s\rpresharedkey %s\r.\r" % (public, key)).encode())
    expect(key[:8] not in said and public in said, said)


@case
def paste_is_looked_through_and_kept_on_a_yes(lab):
    def section(name, address):
        return "[Peer] # %s\rPublicKey = %s\rAllowedIPs = %s/32\rEndpoint = 192.0.2.1:4567\r" % (name, wg_keys()[1], address)

    first, second, third = section("ams1", "10.8.3.1"), section("lon1", "10.8.3.2"), section("fra1", "10.8.3.3")
    got, said = written(lab, "vpn-public.conf", (first + second + ".\r").encode())
    expect(got == (first + second).replace("\r", "\n").encode(), got)
    expect("8 lines, %d bytes, sha256 %s...; there was none before\n  2 sections\n"
           % (len(got), hashlib.sha256(got).hexdigest()[:8]) in said, said)
    # a peer that is missing, one that is new, one of another key but the same name, a line that lost its =
    rotated = section("ams1", "10.8.3.1")
    third = third.replace("Endpoint = ", "Endpoint  ")
    for answer, kept in ((b"no\r", False), (b"maybe\rno\r", False), (b"1\r2\r3\r", False), (b"\x03", False), (b"\x04", False),
                         (b"maybe\ryes\r", True)):
        now, said = written(lab, "vpn-public.conf", (rotated + third + ".\r").encode(), answer)
        said = said[said.index("conf> ."):]
        expect("  2 sections, 2 before\n  missing: lon1, 10.8.3.2\n  new: fra1, 10.8.3.3\n" in said, said)
        expect(re.search(r'  > 8  Endpoint  192.0.2.1:4567 +error: expected "Key = value"', said)
               or re.search(r'  > 8  Endpoint  192.0.2.1:4567\n +error: expected "Key = value"', said), said)
        expect("nothing was applied" not in said and max(map(len, said.splitlines())) <= 79, said)
        expect(said.endswith("not kept: it is as it was\n") != kept, answer, said)
        expect((now == got) != kept and ("bytes written" in said) == kept, answer, now, said)


@case
def enter_is_one_enter_to_a_command_that_reads_on(lab):
    key, public = wg_keys()
    wrong = "Key is not the correct length or format"
    for enter in ("\r", "\n", "\r\n"):
        terminal = Terminal(lab.binary, "console")
        try:
            for keys, said in (("", wrong), (key, public), ("", wrong)):
                before = len(terminal.text)
                terminal.type(("wg pubkey" + enter + keys + enter + "no command" + enter).encode())
                wait_until("what comes behind %r, which said %r" % (enter, terminal.text[before:]),
                           lambda: terminal.wait("") or "gateway> " in terminal.text[before:].partition("unknown command")[2])
                expect(said in terminal.text[before:], enter, keys, terminal.text[before:])
            expect(terminal.text.count("unknown command no:") == 3, enter, terminal.text)
        finally:
            terminal.close()


@case
def log_that_no_one_reads_ends_and_stops_nothing(lab):
    pair = Pair(lab)
    pair.both_ways()
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, 1031, 4096)          # F_SETPIPE_SZ: one page
    ready, told = os.pipe()
    pair.ours.stop()
    run_dir = pair.ours.dir + "/run"
    process = pair.a.start(lab.applet("gateway"), "run", "--conf", pair.ours.dir + "/conf", "--run", run_dir, "--netns",
                           pair.ours.inner, "--ready-fd", str(told), "--backend", "lwip", pass_fds=[told], stderr=write_end,
                           restore_signals=True)
    os.close(told)
    filler = os.open("/proc/self/fd/%d" % write_end, os.O_WRONLY | os.O_NONBLOCK)
    os.close(write_end)
    expect(os.read(ready, 1) == b"\n")
    os.close(ready)
    pair.both_ways()
    expect(b"gateway: " in os.read(read_end, 65536), "the log never had a reader: this case shows nothing")
    try:
        while True:
            os.write(filler, b"x")
    except BlockingIOError:
        os.close(filler)
    for _ in range(3):
        process.send_signal(signal.SIGHUP)      # each a line of the log
        pair.ours.ask("version")                # it goes on
    pair.both_ways()
    os.read(read_end, 65536)
    process.send_signal(signal.SIGHUP)
    expect(select.select([read_end], [], [], 30)[0] and b"lines before this one were lost" in os.read(read_end, 65536))
    os.close(read_end)                          # and now it has none
    process.send_signal(signal.SIGHUP)
    pair.ours.ask("version")
    pair.both_ways()
    expect(process.poll() is None, process.poll())
    process.terminate()
    expect(process.wait(30) == 0)
