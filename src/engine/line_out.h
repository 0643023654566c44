/* An answer in lines that is made piece by piece: what is there goes out before more is made, so that a long one costs packets
 * no pause and needs no memory. It may hold keys. */
#ifndef ENGINE_LINE_OUT_H
#define ENGINE_LINE_OUT_H

#include <stdbool.h>
#include <stddef.h>

/* LINE_OUT_PIECE: of some 16 peers. LINE_OUT_SPARE: what one step may add behind that. */
enum { LINE_OUT_PIECE = 8192, LINE_OUT_SPARE = 4096 };

struct line_out {
	size_t len;
	char text[LINE_OUT_PIECE + LINE_OUT_SPARE];
};

/* At most 600 characters, of which what does not fit is left out whole. */
void line_out_add(struct line_out *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void line_out_bytes(void *out, const char *bytes, size_t len); /* likewise; out is a struct line_out, as struct uapi_to has it */
static inline bool line_out_is_piece(const struct line_out *out)
{
	return out->len >= LINE_OUT_PIECE;
}
void line_out_clear(struct line_out *out); /* wiped */

#endif
