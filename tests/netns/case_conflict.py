"""An address that another machine on the link has as well: both are told once, and when it is over."""
import select

from case_nics import MAIN, Network, addresses
from cases import case, expect
from frames import ARP, arp, ethernet, mac_of, packet_socket
from lab import ping, wait_until

TOLD = "eth0: ANOTHER MACHINE HAS 192.0.2.1 AS WELL, the one with the MAC address %s."


@case
def conflict_of_two_clones_is_told_at_both(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "")
    networks = {"a": Network(lab, a, MAIN), "b": Network(lab, b, MAIN.replace("192.0.2.1/24", "192.0.2.2/24"))}
    others = {name: TOLD % mac_of(other, "eth0").hex(":") for name, other in (("a", "b"), ("b", "a"))}
    expect(ping("b", "192.0.2.1", 1) == (1, 1))                 # neighbours that ask and answer are none
    with packet_socket("b", "eth0") as wire:                    # nor is one claim that nothing stands behind
        mac = mac_of("b", "eth0")
        claim = ethernet(b"\xff" * 6, mac, ARP, arp(1, mac, "192.0.2.1", bytes(6), "192.0.2.9"))
        probe = arp(1, mac_of("a", "eth0"), "0.0.0.0", bytes(6), "192.0.2.1")

        def is_asked():                                         # a asks, but not all the time
            wire.send(claim)
            while select.select([wire], [], [], 0.2)[0]:
                if probe in wire.recv(2048):
                    return True
            return False
        wait_until("a's own question", is_asked, 60)
    expect("ANOTHER" not in networks["a"].said() + networks["b"].said(), networks["a"].said())

    networks["b"].write(MAIN)
    expect(networks["b"].ask("reconfigure", "--force")[0] == 0)
    for name, network in networks.items():
        wait_until(name + " is told", lambda: others[name] in network.said(), 60)
        expect(others[name] in " ".join(network.show().split()), network.show())
        with open(network.dir + "/run/conflicts") as f:
            expect(others[name] in f.read())
    networks["b"].reconfigure(MAIN.replace("192.0.2.1/24", "192.0.2.2/24"))
    for name, network in networks.items():
        wait_until(name + " is told of the end", lambda: "over: " + others[name] in network.said(), 60)
        expect(network.said().count(others[name]) == 2 and "ANOTHER" not in network.show(), network.said())
        with open(network.dir + "/run/conflicts") as f:
            expect(f.read() == "")


@case
def address_that_another_machine_has_is_found_before_it_is_set(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.9/24")
    network = Network(lab, a, MAIN)
    taken = MAIN.replace("192.0.2.1/24", "192.0.2.9/24")
    other = mac_of("b", "eth0").hex(":")
    network.write(taken)
    with packet_socket("b", "eth0") as wire:
        status, said = network.ask("reconfigure")
        expect(status == 4 and "network: another machine has 192.0.2.9, %s: nothing is applied without --force\n" % other in said, status, said)
        status, said = network.ask("plan", "--lines")
        expect(status == 4 and "  eth0  192.0.2.9/24   added: ANOTHER MACHINE HAS IT, %s\n" % other in said and
               "the machine that has 192.0.2.9 now\n" in said, status, said)
        expect(list(addresses(a)) == ["192.0.2.1/24"] and "ANOTHER" not in network.said(), addresses(a), network.said())
        asked = arp(1, mac_of("a", "eth0"), "0.0.0.0", bytes(6), "192.0.2.9")
        claims = arp(1, mac_of("a", "eth0"), "192.0.2.9", bytes(6), "192.0.2.9")[8:18]
        seen = []
        while select.select([wire], [], [], 0.2)[0]:
            seen.append(wire.recv(2048))
        expect(any(asked in frame for frame in seen) and not any(claims in frame for frame in seen), "it was claimed, or not asked for", seen)
        status, said = network.ask("reconfigure", "--force")
        expect(status == 0 and list(addresses(a)) == ["192.0.2.9/24"], status, said)
        network.write(taken.replace("192.0.2.9/24", "192.0.2.9/24\nAddress=192.0.2.10/24"))
        status, said = network.ask("plan", "--lines")
        expect(status == 0 and "ANOTHER" not in said and "192.0.2.10/24   added\n" in said, status, said)
    wait_until("it is told", lambda: (TOLD % other).replace("192.0.2.1 ", "192.0.2.9 ") in network.said(), 60)
    b("ip", "address", "del", "192.0.2.9/24", "dev", "eth0")    # the control: no one has it any more
    expect("192.0.2.9" in network.reconfigure(MAIN) and "192.0.2.9" in network.reconfigure(taken))


@case
def instance_whose_only_address_is_anothers_comes_up_all_the_same(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.link(a, "", b, "192.0.2.1/24")
    network = Network(lab, a, MAIN)
    expect(list(addresses(a)) == ["192.0.2.1/24"], addresses(a), network.said())
    wait_until("it is told", lambda: TOLD % mac_of("b", "eth0").hex(":") in network.said(), 60)
