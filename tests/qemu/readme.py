"""The screens that README.md shows, and whether the console's are the same but for numbers, keys and addresses."""
import os
import re
import select
import signal
import subprocess
import tempfile
import time

from vm import ANY_PROMPT, KERNEL, TOP

MAC = re.compile(r"\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b")
KEY = re.compile(r"[A-Za-z0-9+/]{43}=")


def chapter(heading):
    """What stands below a heading, up to the next of the same level or above."""
    with open(TOP + "/README.md") as f:
        return re.search(r"^(#+) %s\n((?:.*\n)*?)(?=#{1,3} |\Z)" % re.escape(heading), f.read(), re.M)[2]


def blocks(text):
    """What stands indented by four blanks, each without them."""
    return ["".join(line[4:] or "\n" for line in block.splitlines(True))
            for block in re.findall(r"^((?:(?:    .*)?\n)*    .*\n)", text, re.M)]


def screens(text):
    """Those blocks that are of a console."""
    return [block for block in blocks(text) if re.match(ANY_PROMPT, block.lstrip("\n"))]


def shape(line):
    """A line without what differs from machine to machine and from time to time."""
    line = KEY.sub("KEY", MAC.sub("MAC", line.strip()))
    line = re.sub(r"[A-Za-z0-9+/]{8}\.\.", "KEY..", line)
    return re.sub(r"\s+", " ", re.sub(r"[\d.]+", "0", line))


def check_screen(shown, said):
    """Every line that README shows is there, in that order; `...` stands for some. None of them is wider than a terminal."""
    assert all(len(line) < 80 for line in shown), shown
    lines = iter([shape(line) for line in KERNEL.sub("", said).splitlines()])
    for line in shown:
        assert line.strip() == "..." or shape(line) in lines, "README shows what is not there: %s\nin:\n%s" % (line, said)


def steps(block):
    """(line that is typed, what follows it up to the next)"""
    found = []
    for line in block.splitlines():
        prompt = re.match(ANY_PROMPT, line)
        if prompt:
            found.append((line[prompt.end():], []))
        elif found:
            found[-1][1].append(line)
    return found


def until(process, words, timeout):
    """What a process says up to these words."""
    said, deadline = "", time.monotonic() + timeout
    while not said.endswith(words):
        left = deadline - time.monotonic()
        assert left > 0 and select.select([process.stdout], [], [], left)[0], said[-2000:]
        data = os.read(process.stdout.fileno(), 65536)
        assert data, said[-2000:]
        said += data.decode("utf-8", "replace")
    return said


def boot_as_readme_has_it(image, name, above, timeout):
    """The block of commands below those words, word for word, in a directory where build/NAME is what was built."""
    with open(TOP + "/README.md") as f:
        block = re.search(re.escape(above) + r"\n\n((?:    .*\n)+)", f.read())[1]
    commands = "".join(line[4:] for line in block.splitlines(True))
    assert "-nographic" in commands, commands
    with tempfile.TemporaryDirectory() as work:
        os.mkdir(work + "/build")
        os.symlink(os.path.abspath(image), work + "/build/" + name)
        process = subprocess.Popen(["sh", "-e", "-c", commands], cwd=work, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        try:
            said = until(process, "gateway> ", timeout)
            while not re.search("persistent partition +ok: ", said):
                process.stdin.write(b"boot\r")
                process.stdin.flush()
                said = until(process, "gateway> ", timeout)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            process.stdin.close()
            process.stdout.close()
