/* What a program behind a UAPI socket answers, and what its second socket does: any bytes, since it is fed from the wire. The first byte
 * says where the one ends and the other begins. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/uapi_text.h"

static int read_all(struct uapi_answer *answer, struct slice rest)
{
	struct slice line;
	int err = 0;

	while (!err && slice_cut(&rest, '\n', &line))
		if (line.len && line.len <= UAPI_TEXT_MAX)
			err = uapi_answer_line(answer, line);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tunnel_config running;
	struct uapi_program program = { .index = 0 };
	struct uapi_answer answer = { .running = &running }, more = { .running = &running, .program = &program };
	struct uapi_lines lines = { .len = 0 };
	size_t cut;

	if (!size)
		return 0;
	cut = 1 + data[0] * (size - 1) / UINT8_MAX;
	tunnel_config_clear(&running);
	if (!read_all(&answer, (struct slice){ (const char *)data + 1, cut - 1 }) && !answer.ended && answer.refused)
		abort();
	(void)read_all(&more, (struct slice){ (const char *)data + cut, size - cut });
	if (running.peer_count > TUNNEL_PEERS_MAX || running.allowed_count > TUNNEL_PREFIXES_MAX)
		abort();
	/* What was taken can be said again, and is taken again. */
	for (size_t i = 0; i < running.peer_count; i++) {
		const struct tunnel_peer *peer = &running.peers[i];

		if (peer->allowed_first + peer->allowed_count > running.allowed_count)
			abort();
		if (peer->counts.failure >= TUNNEL_FAILURES)
			abort();
		uapi_text_peer(&lines, &running, peer, TUNNEL_SET_NEW | TUNNEL_SET_ENDPOINT | TUNNEL_SET_ALLOWED | TUNNEL_SET_PRESHARED_KEY);
	}
	if (lines.failed)
		abort();
	uapi_lines_free(&lines);
	return 0;
}
