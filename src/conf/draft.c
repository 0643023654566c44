#include "conf/draft.h"

#include <errno.h>
#include <string.h>

enum { NUMBER_MAX = 1 << 24 };

void draft_open(struct draft *draft, struct slice text)
{
	draft->now.len = text.len < sizeof(draft->now.bytes) ? text.len : sizeof(draft->now.bytes);
	memcpy(draft->now.bytes, text.len ? text.ptr : "", draft->now.len);
	draft->kept_next = draft->kept_count = 0;
}

/* Where the line begins, and how long it is with its end. */
struct piece {
	size_t at, len;
};

/* The number-th line; at the end of the text, with nothing, when there is none. */
static bool find_piece(const struct draft *draft, unsigned number, struct piece *piece)
{
	const char *bytes = draft->now.bytes;

	*piece = (struct piece){ 0, 0 };
	for (unsigned i = 1; piece->at < draft->now.len; i++) {
		const char *end = memchr(bytes + piece->at, '\n', draft->now.len - piece->at);

		piece->len = end ? (size_t)(end - bytes) + 1 - piece->at : draft->now.len - piece->at;
		if (i == number)
			return true;
		piece->at += piece->len;
	}
	piece->len = 0;
	return false;
}

/* How long the end of that line is: "\r\n", "\n" or, of the last one, nothing. */
static size_t end_len(const struct draft *draft, struct piece piece)
{
	const char *end = draft->now.bytes + piece.at + piece.len;

	if (!piece.len || end[-1] != '\n')
		return 0;
	return piece.len > 1 && end[-2] == '\r' ? 2 : 1;
}

unsigned draft_count(const struct draft *draft)
{
	unsigned count = 0;

	for (size_t i = 0; i < draft->now.len; i++)
		count += draft->now.bytes[i] == '\n';
	return count + (draft->now.len && draft->now.bytes[draft->now.len - 1] != '\n');
}

bool draft_line(const struct draft *draft, unsigned number, struct slice *line)
{
	struct piece piece;
	bool found = find_piece(draft, number, &piece);

	*line = (struct slice){ draft->now.bytes + piece.at, piece.len - end_len(draft, piece) };
	return found;
}

static void keep(struct draft *draft)
{
	struct draft_text *kept = &draft->kept[draft->kept_next++ % DRAFT_KEPT];

	kept->len = draft->now.len;
	memcpy(kept->bytes, draft->now.bytes, draft->now.len);
	if (draft->kept_count < DRAFT_KEPT)
		draft->kept_count++;
}

/* The bytes there become before, line and after. */
static int put(struct draft *draft, struct piece piece, struct slice before, struct slice line, struct slice after, size_t limit)
{
	const struct slice parts[] = { before, line, after };
	char *at = draft->now.bytes + piece.at;
	size_t len = before.len + line.len + after.len, rest = draft->now.len - piece.at - piece.len;

	if (memchr(line.len ? line.ptr : "", '\n', line.len))
		return -EINVAL;
	if (limit > sizeof(draft->now.bytes))
		limit = sizeof(draft->now.bytes);
	if (len > piece.len && len - piece.len > limit - (draft->now.len < limit ? draft->now.len : limit))
		return -EFBIG;
	keep(draft);
	memmove(at + len, at + piece.len, rest);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		memcpy(at, parts[i].len ? parts[i].ptr : "", parts[i].len);
		at += parts[i].len;
	}
	draft->now.len = draft->now.len - piece.len + len;
	return 0;
}

int draft_replace(struct draft *draft, unsigned number, struct slice line, size_t limit)
{
	static const struct slice none = { "", 0 };
	struct piece piece;

	if (!find_piece(draft, number, &piece))
		return -ENOENT;
	piece.len -= end_len(draft, piece);
	return put(draft, piece, none, line, none, limit);
}

int draft_insert(struct draft *draft, unsigned before, struct slice line, size_t limit)
{
	unsigned count = draft_count(draft);
	struct slice lead = { "", 0 }, end = slice_of("\n");
	struct piece piece, first;

	if (!before || before > count + 1)
		return -ENOENT;
	if (find_piece(draft, 1, &first) && end_len(draft, first) == 2)
		end = slice_of("\r\n");
	if (!find_piece(draft, before, &piece) && draft->now.len && draft->now.bytes[draft->now.len - 1] != '\n')
		lead = end; /* the last line had none */
	piece.len = 0;
	return put(draft, piece, lead, line, end, limit);
}

int draft_delete(struct draft *draft, unsigned number)
{
	static const struct slice none = { "", 0 };
	struct piece piece;

	return find_piece(draft, number, &piece) ? put(draft, piece, none, none, none, SIZE_MAX) : -ENOENT;
}

bool draft_undo(struct draft *draft)
{
	const struct draft_text *kept = &draft->kept[(draft->kept_next - 1) % DRAFT_KEPT];

	if (!draft->kept_count)
		return false;
	draft->now.len = kept->len;
	memcpy(draft->now.bytes, kept->bytes, kept->len);
	draft->kept_next--;
	draft->kept_count--;
	return true;
}

static const struct {
	const char *name;
	enum draft_verb verb;
	bool takes_number, needs_number;
} verbs[] = {
	{ "i", DRAFT_INSERT, true, false }, { "d", DRAFT_DELETE, true, true },  { "l", DRAFT_LIST, true, false },
	{ "c", DRAFT_CHECK, false, false }, { "u", DRAFT_UNDO, false, false },  { "w", DRAFT_WRITE, false, false },
	{ "v", DRAFT_VIEW, false, false },  { "q", DRAFT_QUIT, false, false },
};

enum draft_verb draft_verb_of(struct slice words, unsigned *number)
{
	struct slice first, second = { "", 0 }, third;
	uint64_t value = 0;

	*number = 0;
	if (!slice_word(&words, &first) || (slice_word(&words, &second) && slice_word(&words, &third)))
		return DRAFT_NONE;
	if (!second.len && !text_uint(first, NUMBER_MAX, &value) && value) {
		*number = (unsigned)value;
		return DRAFT_OPEN;
	}
	if (second.len && (text_uint(second, NUMBER_MAX, &value) < 0 || !value))
		return DRAFT_NONE;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (slice_equal(first, verbs[i].name) && (second.len ? verbs[i].takes_number : !verbs[i].needs_number)) {
			*number = (unsigned)value;
			return verbs[i].verb;
		}
	return DRAFT_NONE;
}
