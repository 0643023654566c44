/* Characters that are text and yet have no place in a key, a value or a name: they look like a blank, like nothing, or turn
 * what stands behind them around. They come along when text is copied from a browser or an office program. */
#ifndef CONF_CHARS_H
#define CONF_CHARS_H

#include "conf/keys.h"

enum { CHARS_SHOWN_LEN = 64 };

/* Puts the first one of s, which is UTF-8, into shown as "U+00A0 (no-break space)": true when there is one. plain: nothing but
 * ASCII is taken, as in keys and values. */
bool chars_find(struct slice s, bool plain, char shown[static CHARS_SHOWN_LEN]);

/* Copies s into dst, which holds s.len bytes, with blanks for what looks like one and without what looks like nothing. */
struct slice chars_clean(struct slice s, char *dst);

#endif
