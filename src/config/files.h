/* A set of files for a commit: read at one time, checked as a whole. */
#ifndef CONFIG_FILES_H
#define CONFIG_FILES_H

#include "conf/set.h"
#include "conf/summary.h"

/* Says all there is to find: false when nothing of it can be applied. summary: what it comes to. */
bool files_load(struct conf_set *set, int dir_fd, char summary[static CONF_SUMMARY_LEN]);

#endif
