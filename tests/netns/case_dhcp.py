"""DHCP on the NICs: what dnsmasq gives, what stays when it is gone, and what sessions bear meanwhile."""
import ctypes
import glob
import os
import re
import signal
import struct
import subprocess

from case_nics import Network, addresses, routes
from cases import case, expect, soak
from frames import address
from lab import ping, run, wait_until, wg_keys
from lan import Lan
from pair import files

DHCP_UID = 64778
CAPS = 1 << 13 | 1 << 10       # NET_RAW, NET_BIND_SERVICE
SERVER, OTHER = "192.0.2.1", "192.0.2.66"
CONF = "[Match]\nName=eth0\n\n[Network]\nDHCP=%s\n"


class Dnsmasq:
    """A server on a host's NIC, which gives what words say."""

    def __init__(self, lab, host, *words, nic="eth0"):
        self.host, self.leases = host, "%s/leases-%s" % (lab.dir, host.name)
        self.process = host.start(
            "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--interface=" + nic, "--bind-interfaces", "--user=root",
            "--no-ping", "--dhcp-authoritative", "--dhcp-leasefile=" + self.leases, "--pid-file=", *words,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def given(self):
        try:
            with open(self.leases) as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class Rack:
    """Ours on host a, a server on d, and another on r, at one switch."""

    def __init__(self, lab):
        self.lab = lab
        self.lan = Lan(lab, [], [], "10.9.9.9/32")
        self.a, self.d, self.r = self.lan.a, self.lan.host("d"), self.lan.host("r")
        self.lan.plug(self.d, [SERVER + "/24", "2001:db8:a::1/64"])
        self.lan.plug(self.r, [OTHER + "/24"])

    def serve(self, *words, first=50, seconds="1h"):
        return Dnsmasq(self.lab, self.d, "--dhcp-range=192.0.2.%d,192.0.2.%d,%s" % (first, first, seconds), *words)

    def serve_elsewhere(self):
        return Dnsmasq(self.lab, self.r, "--dhcp-range=192.0.2.77,192.0.2.77,1h")

    def network(self, conf=CONF % "ipv4", **more):
        build = os.path.dirname(os.path.dirname(os.path.realpath(self.lab.binary)))
        return Network(self.lab, self.a, conf, ("--dhcp-client", build + "/dhcpcd/dhcpcd"), **more)

    def has(self, *wanted):
        wait_until("addresses " + " ".join(wanted), lambda: set(addresses(self.a)) == set(wanted))

    def tunnel(self, server=SERVER):
        """Both ways through lwIP here and wireguard-go on d, which learns by itself where a is."""
        (key_a, pub_a), (key_d, self.pub_d) = wg_keys(), wg_keys()
        go = self.lab.wireguard_go(self.d, "go0", key_d, 5678)
        go.set("peer", pub_a, "allowed-ips", "10.8.3.1/32")
        go.address("10.8.3.2/24")
        self.ours = self.lab.gateway(self.a, files(key_a, [(pub_a, "10.8.3.1/32", None, ""),
                                                           (self.pub_d, "10.8.3.2/32", server + ":5678", "")], "10.8.3.1"))
        self.passes()

    def passes(self):
        sent, received = ping(self.ours.inner, "10.8.3.2", 5)
        expect(received == sent, sent, received, self.ours.ask("show"), self.ours.said())

    def begin(self):
        """A tunnel over a lease: (the server, our service, when the session began)."""
        server, network = self.serve(), self.network()
        self.has("192.0.2.50/24")
        self.tunnel()
        return server, network, self.handshakes()

    def goes_on(self):
        """Once lwIP knows of the address that the kernel has: what was under way then may be lost."""
        wait_until("a packet from the new address", lambda: ping(self.ours.inner, "10.8.3.2", 1)[1] == 1)
        self.passes()

    def handshakes(self):
        return self.ours.peer(self.pub_d)["latest_handshake"]


def clients():
    """{pid: what /proc says of it}, of those in namespaces of this lab"""
    found, ours = {}, {os.stat(path).st_ino for path in glob.glob("/run/netns/*")}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/status" % pid) as f:
                status = f.read()
            if os.stat("/proc/%s/ns/net" % pid).st_ino not in ours:
                continue
        except OSError:
            continue
        if status.startswith("Name:\tdhcpcd\n") and "State:\tZ" not in status:
            found[int(pid)] = status
    return found


def resolv_conf():
    with open("/run/resolv.conf") as f:
        return f.read()


def begins_anew(network):
    """As after a boot: nothing is left in memory."""
    network.stop()
    run("rm", "-r", network.dir + "/run")
    for address in addresses(network.host):
        network.host("ip", "address", "del", address, "dev", "eth0")
    network.start()


@case
def dhcp_gives_address_routes_and_servers(lab):
    rack = Rack(lab)
    server = rack.serve("--dhcp-option=3," + SERVER, "--dhcp-option=121,10.0.0.0/8,192.0.2.254,0.0.0.0/0,192.0.2.253",
                        "--dhcp-option=6,192.0.2.53", "--dhcp-option=42,192.0.2.123",
                        "--dhcp-range=2001:db8:a::50,2001:db8:a::50,64,1h", "--dhcp-option=option6:dns-server,[2001:db8:a::53]",
                        "--dhcp-option=option6:sntp-server,[2001:db8:a::123]")
    network = rack.network(CONF % "yes" + "DNS=192.0.2.52\n", **{".env": "MITIGATOR_HOSTNAME=fra1\n"})
    rack.has("192.0.2.50/24", "2001:db8:a::50/128")
    expect(all(addresses(rack.a).values()), "an address that goes by itself", addresses(rack.a))
    expect(("10.0.0.0/8", "192.0.2.254") in routes(rack.a, "metric", "1024") and
           ("default", "192.0.2.253") in routes(rack.a, "metric", "1024"), routes(rack.a))
    expect(not [r for r in routes(rack.a) if r[1] == SERVER], "option 3 counts beside option 121", routes(rack.a))
    said = resolv_conf()
    expect(said == "nameserver 192.0.2.52\nnameserver 192.0.2.53\nnameserver 2001:db8:a::53\n", said)
    with open(network.dir + "/run/dhcp.ntp") as f:
        said = f.read()
    expect(said == "192.0.2.123\n2001:db8:a::123\n", said)
    said = network.show()
    expect(re.search(r"^  DHCP     192\.0\.2\.50/24 from 192\.0\.2\.1, for 3600 s, \d+ s ago\n  DHCPv6   2001:db8:a::50/128, for 3600 s",
                     said, re.M), said)
    expect("DNS  192.0.2.52, 192.0.2.53 (DHCP), 2001:db8:a::53 (DHCP)\n" in said, said)
    expect(" fra1 " in server.given(), "the server does not know the name", server.given())
    expect(rack.a("nft", "list", "set", "inet", "mitigator", "dhcpv4").count("eth0") == 1, "the filter lets no answer in")

    # a process of its own, that may send and nothing else
    (pid, status), = clients().items()
    expect(re.search(r"^Uid:\t%d\t%d\t%d\t%d$" % ((DHCP_UID,) * 4), status, re.M) and
           re.search(r"^CapEff:\t%016x$" % CAPS, status, re.M) and re.search(r"^NoNewPrivs:\t1$", status, re.M), status)

    # with the service it goes, and what it was told stays
    os.kill(network.process.pid, signal.SIGKILL)
    network.process.wait(30)
    wait_until("the client goes with its service", lambda: pid not in clients())
    network.start()
    rack.has("192.0.2.50/24", "2001:db8:a::50/128")
    expect("added" not in network.said().split("started again")[-1], "what was there was set anew", network.said())

    rack.has("192.0.2.50/24", "2001:db8:a::50/128")
    wait_until("the server is heard again", lambda: network.show().count(" s ago\n") == 2)
    server.stop()
    said = network.reconfigure(CONF % "no" + "Address=192.0.2.9/24\n")
    rack.has("192.0.2.9/24")
    expect(not clients() and not os.path.exists(network.dir + "/run/dhcp.ntp"), clients(), said)
    expect("eth0" not in rack.a("nft", "list", "set", "inet", "mitigator", "dhcpv4"), "the filter lets answers in that no one asked for")
    # the lease is good still: no server is needed for an undo
    expect(network.ask("undo")[0] == 0, network.said())
    expect(set(addresses(rack.a)) == {"192.0.2.50/24", "2001:db8:a::50/128"}, addresses(rack.a), network.show())
    expect("  DHCP     192.0.2.50/24, asked for again\n" in network.show(), network.show())
    expect("dhcpcd:" not in network.said(), network.said())


@case
def router_names_name_servers_for_as_long_as_it_says(lab):
    """RFC 8106, and behind what the file and leases name."""
    rack = Rack(lab)
    network = rack.network("[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.9/24\nDNS=192.0.2.52\n")

    def advertise(seconds, *servers):
        rack.lan.advertise(rack.d, more=struct.pack("!BBHI", 25, 1 + 2 * len(servers), 0, seconds) + b"".join(map(address, servers)))

    advertise(600, "2001:db8:a::53", "fe80::53")
    wait_until("both", lambda: resolv_conf() == "nameserver 192.0.2.52\nnameserver 2001:db8:a::53\nnameserver fe80::53%eth0\n")
    expect("DNS  192.0.2.52, 2001:db8:a::53 (router), fe80::53%eth0 (router)\n" in network.show(), network.show())
    advertise(0, "2001:db8:a::53")
    wait_until("it was taken back", lambda: resolv_conf() == "nameserver 192.0.2.52\nnameserver fe80::53%eth0\n")
    advertise(1, "fe80::53")
    wait_until("its time is over", lambda: resolv_conf() == "nameserver 192.0.2.52\n")
    advertise(600, "2001:db8:a::53")
    wait_until("it is back", lambda: "2001:db8:a::53" in resolv_conf())
    network.reconfigure("[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.9/24\nIPv6AcceptRA=no\n")
    expect(resolv_conf() == "", resolv_conf())


@case
def dhcp_server_that_is_gone_at_boot_leaves_the_last_lease(lab):
    rack = Rack(lab)
    server = rack.serve()
    network = rack.network()
    rack.has("192.0.2.50/24")
    wait_until("the lease is kept", lambda: os.path.exists(network.dir + "/conf/leases"))
    rack.tunnel()
    server.stop()
    begins_anew(network)
    rack.has("192.0.2.50/24")
    said = network.show()
    expect("  DHCP     192.0.2.50/24 KEPT FROM BEFORE, no server answers\n" in said, said)
    trouble = "eth0: no DHCP server answers: 192.0.2.50/24, kept from before, stays in use until one does\n"
    expect(trouble in network.said(), network.said())
    with open(network.dir + "/run/leases.trouble") as f:
        expect(f.read() == trouble, "what `show` says")
    rack.goes_on()


class Unopened:
    """A file that no one gets open, as on a disk that hangs: who tries waits for a word that does not come (fanotify(7))."""

    CLASS_CONTENT, ADD, OPEN_PERM, AT_FDCWD = 4, 1, 0x10000, -100

    def __init__(self, path):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.fanotify_init(self.CLASS_CONTENT, os.O_RDONLY | os.O_CLOEXEC)
        expect(self.fd >= 0 and libc.fanotify_mark(self.fd, self.ADD, ctypes.c_uint64(self.OPEN_PERM), self.AT_FDCWD, path.encode()) == 0,
               os.strerror(ctypes.get_errno()))

    def let_go(self):
        os.close(self.fd)               # whoever waits gets it open


@case
def dhcp_lease_on_a_disk_that_hangs_is_waited_for_by_no_one(lab):
    rack = Rack(lab)
    server = rack.serve()
    network = rack.network()
    rack.has("192.0.2.50/24")
    wait_until("the lease is kept", lambda: os.path.exists(network.dir + "/conf/leases"))
    server.stop()
    disk = Unopened(network.dir + "/conf/leases")
    try:
        begins_anew(network)
        trouble = "eth0: no DHCP server answers"
        wait_until("the server is not waited for", lambda: trouble + ", and there is no lease from before" in network.said())
        expect(not addresses(rack.a), addresses(rack.a))
    finally:
        disk.let_go()
    rack.has("192.0.2.50/24")
    expect(trouble + ": 192.0.2.50/24, kept from before, stays in use until one does\n" in network.said(), network.said())


@case
def dhcp_server_that_gives_another_address_moves_the_sessions(lab):
    rack = Rack(lab)
    server, network, before = rack.begin()
    # a client that ends is started again; it asks for what it had, and is refused
    server.stop()
    os.unlink(server.leases)
    server = rack.serve(first=60)
    os.kill(next(iter(clients())), signal.SIGKILL)
    rack.has("192.0.2.60/24")
    rack.goes_on()
    expect(rack.handshakes() == before, "the session did not move, it began anew")
    said = network.said()
    expect("eth0: the DHCP client does not run: it ended; it is started again every 5 s\n" in said, said)
    expect("eth0: the DHCP server 192.0.2.1 gives another address, 192.0.2.60/24 in place of 192.0.2.50/24\n" in said, said)


RADVD = "interface eth0 { AdvSendAdvert on; AdvManagedFlag on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;" \
        " prefix 2001:db8:a::/64 { AdvAutonomous off; }; };\n"


def advertise(rack):
    """By radvd, which wants its host to forward."""
    rack.d("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
    conf = rack.lab.dir + "/radvd.conf"
    with open(conf, "w") as f:
        f.write(RADVD)
    os.chmod(conf, 0o644)
    rack.d.start("radvd", "-n", "-C", conf, "-p", rack.lab.dir + "/radvd.pid", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def carries_a_tunnel(rack):
    """The address is a /128 of a lease, the network that it is in and the way out are advertised."""
    rack.network(CONF % "ipv6" + "IPv6AcceptRA=yes\n")
    rack.has("2001:db8:a::50/128")
    wait_until("the router", lambda: "default via fe80::" in rack.a("ip", "-6", "route"), 60)
    rack.tunnel("[2001:db8:a::1]")
    expect(rack.ours.peer(rack.pub_d)["endpoint"] == "[2001:db8:a::1]:5678", rack.ours.ask("show"))


@soak
def dhcpv6_and_a_router_by_dnsmasq_carry_a_tunnel(lab):
    rack = Rack(lab)
    Dnsmasq(lab, rack.d, "--enable-ra", "--dhcp-range=2001:db8:a::50,2001:db8:a::50,64,1h")
    carries_a_tunnel(rack)


@soak
def dhcpv6_and_a_router_by_radvd_carry_a_tunnel(lab):
    rack = Rack(lab)
    Dnsmasq(lab, rack.d, "--dhcp-range=2001:db8:a::50,2001:db8:a::50,64,1h")
    advertise(rack)
    carries_a_tunnel(rack)


@soak
def dhcp_server_draws_nothing_out_of_a_tunnel_on_the_host(lab):
    """Option 121 names places in the VPN network, half of it and one peer (CVE-2024-3661): before there is a tunnel, and then."""
    rack = Rack(lab)
    rack.serve("--dhcp-option=121,10.8.3.0/25,192.0.2.254,10.8.3.2/32,192.0.2.254,10.0.0.0/8,192.0.2.253")
    network = rack.network()
    rack.has("192.0.2.50/24")
    wait_until("its routes", lambda: ("10.8.3.2", "192.0.2.254") in routes(rack.a))
    rack.a("ip", "link", "add", "wg0", "type", "veth", "peer", "name", "end")
    rack.a("ip", "link", "set", "wg0", "alias", "MITIGATOR dataplane")
    rack.a("ip", "address", "add", "10.8.3.1/24", "dev", "wg0")
    rack.a("ip", "link", "set", "wg0", "up")
    wait_until("they are gone", lambda: routes(rack.a, "metric", "1024") == [("10.0.0.0/8", "192.0.2.253")])
    said = "eth0: the DHCP server 192.0.2.1 would have packets of the VPN leave the tunnel: that part of its lease is left out\n"
    wait_until("a line in the log", lambda: said in network.said())
    rack.has("192.0.2.50/24")
    rack.a("ip", "link", "del", "wg0")
    wait_until("they are back", lambda: ("10.8.3.2", "192.0.2.254") in routes(rack.a))
    expect(network.said().count(said) == 1, network.said())

    # where .env says that a tunnel will be here, they never are
    (key, pub), (_, peer_pub) = wg_keys(), wg_keys()
    peers = [(pub, "10.8.3.1/32", "192.0.2.50:4567", ""), (peer_pub, "10.8.3.2/32", "192.0.2.1:4567", "")]
    network.write(CONF % "ipv4", **files(key, peers, "10.8.3.1", "DATA_PLANE_ISOLATION=off\n"))
    begins_anew(network)
    rack.has("192.0.2.50/24")
    wait_until("its routes", lambda: routes(rack.a, "metric", "1024") == [("10.0.0.0/8", "192.0.2.253")])
    since = network.said().split("stopping: ")[1]
    expect(said in since and "192.0.2.254" not in since, since)


@soak
def dhcp_server_that_is_gone_behind_a_cable_is_told_of(lab):
    """The lease stays in use through a pulled cable; whether a server answers behind it is asked anew."""
    rack = Rack(lab)
    server, network, before = rack.begin()
    rack.lan.sw("ip", "link", "set", "p-a", "down")
    wait_until("no carrier", lambda: "192.0.2.50/24, asked for again" in network.show() or "stays in use" in network.show())
    rack.has("192.0.2.50/24")
    rack.lan.sw("ip", "link", "set", "p-a", "up")
    wait_until("it is asked for again", lambda: " from 192.0.2.1, for 3600 s, " in network.show())
    rack.passes()
    rack.lan.sw("ip", "link", "set", "p-a", "down")
    server.stop()
    wait_until("no carrier for longer than a server has time", lambda: "stays in use, NO SERVER ANSWERS" in network.show())
    expect("no DHCP server answers" not in network.said(), "there is no cable", network.said())
    rack.lan.sw("ip", "link", "set", "p-a", "up")
    wait_until("a line in the log", lambda: "no DHCP server answers: 192.0.2.50/24 stays in use until one does" in network.said())
    rack.has("192.0.2.50/24")
    rack.passes()
    expect(rack.handshakes() == before, "the session began anew")


@soak
def dhcp_server_in_the_place_of_another_is_told_of_and_obeyed(lab):
    rack = Rack(lab)
    server, network, before = rack.begin()
    server.stop()
    rack.serve_elsewhere()
    os.kill(next(iter(clients())), signal.SIGKILL)
    rack.has("192.0.2.77/24")
    rack.goes_on()
    expect(rack.handshakes() == before, "the session did not move, it began anew")
    said = network.said()
    expect("eth0: another DHCP server, 192.0.2.66, gives 192.0.2.77/24; 192.0.2.1 gave 192.0.2.50/24\n" in said, said)


@soak
def dhcp_lease_that_runs_out_stays_and_a_second_server_changes_nothing(lab):
    """dnsmasq gives none for less than two minutes: a renewal beside the second server, then a lease that ends."""
    rack = Rack(lab)
    server = rack.serve(seconds="120")
    network = rack.network()
    rack.has("192.0.2.50/24")
    rack.tunnel()
    rogue = rack.serve_elsewhere()
    wait_until("it is nearly due", lambda: re.search(r", for 120 s, [4-9]\d s ago", network.show()), 90)
    wait_until("renewed", lambda: re.search(r" from 192\.0\.2\.1, for 120 s, \d s ago", network.show()), 90)
    rack.passes()
    expect("192.0.2.66" not in network.said(), network.said())
    rogue.stop()
    server.stop()
    wait_until("ran out", lambda: "192.0.2.50/24 RAN OUT, no server answers: it stays in use" in network.show(), 150)
    wait_until("a line in the log", lambda: "no DHCP server answers: 192.0.2.50/24 stays in use until one does" in network.said())
    rack.has("192.0.2.50/24")
    rack.passes()
    rack.serve()
    wait_until("the server is heard", lambda: " from 192.0.2.1, for 3600 s" in network.show(), 90)
    expect("eth0: a DHCP server answers again\n" in network.said() and not os.path.exists(network.dir + "/run/leases.trouble"), network.said())
    rack.passes()


@soak
def dhcp_client_that_hangs_is_started_again_when_its_lease_is_over(lab):
    rack = Rack(lab)
    rack.serve(seconds="120")
    network = rack.network()
    rack.has("192.0.2.50/24")
    hung, = clients()
    os.kill(hung, signal.SIGSTOP)
    said = "eth0: the DHCP client does not run: it hangs: a lease ran out, and it said nothing; it is started again every 5 s\n"
    wait_until("a line in the log", lambda: said in network.said(), 150)
    rack.has("192.0.2.50/24")
    wait_until("another one has it renewed", lambda: hung not in clients() and re.search(r" from 192\.0\.2\.1, for 120 s, \d s ago", network.show()))


@soak
def dhcp_asks_by_each_nic_that_a_match_fits(lab):
    """And gives two routes to one place two metrics: the kernel would take the second in place of the first."""
    rack = Rack(lab)
    other = rack.lan.host("o")
    lab.link(rack.a, "", other, "198.51.100.1/24", name="eth1")
    rack.serve()
    Dnsmasq(lab, other, "--dhcp-range=198.51.100.50,198.51.100.50,1h", nic="eth1")
    network = rack.network("[Match]\nName=eth*\n[Network]\nDHCP=ipv4\n")
    rack.has("192.0.2.50/24")
    wait_until("the other's lease", lambda: set(addresses(rack.a, "eth1")) == {"198.51.100.50/24"})
    wait_until("a route by each", lambda: {routes(rack.a, "metric", metric)[0] for metric in ("1024", "1025")} ==
               {("default", SERVER), ("default", "198.51.100.1")})
    print("  FIGURE  %s kB in memory, each of %d clients" %
          (" and ".join(re.search(r"^VmRSS:\s+(\d+)", status, re.M)[1] for status in clients().values()), len(clients())))
    network.reconfigure(CONF % "ipv4")
    wait_until("one client, and no more of the other NIC", lambda: len(clients()) == 1 and not addresses(rack.a, "eth1"))
    rack.has("192.0.2.50/24")
