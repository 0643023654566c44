#include "ntp/report.h"

#include <string.h>

#include "base/bytes.h"

enum {
	VERSION = 6,
	REQUEST = 1,
	ANSWER = 2,
	SUCCESS = 0,
	N_SOURCES = 14,
	SOURCE_DATA = 15,
	TRACKING = 33,
	FORM_N_SOURCES = 2,
	FORM_SOURCE_DATA = 3,
	FORM_TRACKING = 5,
	REQUEST_DATA = 20, /* where it begins */
	ANSWER_DATA = 28,
	ADDRESS_LEN = 20,
	FLOAT_LEN = 4,
	ADDRESS_IPV4 = 1, /* its family */
	ADDRESS_IPV6 = 2,
	MODE_PEER = 1,
	N_SOURCES_LEN = ANSWER_DATA + 4,
	SOURCE_DATA_LEN = ANSWER_DATA + ADDRESS_LEN + 28,
	TRACKING_LEN = ANSWER_DATA + ADDRESS_LEN + 56,
	/* in the data of an answer */
	TRACKING_ADDRESS = 4,
	TRACKING_STRATUM = 24,
	TRACKING_LEAP = 26,
	TRACKING_CORRECTION = 40,
	TRACKING_DELAY = 64,
	TRACKING_DISPERSION = 68,
	SOURCE_STRATUM = 22,
	SOURCE_STATE = 24,
	SOURCE_MODE = 26,
	SOURCE_REACH = 30,
	SOURCE_AGO = 32,
	SOURCE_OFFSET = 40,
};

enum { FLOAT_EXPONENT_BITS = 7, FLOAT_COEFFICIENT_BITS = 25, NS_BITS_MAX = 62 };

static size_t request(uint8_t dst[static NTP_REPORT_MAX], uint16_t command, uint32_t sequence, size_t len)
{
	memset(dst, 0, len);
	dst[0] = VERSION;
	dst[1] = REQUEST;
	store_be16(dst + 4, command);
	store_be32(dst + 8, sequence);
	return len;
}

size_t ntp_ask_tracking(uint8_t dst[static NTP_REPORT_MAX], uint32_t sequence)
{
	return request(dst, TRACKING, sequence, TRACKING_LEN);
}

size_t ntp_ask_source_count(uint8_t dst[static NTP_REPORT_MAX], uint32_t sequence)
{
	return request(dst, N_SOURCES, sequence, N_SOURCES_LEN);
}

size_t ntp_ask_source(uint8_t dst[static NTP_REPORT_MAX], uint32_t sequence, uint32_t index)
{
	size_t len = request(dst, SOURCE_DATA, sequence, SOURCE_DATA_LEN);

	store_be32(dst + REQUEST_DATA, index);
	return len;
}

/* Its data, or NULL. */
static const uint8_t *answer(const uint8_t *bytes, size_t len, uint16_t command, uint16_t form, uint32_t sequence, size_t expected)
{
	if (len < expected || bytes[0] != VERSION || bytes[1] != ANSWER || load_be16(bytes + 4) != command ||
	    load_be16(bytes + 6) != form || load_be16(bytes + 8) != SUCCESS || load_be32(bytes + 16) != sequence)
		return NULL;
	return bytes + ANSWER_DATA;
}

/* Seconds; what 64 bits do not hold is the largest or smallest that they do. */
static int64_t float_ns(const uint8_t *bytes)
{
	const uint32_t raw = load_be32(bytes);
	int exponent = (int)(raw >> FLOAT_COEFFICIENT_BITS);
	int64_t coefficient = (int64_t)(raw & ((UINT32_C(1) << FLOAT_COEFFICIENT_BITS) - 1));
	double s;

	if (exponent >= 1 << (FLOAT_EXPONENT_BITS - 1))
		exponent -= 1 << FLOAT_EXPONENT_BITS;
	if (coefficient >= INT64_C(1) << (FLOAT_COEFFICIENT_BITS - 1))
		coefficient -= INT64_C(1) << FLOAT_COEFFICIENT_BITS;
	s = (double)coefficient;
	for (exponent -= FLOAT_COEFFICIENT_BITS; exponent < 0; exponent++)
		s /= 2;
	for (; exponent > 0; exponent--)
		s *= 2;
	s *= 1e9;
	if (s >= (double)(INT64_C(1) << NS_BITS_MAX) || s <= -(double)(INT64_C(1) << NS_BITS_MAX))
		return s < 0 ? -(INT64_C(1) << NS_BITS_MAX) : INT64_C(1) << NS_BITS_MAX;
	return (int64_t)s;
}

static struct inet_addr read_address(const uint8_t *bytes)
{
	const uint16_t family = load_be16(bytes + 16);
	struct inet_addr addr = { 0 };

	if (family == ADDRESS_IPV4 || family == ADDRESS_IPV6) {
		addr.family = family == ADDRESS_IPV4 ? AF_INET : AF_INET6;
		memcpy(addr.bytes, bytes, inet_size(addr.family));
	}
	return addr;
}

bool ntp_read_tracking(const uint8_t *bytes, size_t len, uint32_t sequence, struct ntp_tracking *tracking)
{
	const uint8_t *data = answer(bytes, len, TRACKING, FORM_TRACKING, sequence, TRACKING_LEN);

	if (!data)
		return false;
	*tracking = (struct ntp_tracking){
		.synchronised = load_be16(data + TRACKING_LEAP) != NTP_UNSYNCHRONISED,
		.source = read_address(data + TRACKING_ADDRESS),
		.stratum = load_be16(data + TRACKING_STRATUM),
		.correction_ns = float_ns(data + TRACKING_CORRECTION),
		.root_distance_ns = float_ns(data + TRACKING_DELAY) / 2 + float_ns(data + TRACKING_DISPERSION),
	};
	return true;
}

bool ntp_read_source_count(const uint8_t *bytes, size_t len, uint32_t sequence, uint32_t *count)
{
	const uint8_t *data = answer(bytes, len, N_SOURCES, FORM_N_SOURCES, sequence, N_SOURCES_LEN);

	if (data)
		*count = load_be32(data);
	return data;
}

bool ntp_read_source(const uint8_t *bytes, size_t len, uint32_t sequence, struct ntp_source *source)
{
	const uint8_t *data = answer(bytes, len, SOURCE_DATA, FORM_SOURCE_DATA, sequence, SOURCE_DATA_LEN);
	uint16_t state;

	if (!data)
		return false;
	state = load_be16(data + SOURCE_STATE);
	*source = (struct ntp_source){
		.addr = read_address(data),
		.state = state < NTP_SOURCE_STATES ? (enum ntp_source_state)state : NTP_UNREACHABLE,
		.is_peer = load_be16(data + SOURCE_MODE) == MODE_PEER,
		.answers = load_be16(data + SOURCE_REACH) != 0,
		.stratum = load_be16(data + SOURCE_STRATUM),
		.ago_s = load_be32(data + SOURCE_AGO),
		.offset_ns = float_ns(data + SOURCE_OFFSET),
	};
	return true;
}
