"""DHCP in the image: QEMU's own server (which, restricted, gives an address alone), then none."""
import os
import re
import shutil
import tempfile

from appliance import DATA, PATHS, Appliance, wait_for
from case_rack import device, nic
from cases import soak
from cluster import make_instances, outer_address, vpn_address
from vm import Hub

NETWORK = "[Match]\nName=eth0\n\n[Network]\nDHCP=ipv4\n"
MAC = "52:54:00:00:00:01"
DHCP_UID = "64778"


@soak
def lease_outlives_a_boot_without_a_server(image):
    one, two = make_instances(2, image + "/gateway")
    files = one.files([one, two])
    files["network.conf"] = NETWORK
    files[".env"] += "MITIGATOR_HOSTNAME=fra1\n"
    with tempfile.TemporaryDirectory() as work:
        with Appliance("dhcp-1", image, files, [], instance=one, extra_args=[
                "-netdev", "user,id=lan,restrict=on", "-device", "virtio-net-pci,netdev=lan,romfile=,mac=" + MAC]) as a:
            a.prompt()
            wait_for("a lease", lambda: "  DHCP     10.0.2.15/24 from 10.0.2.2, for " in a.say("network"))
            wait_for("the host's name", lambda: a.output("uname -n").strip() == "fra1")
            a.vm.console.write(b"\r")
            a.vm.console.expect("fra1> ", 30)
            a.reconfigure(files={".env": files[".env"].replace("MITIGATOR_HOSTNAME=fra1\n", "")})
            wait_for("no name any more", lambda: a.output("uname -n").strip() == "(none)")
            status = a.output("cat $(grep -l '^Name:.dhcpcd$' /proc/[0-9]*/status)")
            assert "Uid:\t" + "\t".join([DHCP_UID] * 4) in status and "CapEff:\t0000000000002400\n" in status and "Seccomp:\t2\n" in status, status
            # what it has to say is in the log, and not at the prompt
            at = len(a.vm.console.text)
            a.output("for i in 1 2; do echo 'dhcp_handleifa: Address not available' > /proc/$(pidof dhcpcd)/fd/1; echo 'eth0: other words' > /proc/$(pidof dhcpcd)/fd/1; done")
            wait_for("it in the log", lambda: "eth0: dhcpcd: dhcp_handleifa: Address not available" in a.say("log dhcpcd", log=True))
            a.output("echo '<3>test: an error' > /dev/kmsg")
            a.vm.console.wait_for("test: an error", 30, at)
            assert not re.search(r"\[\d\d:\d\d\] .*dhcpcd", a.vm.console.text[at:]), a.vm.console.text[at:]
            wait_for("the lease is kept", lambda:
                     "address 10.0.2.15/24\n" in a.output("cat %sleases; true" % DATA))
            a.vm.console.begin("poweroff")
            a.vm.wait(60)
            shutil.copy(a.disk, work + "/disk")
        with Appliance("dhcp-2", image, None, disk=os.path.join(work, "disk"), instance=one) as a:
            a.prompt()
            wait_for("what was kept", lambda: "10.0.2.15/24 KEPT FROM BEFORE, no server answers" in a.screen("network"))
            assert "no DHCP server answers: 10.0.2.15/24, kept from before, stays in use until one does" in a.say("log network", log=True)


VLAN = "[NetDev]\nName=vlan10\nKind=vlan\n\n[VLAN]\nId=10\n\n[Match]\nName=eth0\n\n[Network]\nVLAN=vlan10\n\n" \
       "[Match]\nName=vlan10\n\n[Network]\n%s\n"
UDHCPD = "start %s\nend %s\ninterface vlan10\nlease_file /run/leases\npidfile /run/udhcpd.pid\noption subnet 255.255.255.0\n"


BOND = device("bond0", "bond", "Bond", "Mode=active-backup", "MIIMonitorSec=50ms") + device("vlan10", "vlan", "VLAN", "Id=10") + \
    nic("eth*", "Bond=bond0") + nic("bond0", "VLAN=vlan10") + nic("vlan10", "DHCP=ipv4")


@soak
def paths_of_both_backends_shake_hands_by_a_lease_on_a_vlan_of_a_bond(image):
    """The server is busybox's, beside the other instance. And go on by the bond's other cable."""
    one, two = make_instances(2, image + "/gateway")
    first, second = one.files([one, two]), two.files([one, two])
    first["network.conf"], second["network.conf"] = BOND, VLAN % ("Address=%s/24" % outer_address(2))
    first[".env"] += "DATA_PLANE_VPN_BACKEND=lwip\n"
    second[".env"] += "MITIGATOR_FILTER=off\n"
    with Hub(3) as hub, Appliance("dhcp-vlan-2", image, second, [hub.port(1)], instance=two) as b:
        b.prompt()
        wait_for("the server's address", lambda: "192.0.2.2/24" in b.say("network"))
        b.vm.agent.write_file("/run/udhcpd.conf", UDHCPD % ((outer_address(1),) * 2))
        b.output("touch /run/leases; udhcpd /run/udhcpd.conf")
        with Appliance("dhcp-vlan-1", image, first, [hub.port(0), hub.port(2)], instance=one) as a:
            a.prompt()
            wait_for("a lease", lambda: "192.0.2.1/24 from 192.0.2.2, for " in a.screen("network"))
            a.wait_handshakes(1)
            assert a.show("gateway-dataplane")["backend"] == "lwip" and a.show()["backend"] == "kernel", a.show()
            a.vm.set_link(0, False)
            for path in PATHS:
                wait_for("packets by the other cable", lambda: "3 received" in a.say("ping %s %s -c 3 -i 0.1 -q" % (vpn_address(2), path)))
            assert "192.0.2.1/24 from 192.0.2.2, for " in a.screen("network"), a.screen("network")
