#include "tunnel/unreachable.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"

/* RFC 791, 792, 1812 4.3.2.3; RFC 8200, 4443 2.4 and 3.1 */
enum {
	IP4_LEN = 20,
	IP6_LEN = 40,
	ICMP_LEN = 8,
	IP4_QUOTED_MAX = 576 - IP4_LEN - ICMP_LEN,
	IP6_QUOTED_MAX = 1280 - IP6_LEN - ICMP_LEN,
	PROTOCOL_ICMP = 1,
	PROTOCOL_ICMP6 = 58,
	ICMP_UNREACHABLE = 3,
	ICMP_HOST = 1,
	ICMP6_UNREACHABLE = 1,
	ICMP6_ADDRESS = 3,
	ICMP6_INFORMATIONAL = 128,
	HOPS = 64,
};

/* They are borrowed until the TUN is flushed. */
static uint8_t answers[UNREACHABLE_BATCH][1280];
static size_t next;
static uint64_t second_ns;
static unsigned in_second;

/* RFC 1071 over parts that are even but for the last. */
static uint32_t sum_of(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += load_be16(bytes + i);
	if (len & 1)
		sum += (uint32_t)bytes[len - 1] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static bool may_answer(uint64_t now_ns)
{
	if (now_ns - second_ns >= NS_PER_S) {
		second_ns = now_ns;
		in_second = 0;
	}
	return in_second++ < UNREACHABLE_PER_S;
}

/* The answer comes from the address that cannot be reached: from one of our own the host would not take it. */
static size_t answer4(uint8_t *answer, const uint8_t *packet, size_t len)
{
	size_t quoted = len < IP4_QUOTED_MAX ? len : IP4_QUOTED_MAX;

	if (len < IP4_LEN || (packet[9] == PROTOCOL_ICMP && len > IP4_LEN && packet[IP4_LEN] == ICMP_UNREACHABLE))
		return 0;
	memset(answer, 0, IP4_LEN + ICMP_LEN);
	answer[0] = 0x45;
	store_be16(answer + 2, (uint16_t)(IP4_LEN + ICMP_LEN + quoted));
	answer[8] = HOPS;
	answer[9] = PROTOCOL_ICMP;
	memcpy(answer + 12, packet + 16, 4);
	memcpy(answer + 16, packet + 12, 4);
	store_be16(answer + 10, fold(sum_of(0, answer, IP4_LEN)));
	answer[IP4_LEN] = ICMP_UNREACHABLE;
	answer[IP4_LEN + 1] = ICMP_HOST;
	memcpy(answer + IP4_LEN + ICMP_LEN, packet, quoted);
	store_be16(answer + IP4_LEN + 2, fold(sum_of(0, answer + IP4_LEN, ICMP_LEN + quoted)));
	return IP4_LEN + ICMP_LEN + quoted;
}

static size_t answer6(uint8_t *answer, const uint8_t *packet, size_t len)
{
	size_t quoted = len < IP6_QUOTED_MAX ? len : IP6_QUOTED_MAX;
	uint32_t sum;

	if (len < IP6_LEN || packet[8] == 0xff || packet[24] == 0xff ||
	    (packet[6] == PROTOCOL_ICMP6 && len > IP6_LEN && packet[IP6_LEN] < ICMP6_INFORMATIONAL))
		return 0;
	memset(answer, 0, IP6_LEN + ICMP_LEN);
	answer[0] = 0x60;
	store_be16(answer + 4, (uint16_t)(ICMP_LEN + quoted));
	answer[6] = PROTOCOL_ICMP6;
	answer[7] = HOPS;
	memcpy(answer + 8, packet + 24, 16);
	memcpy(answer + 24, packet + 8, 16);
	answer[IP6_LEN] = ICMP6_UNREACHABLE;
	answer[IP6_LEN + 1] = ICMP6_ADDRESS;
	memcpy(answer + IP6_LEN + ICMP_LEN, packet, quoted);
	/* RFC 8200 8.1: the pseudo-header is addresses, length, next header. */
	sum = sum_of((uint32_t)(ICMP_LEN + quoted) + PROTOCOL_ICMP6, answer + 8, 32);
	store_be16(answer + IP6_LEN + 2, fold(sum_of(sum, answer + IP6_LEN, ICMP_LEN + quoted)));
	return IP6_LEN + ICMP_LEN + quoted;
}

void unreachable_answer(struct tun *tun, const uint8_t *packet, size_t len, uint64_t now_ns)
{
	uint8_t *answer = answers[next];
	size_t answer_len;

	if (!len || !may_answer(now_ns))
		return;
	answer_len = packet[0] >> 4 == 4 ? answer4(answer, packet, len) : answer6(answer, packet, len);
	if (!answer_len)
		return;
	tun_write(tun, answer, answer_len);
	next = (next + 1) % UNREACHABLE_BATCH;
	/* The oldest would be written over next. */
	if (!next)
		tun_flush(tun);
}
