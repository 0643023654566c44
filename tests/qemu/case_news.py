"""Errors in the log and the line that is being typed."""
import re

from appliance import cluster
from cases import case

LINE = r"\[\d\d:\d\d\] "


def log(a, *lines):
    a.output("; ".join("echo '<3>%s' > /dev/kmsg" % line for line in lines))


@case
def errors_in_the_log_do_not_tear_the_line_that_is_typed(image):
    first = cluster(image).all[0]
    console = first.vm.console
    assert first.output("cat /proc/sys/kernel/printk").split()[0] == "1", "the kernel prints errors itself"
    at = len(console.text)
    console.write(b"vers\x1b[D")
    console.wait_for(r"vers", 90, at)
    log(first, "test: in the middle")
    console.wait_for(LINE + r"test: in the middle\n[\w.-]+> vers\x08*\Z", 90, at)
    console.write(b"\x1b[Cion\r")
    console.wait_for(r"MITIGATOR gateway \d", 90, at)
    console.wait_for(r"> \Z", 90, at)
    log(first, *["test: one of many"] * 10)
    first.output("for i in $(seq 500); do echo '<3>test: flood' > /dev/kmsg; done; echo '<6>test: no error' > /dev/kmsg")
    # All 511 of them, in as many turns as it took: what comes late would be the next case's.
    console.wait_until(lambda: console.text.count("] test: ", at) + sum(map(int, re.findall(
        r"(\d+) more lines?: `log`\n[\w.-]+> ", console.text[at:]))) >= 511, 90, at, "end of the flood")
    assert console.text.count("] test: flood", at) < 250, "a flood is printed"
    assert "test: no error" not in console.text[at:], "what is no error is printed"


@case
def errors_in_the_log_wait_for_the_end_of_a_command(image):
    first = cluster(image).all[0]
    console = first.vm.console
    at = console.begin("ping 127.0.0.1 -c 100000 -q")
    log(first, "test: meanwhile")
    assert "test: meanwhile" not in console.text[at:], "it is in the output of a command"
    console.write(b"\x03")
    console.wait_for(r" lost(.*\n)+[\w.-]+> (.*\n)*?" + LINE + r"test: meanwhile\n[\w.-]+> \Z", 90, at)
    assert re.search(r"test: meanwhile", first.say("log test:", log=True))


@case
def log_tells_who_changed_what_and_no_secret(image):
    first = cluster(image).all[0]
    first.say("reconfigure")
    first.say("unset c2VjcmV0 c2VjcmV0")
    first.say("unset eth0 Address c2VjcmV0")
    first.say("clock")
    said = first.say("log console:", log=True)
    assert re.search("console: ttyS0: reconfigure$", said, re.M), said
    assert re.search(r"console: ttyS0: unset \(failed: 1\)$", said, re.M), said
    assert re.search(r"console: ttyS0: unset Address \(failed: 1\)$", said, re.M), said
    assert "c2VjcmV0" not in said, said
    assert "console: ttyS0: clock" not in said, "what only shows is logged"
