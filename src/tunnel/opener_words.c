#include "tunnel/opener_words.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"

enum {
	AT_WHAT = 4,
	AT_FLAGS = 5,
	AT_PORT = 6,
	AT_INDEX = 8,
	AT_ERROR = 8,
	AT_FAMILY = 12,
	AT_ADDRESS = 16,
	FLAG_ALONE = 1,
	FLAG_MERGE = 2,
	FLAG_BRIEF = 4,
	ERRNO_MAX = 4095, /* the kernel's MAX_ERRNO */
};

void opener_write_request(uint8_t bytes[static OPENER_REQUEST_LEN], const struct opener_request *request)
{
	memset(bytes, 0, OPENER_REQUEST_LEN);
	store_be32(bytes, request->number);
	bytes[AT_WHAT] = (uint8_t)request->what;
	bytes[AT_FLAGS] = (uint8_t)((request->alone ? FLAG_ALONE : 0) | (request->merge ? FLAG_MERGE : 0) |
				  (request->brief ? FLAG_BRIEF : 0));
	store_be16(bytes + AT_PORT, request->port);
	store_be32(bytes + AT_INDEX, request->index);
	if (!request->addr.family)
		return;
	bytes[AT_FAMILY] = request->addr.family == AF_INET ? 4 : 6;
	memcpy(bytes + AT_ADDRESS, request->addr.bytes, inet_size(request->addr.family));
}

static bool is_known(uint8_t what)
{
	return what >= OPENER_LINK && what <= OPENER_NEIGHBOUR;
}

int opener_read_request(const uint8_t *bytes, size_t len, struct opener_request *request)
{
	uint8_t family;

	*request = (struct opener_request){ .number = 0 };
	if (len != OPENER_REQUEST_LEN)
		return -EBADMSG;
	family = bytes[AT_FAMILY];
	request->number = load_be32(bytes);
	request->what = bytes[AT_WHAT];
	if (!is_known(bytes[AT_WHAT]))
		return -EOPNOTSUPP;
	request->alone = bytes[AT_FLAGS] & FLAG_ALONE;
	request->merge = bytes[AT_FLAGS] & FLAG_MERGE;
	request->brief = bytes[AT_FLAGS] & FLAG_BRIEF;
	request->port = load_be16(bytes + AT_PORT);
	request->index = load_be32(bytes + AT_INDEX);
	if (family == 4 || family == 6) {
		request->addr.family = family == 4 ? AF_INET : AF_INET6;
		memcpy(request->addr.bytes, bytes + AT_ADDRESS, inet_size(request->addr.family));
	}
	return family && !request->addr.family ? -EBADMSG : 0;
}

void opener_write_answer(uint8_t bytes[static OPENER_ANSWER_LEN], const struct opener_answer *answer)
{
	memset(bytes, 0, OPENER_ANSWER_LEN);
	store_be32(bytes, answer->number);
	bytes[AT_WHAT] = (uint8_t)answer->what;
	store_be16(bytes + AT_PORT, answer->port);
	store_be32(bytes + AT_ERROR, (uint32_t)-answer->err);
}

int opener_read_answer(const uint8_t *bytes, size_t len, struct opener_answer *answer)
{
	uint32_t error;

	*answer = (struct opener_answer){ .number = 0 };
	if (len != OPENER_ANSWER_LEN)
		return -EBADMSG;
	error = load_be32(bytes + AT_ERROR);
	if (error > ERRNO_MAX)
		return -EBADMSG;
	answer->number = load_be32(bytes);
	answer->what = bytes[AT_WHAT];
	answer->port = load_be16(bytes + AT_PORT);
	answer->err = -(int)error;
	return 0;
}
