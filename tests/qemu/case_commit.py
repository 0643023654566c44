"""One commit onto the NICs and both paths on the kernel's WireGuard: all of it or none."""
from appliance import PATHS, Stream, cluster
from cases import case
from cluster import Instance, network, vpn_address, vpn_public


@case
def commit_whose_last_path_fails_leaves_nics_and_sessions_of_the_kernel(image):
    c = cluster(image)
    first, second, third = c.all
    first.fresh_sessions(2)
    handshakes = {path: first.handshakes(path) for path in PATHS}
    addresses = first.output("ip -br addr")
    before = {path: first.show(path) for path in PATHS}
    assert all(shown["backend"] == "kernel" for shown in before.values()), before
    one_more = vpn_public(c.instances) + "\n" + Instance(9, image + "/gateway").section()
    files = {"vpn-public.conf": one_more, "network.conf": network(1, "Address=198.51.100.9/24\n"),
             ".env": first.files[".env"] + "DATA_PLANE_VPN_PORT=5555\n"}
    first.output("ip link add taken type wireguard && wg set taken listen-port 5555 && ip link set taken up")
    try:
        addresses_then = first.output("ip -br addr")
        streams = [Stream(second, vpn_address(1), PATHS[0]), Stream(third, vpn_address(1), PATHS[1])]
        said = first.reconfigure("--force", files=files)
        assert "network: " in said and "address 198.51.100.9/24 added" in said, said
        assert "gateway: 1 added, 0 updated, 0 removed, 2 kept" in said, said
        assert "5555" in said and said.count("gateway-dataplane failed: the NICs and the paths are as they were") == 1, said
        assert [stream.lost() for stream in streams] == [0, 0], "packets were lost by a commit that was undone"
        assert first.output("ip -br addr") == addresses_then
        for path in PATHS:
            shown = first.show(path)
            assert first.handshakes(path) == handshakes[path], shown
            assert [shown[name] for name in ("state", "port", "applied_at")] == [before[path][name] for name in ("state", "port", "applied_at")]
    finally:
        first.output("ip link del taken")
    assert first.output("ip -br addr") == addresses
    said = first.reconfigure("--force")             # the control: the port is free
    assert "198.51.100.9" in first.output("ip addr"), said
    assert first.show(PATHS[1])["port"] == 5555 and len(first.peers(PATHS[1])) == 3, said
