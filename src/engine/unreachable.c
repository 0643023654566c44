#include "engine/unreachable.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ip.h"

/* RFC 791, 792, 1812 4.3.2.3; RFC 8200, 4443 2.4 and 3.1 */
enum {
	IP4_QUOTED_MAX = 576 - IP4_LEN - ICMP_LEN,
	IP6_QUOTED_MAX = 1280 - IP6_LEN - ICMP_LEN,
	PROTOCOL_ICMP = 1,
	PROTOCOL_ICMP6 = 58,
	IP4_OFFSET_MASK = 0x1fff,
	IP4_MULTICAST = 224, /* first byte; from here on no address is one host's */
	ICMP_UNREACHABLE = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
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

static bool may_answer(uint64_t now_ns)
{
	if (now_ns - second_ns >= NS_PER_S) {
		second_ns = now_ns;
		in_second = 0;
	}
	return in_second++ < UNREACHABLE_PER_S;
}

/* RFC 1122 3.2.2: not about an ICMP error, a later fragment, nor to or from what is not one host. */
static bool is_answered4(const uint8_t *packet, size_t len)
{
	static const bool errors[] = { [ICMP_UNREACHABLE] = true, [ICMP_SOURCE_QUENCH] = true, [ICMP_REDIRECT] = true,
				       [ICMP_TIME_EXCEEDED] = true, [ICMP_PARAMETER_PROBLEM] = true };
	size_t header_len = ip4_header_len(packet);

	if (len < IP4_LEN || header_len < IP4_LEN || len <= header_len || load_be16(packet + IP4_FRAGMENT_AT) & IP4_OFFSET_MASK ||
	    packet[IP4_DESTINATION_AT] >= IP4_MULTICAST || packet[IP4_SOURCE_AT] >= IP4_MULTICAST || !packet[IP4_SOURCE_AT])
		return false;
	return packet[IP4_PROTOCOL_AT] != PROTOCOL_ICMP || packet[header_len] >= sizeof(errors) || !errors[packet[header_len]];
}

/* The answer comes from the address that cannot be reached: from one of our own the host would not take it. */
static size_t answer4(uint8_t *answer, const uint8_t *packet, size_t len)
{
	size_t quoted = len < IP4_QUOTED_MAX ? len : IP4_QUOTED_MAX;

	if (!is_answered4(packet, len))
		return 0;
	memset(answer, 0, IP4_LEN + ICMP_LEN);
	answer[0] = IP4_PLAIN;
	store_be16(answer + IP4_TOTAL_AT, (uint16_t)(IP4_LEN + ICMP_LEN + quoted));
	answer[IP4_TTL_AT] = HOPS;
	answer[IP4_PROTOCOL_AT] = PROTOCOL_ICMP;
	memcpy(answer + IP4_SOURCE_AT, packet + IP4_DESTINATION_AT, 4);
	memcpy(answer + IP4_DESTINATION_AT, packet + IP4_SOURCE_AT, 4);
	ip4_sum_put(answer, IP4_LEN);
	answer[IP4_LEN] = ICMP_UNREACHABLE;
	answer[IP4_LEN + 1] = ICMP_HOST;
	memcpy(answer + IP4_LEN + ICMP_LEN, packet, quoted);
	sum_put(answer + IP4_LEN + ICMP_SUM_AT, sum_bytes(0, answer + IP4_LEN, ICMP_LEN + quoted));
	return IP4_LEN + ICMP_LEN + quoted;
}

static size_t answer6(uint8_t *answer, const uint8_t *packet, size_t len)
{
	size_t quoted = len < IP6_QUOTED_MAX ? len : IP6_QUOTED_MAX;
	uint64_t sum;

	if (len < IP6_LEN || packet[IP6_SOURCE_AT] == 0xff || packet[IP6_DESTINATION_AT] == 0xff ||
	    (packet[IP6_NEXT_AT] == PROTOCOL_ICMP6 && len > IP6_LEN && packet[IP6_LEN] < ICMP6_INFORMATIONAL))
		return 0;
	memset(answer, 0, IP6_LEN + ICMP_LEN);
	answer[0] = 0x60;
	store_be16(answer + IP6_PAYLOAD_AT, (uint16_t)(ICMP_LEN + quoted));
	answer[IP6_NEXT_AT] = PROTOCOL_ICMP6;
	answer[IP6_HOPS_AT] = HOPS;
	memcpy(answer + IP6_SOURCE_AT, packet + IP6_DESTINATION_AT, 16);
	memcpy(answer + IP6_DESTINATION_AT, packet + IP6_SOURCE_AT, 16);
	answer[IP6_LEN] = ICMP6_UNREACHABLE;
	answer[IP6_LEN + 1] = ICMP6_ADDRESS;
	memcpy(answer + IP6_LEN + ICMP_LEN, packet, quoted);
	sum = ip_pseudo_sum(answer, PROTOCOL_ICMP6, ICMP_LEN + quoted);
	sum_put(answer + IP6_LEN + ICMP_SUM_AT, sum_bytes(sum, answer + IP6_LEN, ICMP_LEN + quoted));
	return IP6_LEN + ICMP_LEN + quoted;
}

void unreachable_answer(struct tun *tun, const uint8_t *packet, size_t len, uint64_t now_ns)
{
	uint8_t *answer = answers[next];
	size_t answer_len;

	if (!len || !may_answer(now_ns))
		return;
	answer_len = ip_version(packet) == 4 ? answer4(answer, packet, len) : answer6(answer, packet, len);
	if (!answer_len)
		return;
	tun_write(tun, answer, answer_len);
	next = (next + 1) % UNREACHABLE_BATCH;
	/* The oldest would be written over next. */
	if (!next)
		tun_flush(tun);
}
