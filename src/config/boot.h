/* What a boot runs: the files, unless they are known not to be what was meant to run. */
#ifndef CONFIG_BOOT_H
#define CONFIG_BOOT_H

#include "config/store.h"

/* Why the files below data_fd are not to run, NULL: they are. confirmed runs then. */
const char *boot_reason(const struct store *store, int data_fd);

#endif
