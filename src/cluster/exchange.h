/* What instances say to each other over TCP inside the VPN, version 1: who connects asks once, is answered once, and gets what the answer
 * announces, up to the end of the connection. Who speaks is known by cryptokey routing, so nothing here says it. Pure.
 *
 * The request, 64 bytes:                        The answer, 64 bytes:
 *    0  "MITIGATOR PEER", 2 bytes of 0             0  "MITIGATOR PEER", 2 bytes of 0
 *   16  version, 32 bits: 1                       16  version, 32 bits: 1
 *   20  what, 32 bits: enum exchange_what         20  enum exchange_status, 32 bits
 *   24  offset, 64 bits: so much is there         24  offset, 64 bits: what follows begins there
 *   32  of what: SHA-256 of its first             32  length of the whole, 64 bits
 *       EXCHANGE_HEAD_LEN bytes; 0: nothing       40  0
 *
 * Numbers are little-endian. The offset of an answer is that of the request where the same is served here, and 0 where it is something else.
 * The first 24 bytes stay what they are in all versions, so that an older instance can say that it is older. */
#ifndef CLUSTER_EXCHANGE_H
#define CLUSTER_EXCHANGE_H

#include <stdint.h>

enum { EXCHANGE_VERSION = 1, EXCHANGE_LEN = 64, EXCHANGE_ID_LEN = 32, EXCHANGE_HEAD_LEN = 320 };

enum exchange_what { EXCHANGE_BUNDLE = 1 /* update.bundle of the version that runs */ };

enum exchange_status {
	EXCHANGE_OK,
	EXCHANGE_NONE,    /* there is nothing of what is asked for */
	EXCHANGE_UNKNOWN, /* what that is, is not known here */
	EXCHANGE_OTHER,   /* the version of the request is not known here */
	EXCHANGE_STATUSES
};

struct exchange_request {
	uint32_t what;
	uint64_t offset;
	uint8_t id[EXCHANGE_ID_LEN];
};

struct exchange_answer {
	enum exchange_status status;
	uint64_t offset, len; /* 0 but for EXCHANGE_OK; the offset is at most the length */
};

void exchange_write_request(uint8_t bytes[static EXCHANGE_LEN], const struct exchange_request *request);
void exchange_write_answer(uint8_t bytes[static EXCHANGE_LEN], const struct exchange_answer *answer);

/* 0, -EPROTO: none of this protocol's, no answer is due; -EPROTONOSUPPORT: of another version. */
int exchange_read_request(const uint8_t bytes[static EXCHANGE_LEN], struct exchange_request *request);
int exchange_read_answer(const uint8_t bytes[static EXCHANGE_LEN], struct exchange_answer *answer);

#endif
