"""What a reconfigure takes away: said, and asked where it looks like a file that lost its end."""
import subprocess

from cases import case, expect
from lab import wg_keys
from pair import Pair, files

ASKED, REFUSED = 4, 3


def reconfigure(pair, peers, *words):
    """(exit status, output) with these peers beside ourselves; peers are (public key, VPN address, endpoint, more lines)."""
    pair.ours.write(files(pair.key_a, pair.peers[:1] + peers, "10.8.3.1"))
    done = subprocess.run([pair.ours.lab.applet("gateway"), "--run", pair.ours.dir + "/run", "reconfigure", *words],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.returncode, done.stdout


def idle(n):
    return wg_keys()[1], "10.8.3.%d/32" % (10 + n), "192.0.2.9:4567", ""


@case
def peers_that_go_are_told_before_and_scripts_need_force(lab):
    pair = Pair(lab)
    pair.both_ways()
    alive, many = pair.peers[1], [idle(n) for n in range(6)]
    expect(reconfigure(pair, [alive] + many)[0] == 0)
    # one of seven, and idle
    status, said = reconfigure(pair, [alive] + many[:5])
    expect(status == 0 and "gateway: removes 1 of 7 peers: %s\n" % many[5][0] in said, status, said)
    expect(said.index("removes 1 of 7") < said.index("removed peer " + many[5][0]), said)
    # a third of six: nothing happens without a word
    for words in ((), ("--dry-run",)):
        status, said = reconfigure(pair, [alive] + many[:3], *words)
        expect(status == ASKED and "gateway: removes 2 of 6 peers: " in said and
               (words or "gateway: nothing was applied" in said) and
               "`gateway reconfigure --force` if it is meant" in said, status, said)
    expect(len(pair.ours.show()["peers"]) == 6)
    status, said = reconfigure(pair, [alive] + many[:3], "--force")
    expect(status == 0 and "gateway: removes 2 of 6 peers: " in said and "0 added, 0 updated, 2 removed, 4 kept" in said, said)
    # one of four, but alive
    status, said = reconfigure(pair, many[:3])
    expect(status == ASKED and "gateway: removes 1 of 4 peers, 1 of them alive: " in said, status, said)
    status, said = reconfigure(pair, [])
    expect(status == 1 and "none of the 4 peers that run is in the files" in said, status, said)
    expect(reconfigure(pair, [], "--dry-run")[0] == REFUSED)
    pair.both_ways()            # the control: it was alive, and is


@case
def another_key_for_the_same_instance_is_a_rotation_and_needs_no_force(lab):
    pair = Pair(lab)
    pair.both_ways()
    key, public = wg_keys()
    pair.go.set("private-key", "/dev/stdin", input=key)
    status, said = reconfigure(pair, [(public,) + pair.peers[1][1:]])
    expect(status == 0 and "gateway: 1 peer gets another key: a rotation\n" in said and "removes" not in said, status, said)
    expect("1 added, 0 updated, 1 removed, 0 kept" in said, said)
    pair.both_ways()
