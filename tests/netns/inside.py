"""System calls from inside of another process, whatever it is: its registers are set so that it makes one, and then as they were."""
import contextlib
import ctypes
import os
import signal

from lab import wait_until

PEEKTEXT, SINGLESTEP, GETREGS, SETREGS, ATTACH, DETACH = 1, 9, 12, 13, 16, 17
SYSCALL = 0x050f                        # the instruction, as two bytes are read
NAMES = ("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi", "orig_rax", "rip", "cs",
         "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs")


class Registers(ctypes.Structure):      # struct user_regs_struct of x86-64
    _fields_ = [(name, ctypes.c_ulonglong) for name in NAMES]


libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p
libc.ptrace.restype = ctypes.c_long


def ptrace(request, pid, data=None):
    if libc.ptrace(request, pid, None, data) < 0:
        raise OSError(ctypes.get_errno(), "ptrace %d" % request)


def stop(pid):
    """Its registers, once it was stopped where it waits: behind the instruction of a system call."""
    before = Registers()

    def attach():
        ptrace(ATTACH, pid)
        os.waitpid(pid, 0)
        ptrace(GETREGS, pid, ctypes.addressof(before))
        if libc.ptrace(PEEKTEXT, pid, before.rip - 2, None) & 0xffff == SYSCALL:
            return True
        ptrace(DETACH, pid)
        return False

    wait_until("it waits", attach)
    return before


@contextlib.contextmanager
def inside(pid):
    """call(number, *arguments) within: what the system call returns."""
    before = stop(pid)

    def call(number, *arguments):
        regs = Registers.from_buffer_copy(before)
        regs.rip, regs.rax, regs.orig_rax = before.rip - 2, number, 2 ** 64 - 1
        for name, value in zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), arguments):
            setattr(regs, name, value)
        ptrace(SETREGS, pid, ctypes.addressof(regs))
        ptrace(SINGLESTEP, pid)
        status = os.waitpid(pid, 0)[1]
        if not os.WIFSTOPPED(status) or os.WSTOPSIG(status) != signal.SIGTRAP:
            raise RuntimeError("it did not come back from call %d: %#x" % (number, status))
        ptrace(GETREGS, pid, ctypes.addressof(regs))
        return ctypes.c_longlong(regs.rax).value

    try:
        yield call
    finally:
        ptrace(SETREGS, pid, ctypes.addressof(before))
        ptrace(DETACH, pid)
