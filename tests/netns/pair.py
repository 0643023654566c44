"""Ours on lwIP and wireguard-go, joined by one link: what most cases begin with."""
from cases import expect
from lab import ping, wg_keys

PSK = "FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE="


def files(private_key, peers, address, extra=""):
    """peers: (public key, VPN address, endpoint or None, more lines)"""
    public = ""
    for key, vpn, endpoint, more in peers:
        public += "[Peer]\nPublicKey = %s\nAllowedIPs = %s\n" % (key, vpn)
        if endpoint:
            public += "Endpoint = %s\n" % endpoint
        public += more + "\n"
    return {"vpn-private.conf": "[Interface]\nListenPort = 4567\nPrivateKey = %s\n" % private_key,
            "vpn-public.conf": public, ".env": "MITIGATOR_VPN_ADDRESS=%s\n%s" % (address, extra)}


class Pair:
    """Ours on host a and wireguard-go on host b, joined; 10.8.3.1 and 10.8.3.2 inside."""

    def __init__(self, lab, outer=("192.0.2.1/24", "192.0.2.2/24"), vpn=("10.8.3.1", "10.8.3.2"), length=32, ours_more="",
                 theirs_more=(), endpoints=(True, True)):
        self.a, self.b = lab.host("a"), lab.host("b")
        lab.link(self.a, outer[0], self.b, outer[1])
        self.vpn = vpn
        (self.key_a, self.pub_a), (self.key_b, self.pub_b) = wg_keys(), wg_keys()
        hosts = [address.split("/")[0] for address in outer]
        self.ends = [("[%s]:%d" if ":" in host else "%s:%d") % (host, port) for host, port in zip(hosts, (4567, 5678))]
        self.go = lab.wireguard_go(self.b, "go0", self.key_b, 5678)
        self.go.set("peer", self.pub_a, "allowed-ips", "%s/%d" % (vpn[0], length), *theirs_more,
                    *(("endpoint", self.ends[0]) if endpoints[1] else ()), input=PSK)
        self.go.address("%s/%d" % (vpn[1], 64 if ":" in vpn[1] else 24))
        self.peers = [(self.pub_a, "%s/%d" % (vpn[0], length), self.ends[0], ""),
                      (self.pub_b, "%s/%d" % (vpn[1], length), self.ends[1] if endpoints[0] else None, ours_more)]
        self.ours = lab.gateway(self.a, files(self.key_a, self.peers, vpn[0]))

    def both_ways(self, count=3):
        for host, address in ((self.ours.inner, self.vpn[1]), (self.b.name, self.vpn[0])):
            sent, received = ping(host, address, count)
            expect(received == sent, host, address, sent, received, self.ours.ask("show"), self.ours.said())
