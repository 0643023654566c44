/* Text as slices, parsed with bounds of our own: libc's parsers differ and overflow in silence. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed characters, not NUL-terminated. */
struct slice {
	const char *ptr;
	size_t len;
};

/* printf arguments for "%.*s" */
#define SLICE_ARG(s) (int)(s).len, (s).ptr

struct slice slice_of(const char *text);
struct slice slice_trim(struct slice s); /* blanks and tabs off both ends */
bool slice_equal(struct slice a, const char *b);
bool slice_equal_nocase(struct slice a, const char *b); /* ASCII only */
bool slice_starts(struct slice s, const char *prefix);
size_t slice_among(struct slice s, const char *const words[], size_t count); /* its place there; count: it is none of them */

/* Takes what stands before the next sep off *rest (all of it when there is none). False once *rest was used up:
 * an empty last field is still a field, so "a," gives "a" and "". */
bool slice_cut(struct slice *rest, char sep, struct slice *field);

/* The next word of *rest, words being separated by blanks and tabs; false when there is none. */
bool slice_word(struct slice *rest, struct slice *word);

/* Copies into dst as a string: 0, or -ENAMETOOLONG when it does not fit cap with its NUL (dst is then ""). */
int slice_copy(struct slice s, char *dst, size_t cap);

/* Decimal digits only: 0, -EINVAL for anything else, -ERANGE above max. */
int text_uint(struct slice s, uint64_t max, uint64_t *value);

/* Levenshtein distance without regard to ASCII case, two letters that are exchanged counting as one edit, up to max; SIZE_MAX above, and for names over 64 characters. */
size_t text_distance(struct slice a, const char *b, size_t max);

/* snprintf(3) for where a cut-off end does no harm: messages, names of known length. */
void text_format(char *dst, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* What goes behind a noun of which there are so many: "" for one, else "s". */
const char *text_plural(uint64_t count);

/* The digits of number in front of end, where at most TEXT_DIGITS are: the first of them. For what is written a thousand times over. */
enum { TEXT_DIGITS = 20 };
char *text_digits(uint64_t number, char *end);

/* Each byte that is not printable ASCII becomes a '?': no foreign byte may steer a terminal. */
void text_make_printable(char *text);

/* Text built up in a buffer of fixed size; what does not fit is cut off and remembered as truncated. */
struct text {
	char *buf;
	size_t cap;
	size_t len;
	bool truncated;
};

void text_init(struct text *t, char *buf, size_t cap);
void text_add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
