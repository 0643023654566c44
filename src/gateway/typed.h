/* What is pasted at a terminal. */
#ifndef GATEWAY_TYPED_H
#define GATEWAY_TYPED_H

#include <stddef.h>

#define TYPED_PROMPT "conf> "

/* Lines, each behind TYPED_PROMPT, into bytes, up to one with a single "." or Ctrl-D, as in ed(1) and mail(1): 0, -EFBIG, or -ECANCELED when whoever types
 * thought better of it. What does not fit is read to its end all the same: it is not for the console to obey. */
int typed_lines(char *bytes, size_t cap, size_t *len);

/* For line_init, of the line itself: as terminal_echo, but a key is asterisks once its name stands before it; or all is. A screen
 * may be kept by a console server. */
void typed_echo(void *line, const char *bytes, size_t len);
void typed_echo_secret(void *line, const char *bytes, size_t len);

#endif
