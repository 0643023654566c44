"""A process that is held at a step: in front of a call that changes something, found by its name and what it is about (ptrace(2))."""
import contextlib
import ctypes
import os
import signal
import struct
import threading

SEIZE, INTERRUPT, SYSCALL, DETACH, SYSCALL_INFO = 0x4206, 0x4207, 24, 17, 0x420e
TRACESYSGOOD, TRACEFORK, WALL, ENTRY = 1, 2, 0x40000000, 1
EVENT_MESSAGE, EVENT_FORK = 0x4201, 1
O_CREAT = 0o100
PATH_AT = {258: ("mkdirat", 1), 263: ("unlinkat", 1), 264: ("renameat", 3), 316: ("renameat2", 3), 257: ("openat", 1)}
SENDMSG, FSYNC, CONNECT = 46, 74, 42
OTHERS = {44: "sendto", 56: "clone", 57: "fork"}

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
libc.ptrace.restype = ctypes.c_long


def ptrace(request, pid, address=0, data=0):
    done = libc.ptrace(request, pid, address, data)
    if done < 0:
        raise OSError(ctypes.get_errno(), "ptrace %#x" % request)
    return done


def memory(pid, address, length):
    with open("/proc/%d/mem" % pid, "rb", 0) as f:
        f.seek(address)
        return f.read(length)


def message(pid, msghdr):
    """What a message says, its parts behind each other."""
    parts, count = struct.unpack("=QQ", memory(pid, msghdr + 16, 16))
    return b"".join(memory(pid, *struct.unpack("=QQ", memory(pid, parts + 16 * i, 16))) for i in range(min(count, 8)))


def step(pid, to):
    """What a process is about to do, None when that changes nothing. to: {descriptor: the socket that it leads to}, kept here."""
    info = ctypes.create_string_buffer(88)
    ptrace(SYSCALL_INFO, pid, len(info), ctypes.addressof(info))
    op, number, *args = struct.unpack_from("=B23xQ6Q", info.raw)
    if op != ENTRY:
        return None
    if number == CONNECT:
        to[args[0]] = os.path.basename(memory(pid, args[1] + 2, args[2] - 2).split(b"\0")[0].decode("ascii", "replace"))
    elif number in PATH_AT:
        name, at = PATH_AT[number]
        if name != "openat" or args[2] & O_CREAT:
            return "%s %s" % (name, memory(pid, args[at], 256).split(b"\0")[0].decode())
    elif number == FSYNC:
        return "fsync " + os.path.basename(os.readlink("/proc/%d/fd/%d" % (pid, args[0])))
    elif number == SENDMSG:
        return "ask %s %s" % (to.get(args[0], ""), message(pid, args[1]).split(b"\0")[0].decode("ascii", "replace"))
    elif number in OTHERS:
        return OTHERS[number]
    return None


class Held:
    """A process of ours, stopped until go()."""

    def __init__(self, pid, binary, follow=False):
        """follow: the child that it makes is meant."""
        self.pid, self.binary = pid, binary
        self.at, self.passed, self.to, self.over = None, [], {}, False
        ptrace(SEIZE, pid, 0, TRACESYSGOOD | (TRACEFORK if follow else 0))
        ptrace(INTERRUPT, pid)
        os.waitpid(pid, WALL)

    def go(self, wanted, until=None):
        """To the first step that wanted() says yes to, which is .at then; None when there was none before it ended, or before until.wait()
        did, and it goes on. Steps that it made are in .passed."""
        if until:
            threading.Thread(target=self._end_with, args=(until,), daemon=True).start()
        ours, sig = False, 0
        while True:
            ptrace(SYSCALL, self.pid, 0, sig)
            status = os.waitpid(self.pid, WALL)[1]
            if not os.WIFSTOPPED(status):
                return
            sig = os.WSTOPSIG(status)
            if status >> 16 == EVENT_FORK:
                child = ctypes.c_ulong()
                ptrace(EVENT_MESSAGE, self.pid, 0, ctypes.addressof(child))
                self.let_go()
                self.pid, sig = child.value, 0
                os.waitpid(self.pid, WALL)
                continue
            if self.over:
                self.let_go()
                return
            if sig == signal.SIGTRAP | 0x80:
                ours = ours or os.path.samefile("/proc/%d/exe" % self.pid, self.binary)
                at = step(self.pid, self.to) if ours else None
                if at and wanted(at):
                    self.at = at
                    return
                self.passed += [at] if at else []
            if sig in (signal.SIGTRAP, signal.SIGTRAP | 0x80) or status >> 16:
                sig = 0

    def _end_with(self, other):
        other.wait()
        self.over = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGCONT)       # which stops it for us, and is nothing to it

    def kill(self):
        """Before it makes the call."""
        os.kill(self.pid, signal.SIGKILL)

    def let_go(self):
        ptrace(DETACH, self.pid)


def nth(n):
    """In front of the step with this number, from 0."""
    seen = iter(range(n + 1))
    return lambda _: next(seen) == n


def which(part, n=0):
    """The n-th step of which these words are a part."""
    count = nth(n)
    return lambda at: part in at and count(at)
