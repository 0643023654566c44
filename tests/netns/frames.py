"""Frames by hand: checksums, headers, and packet sockets in a namespace, for cases that play a hostile or odd neighbour."""
import contextlib
import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET, SIOCGIFHWADDR, ETH_P_ALL = 0x40000000, 0x8927, 3
ARP, IPV4, IPV6 = 0x0806, 0x0800, 0x86DD
libc = ctypes.CDLL(None, use_errno=True)


def checksum(data):
    """RFC 1071"""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ethernet(to, source, kind, payload):
    return to + source + struct.pack("!H", kind) + payload


def ip4(source, to, protocol, payload, ident=1, fragment=0, ttl=64):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, fragment, ttl, protocol, 0,
                       address(source), address(to))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ip6(source, to, next_header, payload, hop_limit=64):
    return struct.pack("!IHBB", 0x60000000, len(payload), next_header, hop_limit) + address(source) + address(to) + payload


def pseudo(source, to, protocol, length):
    if ":" in to:
        return address(source) + address(to) + struct.pack("!II", length, protocol)
    return address(source) + address(to) + struct.pack("!BBH", 0, protocol, length)


def udp(source, to, source_port, port, data):
    """Source and to are of either family."""
    head = struct.pack("!HHHH", source_port, port, 8 + len(data), 0)
    total = checksum(pseudo(source, to, socket.IPPROTO_UDP, 8 + len(data)) + head + data) or 0xFFFF
    return head[:6] + struct.pack("!H", total) + data


def icmp(kind, code, rest):
    message = struct.pack("!BBH", kind, code, 0) + rest
    return message[:2] + struct.pack("!H", checksum(message)) + message[4:]


def icmp6(source, to, kind, code, rest):
    message = struct.pack("!BBH", kind, code, 0) + rest
    total = checksum(pseudo(source, to, socket.IPPROTO_ICMPV6, len(message)) + message)
    return message[:2] + struct.pack("!H", total) + message[4:]


def arp(operation, sender_mac, sender, target_mac, target):
    return struct.pack("!HHBBH", 1, IPV4, 6, 4, operation) + sender_mac + address(sender) + target_mac + address(target)


@contextlib.contextmanager
def namespace(name):
    """In that network namespace for the length of a with; sockets made there stay there."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open("/run/netns/" + name, os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "namespace " + name)
        yield
    finally:
        libc.setns(here, CLONE_NEWNET)
        os.close(here)
        os.close(there)


def packet_socket(name, device):
    with namespace(name):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        sock.bind((device, ETH_P_ALL))
        return sock


def udp_socket(name, where):
    """where: (address, port), bound in that namespace."""
    with namespace(name):
        sock = socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(where)
        return sock


def mac_of(name, device):
    with namespace(name), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return fcntl.ioctl(sock.fileno(), SIOCGIFHWADDR, struct.pack("256s", device.encode()))[18:24]
