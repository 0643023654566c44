"""A dead box is replaced by one paste: export, import."""
import re

from appliance import DATA, PATHS, Appliance, cluster, wait_for
from cases import case

IMPORTED = r"(nothing was replaced|nothing runs before `reconfigure`)\n(?:.*\n)*gateway> \Z"


def paste(box, text, ends=IMPORTED):
    """As it comes off a terminal: at once, with CRs, and the command in front of it."""
    console = box.vm.console
    start = len(console.text)
    console.write(("import\r" + text.replace("\n", "\r")).encode())
    console.wait_for(ends, 120, start)
    return console.text[start:]


def export(box, words=""):
    said = box.say(("export " + words).strip())
    found = re.search(r"^mitigator-export (.*\n)*end [0-9a-f]{32}$", said.replace("\r", ""), re.M)
    assert found, "no export in what the console said:\n" + said
    return found.group(0) + "\n"


def files_of(box):
    return {name: box.output("cat %s 2>/dev/null || echo none" % (DATA + name)) for name in
            ("vpn-private.conf", "vpn-public.conf", ".env", "network.conf")}


@case
def dead_box_is_replaced_by_one_paste(image):
    c = cluster(image)
    old, peer = c.all[:2]
    long = "OTHER_PROGRAMS=" + "x" * 5000 + " \nTAB=\t\u00e4\n"
    old.write({".env": old.files[".env"] + long})
    text, bare = export(old, "--with-keys"), export(old)
    assert old.instance.private_key in text and old.instance.private_key not in bare, "keys only with --with-keys:\n" + bare
    assert max(map(len, text.splitlines())) < 80, "a line that a terminal wraps:\n" + text
    wanted = files_of(old)
    # the control: the box's own text without keys changes nothing where the key is
    said = paste(old, bare)
    assert "nothing runs before `reconfigure`" in said and files_of(old)["vpn-public.conf"] == wanted["vpn-public.conf"], said
    assert old.instance.private_key in files_of(old)["vpn-private.conf"], "the key went with an import without keys:\n" + said
    before = peer.handshakes("gateway"), peer.handshakes("gateway-dataplane")
    started = [peer.pid(path) for path in PATHS]
    old.close()
    fresh = c.all[0] = Appliance("export", image, {}, [c.hub.port(0)], instance=old.instance, no_reboot=False)
    fresh.prompt()
    wait_for("the persistent partition", lambda: "persistent partition     ok" in fresh.say("boot"), 60)
    empty = files_of(fresh)
    # refused, each, with nothing changed
    lines = text.splitlines(True)
    for what, damaged, words in (
            ("no keys", bare, "this machine has no PrivateKey"),
            ("a character", text.replace("ListenPort", "ListenPart"), "vpn-private.conf (from line 2 of the paste) is damaged"),
            ("a lost line", "".join(lines[:-3] + lines[-2:]), "is damaged"),
            ("a lost end", "".join(lines[:-1]) + ".\n", "\"end\" and a sum, is missing")):
        said = paste(fresh, damaged)
        assert words in said and "nothing was replaced" in said, "%s: not refused as %r:\n%s" % (what, words, said)
        assert files_of(fresh) == empty, "%s: refused, and the files were changed" % what
    said = paste(fresh, text)
    assert "nothing runs before `reconfigure`" in said, "a sound paste was refused:\n" + said
    assert files_of(fresh) == wanted, "not the files of the dead box:\n" + said
    fresh.files = dict(old.files)
    assert fresh.output("stat -c %%a %svpn-private.conf" % DATA).strip() == "600", "others can read the key"
    assert ".import" not in fresh.output("ls -A " + DATA), "import left something behind"
    said = fresh.say("reconfigure", 60)
    wait_for("VPN addresses on the new box", lambda: all(fresh.is_up(path) for path in PATHS), 60)
    for path in PATHS:
        wait_for("a ping of the peer by " + path, lambda: " 0 received" not in fresh.say("ping 10.8.3.2 %s -c 2 -i 0.1 -q" % path), 60)
    assert started == [peer.pid(path) for path in PATHS], "the peer's services were started again"
    after = peer.handshakes("gateway"), peer.handshakes("gateway-dataplane")
    assert all(a[old.instance.public_key] > b[old.instance.public_key] for a, b in zip(after, before)), "no new session: %s" % (after,)
