/* What came up without a commit of ours: the files of a boot, or those of a release before generations. */
#ifndef CONFIG_ADOPT_H
#define CONFIG_ADOPT_H

#include "config/store.h"

/* A set that each service keeps in applied/, and which is not known yet, is confirmed as a generation. 0 or -errno. */
int adopt_applied(struct store *store, int data_fd);

/* The sum of the set that the services keep, for store_confirm: false when they do not keep the same one. */
bool adopt_sum(int data_fd, uint8_t sum[static KEY_LEN]);

#endif
