"""README's screens of a change, on a cluster with the names that they have."""
import re

from appliance import cluster
from cases import case
from cluster import make_instances, network
from readme import chapter, check_screen, screens, steps

NAMES = ("fra1", "ams1", "lon1")


def named(instances):
    return "\n".join(i.section().replace("[Peer]", "[Peer] # " + name, 1) for i, name in zip(instances, NAMES))


@case
def readme_shows_a_change_as_the_console_does(image):
    c = cluster(image)
    first = c.all[0]
    plan, confirm = (steps(block) for block in screens(chapter("Setting up an instance")))
    (line, shown), = plan
    first.reconfigure(files={"vpn-public.conf": named(c.instances)})
    first.fresh_sessions(2)
    stranger = make_instances(2, image + "/gateway")[1]
    env = first.files[".env"]
    first.write({"vpn-public.conf": named([c.instances[0], stranger]), "network.conf": network(1).replace("Name=*", "Name=other*"),
                 ".env": env + "MITIGATOR_VPN_MTU=1380\nDATA_PLANE_VPN_BACKEND=lwip\n"})
    console = first.vm.console
    at = console.begin(line)
    console.wait_for(r"apply \(yes/no\)\? \Z", 60, at)
    check_screen(shown, console.text[at:])
    console.send("no")
    console.finish(line, at, 60)

    (line, shown), (empty, _) = confirm
    assert not empty, confirm
    first.write({"vpn-public.conf": named(c.instances).replace("[Peer] # ams1", "[Peer] # ams1\nPersistentKeepalive = 25"),
                 "network.conf": network(1), ".env": env})
    at = console.begin(line)
    said = console.finish(line, at, 120)
    check_screen(shown, said)
    assert re.search(r"^fra1\(unconfirmed [45]m\)> \Z", console.text[at:], re.M), console.text[at:]
    said = first.say("confirm")
    assert "kept" in said or "confirmed" in said, said
