/* The one reader of [Section] and Key = value files: which rows of a format's tables a text calls, and what of it
 * no row takes. */
#ifndef CONF_INI_H
#define CONF_INI_H

#include "conf/keys.h"

/* Goes on after a bad line. model is handed to the rows as at->model. */
void ini_parse(const struct conf_format *format, void *model, const char *text, size_t len, struct diag *diag);

#endif
