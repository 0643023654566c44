/* Parts of a file's text changed, all other bytes kept: comments, order, blanks, line ends. Pure.
 *
 * section is the line of a [Section], from 1; 0 stands for all of a text without sections (.env). Each writes the new text into
 * dst[cap] and says its length, or -EFBIG. */
#ifndef CONF_EDIT_H
#define CONF_EDIT_H

#include <sys/types.h>

#include "base/text.h"

/* The first [name] behind that line, before another [until] (NULL: any): 0 when there is none. */
unsigned edit_section(struct slice text, const char *name, unsigned behind, const char *until);

/* Of a key that stands there: its value is replaced; else a line behind the last one of the section. -E2BIG: it stands more than
 * once there; -EINVAL: the value cannot stand in a line, or that which is there goes over several. */
ssize_t edit_set(struct slice text, unsigned section, const char *key, struct slice value, char *dst, size_t cap);

/* Removes the key's line, the one with that value unless that is empty. -ENOENT: there is none; -E2BIG: more than one. */
ssize_t edit_unset(struct slice text, unsigned section, const char *key, struct slice value, char *dst, size_t cap);

/* lines behind the last line of the section that is none of blanks or comments, after an empty line; 0: at the end of the text. */
ssize_t edit_add(struct slice text, unsigned section, struct slice lines, char *dst, size_t cap);

/* lines in front of the section, and an empty line behind them. -ENOENT. */
ssize_t edit_insert(struct slice text, unsigned section, struct slice lines, char *dst, size_t cap);

/* Removes the section, down to its last key, and an empty line behind it. -ENOENT. */
ssize_t edit_remove(struct slice text, unsigned section, char *dst, size_t cap);

#endif
