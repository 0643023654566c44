/* The files change in one process at a time, and no one reads them all for a commit meanwhile. */
#ifndef CONF_FILES_LOCK_H
#define CONF_FILES_LOCK_H

#define FILES_BUSY "another console has the files"

enum files_lock { FILES_READ, FILES_CHANGE };

/* dir_fd: of the directory with the files. It goes with that descriptor, so with the process too. Who changes them finds no set that was
 * left half way (conf/swap.h). 0, -EBUSY or -errno. */
int files_lock(int dir_fd, enum files_lock lock);
void files_unlock(int dir_fd);
const char *files_lock_words(int err); /* FILES_BUSY, or the system's */

#endif
