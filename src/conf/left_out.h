/* Files without their keys, and with them again. Pure. */
#ifndef CONF_LEFT_OUT_H
#define CONF_LEFT_OUT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/text.h"
#include "conf/files.h"
#include "conf/vpn.h"

/* text without PrivateKey and PresharedKey, into dst[cap]: its length, or -EFBIG. Of vpn-private.conf nothing stays but what is
 * known to be no key; comments go too. */
ssize_t left_out_take(enum conf_file file, struct slice text, char *dst, size_t cap);

/* The line, without its end, has nothing of a key: false for what may be one. */
bool left_out_spares(enum conf_file file, struct slice line);

/* The line as far as it is typed: what comes next is of a key, in a file or an export. */
bool left_out_begun(struct slice line);

/* The reverse, with the keys of now: the length, or -EFBIG; -ENOKEY when now lacks one, and missing[missing_len] says which. */
ssize_t left_out_put(struct slice text, const struct vpn_conf *now, char *dst, size_t cap, char *missing, size_t missing_len);

#endif
