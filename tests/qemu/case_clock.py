"""The clock that the machine comes with: right, behind, far ahead; what the partition remembers; `clock`."""
import calendar
import re
import tempfile
import time

from appliance import DATA, Appliance, wait_for
from cases import case
from vm import make_data_image

FILES = {"network.conf": "[Match]\nName=*\n"}
TIME = "%Y-%m-%d %H:%M:%S"
CLOSE_S = 120                   # what a boot and a busy machine may take


def started(name, image, disk, base):
    a = Appliance(name, image, None, disk=disk, extra_args=["-rtc", "base=" + base])
    try:
        a.prompt()
        boot_line(a)                # the step is over
        wait_for("the mark", lambda: re.search(r" time +ok", a.say("boot")))
    except BaseException:
        a.close()
        raise
    return a


def boot_line(a):
    return wait_for("the boot step", lambda: re.search(r" clock +(.*)\n", a.say("boot"))).group(1)


def now(a):
    return int(a.output("date +%s"))


def end(a):
    """Stopped in order: the time that was kept."""
    at = now(a)
    a.vm.console.begin("poweroff")
    a.vm.wait(30)
    a.close()
    return at


def machine_clock(a):
    """The registers of the machine's own clock, read from outside: UTC, if what they hold is taken for UTC."""
    said = a.vm.monitor("qom-get /machine rtc-time")
    tm = {name: int(value) for name, value in re.findall(r'"tm_(\w+)": (\d+)', said)}
    return calendar.timegm((tm["year"] + 1900, tm["mon"] + 1, tm["mday"], tm["hour"], tm["min"], tm["sec"]))


def seconds(text):
    return calendar.timegm(time.strptime(text.replace("T", " "), TIME))


@case
def clock_goes_neither_back_nor_far_ahead(image):
    """One disk, five boots of one machine with a bad battery."""
    with tempfile.TemporaryDirectory() as work:
        disk = work + "/data.img"
        make_data_image(disk, FILES)
        right = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        at = seconds(right)

        a = started("clock-right", image, disk, right)
        assert "ok: %s" % right[:10] in boot_line(a) and "set to" not in boot_line(a), boot_line(a)
        assert "clock" not in a.screen()
        assert abs(now(a) - at) < CLOSE_S and abs(machine_clock(a) - at) < CLOSE_S
        stopped = end(a)

        # behind, after an orderly stop: nothing is added, however often
        for boot in (1, 2):
            a = started("clock-behind-%d" % boot, image, disk, "2001-02-03T04:05:06")
            assert "set to" in boot_line(a) and "2001-02-03" in boot_line(a), boot_line(a)
            assert "clock: the machine's clock said 2001-02-03" in a.screen()
            assert 0 <= now(a) - stopped < CLOSE_S, (boot, now(a) - stopped)
            if boot == 1:
                stopped = end(a)
        # behind, after a crash: as long as it may have run on
        a.output("sync")
        crashed = now(a)
        a.vm.kill()
        a.close()
        a = started("clock-crashed", image, disk, "2001-02-03T04:05:06")
        assert 0 <= now(a) - crashed < 600 + CLOSE_S, now(a) - crashed
        stopped = end(a)

        # far ahead: not believed, and not kept
        a = started("clock-ahead", image, disk, "2069-01-01T00:00:00")
        assert "2069-01-01" in boot_line(a) and "not trusted" in boot_line(a), boot_line(a)
        said = a.screen()
        assert "more than two years after the last time known, and not trusted" in said, said
        wait_for("the service", a.show)
        assert a.say("show gateway --json").startswith("{"), "not for programs"
        assert 0 <= now(a) - stopped < CLOSE_S, now(a) - stopped
        sets_the_clock(a)
        a.close()


def sets_the_clock(a):
    said = a.say("clock")
    assert re.search(r"^machine +2069-01-01", said, re.M) and re.search(r"^last kept +20", said, re.M), said
    assert re.search(r"^system made +20\d\d-\d\d-\d\d", said, re.M) and "not trusted" in said, said
    for words in ("clock set", "clock set yesterday noon", "clock set 2030-02-30x 00:00:00", "clock dance"):
        assert "usage: clock" in a.say(words), words
    assert "it cannot be earlier" in a.say("clock set 2001-01-01 00:00:00")

    console = a.vm.console
    before = now(a)
    for line, answer in (("clock set 2031-01-02 03:04:05", "n"), ("clock set 2031-01-02 03:04:05", "y")):
        at = console.begin(line)
        console.wait_for(r"set it \(yes/no\)\? ", 30, at)
        assert "Peers will remember it" in console.text[at:], console.text[at:]
        console.send(answer)
        console.finish(line, at)
        if answer == "n":
            assert now(a) - before < CLOSE_S and "It is as it was." in console.text[at:], console.text[at:]
    for clock in (now, machine_clock):
        assert 0 <= clock(a) - seconds("2031-01-02 03:04:05") < CLOSE_S, (clock.__name__, clock(a))
    said = a.say("clock")
    assert re.search(r"^machine +2031-01-02", said, re.M) and re.search(r"^last kept +2031-01-02", said, re.M), said
    assert "not trusted" not in said and "not trusted" not in a.screen(), said
    at = console.begin("clock set %s" % time.strftime(TIME, time.gmtime(before)))
    console.wait_for(r"set it \(yes/no\)\? ", 30, at)
    assert "take no handshake with an earlier one" in console.text[at:], console.text[at:]
    console.write(b"\3")
    console.wait_for(r"It is as it was\.\n(.*\n)*gateway> \Z", 30, at)
    assert int(a.output("stat -c %%Y %s.clock" % DATA)) >= seconds("2031-01-02 03:04:05")
