"""A change that cuts management comes back by itself, and the dataplane is not touched."""
import re

from appliance import PATHS, PROMPT_S, Stream, cluster, wait_for
from cases import case
from cluster import Instance, vpn_address, vpn_public

UNDONE = "none of 2 peers that were up is heard on management for 30 s\n"


def cuts_management(c):
    """Another key of ours, which no other has: their sections stay."""
    other = Instance(1, c.image + "/gateway")
    files = other.files([other] + c.instances[1:])
    return {"vpn-private.conf": files["vpn-private.conf"], "vpn-public.conf": vpn_public([other] + c.instances[1:])}


def goes_on(c, sessions):
    first, second = c.all[:2]
    assert first.handshakes(PATHS[1]) == sessions, "the dataplane began anew"
    assert "1 received" in second.say("ping %s %s -c 1" % (vpn_address(1), PATHS[0])), "management does not come back"


@case
def change_that_cuts_management_is_undone_and_the_dataplane_not_touched(image):
    c = cluster(image)
    first, second, third = c.all
    first.fresh_sessions(2)
    sessions = first.handshakes(PATHS[1])
    stream = Stream(second, vpn_address(1), PATHS[1])
    kept = {name: first.files[name] for name in ("vpn-private.conf", "vpn-public.conf")}
    first.write(cuts_management(c))
    at = first.vm.console.begin("reconfigure confirm")
    first.vm.console.finish("reconfigure confirm", at, 120)
    said = first.vm.console.text[at:]
    assert UNDONE in said and "the NICs and the paths are as they were" in said, said
    assert first.handshakes(PATHS[1]) == sessions, "the dataplane began anew"
    assert stream.lost() == 0, "packets of the dataplane were lost"
    goes_on(c, sessions)

    # the same, and the process that would put it back is killed
    first.write(kept)                   # sessions that are made anew are made by the files
    first.fresh_sessions(2)
    first.write(cuts_management(c))
    sessions = first.handshakes(PATHS[1])
    at = first.vm.console.begin("reconfigure confirm")
    first.vm.console.wait_for("gateway: private key or port set", 60, at)
    first.output("kill -9 $(ps -o pid,args | sed -n 's/^ *\\([0-9]*\\) .*config commit.*/\\1/p' | head -n 1)")
    first.vm.console.wait_for("config: the files were being applied when that was cut off", 60, at)
    first.vm.console.wait_for("> \\Z", 60, at)
    wait_for("the end of it", lambda: first.run("test -e /run/gateway/pending")[0] != 0, 60)
    goes_on(c, sessions)

    # the control: a change that cuts nothing follows at once, and `confirm` keeps it
    first.write({**kept, ".env": first.files[".env"] + "# changed\n"})
    first.fresh_sessions(2)
    said = first.say("reconfigure confirm 2")
    assert "applied. `confirm` within 2 min" in said and "heard on management" not in said, said
    assert re.search(r"\(unconfirmed [12]m\)> \Z", first.vm.console.text), first.vm.console.text[-100:]
    assert re.search(r"generation \d+ is confirmed\n", first.say("confirm"))


@case
def change_that_cuts_management_is_gone_behind_a_reboot_and_a_power_cut_in_the_middle(image):
    c = cluster(image)
    first, second = c.all[:2]
    for how, command in (("a reboot", "kill -TERM 1"), ("a power cut", "echo b > /proc/sysrq-trigger")):
        first.fresh_sessions(2)
        first.write(cuts_management(c))
        console = first.vm.console
        at = console.begin("reconfigure confirm")
        console.wait_for("gateway: private key or port set", 60, at)    # and the dataplane waits for a peer now
        first.output("(sleep 0.1; %s) > /dev/null 2>&1 &" % command)
        first.vm.agent.starts_anew()
        banner = console.wait_for("MITIGATOR gateway [^\\n]*\\n", PROMPT_S, at)
        console.wait_for("config: the files .*: generation \\d+ runs, which was confirmed last", PROMPT_S, at)
        console.wait_for("> \\Z", 60, at)
        first.wait_handshakes(2, 120)
        said = console.text[at:banner.start()]
        assert "gateway-dataplane: " not in said, how + ": the dataplane was touched: " + said
        for path in PATHS:
            said = second.say("ping %s %s -c 3" % (vpn_address(1), path))
            assert re.search(r"3 sent, [123] received", said), how + ": " + said
        assert "which was confirmed last" in first.screen(), how
        first.write({name: first.instance.files(c.instances)[name] for name in ("vpn-private.conf", "vpn-public.conf")})
        first.reconfigure("--force")
