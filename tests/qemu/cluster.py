"""The files of a cluster's instances, as an operator would write them."""
import subprocess


def outer_address(n):
    return "192.0.2.%d" % n


def outer_address6(n):
    return "fd00:c0de::%d" % n


def vpn_address(n):
    return "10.8.3.%d" % n


class Instance:
    """Instance number n (from 1) and its key pair."""

    def __init__(self, n, gateway):
        self.n = n
        self.private_key = subprocess.check_output([gateway, "wg", "genkey"], text=True).strip()
        self.public_key = subprocess.check_output([gateway, "wg", "pubkey"], text=True,
                                                  input=self.private_key + "\n").strip()

    def section(self, more="", host=None, addresses=None):
        """Its [Peer]; more are further lines."""
        return "[Peer]\nPublicKey = %s\nAllowedIPs = %s\nEndpoint = %s:4567\n%s" % (
            self.public_key, addresses or vpn_address(self.n) + "/32", host or outer_address(self.n), more)

    def files(self, instances):
        """Its /srv/mitigator: file name -> text."""
        return {
            "vpn-private.conf": "[Interface]\nListenPort = 4567\nPrivateKey = %s\n" % self.private_key,
            "vpn-public.conf": vpn_public(instances),
            ".env": "MITIGATOR_VPN_ADDRESS=%s\n" % vpn_address(self.n),
            "network.conf": network(self.n),
        }


def vpn_public(instances):
    return "\n".join(i.section() for i in instances)


def network(n, more_addresses="", more=""):
    return "[Match]\nName=*\n\n[Network]\nAddress=%s/24\n%s%s" % (outer_address(n), more_addresses, more)


def make_instances(count, gateway):
    return [Instance(n, gateway) for n in range(1, count + 1)]
