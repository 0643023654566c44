/* Edits of any text, one after the other: each changes the lines that it says and no other, and is taken back whole. */
#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "conf/draft.h"

static struct draft draft;
static struct draft_text before;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(unsigned number, struct slice line)
{
	struct slice found;

	if (!draft_line(&draft, number, &found) || found.len != line.len || memcmp(found.ptr, line.ptr, line.len) != 0)
		abort();
}

static void edit(const uint8_t *op)
{
	static const char *const lines[] = { "", "x", "Endpoint = 192.0.2.1:4567", "# y" };
	struct slice line = slice_of(lines[op[0] >> 6]);
	unsigned number = op[1], count = draft_count(&draft), verb = op[0] & 3;
	int err;

	before.len = draft.now.len;
	memcpy(before.bytes, draft.now.bytes, before.len);
	if (verb == 0)
		err = draft_replace(&draft, number, line, CONF_PUBLIC_MAX);
	else if (verb == 1)
		err = draft_insert(&draft, number, line, CONF_PUBLIC_MAX);
	else if (verb == 2)
		err = draft_delete(&draft, number);
	else
		err = draft_undo(&draft) ? 1 : -1;
	if (err < 0 && (draft.now.len != before.len || memcmp(draft.now.bytes, before.bytes, before.len) != 0))
		abort();
	if (err)
		return;
	/* A last line without an end that becomes empty is none. */
	if (verb == 0 && (line.len || number < count))
		check_line(number, line);
	if (verb == 1)
		check_line(number, line);
	if ((verb == 1 && draft_count(&draft) != count + 1) || (verb == 2 && draft_count(&draft) != count - 1))
		abort();
	if (op[0] & 4) {
		if (!draft_undo(&draft) || draft.now.len != before.len || memcmp(draft.now.bytes, before.bytes, before.len) != 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t ops = size ? data[0] % 16u : 0;
	unsigned number;
	char *copy;

	if (size < 1 + ops * 2 || size > 4096)
		return 0;
	copy = exact_copy(data + 1 + ops * 2, size - 1 - ops * 2);
	draft_open(&draft, (struct slice){ copy, size - 1 - ops * 2 });
	for (size_t i = 0; i < ops; i++)
		edit(data + 1 + i * 2);
	(void)draft_verb_of((struct slice){ copy, size - 1 - ops * 2 }, &number);
	free(copy);
	return 0;
}
