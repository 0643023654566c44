"""What the kernel's WireGuard tells of packets that it dropped, and that the rest is unknown, not zero."""
from appliance import cluster, wait_for
from cases import case
from cluster import Instance


@case
def kernel_tells_a_full_queue_of_the_interface_alone(image):
    c = cluster(image)
    first = c.all[0]
    silent = Instance(9, image + "/gateway")
    first.reconfigure(files={"vpn-public.conf": "\n".join([*(i.section() for i in c.instances), silent.section()])})
    shown = first.show()
    assert shown["backend"] == "kernel", shown
    before = shown["interface_counters"]["tx_dropped"]
    # 128 packets may wait for a session
    first.say("ping 10.8.3.9 -c 400 -i 0.002 -q", 60)
    counters = wait_for("packets that did not fit", lambda: first.show()["interface_counters"], 30)
    assert counters["tx_dropped"] - before >= 100, counters
    shown = first.show()
    assert shown["dropped"] is None and shown["under_load"] is None, shown
    peer = first.peers()[silent.public_key]
    assert peer["latest_handshake"] == 0 and peer["failing"] is None and peer["last_failure"] is None and peer["dropped"] is None, peer
    said = first.say("show all")
    assert "  interface lost   " in said and "tx_dropped " in said, said
    wait_for("a line in the log", lambda: "the interface has lost " in first.say("log", log=True), 60, 1)
