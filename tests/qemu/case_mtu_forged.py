"""What anyone's ICMP cannot change: the inner MTU, on each backend."""
import os
import socket
import struct
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "netns"))
import frames
from appliance import wait_for
from case_mtu import BACKENDS, two_instances
from cases import case

OURS = 4567


def too_big(mtu_bytes):
    """From anyone, to the first instance, of a datagram that it may have sent to the second."""
    quoted = frames.ip4("192.0.2.1", "192.0.2.2", socket.IPPROTO_UDP, struct.pack("!HHHH", OURS, OURS, 1480, 0))
    return frames.ethernet(frames.mac("52:54:00:00:00:01"), frames.mac("52:54:00:00:00:99"), frames.IPV4, frames.ip4(
        "192.0.2.99", "192.0.2.1", socket.IPPROTO_ICMP, frames.icmp(3, 4, struct.pack("!HH", 0, mtu_bytes) + quoted)))


@case
def forged_too_big_leaves_the_inner_mtu_alone(image):
    two = two_instances(image)
    first = two.all[0]
    for backend in BACKENDS:
        two.use(backend)
        two.inner(1420)
        two.wire.send(too_big(552))
        # The control: the kernel believes it of its own datagrams.
        wait_for("the kernel's path MTU", lambda: " mtu 552" in first.run("ip route get 192.0.2.2")[1])
        said = first.say("reconfigure --force")
        assert first.show()["mtu_bytes"] == 1420, said
        # An event that does change it is seen, and the forged one is not in what follows.
        first.output("ip route add 192.0.2.2 dev eth0 mtu 1450")
        wait_for("the inner MTU follows the route", lambda: first.show()["mtu_bytes"] == 1370)
        two.wire.send(too_big(552))
        wait_for("the kernel's path MTU again", lambda: " mtu 552" in first.run("ip route get 192.0.2.2")[1])
        first.output("ip route del 192.0.2.2")
        two.inner(1420)
        first.output("ip route flush cache")
