/* What the kernel said last before it died, where the firmware keeps that over a reset (efi-pstore, ramoops). */
#ifndef INIT_PSTORE_H
#define INIT_PSTORE_H

#include <stddef.h>

#include "base/text.h"

#define PSTORE_DIR "/sys/fs/pstore"
#define PSTORE_FILE "last-words" /* what was there last, in SYSTEM_DIR */

enum { PSTORE_LINE_LEN = 96 };

/* What is there goes into the log and a file of dir_fd (-errno: there is none), and is then taken out of the store, which is small. telling
 * gets the line of it that says most, "" when there is nothing. 0 or -errno. */
int pstore_take(int dir_fd, char *telling, size_t cap);

/* The line of a kernel's last words that tells most, without its time; empty when there is none. Pure. */
struct slice pstore_telling(struct slice text);

/* Whether the file of the store called a holds what was said before that of b: of one death the parts count down, and their numbers up.
 * Pure. */
int pstore_compare(const char *a, const char *b);

#endif
