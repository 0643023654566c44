/* One sum over the four files of a directory, by which a set is known again that is kept nowhere. */
#ifndef CONF_SET_SUM_H
#define CONF_SET_SUM_H

#include <stdint.h>

#include "conf/files.h"
#include "crypto/key.h"

/* replaced: in place of the files of the directory; NULL: that one is as it stands there. 0 or -errno. */
int set_sum(int dir_fd, const struct conf_text *const replaced[static CONF_FILES], uint8_t sum[static KEY_LEN]);
int set_sum_of(int dir_fd, uint8_t sum[static KEY_LEN]); /* all as they stand */

#endif
