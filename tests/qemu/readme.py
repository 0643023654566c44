"""The screens that README.md shows, and whether the console's are the same but for numbers, keys and addresses."""
import re

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
