/* The last configuration set a service applied: kept beside the files, the fallback when those are broken. */
#ifndef CONF_APPLIED_H
#define CONF_APPLIED_H

#include "conf/set.h"

#define APPLIED_DIR "applied"

/* An fd of applied/NAME below conf_dir_fd, or -errno. The caller closes it. */
int applied_open(int conf_dir_fd, const char *name);

/* Makes the files of set (bits 1 << enum conf_file; ~0u: all) the ones of applied/NAME, all at once; nothing is written
 * when they are so already. 0 or -errno. */
int applied_save(int conf_dir_fd, const char *name, const struct conf_set *set, unsigned files);

#endif
