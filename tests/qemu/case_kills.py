"""Processes of an instance that are killed, again and again: packets go on."""
import random
import time

from appliance import PATHS, Stream, cluster, wait_for
from case_lwip import move
from cases import soak
from cluster import vpn_address

MINUTES = 3
VICTIMS = ("gateway", "gateway-dataplane", "network", "config", "console")
SEED = 20


def wait_up(a):
    for path in PATHS:
        wait_for(path + " answers", lambda: a.show(path).get("state") == "up")


@soak
def three_minutes_of_kills_lose_no_packet(image):
    """50 packets a second on both paths, of either backend; each process that is killed is started again by PID 1, later and later."""
    for backend in ("kernel", "lwip"):
        c = cluster(image)
        first, second, third = c.all
        move(first, backend, backend)
        first.wait_handshakes(2)
        chance, killed = random.Random(SEED), dict.fromkeys(VICTIMS, 0)
        streams = [Stream(second, vpn_address(1), PATHS[0], 50), Stream(third, vpn_address(1), PATHS[1], 50)]
        dropped, until = c.hub.dropped, time.monotonic() + MINUTES * 60
        while time.monotonic() < until:
            victim = chance.choice(VICTIMS)
            pid = first.pid(victim)
            if not pid:                         # it waits to be started again
                continue
            first.output("kill -9 %d" % pid)
            killed[victim] += 1
        lost = [stream.lost() for stream in streams]
        wait_up(first)
        print("  FIGURE  %s: %s killed; lost %d on %s, %d on %s" % (
            backend, ", ".join("%s %d times" % item for item in killed.items()), lost[0], PATHS[0], lost[1], PATHS[1]))
        assert all(killed.values()), killed
        assert lost == [0, 0], "%s: lost %r, dropped by the hub %d" % (backend, lost, c.hub.dropped - dropped)
