"""The appliance as a system: boot, processes, reboot, power, a kernel without WireGuard."""
import os
import re

from appliance import DATA, PATHS, Appliance, cluster, wait_for
from case_partition import superblock
from cases import case
from cluster import make_instances

STEPS = ["mounts", "board", "sysctls", "lockdown", "console", "trial", "modules", "firmware", "entropy",
         "persistent partition", "boot before", "password", "configuration", "NIC names", "end of modules", "clock", "images", "read-only root", "network",
         "time", "gateway", "gateway-dataplane"]
BESIDE = "watchdog"         # told once PID 1 has it, whatever step runs then
MOUNT_FLAGS = {"rw", "nosuid", "nodev", "noexec", "noatime"}


@case
def boot_and_log_tell_of_every_step_and_process(image):
    first = cluster(image).all[0]
    said = first.say("boot")
    rows = re.findall(r"^ *\d+\.\d{3} s +\d+\.\d{3} s  (\S.*?) {2,}(\w+)", said, re.M)
    names = [name for name, _ in rows if name != BESIDE]
    assert BESIDE in [name for name, _ in rows], said
    assert names[:15] == STEPS[:15] and sorted(names) == sorted(STEPS), said
    assert {how for _, how in rows} == {"ok"}, said
    for who in ("init", "network", "gateway", "gateway-dataplane"):
        assert re.search(r"^\d\d-\d\d \d\d:\d\d:\d\d %s: " % who, first.say("log " + who, log=True), re.M), who


@case
def root_and_partition_are_mounted_as_they_should(image):
    first = cluster(image).all[0]
    for where in ("/", "/etc/", "/sbin/"):
        status, said = first.run("touch %sfile" % where)
        assert status != 0 and "Read-only file system" in said, said
    mounts = dict(re.findall(r"^\S+ (\S+) \S+ (\S+)", first.output("cat /proc/mounts"), re.M))
    assert MOUNT_FLAGS <= set(mounts[DATA.rstrip("/")].split(",")), mounts
    assert "ro" in mounts["/"].split(","), mounts


@case
def orphans_are_reaped(image):
    first = cluster(image).all[0]
    pid = int(first.output("sh -c 'sh -c \"kill -STOP \\$\\$\" > /dev/null 2>&1 & echo $!'"))
    assert "PPid:\t1\n" in first.output("cat /proc/%d/status" % pid)
    first.output("kill -9 %d" % pid)
    wait_for("no trace of it", lambda: first.run("ls /proc/%d" % pid)[0] != 0)
    # a child of a service may be one for a moment
    wait_for("no zombie", lambda: not re.search(r"^State:\tZ", first.run("cat /proc/[0-9]*/status")[1], re.M))


@case
def sizes(image):
    first = cluster(image).all[0]
    for process in ("console", "network", "gateway", "gateway-dataplane"):
        status = first.output("cat /proc/%d/status" % first.pid(process))
        print("  FIGURE  RSS of %s: %s kB, of that %s kB its own" % (
            process, *(re.search(what + r":\s+(\d+)", status).group(1) for what in ("VmRSS", "RssAnon"))))
    status = first.output("cat /proc/1/status")
    print("  FIGURE  RSS of init: %s kB, of that %s kB its own" % tuple(
        re.search(what + r":\s+(\d+)", status).group(1) for what in ("VmRSS", "RssAnon")))
    for name in ("gateway", "initramfs.img", "vmlinuz"):
        print("  FIGURE  %s: %d bytes" % (name, os.path.getsize(image + "/" + name)))


@case
def reboot_is_orderly_and_the_vpn_comes_back(image):
    c = cluster(image)
    first = c.all[0]
    first.reboot()
    first.wait_handshakes(2)
    said = first.say("boot")
    assert re.search("persistent partition +ok: /dev/vda\n", said), said
    for path in PATHS:
        for n in (2, 3):
            assert "2 received" in first.say("ping 10.8.3.%d %s -c 2 -i 0.1 -q" % (n, path))


@case
def kernel_without_wireguard_is_told_and_the_rest_works(image):
    one, two = make_instances(2, image + "/gateway")
    words = "this kernel has no WireGuard"
    files = one.files([one, two])
    files[".env"] += "MITIGATOR_VPN_BACKEND=kernel\nDATA_PLANE_VPN_BACKEND=kernel\n"
    with Appliance("no-wireguard", image, files, instance=one,
                   extra_cmdline="module_blacklist=wireguard") as a:
        a.prompt()
        for path in PATHS:
            a.vm.console.wait_for(path + ": " + words, 40, 0)
            wait_for("the service", lambda: a.show(path))
            assert words in a.say("show " + path)
            assert a.run("/sbin/%s show" % path)[0] == 1
            assert words in a.say("ping 10.8.3.2 " + path)
        assert "wireguard" in boot_failures(a.say("boot"))
        assert "MITIGATOR gateway" in a.say("version")
        assert "ok: " in a.say("check")
        said = a.reconfigure()
        for path in PATHS:
            assert "%s: %s" % (path, words) in said and path + ": nothing was applied" in said, said
        assert "is tried again until it runs" in said and "neither the NICs nor the paths were changed" in said, said


def boot_failures(said):
    return "".join(line for line in said.splitlines(True) if "FAILED" in line)


@case
def poweroff_is_orderly(image):
    c = cluster(image)
    third = c.all[2]
    disk = third.disk
    third.vm.console.begin("poweroff")
    third.vm.wait(30)
    assert superblock(disk) == (1, False), "the file system was not unmounted"
