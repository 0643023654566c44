/* What is pasted for an import; and what may be exported comes back as it was. */
#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "conf/left_out.h"
#include "conf/paste.h"

static struct paste paste;
static struct vpn_conf now;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_line(void *arg, const char *text)
{
	(void)arg;
	paste_line(&paste, slice_of(text));
}

static void read_foreign(const char *bytes, size_t size)
{
	struct slice rest = { bytes, size }, line;

	paste_init(&paste);
	while (slice_cut(&rest, '\n', &line))
		paste_line(&paste, line);
	(void)paste_check(&paste);
}

static void read_own(char *bytes, size_t size)
{
	struct conf_text texts[CONF_FILES] = { [CONF_ENV] = { .present = true, .bytes = bytes, .len = size } };

	paste_init(&paste);
	paste_write(texts, true, read_line, NULL);
	if (paste_check(&paste) || paste.files[CONF_ENV].text.len != size ||
	    (size && memcmp(paste.files[CONF_ENV].text.bytes, bytes, size) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char dst[1 << 16], back[1 << 16], missing[128];
	char *copy;
	ssize_t len;

	if (!size)
		return 0;
	copy = exact_copy(data, size);
	read_foreign(copy, size);
	read_own(copy, size);
	len = left_out_take(data[0] & 1 ? CONF_PRIVATE : CONF_PUBLIC, (struct slice){ copy, size }, dst, sizeof(dst));
	if (len >= 0)
		(void)left_out_put((struct slice){ dst, (size_t)len }, &now, back, sizeof(back), missing, sizeof(missing));
	free(copy);
	return 0;
}
