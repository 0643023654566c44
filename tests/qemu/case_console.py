"""The serial line: long pastes, keys, noise, BREAK; and README's own way to it."""
import re
import zlib

from appliance import DATA, PROMPT_S, Appliance, cluster, wait_for
from cases import case
from readme import boot_as_readme_has_it

PROMPT = r"gateway> \Z"


def typed(a, data, ends=PROMPT, timeout=30):
    """Keys as they are: what the console showed up to a prompt."""
    console = a.vm.console
    at = len(console.text)
    console.write(data)
    console.wait_for(ends, timeout, at)
    return console.text[at:]


def written(a, name, data):
    console = a.vm.console
    at = console.begin("write " + name)
    console.wait_for(r"then a line with a single \.", 30, at)
    console.write(data)
    if console.wait_for(r"keep it \(yes/no\)\? \Z|gateway> \Z", 60, at)[0].startswith("keep"):
        console.write(b"yes\r")
    console.finish("write " + name, at, 60)
    return a.vm.agent.read_file(DATA + name)


@case
def pasted_lines_of_any_length_arrive_whole(image):
    c = cluster(image)
    first = c.all[0]
    files = dict(first.files)
    line = "# " + " ".join("10.8.%d.%d/32" % (i >> 8, i & 255) for i in range(500))
    assert len(line) > 6234
    text = line + "\n" + files["vpn-public.conf"]
    # as one paste: the command, the file and the next command, with no one waiting for anything
    start = len(first.vm.console.text)
    first.vm.console.write(("write vpn-public.conf\r" + text.replace("\n", "\r") + ".\ryes\rversion\r").encode())
    first.vm.console.wait_for("bytes written,(.*\n)+gateway> version\n(.*\n)*gateway> \\Z", 60, start)
    assert first.vm.agent.read_file(DATA + "vpn-public.conf").decode() == text
    first.files["vpn-public.conf"] = text
    said = first.reconfigure()
    assert "vpn-public.conf:1: a line of %d bytes: the limit is 4096" % len(line) in said, said
    first.write(files)
    long = typed(first, b"x" * 3000 + b"\r")
    assert "a line has at most 1023 characters" in long and "unknown command" not in long, long[-300:]


@case
def keys_and_noise_are_no_text(image):
    first = cluster(image).all[0]
    said = typed(first, b"shox\bw\x7fw gax\x08teay\x1b[D\x1bOD\x1b[C\x1b[Dw\x1b[1;5C\x1b[15~\0\xff\xc3\r")
    assert "gateway (management): up" in said and "^" not in said, said
    assert "gateway (management): up" in typed(first, b"vers\x1b[A\x1b[B\x15\x1b[A\r")
    assert "gateway (management): up" in typed(first, b"!!\r")
    assert "MITIGATOR gateway" in typed(first, b"rsion\x01ve\x05x\x1b[D\x1b[3~\r")
    assert "gateway (management): up" in typed(first, b"show\x12\r")
    assert first.vm.agent.output("stty -F /dev/ttyS0 -a").count(" -ixon") == 1
    before = first.vm.agent.read_file(DATA + "network.conf")
    got = written(first, "network.conf", b"# a\x1b[A\bb\r\n\0# \xc3\xbc\x15" + before.replace(b"\n", b"\r\n") + b".\r\n")
    assert got == b"# b\n" + before, got
    typed(first, b"nonsense", "nonsense")
    assert typed(first, b"\x03") == "^C\ngateway> "
    typed(first, b"\x04")
    first.write({"network.conf": first.files.pop("network.conf")})


@case
def break_on_the_serial_line_and_a_letter_reset_nothing(image):
    """Control: the same machine with SysRq on."""
    first = cluster(image).all[0]
    assert first.output("cat /proc/sys/kernel/sysrq").strip() == "0"
    born = first.output("cat /proc/sys/kernel/random/boot_id")
    for letter in (b"b", b"c", b"h"):
        first.vm.send_break("console")
        typed(first, letter + b"\x15\r")
    assert first.output("cat /proc/sys/kernel/random/boot_id") == born
    first.output("echo 1 > /proc/sys/kernel/sysrq")
    try:
        at = len(first.vm.console.text)
        first.vm.send_break("console")
        first.vm.console.write(b"h")
        first.vm.console.wait_for("sysrq: HELP", 30, at)
    finally:
        first.output("echo 0 > /proc/sys/kernel/sysrq")
        typed(first, b"\x15\r")


@case
def lines_of_readme_boot_the_image(image):
    boot_as_readme_has_it(image, "qemu", "Boot them with a data image of your own:", PROMPT_S)


@case
def support_is_one_text_that_can_be_checked_and_holds_no_key(image):
    first = cluster(image).all[0]
    said = first.say("support", 120)
    found = re.search(r"^(\d+) bytes, about \d+ s at 9600 baud\..*\n-----BEGIN MITIGATOR SUPPORT \S+ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC-----\n"
                      r"((?:.*\n)*)-----END MITIGATOR SUPPORT (\d+) bytes, crc32 ([0-9a-f]{8})-----\n\Z", said)
    assert found, "no marks:\n" + said
    text = found[2].encode()
    assert len(text) == int(found[1]) == int(found[3]), (len(text), found[1], found[3])
    assert zlib.crc32(text) == int(found[4], 16), "the checksum is of another text"
    for section in ("version", "show", "boot", "network", "vpn-public.conf", "history", "gateway-dataplane", "memory", "log"):
        assert re.search(r"^--- %s\n.*\S" % re.escape(section), found[2], re.M), section
    assert "MemTotal" in found[2] and "MANAGEMENT" in found[2] and "(hidden)" in found[2], said
    assert first.instance.private_key not in said, "the private key"
    print("  FIGURE  %d bytes of `support` of a cluster of three, %.0f s at 9600 baud" % (len(text), len(text) / 960))
    lines = first.say("log 1d peer nobody", log=True)
    assert "peer nobody" not in lines, lines
    assert first.say("log 2h 1 2 3").startswith("usage: log"), first.say("log 2h 1 2 3")
