"""A service as a container's first process: what it needs, what it is asked, what its compose file hands over and mounts."""
import os
import re
import shutil
import socket
import subprocess
import threading

from cases import case, expect
from container import Container
from lab import ping, wait_until, wg_keys
from memory import processes, status_of
from pair import PSK, files

ADDRESS = {"MITIGATOR_VPN_ADDRESS": "10.8.3.1"}
LWIP = {"MITIGATOR_VPN_BACKEND": "lwip", "DATA_PLANE_VPN_BACKEND": "lwip"}


class Two:
    """The files of an instance on host a, and wireguard-go on host b."""

    def __init__(self, lab):
        self.a, self.b = lab.host("a"), lab.host("b")
        lab.link(self.a, "192.0.2.1/24", self.b, "192.0.2.2/24")
        (self.key, self.public), (other, self.other) = wg_keys(), wg_keys()
        self.go = lab.wireguard_go(self.b, "go0", other, 5678)
        self.go.set("peer", self.public, "allowed-ips", "10.8.3.1/32", "endpoint", "192.0.2.1:4567")
        self.go.address("10.8.3.2/24")
        self.files = files(self.key, [(self.public, "10.8.3.1/32", "192.0.2.1:4567", ""),
                                      (self.other, "10.8.3.2/32", "192.0.2.2:5678", "")], "10.8.3.1", "MITIGATOR_VPN_BACKEND=lwip\n")

    def without_env(self):
        return {name: text for name, text in self.files.items() if name != ".env"}


@case
def container_serves_its_names_and_ends_within_a_second(lab):
    two = Two(lab)
    c = Container(lab, two.a, two.files)
    c.until()
    expect(ping("a", "10.8.3.2", wait=30)[1] == 3, c.said())
    expect("isolation        off, in the network that the container has\n" in c.inside("show")[1],
           c.inside("show"))
    expect(c.inside("reconfigure") == (0, "gateway: 0 added, 0 updated, 0 removed, 1 kept\n"), c.inside("reconfigure"))
    expect(c.inside("check")[0] == 0 and c.inside("wg", "show", "wg0", "listen-port") == (0, "4567\n"))
    expect(c.inside("gateway", "wg", "genkey")[0] == 0)
    # another one's socket: which of both is meant is to be said; of files it makes no difference
    expect(c.inside("touch", "/run/gateway/gateway-dataplane.sock")[0] == 0)
    expect(c.inside("show") == (2, "show: two services run here: `gateway show`, `gateway-dataplane show`\n"), c.inside("show"))
    expect(c.inside("check")[0] == 0 and c.inside("rm", "/run/gateway/gateway-dataplane.sock")[0] == 0)
    # what someone leaves behind in it is reaped by its first process: what is left is that, the service, who carries its packets, and that one's opener
    expect(c.inside("sh", "-c", "(sleep 0.1 &) ; true")[0] == 0)
    wait_until("nothing but four processes, no zombie", lambda: c.inside("sh", "-c", "ls -d /proc/[0-9]* | grep -vcw $$")[1] in
               ("5\n", "6\n") and "Z" not in c.inside("sh", "-c", "cut -d' ' -f3 /proc/[0-9]*/stat")[1])
    status, took = c.stop()
    print("  ended after %.2f s" % took)
    expect(status == 0 and "wg0" not in two.a("ip", "link"), status, c.said())


@case
def container_says_that_another_port_is_to_be_published(lab):
    two = Two(lab)
    c = Container(lab, two.a, two.files)
    c.until()
    c.put("vpn-private.conf", two.files["vpn-private.conf"].replace("4567", "5567"))
    status, said = c.inside("reconfigure")
    expect(status == 0 and "vpn-private.conf:2: warning: ListenPort was 4567: where docker-compose.yml publishes that port, `ports` there is to "
           "change too, then `docker-compose up -d`\n" in said, said)
    expect("publishes" not in c.inside("reconfigure")[1] + c.inside("check")[1])


@case
def container_settings_come_from_the_environment(lab):
    two = Two(lab)
    c = Container(lab, two.a, two.without_env(), environment={**ADDRESS, **LWIP, "DATA_PLANE_VPN_PORT": ""})
    c.until()
    shown = c.inside("show")[1]
    expect("  setting          MITIGATOR_VPN_ADDRESS: environment\n" in shown and "DATA_PLANE_VPN_PORT" not in shown, shown)
    expect('"MITIGATOR_VPN_ADDRESS":"environment","DATA_PLANE_VPN_DEVICE":"default"' in c.inside("show", "--json")[1])
    c.put(".env", "MITIGATOR_VPN_ADDRESS=10.8.3.1\nDATA_PLANE_VPN_PORT=4570\nMITIGATOR_VPN_BACKEND=kernel\n")
    status, said = c.inside("reconfigure")
    expect(status == 0 and said.startswith(
        ".env:2: warning: DATA_PLANE_VPN_PORT was 4568: where docker-compose.yml publishes that port, `ports` there is to change too, then "
        "`docker-compose up -d`\n"
        ".env:3: warning: MITIGATOR_VPN_BACKEND is not what this container was made with, lwip: `docker-compose up -d` makes it anew\n"),
        status, said)
    shown = c.inside("show")[1]
    expect("  backend          lwip\n" in shown and "  setting          DATA_PLANE_VPN_PORT: .env\n" in shown, shown)
    c.put(".env", "MITIGATOR_VPN_ADDRESS=10.8.3.1\n")
    gone = (".env:1: warning: MITIGATOR_VPN_BACKEND is not in it any more, and this container was made with lwip: "
            "`docker-compose up -d` makes it anew\n")
    status, said = c.inside("reconfigure")
    expect(status == 0 and gone in said, status, said)
    status, said = c.inside("reconfigure")
    expect(status == 0 and gone not in said, status, said)


@case
def container_without_a_cluster_is_healthy(lab):
    c = Container(lab, lab.host("a"), {}, prefix=("setpriv", "--bounding-set", "-all"))
    c.until()
    status, said = c.inside("health")
    expect(status == 0 and "not clustered: no VPN" in said, said)
    expect(c.stop()[0] == 0)


@case
def container_is_starting_until_a_way_to_a_peer_has_carrier(lab):
    two = Two(lab)
    two.a("ip", "link", "set", "eth0", "down")
    c = Container(lab, two.a, two.files)
    status, said = wait_until("an answer", lambda: next((answer for answer in [c.inside("health")] if answer[1].startswith("gateway: ") and
                                                         ".sock" not in answer[1]), None))
    expect((status, "waiting for carrier" in said) in ((2, True), (0, False)), status, said)     # for 10 s
    two.a("ip", "link", "set", "eth0", "up")
    c.until()


@case
def container_names_the_line_of_what_it_lacks(lab):
    two = Two(lab)
    words = "the container lacks %s: add `%s` to this service in docker-compose.yml"
    for which, prefix, before, missing, line in (
            ("admin", ("setpriv", "--bounding-set", "-net_admin"), "true", "CAP_NET_ADMIN", "cap_add: [NET_ADMIN, NET_RAW]"),
            ("raw", ("setpriv", "--bounding-set", "-net_raw"), "true", "CAP_NET_RAW", "cap_add: [NET_ADMIN, NET_RAW]"),
            ("tun", (), "mount -t tmpfs none /dev/net", "/dev/net/tun (No such file or directory)", "devices: [/dev/net/tun]")):
        c = Container(lab, two.a, two.files, prefix=prefix, before=before)
        expect(c.wait(30) == 1 and "gateway: " + words % (missing, line) in c.said(), which, c.said())
        os.unlink(c.dir + "/log")


@case
def container_names_the_line_for_a_setting_of_its_network(lab):
    two = Two(lab)
    words = ("gateway: /proc/sys/net/ipv4/udp_early_demux cannot be set to 0: Read-only file system: whoever guesses the ports of a connected UDP "
             "socket passes for a VPN peer: add `sysctls: [net.ipv4.udp_early_demux=0]` to this service in docker-compose.yml, or with "
             "`network_mode: host` set it on the host\n")
    read_only = "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys"
    c = Container(lab, two.a, two.files, before=read_only)
    c.until()
    expect(words in c.said(), c.said())
    c.stop()
    os.unlink(c.dir + "/log")
    c = Container(lab, two.a, two.files, before="echo 0 > /proc/sys/net/ipv4/udp_early_demux && " + read_only)
    c.until()
    expect("early_demux" not in c.said(), c.said())


@case
def container_names_the_line_for_files_of_another_user(lab):
    """Root is above them by a capability only."""
    two = Two(lab)
    words = (": Permission denied: it is not root's, and CAP_DAC_READ_SEARCH is lacking: `chown root` it on the host, or add "
             "`cap_add: [DAC_READ_SEARCH]` to this service in docker-compose.yml")
    c = Container(lab, two.a, two.files, prefix=("setpriv", "--bounding-set", "-dac_override,-dac_read_search"))
    c.until()
    os.chown(c.conf + "vpn-private.conf", 1000, -1)
    status, said = c.inside("reconfigure")
    expect(status == 1 and said.startswith("vpn-private.conf:1: cannot be read%s\n" % words), status, said)
    os.chown(c.conf, 1000, -1)
    os.chmod(c.conf, 0o700)
    status, said = c.inside("reconfigure")
    expect(status == 1 and said.startswith("cannot open /srv/mitigator%s\n" % words), status, said)
    expect(ping("a", "10.8.3.2", wait=30)[1] == 3, c.said())
    c.stop()
    c = Container(lab, two.a, {}, prefix=("setpriv", "--bounding-set", "-dac_override,-dac_read_search"))
    c.until(1)
    expect("gateway: cannot open /srv/mitigator%s\n" % words in c.said(), c.said())


@case
def container_names_the_line_for_a_process_of_another_user(lab):
    """Which asks name servers."""
    two = Two(lab)
    named = {**two.files, "vpn-public.conf": two.files["vpn-public.conf"].replace("192.0.2.2:", "go.invalid:")}
    c = Container(lab, two.a, named, prefix=("setpriv", "--bounding-set", "-setuid,-setgid"))
    words = ("gateway: names are not looked up: the process for it cannot become user 64777 (CAP_SETUID and CAP_SETGID?): add `cap_add: [SETUID, "
             "SETGID]` to this service in docker-compose.yml\n")
    wait_until("it says so", lambda: words in c.said())


@case
def container_stays_with_bad_files_and_says_so(lab):
    two = Two(lab)
    c = Container(lab, two.a, {**two.files, "vpn-public.conf": "[Peer]\nPublicKey = short\n"})
    c.until(1)
    status, said = c.inside("check")
    expect(status == 1 and "vpn-public.conf:2: PublicKey" in said, said)
    c.put("vpn-public.conf", two.files["vpn-public.conf"])
    expect(c.inside("reconfigure")[0] == 0, c.said())
    c.until()


@case
def container_notices_a_mounted_file_that_was_replaced(lab):
    two = Two(lab)
    words = "vpn-public.conf:1: was replaced on the host, and the container keeps the old one, as it is mounted by itself: mount the directory\n"
    c = Container(lab, two.a, two.files, singly=True)
    c.until()
    expect(c.inside("reconfigure")[0] == 0)
    with open(c.conf + "new", "w") as f:        # as editors do
        f.write(two.files["vpn-public.conf"] + "# more\n")
    os.rename(c.conf + "new", c.conf + "vpn-public.conf")
    for verb in "reconfigure", "check":
        status, said = c.inside(verb)
        expect(status == 1 and said.startswith(words), verb, status, said)
    expect(ping("a", "10.8.3.2", wait=30)[1] == 3, c.inside("show"))
    c.put("vpn-public.conf", "")                # the control: written in place, it is read
    expect("mount the directory" in c.inside("check")[1])


@case
def container_takes_a_read_only_mount(lab):
    two = Two(lab)
    c = Container(lab, two.a, two.files, read_only=True)
    c.until()
    words = "cannot keep the configuration as a fallback in /srv/mitigator: Read-only file system: `--state DIR` names another place\n"
    wait_until("it says where the fallback is to be", lambda: words in c.said())
    status, said = c.inside("reconfigure")
    expect(status == 0 and said.endswith("gateway: warning: this configuration runs, but cannot be kept as the fallback: Read-only file "
                                         "system: `--state DIR` names another place\n"), said)
    c.stop()
    os.unlink(c.dir + "/log")
    state = c.dir + "/state"
    c = Container(lab, two.a, two.files, read_only=True, options=("--state", state))
    c.until()
    wait_until("the fallback is kept", lambda: os.path.exists(state + "/applied/gateway/vpn-public.conf"))
    expect("Read-only" not in c.said(), c.said())
    c.stop()
    c = Container(lab, two.a, {**two.files, "vpn-public.conf": "nonsense\n"}, read_only=True, options=("--state", state))
    c.until()
    expect("the last applied configuration runs instead" in c.said() and ping("a", "10.8.3.2", wait=30)[1] == 3, c.said())
    c.stop()
    os.unlink(c.dir + "/log")
    c = Container(lab, two.a, {}, before="umount /srv/mitigator && rmdir /srv/mitigator",
                  options=("--state", state))
    c.until()
    expect("gateway: cannot open /srv/mitigator: No such file or directory\ngateway: the last applied configuration runs instead" in c.said() and
           ping("a", "10.8.3.2", wait=30)[1] == 3, c.said())


def scrape(host, request, address="10.8.3.1"):
    """What port 9586 answers, all of it, with line ends of one character."""
    return host("python3", "-c", "import socket, sys\ns = socket.create_connection((%r, 9586), 60)\ns.sendall(%r)\n"
                "data = b''\nwhile True:\n    more = s.recv(65536)\n    if not more: break\n    data += more\n"
                "sys.stdout.write(data.decode())" % (address, request))


@case
def metrics_are_served_inside_the_vpn_alone(lab):
    two = Two(lab)
    c = Container(lab, two.a, {**two.files, ".env": two.files[".env"] + "MITIGATOR_METRICS=on\n"})
    c.until()
    expect(ping("a", "10.8.3.2", wait=30)[1] == 3, c.said())
    answer = scrape(two.b, b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    head, body = answer.split("\n\n", 1)
    expect(head.startswith("HTTP/1.1 200 OK\nContent-Type: text/plain; version=0.0.4") and "\nContent-Length: %d\n" % len(body) in head,
           head)
    line = re.search(r'^wireguard_received_bytes_total\{path="gateway",interface="wg0",public_key="(.*)",allowed_ips="10.8.3.2/32",'
                     r'friendly_name=""\} (\d+)$', body, re.M)
    expect(line and line[1] == two.other and int(line[2]) > 0, body)
    stamp = re.search(r'^wireguard_latest_handshake_seconds\{.*\} (\d+)$', body, re.M)
    expect(stamp and int(stamp[1]) > 1000000000 and 'mitigator_gateway_up{path="gateway"} 1\n' in body, body)
    names = re.findall(r"^# TYPE (\S+)", body, re.M)
    expect(len(names) == len(set(names)) and two.key not in body, names)
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=body, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        expect(done.returncode == 0 and not done.stdout, done.stdout)
    printed = c.inside("metrics")
    expect(printed[0] == 0 and re.findall(r"^#.*", printed[1], re.M) == re.findall(r"^#.*", body, re.M), printed)
    expect(scrape(two.b, b"GET / HTTP/1.1\r\n\r\n").startswith("HTTP/1.1 404 "))
    expect(scrape(two.b, b"POST /metrics HTTP/1.1\r\n\r\n").startswith("HTTP/1.1 405 "))
    expect(scrape(two.b, b"nonsense\r\n\r\n").startswith("HTTP/1.1 400 "))
    outside = two.b.start("python3", "-c", "import socket\nsocket.create_connection(('192.0.2.1', 9586), 10)", stderr=subprocess.DEVNULL)
    expect(outside.wait(30) != 0)
    c.put(".env", two.files[".env"])
    expect(c.inside("reconfigure")[0] == 0)
    gone = two.b.start("python3", "-c", "import socket\nsocket.create_connection(('10.8.3.1', 9586), 10)", stderr=subprocess.DEVNULL)
    expect(gone.wait(30) != 0, c.said())


class Listener:
    """A syslog server on a host: lines as they come."""

    def __init__(self, host, address, port):
        self.lines = []
        self.process = host.start(
            "python3", "-u", "-c", "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind((%r, %d))\nprint('ready')\n"
            "while True:\n    print(s.recv(65536).decode())" % (address, port), stdout=subprocess.PIPE, text=True)
        expect(self.process.stdout.readline() == "ready\n")
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))


@case
def syslog_gets_what_was_said_before_the_way_was_up(lab):
    """The server's host has no link at first."""
    two = Two(lab)
    far = lab.host("far")
    c = Container(lab, two.a, {**two.files, ".env": two.files[".env"] + "MITIGATOR_SYSLOG=198.51.100.2:10514\n"})
    c.until()
    listener = Listener(far, "0.0.0.0", 10514)              # before there is a way: no line finds the port closed
    lab.link(two.a, "198.51.100.1/24", far, "198.51.100.2/24", name="eth1")
    wait_until("the first lines: %s" % listener.lines, lambda: any("up: wg0" in line for line in listener.lines), 60)
    pattern = r"<30>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z 10\.8\.3\.1 gateway - - - up: wg0, MTU \d+"
    expect(any(re.fullmatch(pattern, line) for line in listener.lines), listener.lines)
    c.put("vpn-public.conf", "nonsense\n")
    before = len(listener.lines)
    two.a("ip", "link", "set", "wg0", "down")
    wait_until("a later line", lambda: any("set down by someone" in line for line in listener.lines[before:]), 60)
    expect(sum("up: wg0" in line for line in listener.lines[:before]) == 1, listener.lines)
    expect(c.stop()[0] == 0)
    wait_until("its last words", lambda: any("gateway - - - stopping: signal 15" in line for line in listener.lines))
    expect(any(line.startswith("<27>1 ") and "gateway - - - wg0 was set down by someone: brought up again" in line
               for line in listener.lines), listener.lines)


def compose_caps():
    """What compose.yml, to copy from, leaves to a container."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../host/compose.yml")) as f:
        return re.search(r"^  cap_drop: \[ALL\]\n(?:  #.*\n)*  cap_add: \[(.*)\]$", f.read(), re.M)[1].split(", ")


def child(pid, name):
    return wait_until(name, lambda: [p.pid for p in processes() if p.parent == pid and p.words[:1] == [name]])[0]


@case
def container_confines_who_reads_packets_as_far_as_its_rights_go(lab):
    """With those of compose.yml; with an empty root, which takes one more; with the two that carry packets and no others."""
    two = Two(lab)
    binary = lab.binary.replace("/host/", "/target/")
    lab.use(binary)
    stays = "stays user 0: to be user 64782 takes CAP_SETUID and CAP_SETGID (`cap_add: [SETUID, SETGID]` in docker-compose.yml)"
    root = "it keeps its root directory, of which it opens nothing: an empty one takes CAP_SYS_CHROOT"
    for caps, user, told in ((compose_caps(), "64782", {root}), (compose_caps() + ["SYS_CHROOT"], "64782", set()), (["NET_ADMIN", "NET_RAW"], "0", {root, stays})):
        bounding = "-all," + ",".join("+" + cap.lower() for cap in caps)
        c = Container(lab, two.a, two.files, prefix=("setpriv", "--bounding-set", bounding, "--inh-caps", bounding, "--no-new-privs"))
        c.until()
        expect(ping("a", "10.8.3.2", wait=30)[1] == 3, caps, c.said())
        packets = child(c.first(), "@wireguard-lwip")
        opener, packets = status_of(child(packets, "@wg-lwip-opener")), status_of(packets)
        expect(packets["Uid"].split() == [user] * 4 and packets["Seccomp"] == "2" and int(packets["CapPrm"], 16) == 0, caps, packets)
        expect(opener["Seccomp"] == "2" and int(opener["CapPrm"], 16) == 0x3000, caps, opener)      # NET_ADMIN, NET_RAW
        expect({words for words in (root, stays) if words in c.said()} == told, caps, c.said())
        expect(c.stop()[0] == 0, caps, c.said())
        os.unlink(c.dir + "/log")
