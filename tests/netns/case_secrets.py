"""Where the private key is: in the processes that need it, and in no one's reach there."""
import os
import subprocess

from cases import case, expect
from frames import udp_socket
from lab import Daemon, engines, wait_until, wg_keys
from memory import copies_of
from pair import PSK, files

NO_PTRACE = ("setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace")


def box(lab, more=""):
    """A host, files for it, and its private key."""
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "192.0.2.1/24", b, "192.0.2.2/24")
    (key, public), other = wg_keys(), wg_keys()[1]
    peers = [(public, "10.8.3.1/32", "192.0.2.1:4567", ""), (other, "10.8.3.2/32", "192.0.2.2:4567", more)]
    return a, key, files(key, peers, "10.8.3.1")


@case
def network_service_holds_no_key(lab):
    a, key, conf = box(lab, "PresharedKey = %s\n" % PSK)
    for build in ("host", "target"):
        lab.use(lab.binary.replace("/host/", "/%s/" % build))
        network = lab.network_service(a, dict(conf, **{"network.conf": "# no NIC, so none is waited for\n"}))
        expect(copies_of(key, network.pid) == 0 == copies_of(PSK, network.pid), copies_of(key, network.pid))
        said = a(lab.applet("network"), "reconfigure")
        expect("network: 0 changes" in said, said)
        expect(copies_of(key, network.pid) == 0 == copies_of(PSK, network.pid), copies_of(key, network.pid))
        network.terminate()
        expect(network.wait(30) == 0)
    ours = lab.gateway(a, conf)             # the control: it needs both
    expect(copies_of(key, ours.process.pid) and copies_of(PSK, ours.process.pid))


@case
def no_process_with_a_key_can_be_dumped(lab):
    a, key, conf = box(lab)
    conf["vpn-public.conf"] = conf["vpn-public.conf"].replace("192.0.2.2:4567", "fra1.example.net:4567")
    with open(lab.dir + "/resolv.conf", "w") as f:
        f.write("nameserver 192.0.2.2\noptions timeout:30 attempts:5\n")
    lab.mount(lab.dir + "/resolv.conf", "/etc/resolv.conf")
    silent = udp_socket("b", ("192.0.2.2", 53))
    ours = lab.gateway(a, conf)
    gateway, quiet = lab.applet("gateway"), {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    ours.stop()
    ours.prefix = NO_PTRACE
    ours.start()
    conf_dir = ours.dir + "/conf"
    with_keys = {
        "service": ours.process,
        "check": a.start(*NO_PTRACE, gateway, "check", "--conf", conf_dir, **quiet),
        "write": a.start(*NO_PTRACE, gateway, "write", "vpn-private.conf", "--conf", conf_dir, **quiet),
        "pubkey": a.start(*NO_PTRACE, gateway, "wg", "pubkey", **quiet),
    }
    control = a.start(*NO_PTRACE, "sleep", "60")
    for number, pid in enumerate(engines(ours.dir)):
        with_keys["engine %d" % number] = Daemon(pid)
    expect(len(with_keys) > 4)
    for name, process in with_keys.items():
        wait_until(name + " runs", lambda: os.readlink("/proc/%d/exe" % process.pid) == lab.binary)
    wait_until("sleep runs", lambda: os.readlink("/proc/%d/exe" % control.pid).endswith("/sleep"))

    def opens(pid):
        return subprocess.run([*NO_PTRACE, "head", "-c0", "/proc/%d/mem" % pid], stderr=subprocess.DEVNULL).returncode == 0

    expect(opens(control.pid))
    for name, process in with_keys.items():
        wait_until(name + " is closed", lambda: not opens(process.pid))
        expect(process.poll() is None, name)
    silent.close()
