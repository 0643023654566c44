"""The four files at the console: seen, and changed in part."""
import os
import subprocess

from cases import case, expect
from lab import wg_keys


class Files:
    """A directory with files, and what the console's commands say of it."""

    def __init__(self, lab, **files):
        self.lab = lab
        self.conf = lab.dir + "/conf"
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

    def ask(self, *words, given="", status=0):
        done = subprocess.run(["gateway", *words, "--conf", self.conf], executable=self.lab.binary, input=given, text=True,
                              capture_output=True, timeout=60)
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
    expect("there is none" in files.ask("view", "network.conf"))
