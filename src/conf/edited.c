#include "conf/edited.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/text.h"
#include "conf/set_sum.h"

#define EDITED_FILE "edited" /* in GENERATIONS_DIR */

enum { SUMS_MAX = 2, LINE_LEN = KEY_HEX_LEN, TEXT_LEN = SUMS_MAX * LINE_LEN + 1 };

/* last: the one that was noted last. */
static bool is_noted(int dir_fd, const uint8_t sum[static KEY_LEN], bool last)
{
	char text[TEXT_LEN];
	ssize_t n = file_read(dir_fd, GENERATIONS_DIR "/" EDITED_FILE, text, sizeof(text));
	struct slice rest = { text, n > 0 ? (size_t)n : 0 }, line;
	uint8_t noted[KEY_LEN];
	bool is = false;

	while (slice_cut(&rest, '\n', &line))
		if (!key_from_hex(line.ptr, line.len, noted))
			is = !memcmp(noted, sum, KEY_LEN) || (is && !last);
	return is;
}

bool edited_are(int dir_fd)
{
	uint8_t sum[KEY_LEN];

	return !set_sum_of(dir_fd, sum) && is_noted(dir_fd, sum, false);
}

int edited_note(int dir_fd, const struct conf_text *const replaced[static CONF_FILES])
{
	uint8_t sums[SUMS_MAX][KEY_LEN];
	char text[TEXT_LEN], hex[KEY_HEX_LEN];
	int fd = openat(dir_fd, GENERATIONS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;
	struct text out;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	err = set_sum_of(dir_fd, sums[0]);
	if (!err)
		err = set_sum(dir_fd, replaced, sums[1]);
	text_init(&out, text, sizeof(text));
	for (int i = !err && is_noted(dir_fd, sums[0], false) ? 0 : 1; i < SUMS_MAX; i++) {
		key_to_hex(sums[i], hex);
		text_add(&out, "%s\n", hex);
	}
	if (!err)
		err = file_replace(fd, EDITED_FILE, text, out.len, 0600);
	close(fd);
	return err;
}

void edited_commit(int dir_fd, const uint8_t sum[static KEY_LEN])
{
	if (is_noted(dir_fd, sum, true))
		(void)unlinkat(dir_fd, GENERATIONS_DIR "/" EDITED_FILE, 0);
}
