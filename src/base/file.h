/* Whole files: read at once within a limit, replaced so that a power cut leaves the old or the new one. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Reads all of dir/name into buf and ends it with NUL: the length, or -errno; -EFBIG when it has cap bytes or more. */
ssize_t file_read(int dir_fd, const char *name, char *buf, size_t cap);
ssize_t file_read_fd(int fd, char *buf, size_t cap); /* what is left of a file that is open */
/* What of it fits, cap - 1 bytes at the most, for who shows no more of it. */
ssize_t file_read_begin(int dir_fd, const char *name, char *buf, size_t cap);

int file_write_fd(int fd, const void *bytes, size_t len); /* all of it: 0 or -errno */

/* Writes a temporary file beside it, syncs, renames, syncs the directory: 0 or -errno. A symbolic link there is replaced
 * and not followed. After an error the old file is there; when the directory alone could not be synced, the new one can
 * be read until a power cut brings the old one back. */
int file_replace(int dir_fd, const char *name, const void *data, size_t len, mode_t mode);

/* Likewise, of a path in memory, and without a sync: what is lost with the machine is of no use after it. */
int file_put(const char *path, const void *data, size_t len);

/* Removes what file_replace left in the directory when the power went; no one may be writing there. */
void file_sweep(int dir_fd);

/* One write to an existing file, as /proc and /sys take it: 0 or -errno. */
int file_poke(const char *path, const char *value);

#endif
