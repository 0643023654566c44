"""The dataplane follows management: only when that is known to be heard, both ways, or was not there to be."""
import os
import signal
import subprocess

from case_commit import NETWORK, Box, Dataplane
from case_generations import read, stored
from case_kill import PATHS, Killed
from cases import case, expect, soak

UNKNOWN = "whether a peer is heard on management is not known: "
AS_THEY_WERE = "the NICs and the paths are as they were\n"


def begin(box, management, more):
    """A commit up to where it asks whether management is heard."""
    box.write(more=more)
    commit = box.begin("--force")
    management.answer("plan")
    management.answer("apply")
    return commit


def is_undone(box, commit, status, words, state):
    said = commit.communicate(timeout=60)[0]
    expect(commit.returncode == status and said.endswith(words + AS_THEY_WERE), commit.returncode, said)
    expect(box.state()[1]["gateway-dataplane"] == state, "the dataplane was changed", box.state()[1])


@case
def what_management_does_not_tell_is_not_taken_for_heard(lab):
    box = Box(lab)
    box.write()
    box.start(("network", "gateway-dataplane"))
    management = Dataplane(box, "gateway")
    before = box.state()[1]["gateway-dataplane"]
    commit = begin(box, management, 1)
    management.next("heard").close()                    # it crashes
    management.answer("undo")
    is_undone(box, commit, 1, UNKNOWN + "the service ended before it had answered\ngateway failed: ", before)
    commit = begin(box, management, 2)
    management.answer("heard", 1)                       # it is back
    management.answer("undo")
    is_undone(box, commit, 1, UNKNOWN + "the service began anew since the change\ngateway failed: ", before)
    expect({about["state"] for about in stored(box)[1].values()} == {"failed"}, stored(box)[1])

    # nor does someone at the console make it fail
    commit = begin(box, management, 3)
    management.answer("heard", text="1 0 10\n")
    with management.next("heard"):
        commit.send_signal(signal.SIGINT)
    management.answer("undo")
    is_undone(box, commit, 130, "interrupted: ", before)
    states = [stored(box)[1][n]["state"] for n in sorted(stored(box)[1])]
    expect(states == ["failed", "failed", "undone"], states)

    # the control: one is heard
    commit = begin(box, management, 4)
    management.answer("heard", text="1 0 10\n")
    management.answer("heard", text="1 1 0\n")
    management.answer("keep")
    said = commit.communicate(timeout=60)[0]
    expect(commit.returncode == 0 and len(box.state()[1]["gateway-dataplane"][3]) == 5, said, box.state()[1])


@case
def dataplane_goes_behind_a_management_that_does_not_run(lab):
    box = Box(lab)
    box.write()
    box.start(("network",))
    dataplane = Dataplane(box)
    box.write(nic=7)
    commit = box.begin("--force")
    dataplane.answer("plan")
    with dataplane.next("apply") as call:
        expect(read(box.run + "/applied/gateway/network.conf") == NETWORK % 7, "management is behind it")
        call.send(b"x\0")
    dataplane.answer("keep")
    said = commit.communicate(timeout=60)[0]
    expect(commit.returncode == 0 and "gateway: the service does not run" in said, said)


@soak
def change_that_cuts_our_way_out_alone_is_undone(lab):
    """Peers go on to send: by the session that they have, and initiations."""
    box = Killed(lab)
    streams = [box.insides[path].start("ping", "-q", "-i", "0.2", "10.8.3.1", stdout=subprocess.DEVNULL) for path in PATHS]
    before = box.state()[1]["gateway-dataplane"]
    with open(box.conf + "/network.conf", "a") as f:
        f.write("\n[Route]\nDestination=192.0.2.62/32\nGateway=192.0.2.99\n")
    received = {peer["public_key"]: peer["received_bytes"] for peer in box.shown("gateway")}
    status, said = box.commit("--confirm", "10")
    expect(status == 1 and "none of 1 peer that was up is heard on management for 30 s\n" in said and
           said.endswith("gateway failed: " + AS_THEY_WERE), status, said)
    expect(any(peer["received_bytes"] > received[peer["public_key"]] for peer in box.shown("gateway")), "the control: something came")
    expect(box.state()[1]["gateway-dataplane"] == before, "the dataplane was changed")
    box.reaches()
    for stream in streams:
        stream.terminate()
        stream.wait(30)
    box.write(2)                                        # the control: without the route
    status, said = box.commit("--force", "--confirm", "10")
    expect(status == 0 and "heard on management" not in said, status, said)
