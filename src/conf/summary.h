/* What a set comes to, in one line. */
#ifndef CONF_SUMMARY_H
#define CONF_SUMMARY_H

#include "conf/set.h"

enum { CONF_SUMMARY_LEN = 192 };

/* "ok: 10.8.3.1/24, 2 peers, ports 4567 and 4568 (1 warning)"; with errors "2 errors: nothing was applied, what runs keeps
 * running". */
const char *conf_set_summary(const struct conf_set *set, const struct diag *diag, char dst[static CONF_SUMMARY_LEN]);

#endif
