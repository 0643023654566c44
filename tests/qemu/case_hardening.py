"""What makes the appliance harder to break into, seen from inside the running machine."""
import re

from appliance import PATHS, cluster
from cases import case

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
