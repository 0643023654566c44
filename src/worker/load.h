/* What a worker starts from: what ran when it crashed, the files, or what is confirmed in place of them. */
#ifndef WORKER_LOAD_H
#define WORKER_LOAD_H

#include "worker/change.h"

/* At start alone, when nothing is served yet: the disk may take its time. The candidate is read and checked: true when it
 * is good. ran_before: it was applied once. */
bool change_load(struct change *change, int dir_fd, bool ran_before);
int conf_dir_open(const char *dir, char *words, size_t cap); /* the directory of the files; -errno with the words of it */
bool change_load_applied(struct change *change, int dir_fd); /* what is confirmed, else the fallback in dir_fd; -1: none */
bool change_load_held(struct change *change);                /* what is confirmed, if it is to run in place of the files */
bool change_load_running(struct change *change);             /* what ran when a process before us crashed */

/* What ran is not confirmed: whoever owns the change says when it is to be kept. */
bool change_pending(const struct change *change);

#endif
