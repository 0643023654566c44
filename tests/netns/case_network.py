"""`network`: what a NIC has, where it leads and what it lost, on a screen however much there is."""
import re
import subprocess

from case_nics import Network
from cases import case, expect
from lab import wait_until

WIDTH, ROWS = 79, 40
CONF = "[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.1/16\nGateway=192.0.2.2\nDNS=192.0.2.53 192.0.2.54\n\n" \
       "[Route]\nDestination=198.51.100.0/24\nMTUBytes=1300\n"


def batch(host, lines):
    subprocess.run(["ip", "-n", host.name, "-batch", "-"], input="\n".join(lines), text=True, check=True, timeout=60)


@case
def network_tells_where_a_nic_leads_and_sums_up_what_is_many(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.2/16")
    network = Network(lab, a, CONF)
    a("ping", "-c", "1", "-W", "30", "192.0.2.2")
    said = network.show()
    for line in (r"^  address  192\.0\.2\.1/16$", r"^  route    0\.0\.0\.0/0 via 192\.0\.2\.2, metric 64$",
                 r"^  route    198\.51\.100\.0/24 on the link, MTU 1300, metric 64$", r"^  on link  192\.0\.2\.2 at [0-9a-f:]{17}, a router$",
                 r"^  packets  [1-9]\d* in, [1-9]\d* out", r"^DNS  192\.0\.2\.53, 192\.0\.2\.54$"):
        expect(re.search(line, said, re.M), line, said)
    expect("DOES NOT ANSWER" not in said and "more" not in said, said)

    subprocess.run(["ip", "netns", "exec", "a", "ping", "-c", "1", "-W", "1", "192.0.2.77"], stdout=subprocess.DEVNULL, check=False)
    said = network.show()
    expect(re.search(r"^  on link  192\.0\.2\.77 DOES NOT ANSWER\n  on link  192\.0\.2\.2 at ", said, re.M), said)
    batch(a, ["neigh add 192.0.%d.%d lladdr 02:00:00:00:%02x:%02x dev eth0 nud permanent" % (4 + n // 250, n % 250, n // 250, n % 250)
              for n in range(1000)])
    batch(a, ["route add 203.0.%d.%d/32 via 192.0.2.2" % (n // 250, n % 250) for n in range(100)])
    said = network.show()
    rows = said.splitlines()
    print("  FIGURE  %d lines, %d bytes of `network` with 1,000 neighbours and 102 routes" % (len(rows), len(said)))
    expect(max(map(len, rows)) <= WIDTH and len(rows) <= ROWS, "more than a screen or two", said)
    expect("  route    and 94 more\n" in said and "  on link  192.0.2.77 DOES NOT ANSWER\n" in said, said)
    expect(re.search(r"^  on link  and 99\d more, 0 of them do not answer$", said, re.M), said)

    b("ip", "link", "set", "eth0", "down")
    wait_until("the carrier went", lambda: "up, no carrier" in network.show())
    expect(re.search(r"^  carrier  went [1-9]\d* times?$", network.show(), re.M), network.show())
    wait_until("a line on it in the log", lambda: "eth0: link down: no carrier\n" in network.said())
    b("ip", "link", "set", "eth0", "up")
    wait_until("a line that it is back", lambda: re.search(r"eth0: link up(, changed \d+ times in \d+ s)?\n", network.said()))
