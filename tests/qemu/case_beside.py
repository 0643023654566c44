"""What stands beside the paths of an appliance: metrics on both backends, the log at a syslog server, and no threads in the kernel's
receive side."""
import os
import re
import socket
import sys
import threading

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "netns"))

from appliance import Appliance, cluster, wait_for
from case_hardening import is_listed, processes
from case_lwip import env
from cases import case
from cluster import make_instances, outer_address, vpn_address
from frames import ARP, arp, ethernet, mac
from vm import Hub

SERVER, SERVER_MAC, SERVER_PORT = "192.0.2.66", mac("52:54:00:00:00:66"), 10514


def scrape(of, by):
    """What Prometheus on another instance would get."""
    return by.netns("gateway", "wget -q -O - http://%s:9586/metrics" % vpn_address(of.instance.n))


def series(text):
    """Names and labels, without what the backend is called."""
    return re.sub(r'backend="\w+"', "", "\n".join(sorted(line.rsplit(" ", 1)[0] for line in text.splitlines() if line[0] != "#")))


@case
def metrics_have_the_same_series_on_both_backends(image):
    c = cluster(image)
    first, second = c.all[:2]
    first.reconfigure(files={".env": first.files[".env"] + "MITIGATOR_METRICS=on\n"})
    first.fresh_sessions(2)
    of_kernel = scrape(first, second)
    assert 'backend="kernel"' in of_kernel and 'cause="replay"} NaN\n' in of_kernel, of_kernel
    sent = re.findall(r'^wireguard_sent_bytes_total\{path="(gateway(?:-dataplane)?)",.*\} (\d+)$', of_kernel, re.M)
    assert sorted(path for path, _ in sent) == ["gateway"] * 2 + ["gateway-dataplane"] * 2 and all(int(n) for _, n in sent), sent
    generation = re.search(r'^mitigator_gateway_generation\{path="gateway"\} (\d+)$', of_kernel, re.M)
    assert generation and re.search(r"^ *%s .*in force" % generation[1], first.say("history"), re.M), (of_kernel, first.say("history"))
    first.reconfigure("--force", files={".env": env(first.instance, gateway="lwip", dataplane="lwip") + "MITIGATOR_METRICS=on\n"})
    first.wait_handshakes(2)
    # who carries them now, and serves this, has as little as it needs
    found = [(name, status) for name, status, _ in processes(first) if name.startswith("@") or name == "exporter"]
    assert sorted(name for name, _ in found) == ["@wg-lwip-opener"] * 2 + ["@wireguard-lwip"] * 2 + ["exporter"], found
    for name, status in found:
        is_listed(name, status)
        root = first.run("ls -A /proc/%s/root/" % status["Pid"])[1]      # no directory of a process that is there
        assert name == "exporter" or root == "" or "No such " in root, (name, root)
    of_lwip = scrape(first, second)
    assert 'backend="lwip"' in of_lwip and 'cause="replay"} 0\n' in of_lwip, of_lwip
    assert series(of_lwip) == series(of_kernel), (series(of_lwip), series(of_kernel))
    # a service that is not there is one that is down
    pid = first.pid("gateway-dataplane")
    first.output("kill -STOP %d" % pid)
    try:
        assert 'mitigator_gateway_up{path="gateway-dataplane"} 0\n' in scrape(first, second)
    finally:
        first.run("kill -CONT %d" % pid)        # on a slow machine PID 1 has started another one
    assert "can't connect" in first.run("wget -q -O - http://%s:9586/metrics" % outer_address(1))[1]


@case
def kernel_interface_takes_packets_in_without_threads(image):
    first = cluster(image).all[0]
    threaded = "/sys/class/net/wg0/threaded"
    assert first.netns("gateway", "cat " + threaded).strip() == "0"
    first.netns("gateway", "sh -c 'echo 1 > %s'" % threaded)
    pid = first.pid("gateway")
    first.output("kill -9 %d" % pid)
    wait_for("the service again", lambda: first.pid("gateway") not in (0, pid) and first.show())
    wait_for("no threads", lambda: first.netns("gateway", "cat " + threaded).strip() == "0")
    said = first.say("log threads", log=True)
    assert said.count("wg0 took packets in by threads, and may stall so (CVE-2026-52945): turned off") == 1, said


class Server:
    """A syslog server on a port of the hub: it answers ARP, and hears."""

    def __init__(self, hub, n):
        self.lines, self.to, self.socket = [], hub._path("hub", n), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(hub._path("vm", n))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            frame = self.socket.recv(65536)
            if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\1" and frame[38:42] == socket.inet_aton(SERVER):
                self.socket.sendto(ethernet(frame[6:12], SERVER_MAC, ARP, arp(2, SERVER_MAC, SERVER, frame[6:12],
                                                                           socket.inet_ntoa(frame[28:32]))), self.to)
            if frame[:6] == SERVER_MAC and frame[23] == 17 and frame[36:38] == SERVER_PORT.to_bytes(2, "big"):
                self.lines.append(frame[42:34 + int.from_bytes(frame[38:40], "big")].decode(errors="replace"))

    def count(self, words):
        return sum(words in line for line in self.lines)


@case
def syslog_server_gets_the_log_of_each_boot_whole(image):
    one, two = make_instances(2, image + "/gateway")
    files = one.files([one, two])
    files[".env"] += "MITIGATOR_SYSLOG=%s:%d\n" % (SERVER, SERVER_PORT)
    with Hub(2) as hub, Appliance("syslog", image, files, [hub.port(0)], instance=one, no_reboot=False) as a:
        server = Server(hub, 1)
        a.prompt()
        # said before there was a network, or a process to send it
        wait_for("the kernel's first words", lambda: server.count(" kernel - - - Linux version "), 120)
        wait_for("the services' words", lambda: server.count(" gateway - - - up: wg0"), 60)
        assert any(re.fullmatch(r"<\d+>1 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z 10\.8\.3\.1 gateway - - - up: wg0.*", line)
                   for line in server.lines), server.lines[-20:]
        a.output("kill -9 %d" % a.pid("syslog"))
        a.output("echo '<29>test: behind a crash' > /dev/kmsg")
        wait_for("what was said behind its crash", lambda: server.count(" test - - - behind a crash"), 120)
        assert server.count("Linux version ") == 1, "what was sent comes again"
        a.reboot()
        wait_for("the second boot", lambda: server.count(" kernel - - - Linux version ") == 2, 120)
