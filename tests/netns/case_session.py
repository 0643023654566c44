"""Sessions and what keeps them: restarts, probes, pings, and who may move a peer's endpoint."""
import socket
import subprocess

from cases import case, expect
from frames import namespace
from lab import ping, run, wait_until
from pair import Pair


def raw_sockets(inner):
    """How many raw ICMP sockets the namespace has."""
    return sum(len(run("ip", "netns", "exec", inner, "cat", "/proc/net/" + table).splitlines()) - 1 for table in ("raw", "raw6"))


@case
def service_hears_no_echo_that_it_did_not_ask_for(lab):
    pair = Pair(lab)
    pair.both_ways()
    # a raw socket would have each echo that passes: the service has none
    with namespace(pair.ours.inner):
        control = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    control.setblocking(False)
    expect(ping("b", "10.8.3.1", 5) == (5, 5))
    heard = [control.recv(200) for _ in range(5)]
    expect(len(heard) == 5)
    control.close()
    expect(raw_sockets(pair.ours.inner) == 0, raw_sockets(pair.ours.inner))
    job = subprocess.Popen([lab.applet("gateway"), "--run", pair.ours.dir + "/run", "ping", "10.8.3.2", "-c", "100000", "-i", "0.01", "-q"],
                           stdout=subprocess.PIPE, text=True)
    lab.processes.append(job)
    wait_until("a socket while a ping runs", lambda: raw_sockets(pair.ours.inner) == 1)
    job.terminate()
    job.wait(10)
    wait_until("no socket behind it", lambda: raw_sockets(pair.ours.inner) == 0)
    said = pair.ours.ask("ping", "10.8.3.2", "-c", "3", "-i", "0.05")
    expect("3 sent, 3 received, 0 lost" in said, said)
    expect(raw_sockets(pair.ours.inner) == 0)
    run("ip", "-n", pair.ours.inner, "link", "set", "lo", "up")
    said = pair.ours.ask("ping", "::1", "-c", "3", "-i", "0.05")
    expect("3 sent, 3 received, 0 lost" in said, said)
