/* tunnel/unreachable: which packets are answered. What the answer says is for the kernel to judge (netns tests). */
#include "test.h"

#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/sum.h"
#include "engine/unreachable.h"

enum { UDP = 17, ICMP = 1, ICMP6 = 58, LEN = 48 };

static struct tun tun = { .fd = -1 };

static bool answered(const uint8_t *packet, size_t len)
{
	static uint64_t now_ns;

	tun.item_count = tun.iov_count = 0;
	now_ns += NS_PER_S;
	unreachable_answer(&tun, packet, len, now_ns);
	return tun.item_count == 1;
}

static uint8_t *ip4(uint8_t protocol, uint8_t first)
{
	static uint8_t packet[LEN];

	memset(packet, 0, sizeof(packet));
	packet[0] = 0x45, packet[3] = LEN, packet[8] = 64, packet[9] = protocol;
	memcpy(packet + 12, (const uint8_t[]){ 10, 8, 3, 1, 10, 8, 3, 9 }, 8);
	packet[20] = first;
	return packet;
}

static uint8_t *ip6(uint8_t protocol, uint8_t first)
{
	static uint8_t packet[LEN];

	memset(packet, 0, sizeof(packet));
	packet[0] = 0x60, packet[5] = LEN - 40, packet[6] = protocol, packet[7] = 64, packet[8] = packet[24] = 0xfd;
	packet[40] = first;
	return packet;
}

TEST(unreachable_is_said_of_what_one_host_sent_to_one_host)
{
	static const uint8_t errors4[] = { 3, 4, 5, 11, 12 }, others4[] = { 0, 8, 13, 200 };
	uint8_t *p;

	CHECK(answered(ip4(UDP, 0), LEN));
	CHECK_INT(tun.items[0].len, 20 + 8 + LEN);
	CHECK_MEM(tun.items[0].packet + 12, ip4(UDP, 0) + 16, 4); /* from the one that cannot be reached */
	CHECK_MEM(tun.items[0].packet + 28, ip4(UDP, 0), LEN);
	CHECK(sum_is_right(sum_bytes(0, tun.items[0].packet, 20)));
	CHECK(sum_is_right(sum_bytes(0, tun.items[0].packet + 20, 8 + LEN)));
	for (size_t i = 0; i < sizeof(errors4); i++)
		CHECK(!answered(ip4(ICMP, errors4[i]), LEN));
	for (size_t i = 0; i < sizeof(others4); i++)
		CHECK(answered(ip4(ICMP, others4[i]), LEN));
	p = ip4(ICMP, 0); /* with options before the error */
	p[0] = 0x46, p[24] = 11;
	CHECK(!answered(p, LEN));
	p = ip4(UDP, 0);
	p[7] = 1; /* a later fragment */
	CHECK(!answered(p, LEN));
	p = ip4(UDP, 0);
	p[16] = 224;
	CHECK(!answered(p, LEN));
	p[16] = 255;
	CHECK(!answered(p, LEN));
	p = ip4(UDP, 0);
	p[12] = 0;
	CHECK(!answered(p, LEN));
	CHECK(!answered(ip4(UDP, 0), 19));
	p = ip4(UDP, 0);
	p[0] = 0x4f; /* longer than it is */
	CHECK(!answered(p, LEN));
}

TEST(unreachable_holds_for_ipv6_too)
{
	uint8_t *p;

	CHECK(answered(ip6(UDP, 0), LEN));
	CHECK_INT(tun.items[0].len, 40 + 8 + LEN);
	CHECK(answered(ip6(ICMP6, 128), LEN));
	CHECK(!answered(ip6(ICMP6, 1), LEN));
	p = ip6(UDP, 0);
	p[24] = 0xff;
	CHECK(!answered(p, LEN));
	CHECK(!answered(ip6(UDP, 0), 39));
}

TEST(unreachable_is_said_a_bounded_number_of_times_a_second)
{
	unsigned said = 0;

	for (unsigned i = 0; i < 1000; i++) {
		tun.item_count = tun.iov_count = 0;
		unreachable_answer(&tun, ip4(UDP, 0), LEN, 1000 * NS_PER_S);
		said += tun.item_count == 1;
	}
	/* Whenever the ring of answers is full it is flushed, to a device that is not there. */
	CHECK_INT(said, UNREACHABLE_PER_S - UNREACHABLE_PER_S / UNREACHABLE_BATCH);
}
