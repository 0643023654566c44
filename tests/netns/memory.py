"""What processes hold: who runs, and copies of a key in their memory."""
import base64
import collections
import os
import re

SHADOW = 1 << 30               # a sanitizer's own maps are larger than all that a program of ours has
Process = collections.namedtuple("Process", "pid parent words")


def status_of(pid):
    """/proc/PID/status as name -> text; {} when the process is gone."""
    try:
        with open("/proc/%d/status" % pid) as f:
            return dict(line.rstrip("\n").replace("\t", " ").split(": ", 1) if ": " in line.replace("\t", " ") else
                        (line.strip().rstrip(":"), "") for line in f)
    except (FileNotFoundError, ProcessLookupError):
        return {}


def processes():
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/cmdline" % name, "rb") as f:
                words = f.read().decode(errors="replace").split("\0")[:-1]
        except (FileNotFoundError, ProcessLookupError):
            continue
        found.append(Process(int(name), int(status_of(int(name)).get("PPid", "0")), words))
    return found


def copies_of(key, pid):
    """How often a key (base64) stands in the writable memory of a process, as bytes or as text."""
    raw = base64.b64decode(key)
    count = 0
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for line in maps:
            start, end, mode = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
            start, end = int(start, 16), int(end, 16)
            if not mode.startswith("rw") or end - start > SHADOW:
                continue
            memory.seek(start)
            try:
                block = memory.read(end - start)
            except OSError:                     # [vvar]
                continue
            # clamping changes bits of the first and the last byte only
            count += block.count(raw[1:31]) + block.count(key[:-1].encode())
    return count
