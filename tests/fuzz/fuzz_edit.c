/* Texts that are edited: what was set is read back, and nothing else is another; what changed is told whole. */
#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "conf/diff.h"
#include "conf/edit.h"
#include "conf/shown.h"
#include "conf/view.h"

static char dst[1 << 16], again[1 << 16];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct counts {
	size_t before_len, after_len, changed;
};

static void count_line(void *arg, char sign, unsigned number, struct slice text)
{
	struct counts *counts = arg;

	(void)number;
	counts->before_len += sign != '+' ? text.len : 0;
	counts->after_len += sign != '-' ? text.len : 0;
	counts->changed += sign != ' ';
}

static void drop_row(void *arg, const char *text)
{
	(void)arg;
	if (strlen(text) > SHOWN_COLUMNS)
		abort();
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			abort();
}

static void compare(struct slice before, struct slice after, size_t changed_max)
{
	struct counts counts = { 0, 0, 0 };

	diff_lines(before, after, count_line, &counts);
	if (counts.before_len != before.len || counts.after_len != after.len || counts.changed > changed_max)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct diag diag;
	struct slice text, value = slice_of("5567");
	unsigned section;
	char *copy;
	ssize_t len;

	if (size < 2 || size > sizeof(dst) / 2)
		return 0;
	section = data[0] % 8;
	copy = exact_copy(data + 1, size - 1);
	text = (struct slice){ copy, size - 1 };
	compare(text, (struct slice){ copy + text.len / 2, text.len - text.len / 2 }, SIZE_MAX);
	view_print(data[0] % CONF_FILES, text, 0, &diag, drop_row, NULL);
	len = edit_set(text, section, "ListenPort", value, dst, sizeof(dst));
	if (len >= 0) {
		/* one line is another; the one before it may have got an end */
		compare(text, (struct slice){ dst, (size_t)len }, 3);
		if (edit_set((struct slice){ dst, (size_t)len }, section, "ListenPort", value, again, sizeof(again)) != len ||
		    memcmp(dst, again, (size_t)len) != 0)
			abort();
	}
	len = edit_unset(text, section, "ListenPort", (struct slice){ "", 0 }, dst, sizeof(dst));
	if (len >= 0)
		compare(text, (struct slice){ dst, (size_t)len }, 1);
	(void)edit_add(text, section, slice_of("[Peer]\n"), dst, sizeof(dst));
	(void)edit_insert(text, section, slice_of("[Peer]\n"), dst, sizeof(dst));
	(void)edit_remove(text, section, dst, sizeof(dst));
	free(copy);
	return 0;
}
