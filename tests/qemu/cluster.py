"""The files of a cluster's instances, as an operator would write them."""
import subprocess

PEER = """
[Peer]
PublicKey = %s
AllowedIPs = %s/32
Endpoint = %s:4567
"""


def outer_address(n):
    return "192.0.2.%d" % n


def vpn_address(n):
    return "10.8.3.%d" % n


class Instance:
    """Instance number n (from 1) and its key pair."""

    def __init__(self, n, gateway):
        self.n = n
        self.private_key = subprocess.check_output([gateway, "wg", "genkey"], text=True).strip()
        self.public_key = subprocess.check_output([gateway, "wg", "pubkey"], text=True,
                                                  input=self.private_key + "\n").strip()

    def files(self, instances):
        """Its /srv/mitigator: file name -> text."""
        return {
            "vpn-private.conf": "[Interface]\nListenPort = 4567\nPrivateKey = %s\n" % self.private_key,
            "vpn-public.conf": vpn_public(instances),
            ".env": "MITIGATOR_VPN_ADDRESS=%s\n" % vpn_address(self.n),
            "network.conf": "[Match]\nName=*\n\n[Network]\nAddress=%s/24\n" % outer_address(self.n),
        }


def vpn_public(instances):
    return "".join(PEER % (i.public_key, vpn_address(i.n), outer_address(i.n))
                   for i in instances).lstrip()


def make_instances(count, gateway):
    return [Instance(n, gateway) for n in range(1, count + 1)]
