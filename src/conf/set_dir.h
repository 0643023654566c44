/* A directory that holds the files of a set, and nothing else. Sets of files are bits 1 << enum conf_file; ~0u: all. */
#ifndef CONF_SET_DIR_H
#define CONF_SET_DIR_H

#include "conf/set.h"

int set_dir_open(int dir_fd, const char *name); /* a descriptor that the caller closes, or -errno */
int set_dir_make(int dir_fd, const char *name); /* the same, made if it is not there */

bool set_dir_same(int dir_fd, const char *name, const struct conf_set *set, unsigned files);
/* In place of whatever is called so. durable: over a power cut, which waits for the disk; one within it leaves any part of it. 0 or -errno. */
int set_dir_write(int dir_fd, const char *name, const struct conf_set *set, unsigned files, bool durable);
void set_dir_remove(int dir_fd, const char *name);

#endif
