"""The screens of a running cluster are ASCII but for the names of peers, which are shown as an operator wrote them."""
import json

from appliance import cluster, wait_for
from cases import case
from cluster import vpn_public

NAME = "M\u00fcnchen \u043e\u0434\u0438\u043d"
LINES = ("show", "show gateway", "show gateway-dataplane", "check", "view vpn-public.conf", "diff", "history", "log", "boot", "network",
         "hardening", "help", "help conf", "peer remove nobody", "reconfigure", "clock", "version", "install", "key show",
         "gateway wg show", "gateway status")


def bytes_of(first, line):
    """All that comes to the screen from a command to the next prompt."""
    heard = bytearray()
    first.vm.console.on_bytes = heard.extend
    try:
        first.say(line, 60)
    finally:
        first.vm.console.on_bytes = None
    return bytes(heard)


@case
def every_screen_is_ascii_but_for_a_peers_name(image):
    c = cluster(image)
    first, two = c.all[0], c.instances[1]
    before = dict(first.files)
    first.write({"vpn-public.conf": before["vpn-public.conf"].replace(two.section(), two.section().replace("[Peer]", "[Peer] # " + NAME, 1))})
    assert first.files != before, "no peer got the name: this case shows nothing"
    try:
        for line in LINES:
            said = bytes_of(first, line).replace(NAME.encode(), b"")
            wrong = sorted({byte for byte in said if byte > 126 or byte < 32 and byte not in b"\r\n\t\x1b\x07\x08"})
            assert not wrong, "`%s` shows the bytes %s:\n%r" % (line, wrong, said)
        assert "  peer %s " % NAME in first.say("show gateway"), first.say("show gateway")
        said = first.say("show gateway --json")
        assert NAME in [peer["name"] for peer in json.loads(said)["peers"]], said
        first.write({"vpn-public.conf": vpn_public([c.instances[0], c.instances[2]])})
        said = bytes_of(first, "reconfigure --force")
        assert NAME.encode() in said and said.replace(NAME.encode(), b"").isascii(), said
    finally:
        first.write({"vpn-public.conf": before["vpn-public.conf"]})
        said = first.say("reconfigure", 60)
    wait_for("all peers", lambda: len(first.peers("gateway")) == 2)
