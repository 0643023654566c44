#include "conf/set_sum.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "crypto/blake2s.h"

static_assert((int)BLAKE2S_HASH_LEN == (int)KEY_LEN, "a sum is written as a key is");

/* The length goes behind: it is not known before. */
static void add_end(struct blake2s *state, bool present, uint64_t len)
{
	uint8_t end[9] = { present };

	store_le64(end + 1, len);
	blake2s_update(state, end, sizeof(end));
}

static int add_file(struct blake2s *state, int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err = fd < 0 ? -errno : 0;
	char part[4096];
	uint64_t len = 0;
	ssize_t n = 0;

	while (fd >= 0 && (n = read(fd, part, sizeof(part))) > 0) {
		blake2s_update(state, part, (size_t)n);
		len += (uint64_t)n;
	}
	if (n < 0)
		err = -errno;
	wipe(part, sizeof(part));
	if (fd >= 0)
		close(fd);
	add_end(state, fd >= 0, len);
	return err == -ENOENT ? 0 : err;
}

int set_sum(int dir_fd, const struct conf_text *const replaced[static CONF_FILES], uint8_t sum[static KEY_LEN])
{
	struct blake2s state;
	int err = 0;

	blake2s_init(&state, KEY_LEN, NULL, 0);
	for (enum conf_file file = 0; !err && file < CONF_FILES; file++) {
		const struct conf_text *text = replaced[file];

		if (!text) {
			err = add_file(&state, dir_fd, conf_file_name(file));
			continue;
		}
		if (text->len)
			blake2s_update(&state, text->bytes, text->len);
		add_end(&state, text->present, text->len);
	}
	blake2s_final(&state, sum);
	return err;
}

int set_sum_of(int dir_fd, uint8_t sum[static KEY_LEN])
{
	static const struct conf_text *const as_they_stand[CONF_FILES];

	return set_sum(dir_fd, as_they_stand, sum);
}
