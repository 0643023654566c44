"""What the processes of `wireguard-lwip` are left with: who they are, what they may call, and that each does without the other."""
import array
import errno
import os
import re
import signal
import socket
import subprocess

from case_engine import Alone, target, told_until
from cases import case, expect
from inside import inside
from lab import Engine, ping

USER_PACKETS, USER_OPENER = 64782, 64783
NET_BIND_SERVICE, NET_ADMIN, NET_RAW = 10, 12, 13


def status_of(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f)


def opener_of(ours):
    """The process that opens its sockets."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            status = status_of(int(pid))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if status["Name"] == "wg-lwip-opener" and int(status["PPid"]) == ours.process.pid:
            return int(pid)
    raise RuntimeError("there is no opener of %d" % ours.process.pid)


def root_of(pid):
    """What is in its root directory; that of an end that no one sees any more has nothing."""
    try:
        return os.listdir("/proc/%d/root" % pid)
    except ProcessLookupError:
        return []


@case
def engine_has_no_right_and_its_opener_three(lab):
    target(lab)
    alone = Alone(lab)
    alone.start()
    alone.begin()
    alone.both_ways(1)
    opener = opener_of(alone.ours)
    rights = "%016x" % (1 << NET_BIND_SERVICE | 1 << NET_ADMIN | 1 << NET_RAW)
    for pid, user, caps in ((alone.ours.process.pid, USER_PACKETS, "0" * 16), (opener, USER_OPENER, rights)):
        status = status_of(pid)
        expect(status["Uid"].split() == [str(user)] * 4 == status["Gid"].split() and status["Groups"].strip() == "", status)
        expect({status[name] for name in ("CapPrm", "CapEff", "CapBnd")} == {caps}, status)
        expect(status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status)
        expect(root_of(pid) == [], root_of(pid))
        with open("/proc/%d/limits" % pid) as f:
            limits = {line[:26].strip(): line[26:].split()[1] for line in f}
        expect(limits["Max open files"] == "256" and limits["Max data size"] == str(256 << 20), limits)
        print("  FIGURE  %s: %s RSS" % (status["Name"], status["VmRSS"].strip()))
    # the opener holds no packet socket, and nothing that leads to one
    held = [os.readlink("/proc/%d/fd/%s" % (opener, fd)) for fd in os.listdir("/proc/%d/fd" % opener)]
    expect(len(held) <= 5 and not any("tun" in name for name in held), held)


@case
def engine_calls_nothing_from_inside_that_opens_or_starts(lab):
    target(lab)
    alone = Alone(lab)
    alone.start()
    alone.begin()
    alone.both_ways(1)
    calls = {"open": (2, 0, 0), "openat": (257, 0, 0, 0), "socket": (41, socket.AF_INET, socket.SOCK_DGRAM, 0),
             "socketpair": (53, 1, 1, 0, 0), "bind": (49, 3, 0, 0), "connect": (42, 3, 0, 0), "listen": (50, 3, 1), "clone": (56, 17, 0, 0, 0, 0),
             "fork": (57,), "vfork": (58,), "clone3": (435, 0, 0), "execve": (59, 0, 0, 0), "execveat": (322, 0, 0, 0, 0, 0),
             "ptrace": (101, 0, 0, 0, 0), "kill": (62, 1, 0), "setuid": (105, 0), "unshare": (272, 0x40000000), "setns": (308, 0, 0),
             "mount": (165, 0, 0, 0, 0, 0), "chroot": (161, 0), "unlink": (87, 0), "ioctl": (16, 0, 0x5413, 0), "bpf": (321, 0, 0, 0),
             "prctl": (157, 4, 1, 0, 0, 0), "process_vm_writev": (311, 1, 0, 0, 0, 0, 0), "io_uring_setup": (425, 1, 0),
             "mmap of code": (9, 0, 4096, 5, 0x22, 2 ** 64 - 1, 0), "keyctl": (250, 0, 0, 0, 0), "memfd_create": (319, 0, 0)}
    for pid in (alone.ours.process.pid, opener_of(alone.ours)):
        with inside(pid) as call:
            expect(call(39) == pid, "the control: getpid")
            opens = pid != alone.ours.process.pid       # sockets of a few families are what that is for
            for name, words in calls.items():
                if not opens or name not in ("socket", "bind"):
                    got = call(*words)
                    expect(got == -errno.EPERM, name, got, pid)
            expect(not opens or call(41, socket.AF_UNIX, socket.SOCK_STREAM, 0) == -errno.EPERM)
    alone.both_ways()


# As a container has it that was given no more: no SETUID, no SETGID, no SYS_CHROOT.
@case
def engine_works_with_two_capabilities(lab):
    target(lab)
    alone = Alone(lab)
    with open(lab.dir + "/log", "w+") as log:
        alone.a("setpriv", "--bounding-set=-all,+net_admin,+net_raw", lab.applet("wireguard-lwip"), "--log", str(log.fileno()), "wg7",
                pass_fds=[log.fileno()])
        alone.ours = Engine(lab, "wg7")
        alone.begin()
        alone.both_ways()
        log.seek(0)
        said = log.read()
    expect("the process for packets stays user 0" in said and "wg-lwip-opener stays user 0" in said, said)
    pid, opener = alone.ours.process.pid, opener_of(alone.ours)
    expect(int(status_of(pid)["CapPrm"], 16) == 0 and int(status_of(opener)["CapPrm"], 16) == 1 << NET_ADMIN | 1 << NET_RAW)
    with inside(pid) as call:
        expect(call(2, 0, 0) == -errno.EPERM)


def hand_over(ours, fd):
    """opener=fd, with that: the errno that it is answered by."""
    sock = ours.connect()
    sock.sendmsg([b"set=1\nopener=fd\n\n"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
    text = sock.recv(1000).decode()
    return -int(re.search(r"errno=(-?\d+)\n\n$", text)[1])


@case
def engine_goes_on_without_its_opener_and_with_another(lab):
    alone = Alone(lab)
    alone.start()
    ours = alone.ours
    alone.begin()
    alone.both_ways(1)
    expect(ours.told("get=1")["opener"] == "1")
    watch = ours.connect()
    expect(ours.answer("watch=1", sock=watch) == ["errno=0"])
    pings = subprocess.Popen(["ip", "netns", "exec", "a", "ping", "-n", "-q", "-c", "100", "-i", "0.01", "10.8.3.2"],
                             stdout=subprocess.PIPE, text=True)
    os.kill(opener_of(ours), signal.SIGKILL)
    expect(watch.recv(100) == b"changed=1\n\n" and ours.told("get=1")["opener"] == "0")
    expect("100 received" in pings.communicate(timeout=60)[0], pings)
    # a NIC that comes now waits for the next one; what is no opener changes nothing
    lab.link(alone.a, "192.0.3.1/24", alone.b, "192.0.3.2/24", name="eth1")
    told = told_until(ours, lambda told: "trouble" in told)
    expect("cannot open NIC eth1" in told["trouble"], told)
    with open("/dev/null") as null, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream, socket.socket() as tcp:
        for wrong in (null, stream, tcp):
            expect(hand_over(ours, wrong.fileno()) == errno.EBADMSG, wrong)
    expect(ours.told("get=1")["opener"] == "0" and ping("a", "10.8.3.2", 1) == (1, 1))
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with open(lab.dir + "/spare", "w") as spare:
        opener = alone.a.start("bash", "-c", "exec -a @wg-lwip-opener " + lab.binary, stdin=there, pass_fds=[spare.fileno()])
    there.close()
    expect(hand_over(ours, here.fileno()) == 0)
    here.close()
    told = told_until(ours, lambda told: "trouble" not in told)
    expect(told["opener"] == "1", told)
    held = [os.readlink("/proc/%d/fd/%s" % (opener.pid, fd)) for fd in os.listdir("/proc/%d/fd" % opener.pid)]
    expect(lab.dir + "/spare" not in held, held)    # what it was started with besides
    ours.set("peer", alone.pub_b, "endpoint", "192.0.3.2:5678")
    alone.both_ways()
    ours.process.terminate()
    ours.process.wait(10)
    opener.wait(10)
