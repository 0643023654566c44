"""What makes the appliance harder to break into, seen from inside the running machine."""
import glob
import re
import struct

from appliance import PATHS, Appliance, cluster, wait_for
from cases import case
from cluster import make_instances, vpn_public
from vm import Hub

# What must hold whatever the table in the firmware says. * is every interface, those to come too.
SYSCTLS = {
    "kernel/kptr_restrict": "2", "kernel/dmesg_restrict": "1", "kernel/kexec_load_disabled": "1", "kernel/sysrq": "0",
    "kernel/unprivileged_bpf_disabled": "1", "user/max_user_namespaces": "0", "kernel/panic_on_oops": "1",
    "net/ipv4/conf/*/accept_redirects": "0", "net/ipv4/conf/*/send_redirects": "0", "net/ipv4/conf/*/arp_ignore": "1",
    "net/ipv4/conf/*/accept_source_route": "0", "net/ipv6/conf/*/accept_redirects": "0",
}


def values(first, run, pattern):
    """Path below /proc/sys -> value, of every file that fits the pattern."""
    said = run("cd /proc/sys; grep . %s /dev/null" % pattern)
    return dict(line.split(":", 1) for line in said.splitlines() if ":" in line)


@case
def sysctls_hold_on_every_interface_and_in_every_namespace(image):
    first = cluster(image).all[0]
    assert re.search(r"  sysctls +ok: \d+ set", first.say("boot")), first.say("boot")
    runs = [first.output] + [lambda command, path=path: first.netns(path, "sh -c '%s'" % command) for path in PATHS]
    first.output("ip link add name later type dummy || ip tuntap add later mode tun")
    for pattern, wanted in SYSCTLS.items():
        for run in runs if "*" in pattern else runs[:1]:
            found = values(first, run, pattern)
            assert found and set(found.values()) == {wanted}, (pattern, found)
            if "*" in pattern:
                assert len(found) >= 4, found
    assert "later" in str(values(first, first.output, "net/ipv6/conf/*/accept_redirects"))
    first.output("ip link del later")


# Bits of capability(7).
CAPS = {name: 1 << bit for bit, name in enumerate(
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service "
    "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin "
    "sys_boot sys_nice sys_resource sys_time".split())}
NEVER = CAPS["sys_rawio"] | CAPS["sys_ptrace"] | CAPS["sys_boot"] | CAPS["setpcap"] | \
    CAPS["sys_resource"]
MAY = {                         # of those that would harm most, who has which
    "console": 0,
    "devices": CAPS["sys_module"],
    "config": 0,
    "recorder": 0,
    "watchdog": 0,
    "syslog": 0,
    "time": CAPS["sys_admin"],
    "network": CAPS["net_admin"] | CAPS["net_raw"],
    "gateway": CAPS["net_admin"] | CAPS["net_raw"] | CAPS["sys_admin"],
    "gateway-dataplane": CAPS["net_admin"] | CAPS["net_raw"] | CAPS["sys_admin"],
}
HARMFUL = CAPS["sys_module"] | CAPS["net_admin"] | CAPS["net_raw"] | CAPS["sys_admin"]

# Who reads what strangers write: a list of system calls, by whom (None: root, since files or sockets are root's alone) and with which rights.
LISTED = {
    "resolver": ("64777", 0),
    "lldp": ("64781", 0),
    "syslog": (None, 0),
    "exporter": (None, 0),
    "@wireguard-lwip": ("64782", 0),
    "@wg-lwip-opener": ("64783", CAPS["net_admin"] | CAPS["net_raw"] | CAPS["net_bind_service"]),
}


def processes(first):
    """Every process of the firmware but PID 1: its name and what /proc/PID/status says."""
    said = first.output("for p in /proc/[0-9]*; do [ $p != /proc/1 ] && [ $p/exe -ef /sbin/gateway ] && "
                        "{ tr '\\0' ' ' < $p/cmdline; echo; cat $p/status $p/oom_score_adj; }; done; true")
    found = re.findall(r"^(\S+)[^\n]*\nName:(.*?)^(-?\d+)$", said, re.M | re.S)
    return [(name, dict(re.findall(r"^(\w+):\s*(.*)$", status, re.M)), int(score)) for name, status, score in found]


def is_listed(name, status):
    user, rights = LISTED[name]
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1" and int(status["CapPrm"], 16) == rights, (name, status)
    assert user is None or status["Uid"].split() == [user] * 4, (name, status)


@case
def every_process_is_confined(image):
    c = cluster(image)
    first = c.all[0]
    # A command of the console that lasts, and helpers of the services: a name that no server answers for.
    lost = c.instances[1].section(host="nowhere.example")
    first.write({"vpn-public.conf": vpn_public([c.instances[0], c.instances[2]]) + "\n" + lost})
    start = first.vm.console.begin("reconfigure --force")

    def with_all():
        found = processes(first)
        others = {name for name, status, _ in found if status["PPid"] != "1"}
        return found if {"resolver", "config", "lldp"} <= others and set(MAY) <= {name for name, _, _ in found} else None
    found = wait_for("a command and a helper", with_all)
    first.vm.console.finish("reconfigure --force", start, 60)
    for name, status, score in found:
        bounding = int(status["CapBnd"], 16)
        assert status["NoNewPrivs"] == "1", (name, status)
        if name in LISTED:
            is_listed(name, status)
        if name.startswith("@"):
            # no more than its worker, which has not the right to leave it less
            assert bounding & (NEVER | HARMFUL & ~MAY["gateway"]) == 0, (name, status)
            continue
        assert bounding & NEVER == 0 and int(status["CapPrm"], 16) & ~bounding == 0, (name, status)
        if status["PPid"] == "1":
            assert bounding & HARMFUL == MAY[name], (name, status)
            assert score < 0 if name != "console" else score == 0, (name, score)
        else:
            assert score == 0 and bounding & CAPS["sys_module"] == 0, (name, score, status)
    scores = {name: score for name, status, score in found if status["PPid"] == "1"}
    assert scores["gateway"] == scores["gateway-dataplane"] < scores["network"] < scores["console"], scores


@case
def no_memory_of_a_process_can_be_read(image):
    """By root without the capability to trace, which what is dumpable would let."""
    first = cluster(image).all[0]
    without = "/test/bin/setpriv --bounding-set -sys_ptrace "
    look = without + "cat /proc/%s/environ > /dev/null"
    # the control, once it is a sleep: until then it is what has all capabilities, and that may not be read either
    is_sleep = 'until read -r name < /proc/$pid/comm && [ "$name" = sleep ]; do :; done'
    status, said = first.run(without + "sleep 100 & pid=$!; %s; %s; s=$?; kill $pid; exit $s" % (is_sleep, look % "$pid"))
    assert status == 0, said
    for name in MAY:
        status, said = first.run(look % first.pid(name))
        assert status != 0 and "Permission denied" in said, (name, said)


# Of no device in this machine, and what it depends on is loaded.
MODULE = "kernel/drivers/scsi/virtio_scsi.ko"
SIGNATURE_END = b"~Module signature appended~\n"


def unsigned_len(image):
    """How much of the module is there before its signature (include/linux/module_signature.h)."""
    with open(glob.glob("%s/modules/lib/modules/*/%s" % (image, MODULE))[0], "rb") as f:
        data = f.read()
    assert data.endswith(SIGNATURE_END)
    trailer = len(SIGNATURE_END) + 12
    return len(data) - trailer - struct.unpack_from(">I", data, len(data) - len(SIGNATURE_END) - 4)[0]


@case
def only_signed_modules_are_loaded(image):
    first = cluster(image).all[0]
    first.output("cd /run; cp /lib/modules/*/%s signed.ko; head -c %d signed.ko > unsigned.ko" % (
        MODULE, unsigned_len(image)))
    status, said = first.run("insmod /run/unsigned.ko")
    assert status != 0 and re.search("key was rejected|key not available", said, re.I), said
    assert first.run("ls /sys/module/virtio_scsi")[0] != 0
    first.output("insmod /run/signed.ko; rmmod virtio_scsi; rm /run/signed.ko /run/unsigned.ko")


@case
def hardening_is_told_at_the_console(image):
    first = cluster(image).all[0]
    said = first.say("hardening")
    assert re.search(r"^sysctls +\d+ as they should be\n", said, re.M), said
    assert re.search(r"^modules +only those that are signed\n", said, re.M), said
    assert re.search(r"^lockdown +none\n", said, re.M), said
    assert re.search(r"^firmware +no EFI variables here\n", said, re.M), said
    assert re.search(r"^stack +protected by a canary", said, re.M), said
    for path in PATHS:
        assert re.search(r"^%s +\d+  no new privileges,.* net_admin net_raw sys_chroot sys_admin\n" % path, said, re.M), said
    first.output("echo 1 > /proc/sys/net/ipv4/conf/lo/accept_redirects")
    try:
        said = first.say("hardening")
        assert "  net/ipv4/conf/lo/accept_redirects is 1, not 0\n" in said and "those above not" in said, said
    finally:
        first.output("echo 0 > /proc/sys/net/ipv4/conf/lo/accept_redirects")


@case
def board_conf_locks_the_kernel_down_and_ends_modules(image):
    one, two = make_instances(2, image + "/gateway")
    settings = {"LOCKDOWN": "integrity", "MODULES_DISABLED": "1", "SYSRQ": "176"}
    with Hub(2) as hub, \
         Appliance("locked", image, one.files([one, two]), [hub.port(0)], instance=one, board_conf=settings) as a, \
         Appliance("unlocked", image, two.files([one, two]), [hub.port(1)], instance=two) as b:
        a.prompt()
        b.prompt()
        a.wait_handshakes(1)
        said = a.say("hardening")
        assert re.search(r"^lockdown +integrity\n", said, re.M) and "none is loaded any more" in said, said
        assert "FAILED" not in a.say("boot")
        status, said = a.run("insmod /lib/modules/*/" + MODULE)
        assert status != 0 and "not permitted" in said, said
        assert b.run("insmod /lib/modules/*/" + MODULE)[0] == 0
        status, said = a.run("dd if=/dev/mem of=/dev/null bs=1 count=1")
        assert status != 0 and "not permitted" in said, said
        assert a.output("cat /proc/sys/kernel/sysrq").strip() == "176"
