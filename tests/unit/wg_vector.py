#!/usr/bin/env python3
"""Writes wg_vector.h: a whole WireGuard exchange with fixed keys, computed from the paper (5.4) by a second model that
shares no code with src/: X25519 (RFC 7748), ChaCha20-Poly1305 (RFC 8439) and XChaCha20 spelled out here, BLAKE2s and HMAC
from Python's own library. Run: python3 tests/unit/wg_vector.py > tests/unit/wg_vector.h"""
import hashlib
import hmac
import struct

P = 2**255 - 19


def x25519(k, u):
    k = int.from_bytes(k, "little") & ~7 & (2**255 - 1) | 2**254
    x1 = int.from_bytes(u, "little") & (2**255 - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in range(254, -1, -1):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a, c * b, a * a, b * b
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, x3, z2, z3 = x3, x2, z3, z2
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


BASE = bytes([9]) + bytes(31)


def rotl(v, n):
    return (v << n | v >> 32 - n) & 0xffffffff


def rounds(s):
    s = list(s)
    for _ in range(10):
        for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                           (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                s[x] = s[x] + s[y] & 0xffffffff
                s[z] = rotl(s[z] ^ s[x], n)
    return s


SIGMA = struct.unpack("<4I", b"expand 32-byte k")


def block(key, counter, nonce):
    s = SIGMA + struct.unpack("<8I", key) + (counter,) + struct.unpack("<3I", nonce)
    return struct.pack("<16I", *(a + b & 0xffffffff for a, b in zip(rounds(s), s)))


def seal(key, nonce, plain, ad):
    stream = b"".join(block(key, 1 + i, nonce) for i in range(len(plain) // 64 + 1))
    out = bytes(a ^ b for a, b in zip(plain, stream))
    pad = lambda b: b + bytes(-len(b) % 16)
    data = pad(ad) + pad(out) + struct.pack("<QQ", len(ad), len(out))
    one = block(key, 0, nonce)
    r = int.from_bytes(one[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff
    acc = 0
    for i in range(0, len(data), 16):
        acc = (acc + int.from_bytes(data[i:i + 16] + b"\1", "little")) * r % (2**130 - 5)
    return out + ((acc + int.from_bytes(one[16:32], "little")) & 2**128 - 1).to_bytes(16, "little")


def aead(key, counter, plain, ad):
    return seal(key, bytes(4) + struct.pack("<Q", counter), plain, ad)


def xaead(key, nonce, plain, ad):
    s = rounds(SIGMA + struct.unpack("<8I", key) + struct.unpack("<4I", nonce[:16]))
    return seal(struct.pack("<8I", *(s[:4] + s[12:])), bytes(4) + nonce[16:], plain, ad)


def H(*parts):
    return hashlib.blake2s(b"".join(parts)).digest()


def mac(key, data):
    return hashlib.blake2s(data, key=key, digest_size=16).digest()


def kdf(n, key, data):
    h = lambda k, d: hmac.new(k, d, hashlib.blake2s).digest()
    t0, out, t = h(key, data), [], b""
    for i in range(1, n + 1):
        t = h(t0, t + bytes([i]))
        out.append(t)
    return out


def fixed(label):
    return hashlib.sha256(b"wg vector " + label).digest()


i_priv, r_priv, psk = fixed(b"initiator"), fixed(b"responder"), fixed(b"psk")
i_eph, r_eph = fixed(b"initiator ephemeral"), fixed(b"responder ephemeral")
i_idx, r_idx = bytes.fromhex("01020304"), bytes.fromhex("a1a2a3a4")
i_pub, r_pub, i_epub, r_epub = (x25519(k, BASE) for k in (i_priv, r_priv, i_eph, r_eph))
wall_s, wall_ns = 1700000000, 123456789
stamp = struct.pack(">QI", 0x400000000000000a + wall_s, wall_ns >> 24 << 24)

ck = H(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
h = H(H(ck, b"WireGuard v1 zx2c4 Jason@zx2c4.com"), r_pub)
h, (ck,) = H(h, i_epub), kdf(1, ck, i_epub)
ck, k = kdf(2, ck, x25519(i_eph, r_pub))
enc_static = aead(k, 0, i_pub, h)
h = H(h, enc_static)
ck, k = kdf(2, ck, x25519(i_priv, r_pub))
enc_stamp = aead(k, 0, stamp, h)
h = H(h, enc_stamp)
initiation = bytes([1, 0, 0, 0]) + i_idx + i_epub + enc_static + enc_stamp
initiation += mac(H(b"mac1----", r_pub), initiation) + bytes(16)

h, (ck,) = H(h, r_epub), kdf(1, ck, r_epub)
(ck,) = kdf(1, ck, x25519(r_eph, i_epub))
(ck,) = kdf(1, ck, x25519(r_eph, i_pub))
ck, t, k = kdf(3, ck, psk)
h = H(h, t)
response = bytes([2, 0, 0, 0]) + r_idx + i_idx + r_epub + aead(k, 0, b"", h)
response += mac(H(b"mac1----", i_pub), response) + bytes(16)
first, second = kdf(2, ck, b"")
keepalive = bytes([4, 0, 0, 0]) + r_idx + bytes(8) + aead(first, 0, b"", b"")
# 10.0.0.2 to 10.0.0.1, 21 bytes, padded to 32.
packet = bytes.fromhex("45000015000000004011000000000000") [:12] + bytes([10, 0, 0, 2, 10, 0, 0, 1]) + b"!"
data = bytes([4, 0, 0, 0]) + i_idx + bytes(8) + aead(second, 0, packet + bytes(11), b"")

secret, nonce = fixed(b"cookie secret"), fixed(b"cookie nonce")[:24]
cookie = mac(secret, bytes([192, 0, 2, 1]) + struct.pack(">H", 1001))
cookie_reply = bytes([3, 0, 0, 0]) + i_idx + nonce + xaead(H(b"cookie--", r_pub), nonce, cookie, initiation[116:132])
with_mac2 = initiation[:132] + mac(cookie, initiation[:132])

print("/* Generated by tests/unit/wg_vector.py. */")
print("#ifndef WG_VECTOR_H\n#define WG_VECTOR_H\n\n#include <stdint.h>\n")
print("enum { VECTOR_WALL_S = %d, VECTOR_WALL_NS = %d };" % (wall_s, wall_ns))
for name in ("i_priv r_priv i_pub r_pub psk i_eph r_eph i_idx r_idx stamp initiation response keepalive packet data "
             "secret nonce cookie_reply with_mac2").split():
    value = globals()[name]
    print("\nstatic const uint8_t vector_%s[%d] = {" % (name, len(value)))
    for i in range(0, len(value), 16):
        print("\t" + " ".join("0x%02x," % b for b in value[i:i + 16]))
    print("};")
print("\n#endif")
