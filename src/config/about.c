#include "config/about.h"

#include <errno.h>

#include "base/text.h"

const char *const about_state_words[ABOUT_STATES] = {
	[ABOUT_NEW] = "not confirmed",
	[ABOUT_CONFIRMED] = "confirmed",
	[ABOUT_FAILED] = "failed",
	[ABOUT_UNDONE] = "undone",
	[ABOUT_SET_ASIDE] = "set aside",
};

size_t about_write(const struct about *about, char text[static ABOUT_TEXT_LEN])
{
	struct text out;

	text_init(&out, text, ABOUT_TEXT_LEN);
	text_add(&out, "when %lld\nby %s\nstate %s\nsummary %s\n", (long long)about->when_s, about->by, about_state_words[about->state],
		 about->summary);
	if (about->lost_key[0])
		text_add(&out, "lost-key %s\n", about->lost_key);
	return out.len;
}

static int read_state(struct slice words, enum about_state *state)
{
	size_t at = slice_among(words, about_state_words, ABOUT_STATES);

	*state = at < ABOUT_STATES ? (enum about_state)at : ABOUT_NEW;
	return at < ABOUT_STATES ? 0 : -EINVAL;
}

/* It goes to a terminal. */
static int read_words(struct slice words, char *dst, size_t cap)
{
	for (size_t i = 0; i < words.len; i++)
		if ((unsigned char)words.ptr[i] < ' ' || (unsigned char)words.ptr[i] > '~')
			return -EINVAL;
	return slice_copy(words, dst, cap) < 0 ? -EINVAL : 0;
}

static int read_line(struct slice line, struct about *about)
{
	struct slice name;
	uint64_t number;
	int err;

	if (!slice_cut(&line, ' ', &name) || !line.ptr)
		return -EINVAL;
	if (slice_equal(name, "by"))
		return read_words(line, about->by, sizeof(about->by));
	if (slice_equal(name, "summary"))
		return read_words(line, about->summary, sizeof(about->summary));
	if (slice_equal(name, "lost-key"))
		return read_words(line, about->lost_key, sizeof(about->lost_key));
	if (slice_equal(name, "state"))
		return read_state(line, &about->state);
	if (!slice_equal(name, "when"))
		return 0; /* of a later release */
	err = text_uint(line, INT64_MAX, &number);
	about->when_s = err ? 0 : (int64_t)number;
	return err ? -EINVAL : 0;
}

int about_read(const char *text, size_t len, struct about *about)
{
	struct slice rest = { text, len }, line;
	int err = 0;

	*about = (struct about){ 0 };
	while (!err && slice_cut(&rest, '\n', &line))
		if (line.len)
			err = read_line(line, about);
	return err;
}
