/* chronyd's command protocol, version 6 (candm.h of chrony 4): two questions and their answers. Pure: bytes come in and go out.
 *
 *     request  version 6, kind 1, 2 zero, command u16, attempt u16, sequence u32, 8 zero, data; as long as the answer will be
 *     answer   version 6, kind 2, 2 zero, command u16, form u16, status u16, 6 zero, sequence u32, 8 zero, data
 *
 * in network byte order; a number with a fraction is an exponent of 7 bits and a coefficient of 25, both signed. */
#ifndef NTP_REPORT_H
#define NTP_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"

enum { NTP_REPORT_MAX = 512, NTP_UNSYNCHRONISED = 3 /* RFC 5905's leap indicator */ };

/* What the clock follows. Times in nanoseconds. */
struct ntp_tracking {
	bool synchronised;
	struct inet_addr source; /* family 0: no one, the clock runs by itself */
	unsigned stratum;
	int64_t correction_ns;    /* what is still to be slewed: added to the clock */
	int64_t root_distance_ns; /* half of the root delay, and the root dispersion (RFC 5905) */
};

enum ntp_source_state { NTP_SELECTED, NTP_UNREACHABLE, NTP_FALSETICKER, NTP_JITTERY, NTP_COMBINED, NTP_SELECTABLE, NTP_SOURCE_STATES };

struct ntp_source {
	struct inet_addr addr; /* family 0: of a name that is not resolved */
	enum ntp_source_state state;
	bool is_peer;
	bool answers;        /* at least one of the last eight requests was answered */
	unsigned stratum;
	uint32_t ago_s;      /* since the last answer that was taken; UINT32_MAX: there was none */
	int64_t offset_ns;   /* our clock less its, at that answer */
};

/* Each writes a request: its length. */
size_t ntp_ask_tracking(uint8_t dst[static NTP_REPORT_MAX], uint32_t sequence);
size_t ntp_ask_source_count(uint8_t dst[static NTP_REPORT_MAX], uint32_t sequence);
size_t ntp_ask_source(uint8_t dst[static NTP_REPORT_MAX], uint32_t sequence, uint32_t index);

/* False: these bytes are not the answer to that request. */
bool ntp_read_tracking(const uint8_t *bytes, size_t len, uint32_t sequence, struct ntp_tracking *tracking);
bool ntp_read_source_count(const uint8_t *bytes, size_t len, uint32_t sequence, uint32_t *count);
bool ntp_read_source(const uint8_t *bytes, size_t len, uint32_t sequence, struct ntp_source *source);

#endif
