"""The four files at the console: seen, and changed in part."""
import os
import subprocess

from cases import case, expect
from lab import wg_keys


class Files:
    """A directory with files, and what the console's commands say of it."""

    def __init__(self, lab, where="conf", **files):
        self.lab = lab
        self.conf = lab.dir + "/" + where
        os.mkdir(self.conf)
        for name, text in files.items():
            self.put({"private": "vpn-private.conf", "public": "vpn-public.conf", "env": ".env",
                      "network": "network.conf"}[name], text)

    def put(self, name, text):
        with open(os.open(self.conf + "/" + name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(text)

    def get(self, name):
        with open(self.conf + "/" + name) as f:
            return f.read()

    def ask(self, *words, given="", status=0, **environment):
        done = subprocess.run(["gateway", *words, "--conf", self.conf], executable=self.lab.binary, input=given, text=True,
                              capture_output=True, timeout=60, env=dict(os.environ, **environment))
        expect(done.returncode == status, words, done)
        return done.stdout + done.stderr


def cluster(lab):
    (private, public), (_, other) = wg_keys(), wg_keys()
    files = Files(lab, private="[Interface]\nListenPort = 4567\nPrivateKey = %s\n" % private,
                  public="# all of us\n[Peer] # fra1\nPublicKey = %s\nAllowedIPs = 10.8.3.1/32\n\n"
                         "[Peer] # ams1\nPublicKey = %s\nAllowedIPs = 10.8.3.2/32\nEndpoint = 192.0.2.2:4567\n" % (public, other),
                  env="# of the appliance\nTOKEN=hunter2\nMITIGATOR_VPN_ADDRESS=10.8.3.1\n")
    return files, private, public, other


@case
def view_shows_lines_findings_and_no_secret(lab):
    files, private, public, other = cluster(lab)
    expect("    2  ListenPort = 4567\n    3  PrivateKey = (hidden)\n" in files.ask("view", "vpn-private.conf"))
    expect("    2  TOKEN=(hidden)\n    3  MITIGATOR_VPN_ADDRESS=10.8.3.1\n" in files.ask("view", ".env"))
    files.put("vpn-public.conf", files.get("vpn-public.conf").replace("AllowedIPs = 10.8.3.2", "AllowedIPs  10.8.3.2"))
    said = files.ask("view", "vpn-public.conf", "8")
    expect(said.startswith("    7  PublicKey = %s\n  > 8  AllowedIPs  10.8.3.2/32\n" % other), said)
    expect('error: expected "Key = value"' in said, said)
    expect(private not in said and max(map(len, said.split("\n"))) < 80, said)
    expect("usage: view FILE" in files.ask("view", "passwd", status=2))
    expect("there is none" in files.ask("view", "network.conf", status=1))


@case
def set_changes_one_key_and_tells_what_changed(lab):
    files, private, _, _ = cluster(lab)
    said = files.ask("set", "ListenPort", "5567")
    expect("  -    2  ListenPort = 4567\n  +    2  ListenPort = 5567\n" in said and private not in said, said)
    expect(files.get("vpn-private.conf") == "[Interface]\nListenPort = 5567\nPrivateKey = %s\n" % private)
    before = files.get(".env")
    files.ask("set", "DATA_PLANE_VPN_PORT", "5568")
    expect(files.get(".env") == before + "DATA_PLANE_VPN_PORT=5568\n", files.get(".env"))
    files.ask("unset", "DATA_PLANE_VPN_PORT")
    expect(files.get(".env") == before, files.get(".env"))
    for nic, key, value in (("eth0", "Address", "192.0.2.9/24"), ("eth0", "Network.Gateway", "192.0.2.1"),
                            ("eth1", "Address", "198.51.100.9/24"), ("eth0", "Address", "192.0.2.8/24")):
        files.ask("set", nic, key, value)
    expect(files.get("network.conf") == "[Match]\nName = eth0\n\n[Network]\nAddress = 192.0.2.8/24\nGateway = 192.0.2.1\n\n"
           "[Match]\nName = eth1\n\n[Network]\nAddress = 198.51.100.9/24\n", files.get("network.conf"))
    private_conf = files.get("vpn-private.conf")
    with open(files.conf + "/vpn-private.conf", "w") as f:         # a mistake of another's, which `set` mends
        f.write(private_conf.replace("5567", "abc"))
    files.ask("set", "ListenPort", "5567")
    expect(files.get("vpn-private.conf") == private_conf, files.get("vpn-private.conf"))
    for words, why in ((("ListenPort", "70000"), "what is new has errors"), (("ListenPrt", "1"), "did you mean ListenPort?"),
                       (("eth0", "Gateway", "192.0.2.1"), "Network.Gateway Route.Gateway"),
                       (("Address", "192.0.2.1/24"), "is a key of a NIC"), (("Endpoint", "x:1"), "peer set NAME"),
                       (("Mode", "802.3ad"), "Mode is a key of a device"), (("Bond.Mode", "802.3ad"), "Mode is a key of a device"),
                       (("bond0", "Mode", "802.3ad"), "Mode is a key of a device"),
                       (("PrivateKey", private), "a key is no word of a command"), (("ListenPort", "1#2"), "no place in one line")):
        kept = [files.get(name) for name in sorted(os.listdir(files.conf))]
        said = files.ask("set", *words, status=1)
        expect(why in said and private not in said, words, said)
        expect(kept == [files.get(name) for name in sorted(os.listdir(files.conf))], words)


@case
def commands_are_named_as_they_are_called_where_one_is(lab):
    files = cluster(lab)[0]
    said = files.ask("set", "ListenPort", "5567")
    expect("before `gateway reconfigure` and `gateway-dataplane reconfigure`\n" in said, said)
    expect("`gateway edit network.conf`" in files.ask("set", "Bond.Mode", "802.3ad", status=1))
    expect("`gateway help conf`" in files.ask("set", status=2))
    said = files.ask("set", "ListenPort", "5568", container="docker")
    expect("before `reconfigure`\n" in said, said)
    # one service of the two, and none of the NICs
    ours = lab.gateway(lab.host("a"), {})
    overview = ["overview", "--conf", ours.dir, "--run", ours.dir + "/run"]
    done = subprocess.run([lab.applet("gateway"), *overview], capture_output=True, text=True, timeout=60)
    expect("dataplane: the service does not run\n" in done.stdout and "`boot`" not in done.stdout and "(`gateway setup`" in done.stdout, done)


@case
def misspelt_key_of_set_is_told_and_not_its_value(lab):
    files = cluster(lab)[0]
    for words, said in ((("set", "ListenProt", "5000"), "set: ListenProt: unknown key; did you mean ListenPort?\n"),
                        (("set", "eth0", "Adress", "192.0.2.1/24"), "set: Adress: unknown key; did you mean Address?\n"),
                        (("set", "eth0", "Network.Gatway", "192.0.2.1"), "set: Network.Gatway: unknown key; did you mean Gateway?\n"),
                        (("unset", "ListenProt"), "unset: ListenProt: unknown key; did you mean ListenPort?\n"),
                        (("unset", "ListenProt", "5000"), "unset: ListenProt: unknown key; did you mean ListenPort?\n")):
        expect(files.ask(*words, status=1) == said, words, said, files.ask(*words, status=1))
    for words, said in ((("set", "colour", "5000"), "set: colour: unknown key; expected one of ListenPort, PrivateKey, "),
                        (("set", "eth0", "colour", "red"), "set: neither eth0 nor colour is a key; expected one of ListenPort, ")):
        lines = files.ask(*words, status=1).splitlines()
        expect(lines[0].startswith(said) and len(lines) > 5 and max(map(len, lines)) < 80, lines)
        names = " ".join(lines).replace(",", "").split()
        expect("MITIGATOR_HOSTNAME" in names and names.count("Gateway") == 1, names)


@case
def peer_is_added_changed_and_removed_alone(lab):
    files, private, _, other = cluster(lab)
    before = files.get("vpn-public.conf")
    third = "[Peer]\n# friendly_name = lon1\nPublicKey = %s\nAllowedIPs = 10.8.3.3/32\n" % wg_keys()[1]
    files.ask("peer", "add", given=third)
    expect(files.get("vpn-public.conf") == before + "\n" + third, files.get("vpn-public.conf"))
    for given, why in ((third, "what is new has errors"), (third + third, "not one alone"), ("x\n", "not one alone"), ("", "not one alone")):
        expect(why in files.ask("peer", "add", given=given, status=1), given)
    said = files.ask("peer", "set", "lon1", "Endpoint", "192.0.2.3:4567")
    expect("         [Peer]\n" in said and "  +   15  Endpoint = 192.0.2.3:4567\n" in said, said)
    fresh = wg_keys()[1]
    files.ask("peer", "set", "lon1", "PublicKey", fresh)
    expect(third.split("= ")[2].split()[0] not in files.get("vpn-public.conf") and fresh in files.get("vpn-public.conf"))
    for key, value in (("PublicKey", private), ("PresharedKey", fresh)):
        said = files.ask("peer", "set", "lon1", key, value, status=1)
        expect("a key is no word of a command" in said and private not in said + files.get("vpn-public.conf"), key, said)
    expect("expected fra1, ams1, lon1" in files.ask("peer", "remove", "par1", status=1))
    expect("expected PublicKey, AllowedIPs" in files.ask("peer", "set", "ams1", "Endpont", "x:1", status=1))
    files.ask("peer", "unset", "10.8.3.3", "Endpoint")
    expect("of this instance itself" not in files.ask("peer", "remove", "LON1"))
    expect(files.get("vpn-public.conf").rstrip() == before.rstrip(), files.get("vpn-public.conf"))
    expect("this is the section of this instance itself" in files.ask("peer", "remove", "fra1"))


@case
def new_key_is_written_and_never_shown(lab):
    files, private, public, _ = cluster(lab)
    expect("PublicKey = %s\nAllowedIPs = 10.8.3.1/32\n" % public in files.ask("key", "show"))
    expect("it is as it was" in files.ask("key", "new", status=1))
    files.put("vpn-private.conf", "# mine\n" + files.get("vpn-private.conf"))
    said = files.ask("key", "new", "--force")
    now = files.get("vpn-private.conf")
    fresh = now.split("PrivateKey = ")[1].strip()
    expect(now == "# mine\n[Interface]\nListenPort = 4567\nPrivateKey = %s\n" % fresh and fresh != private, said)
    expect(fresh not in said and private not in said and "[Peer] # fra1\nPublicKey = " in said, said)
    # our own section has it too
    section = said.split("[Peer] # fra1\n")[-1]
    expect(public not in files.get("vpn-public.conf") and "[Peer] # fra1\n" + section.split("Endpoint")[0].split("#")[0]
           in files.get("vpn-public.conf"), said, files.get("vpn-public.conf"))
    expect("error" not in files.ask("check", "--no-names"))
    # a copy of another instance's disk, with an address of its own: that one's section is not ours
    files.put(".env", "MITIGATOR_VPN_ADDRESS=10.8.3.2\n")
    before = files.get("vpn-public.conf")
    theirs, ours = before.split("\n\n")
    files.ask("key", "new", "--force")
    now_theirs, now_ours = files.get("vpn-public.conf").split("\n\n")
    expect(now_theirs == theirs, "the key went into the section of another instance", now_theirs)
    expect(now_ours.split("PublicKey")[0] == ours.split("PublicKey")[0] and now_ours != ours, now_ours)
    files.put("vpn-public.conf", before)
    files.put(".env", "MITIGATOR_VPN_ADDRESS=10.8.3.1\n")
    os.unlink(files.conf + "/vpn-private.conf")
    expect("there is none" in files.ask("key", "show", status=1))
    said = files.ask("key", "new")
    expect(files.get("vpn-private.conf").startswith("[Interface]\nListenPort = 4567\nPrivateKey = "), said)
    expect(os.stat(files.conf + "/vpn-private.conf").st_mode & 0o777 == 0o600)
    shown = files.ask("key", "show")
    expect(shown in said and "AllowedIPs = 10.8.3.1/32" in shown, said, shown)


@case
def set_of_a_nic_goes_where_the_nic_is_matched(lab):
    """A second [Match] for a NIC that one has by its MAC address would be read by no one."""
    host, other = lab.host("a"), lab.host("b")
    lab.link(host, "", other, "")
    host("ip", "link", "add", "eth1", "type", "veth", "peer", "name", "eth2")
    mac = host("cat", "/sys/class/net/eth0/address").strip()
    files = Files(lab, network="[Match]\nMACAddress = %s\n\n[Network]\nAddress = 192.0.2.1/24\n" % mac)

    def ask(*words, status=0):
        done = host.start(lab.applet("gateway"), *words, "--conf", files.conf, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
        said = done.communicate(timeout=60)[0]
        expect(done.returncode == status, words, said)
        return said

    said = ask("set", "eth0", "Address", "192.0.2.9/24")
    expect("eth0 is in the [Match] at network.conf:1\n" in said, said)
    expect(files.get("network.conf").count("[Match]") == 1 and "192.0.2.9/24" in files.get("network.conf"), said)
    files.put("network.conf", "[Match]\nName = eth*\n\n[Network]\nAddress = 192.0.2.1/24\n")
    before = files.get("network.conf")
    said = ask("set", "eth1", "Address", "192.0.2.9/24", status=1)
    expect("network.conf:1: that [Match] has eth1 and eth0" in said and files.get("network.conf") == before, said)
