"""The clock by time servers: the one step between the network and the first handshake, and slewing behind it. The server is a chronyd of
its own on another instance, which is also the peer that remembers the stamps it heard."""
import re
import tempfile
import time

from appliance import PATHS, Appliance, wait_for
from cases import case, soak
from cluster import make_instances, network, outer_address, vpn_address
from vm import Hub, make_data_image

DAY_S, YEAR_S = 86400, 365 * 86400
AT_ONCE_S = 30                  # WireGuard asks again after 5 s; stamps that a peer refuses cost minutes or years
NEAR_S = 3
SERVER = "/sbin/chronyd -x -d 'pidfile /' 'cmdport 0' 'bindcmdaddress /' 'local stratum 3' allow"


class Rack:
    """Instance 2 with a server on it, and the disk of instance 1, which is booted again and again."""

    def __init__(self, image):
        self.image, self.instances, self.hub = image, make_instances(2, image + "/gateway"), Hub(2)
        self.work = tempfile.TemporaryDirectory()
        self.disk = self.work.name + "/data.img"
        files = self.instances[0].files(self.instances)
        files["network.conf"] = network(1, more="NTP=%s\n" % outer_address(2))
        make_data_image(self.disk, files)
        files = self.instances[1].files(self.instances)
        files[".env"] += "MITIGATOR_NTP=off\nMITIGATOR_FILTER=off\n"
        self.server = Appliance("time-server", image, files, [self.hub.port(1)], instance=self.instances[1])
        self.server.prompt()
        wait_for("the server's paths", lambda: all(self.server.is_up(path) for path in PATHS))

    def serve(self, on=True):
        self.server.run("killall chronyd")
        if on:
            self.server.output(SERVER + " >/dev/null 2>&1 & echo started")

    def boot(self, name, off_s):
        """Instance 1, whose machine's clock is off by that much."""
        base = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + off_s))
        a = Appliance("time-" + name, self.image, None, [self.hub.port(0)], instance=self.instances[0], disk=self.disk,
                      extra_args=["-rtc", "base=" + base])
        try:
            a.prompt()
            a.step = wait_for("the line `time`", lambda: re.search(r" time +(ok.*(?:\n {20,}.*)*)", a.say("boot")))[1]
            a.step = " ".join(a.step.split())
            wait_for("both paths", lambda: all(a.is_up(path) for path in PATHS))
            started = time.monotonic()
            a.wait_handshakes(1, AT_ONCE_S)
            a.shook_s = time.monotonic() - started
        except BaseException:
            a.close()
            raise
        return a

    def off(self, a):
        """How far a's clock is from the server's, in seconds."""
        return int(a.output("date +%s")) - int(self.server.output("date +%s"))

    def close(self):
        self.server.close()
        self.hub.close()
        self.work.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def end(a):
    a.vm.console.begin("poweroff")
    a.vm.wait(60)
    a.close()


def says(a, command, words, timeout=90):
    """What the command says once it says that."""
    def look():
        said = a.say(command)
        return words in said and said
    return wait_for("`%s`: %s" % (command, words), look, timeout)


def clock_against_uptime(a):
    """A step is seen in the clock less the time since the boot; slewing is not, as both are slewed."""
    up, now = a.output("cat /proc/uptime; date +%s").split("\n")[:2]
    return int(now) - float(up.split()[0])


def tick(a):
    return int(re.search(r"tick: +(\d+)", a.output("adjtimex"))[1])


@case
def time_is_stepped_before_the_first_handshake(image):
    """Three minutes behind; then the source, and who else follows, as `clock` has them."""
    with Rack(image) as rack:
        rack.serve()
        a = rack.boot("behind", -180)
        try:
            assert re.search(r"1[0-8]\d s behind time servers: set to 20", a.step), a.step    # less what QEMU took to begin
            assert abs(rack.off(a)) <= NEAR_S, rack.off(a)
            said = says(a, "clock", "source       192.0.2.2, stratum 4")
            assert "root distance 0." in said and "offset " in said, said
            assert "clock" not in a.screen(), a.screen()
            assert re.search(r"^chronyd +\d+ +no new privileges, listed system calls, sys_time$", a.say("hardening"), re.M), a.say("hardening")
        finally:
            a.close()


@soak
def handshakes_begin_at_once_whatever_the_clock_was(image):
    """One disk, one peer that remembers, many clocks."""
    table = (
        ("ahead", 180, True, r"set to 20|slewed"),
        ("year-2020", 1577836800 - int(time.time()), True, r"set to 20|as time servers have it"),
        ("years-ahead", 700 * DAY_S, True, r"\d+ days ahead of time servers: set to"),
        ("far-ahead", 5 * YEAR_S, True, r"set to 20|as time servers have it|slewed"),
        ("no-server", 0, False, r"no time server answers"),
        ("no-server-behind", -180, False, r"no time server answers"),
    )
    with Rack(image) as rack:
        for name, off_s, served, words in table:
            rack.serve(served)
            a = rack.boot(name, off_s)
            try:
                print("  %s: %s; handshakes %.1f s after the paths were up, off by %d s" % (name, a.step, a.shook_s, rack.off(a)))
                assert re.search(words, a.step), (name, a.step)
                # an orderly stop before, so that the mark is near
                assert abs(rack.off(a)) <= (60 if served else 240), (name, rack.off(a))
            except BaseException:
                a.close()
                raise
            end(a)


@soak
def a_server_that_is_years_off_is_not_believed(image):
    with Rack(image) as rack:
        rack.server.output("date -s @%d" % (time.time() + 2 * YEAR_S))
        rack.serve()
        a = rack.boot("believed", 0)
        try:
            assert "not believed: that is more than a day ahead of a clock that is" in a.step, a.step
            assert abs(int(a.output("date +%s")) - time.time()) < 60
            said = " ".join(says(a, "show", "time servers say").split())
            assert "too far off to be slewed" in said, said
        finally:
            a.close()


@soak
def the_clock_is_slewed_and_not_stepped_while_sessions_run(image):
    with Rack(image) as rack:
        rack.serve(False)
        a = rack.boot("late", -180)
        try:
            assert "no time server answers" in a.step, a.step
            sessions = {path: a.handshakes(path) for path in PATHS}
            first, off = clock_against_uptime(a), rack.off(a)
            rack.serve()
            says(a, "clock", "source       192.0.2.2", 180)
            until = time.monotonic() + 60
            while time.monotonic() < until:
                now = clock_against_uptime(a)
                assert -1.5 < now - first < 1.5, (first, now)
            left = rack.off(a)
            print("  slewed from %d s to %d s" % (off, left))
            assert off + 1 < left < -60, (off, left)
            # what is typed goes on from there, and the servers are followed again
            a.say("clock set %s --force" % time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 20)))
            says(a, "clock", "source       192.0.2.2", 400)     # behind a jump its samples are worth nothing: two polls, a minute or two apart
            wait_for("the server's time", lambda: abs(rack.off(a)) <= NEAR_S, 400, 5)
            assert "time servers say" not in a.screen(), a.screen()
            assert all(a.handshakes(path).keys() == sessions[path].keys() and all(a.handshakes(path).values()) for path in PATHS)
        finally:
            a.close()


@soak
def a_chronyd_killed_while_it_slews_leaves_the_clock_its_own_rate(image):
    with Rack(image) as rack:
        rack.serve(False)
        a = rack.boot("killed", -180)
        try:
            rack.serve()
            wait_for("it is slewed by the tick", lambda: tick(a) != 10000, 180)
            a.output("kill -9 $(pidof chronyd)")
            wait_for("the kernel's own rate", lambda: "the clock was left at the rate of a correction: it has its own again" in
                     a.say("log time", log=True))
            wait_for("the next one goes on", lambda: tick(a) != 10000, 180)
        finally:
            a.close()


@soak
def time_is_served_to_peers_alone_and_reconfigure_ends_it(image):
    """Asked from the other instance, inside of the VPN and outside; sessions go on over the change."""
    ask = "/sbin/chronyd -Q -t 3 'pidfile /' 'cmdport 0' 'bindcmdaddress /' 'server %s iburst maxsamples 1'"
    with Rack(image) as rack:
        rack.serve()
        a = rack.boot("serves", 0)
        try:
            says(a, "clock", "source       192.0.2.2, stratum 4")
            inside = "ip netns exec gateway " + ask % vpn_address(1)
            status, said = rack.server.run(inside)
            assert status == 0, said
            status, said = rack.server.run(ask % outer_address(1))
            assert status != 0, said
            before = a.handshakes("gateway")
            said = a.reconfigure(files={".env": "MITIGATOR_VPN_ADDRESS=%s\nMITIGATOR_NTP=off\n" % vpn_address(1)})
            assert "time    no one is asked, and no one served" in said, said
            says(a, "clock", "source       none: MITIGATOR_NTP=off")
            wait_for("chronyd ends", lambda: a.run("pidof chronyd")[0] != 0)
            status, said = rack.server.run(inside)
            assert status != 0, said
            assert a.handshakes("gateway") == before, (before, a.handshakes("gateway"))
            said = a.reconfigure(files={".env": "MITIGATOR_VPN_ADDRESS=%s\n" % vpn_address(1)})
            says(a, "clock", "source       192.0.2.2, stratum 4")
            # what was told of the clock is over once it is right
            a.output("echo it is not trusted > /run/gateway/clock")
            assert "it is not trusted" in a.screen()
            wait_for("that it is over", lambda: a.run("test -e /run/gateway/clock")[0] != 0)
            # its service is started again, and steps nothing then
            was = a.pid("time")
            a.output("kill -9 %d" % was)
            wait_for("it again", lambda: a.pid("time") not in (0, was))
            says(a, "clock", "source       192.0.2.2, stratum 4")
            assert len(re.findall(r"^ .* s  time  ", a.say("boot"), re.M)) == 1, a.say("boot")
        finally:
            a.close()
