/* The last configuration set a service applied: kept beside the files, the fallback when those are broken; and in memory, for
 * when the service is started again. */
#ifndef CONF_APPLIED_H
#define CONF_APPLIED_H

#include "conf/set.h"

#define APPLIED_DIR "applied"

/* The NAME, in memory, of what is confirmed for all services. */
#define APPLIED_CONFIRMED "confirmed"

/* An fd of applied/NAME below dir_fd, or -errno. The caller closes it. */
int applied_open(int dir_fd, const char *name);

/* Makes the files of set (bits 1 << enum conf_file; ~0u: all) the ones of applied/NAME, all at once; nothing is written
 * when they are so already. durable: over a power cut, which waits for the disk. 0 or -errno. */
int applied_save(int dir_fd, const char *name, const struct conf_set *set, unsigned files, bool durable);

void applied_remove(int dir_fd, const char *name);

#endif
