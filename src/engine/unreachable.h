/* ICMP and ICMPv6 destination unreachable into the TUN, as the kernel's WireGuard says it of packets that no peer gets. */
#ifndef ENGINE_UNREACHABLE_H
#define ENGINE_UNREACHABLE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/tun.h"

/* Queues an answer to packet for the next tun_flush; at most UNREACHABLE_PER_S a second, none to ICMP errors. */
enum { UNREACHABLE_PER_S = 100, UNREACHABLE_BATCH = 32 };
void unreachable_answer(struct tun *tun, const uint8_t *packet, size_t len, uint64_t now_ns);

#endif
