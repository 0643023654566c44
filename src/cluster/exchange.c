#include "cluster/exchange.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/bytes.h"

enum { VERSION_AT = 16, KIND_AT = 20, OFFSET_AT = 24, ID_AT = 32, LEN_AT = 32, ZEROS_AT = 40 };

static_assert(ID_AT + EXCHANGE_ID_LEN == EXCHANGE_LEN, "a request ends with what it has");

static const uint8_t magic[VERSION_AT] = "MITIGATOR PEER";

static void write_begin(uint8_t bytes[static EXCHANGE_LEN], uint32_t kind, uint64_t offset)
{
	memset(bytes, 0, EXCHANGE_LEN);
	memcpy(bytes, magic, sizeof(magic));
	store_le32(bytes + VERSION_AT, EXCHANGE_VERSION);
	store_le32(bytes + KIND_AT, kind);
	store_le64(bytes + OFFSET_AT, offset);
}

void exchange_write_request(uint8_t bytes[static EXCHANGE_LEN], const struct exchange_request *request)
{
	write_begin(bytes, request->what, request->offset);
	memcpy(bytes + ID_AT, request->id, sizeof(request->id));
}

void exchange_write_answer(uint8_t bytes[static EXCHANGE_LEN], const struct exchange_answer *answer)
{
	write_begin(bytes, answer->status, answer->offset);
	store_le64(bytes + LEN_AT, answer->len);
}

static int read_begin(const uint8_t bytes[static EXCHANGE_LEN])
{
	if (memcmp(bytes, magic, sizeof(magic)) != 0)
		return -EPROTO;
	return load_le32(bytes + VERSION_AT) == EXCHANGE_VERSION ? 0 : -EPROTONOSUPPORT;
}

int exchange_read_request(const uint8_t bytes[static EXCHANGE_LEN], struct exchange_request *request)
{
	int err = read_begin(bytes);

	*request = (struct exchange_request){ 0 };
	if (err < 0)
		return err;
	request->what = load_le32(bytes + KIND_AT);
	request->offset = load_le64(bytes + OFFSET_AT);
	memcpy(request->id, bytes + ID_AT, sizeof(request->id));
	return 0;
}

int exchange_read_answer(const uint8_t bytes[static EXCHANGE_LEN], struct exchange_answer *answer)
{
	uint32_t status = load_le32(bytes + KIND_AT);
	struct exchange_answer read = { .offset = load_le64(bytes + OFFSET_AT), .len = load_le64(bytes + LEN_AT) };
	int err = read_begin(bytes);

	*answer = (struct exchange_answer){ .status = EXCHANGE_NONE };
	if (err < 0)
		return err;
	if (status >= EXCHANGE_STATUSES || read.offset > read.len || (status != EXCHANGE_OK && read.len))
		return -EPROTO;
	for (size_t i = ZEROS_AT; i < EXCHANGE_LEN; i++)
		if (bytes[i])
			return -EPROTO;
	read.status = (enum exchange_status)status;
	*answer = read;
	return 0;
}
