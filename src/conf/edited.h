/* What was written at the console, until a commit takes it: the sums of the four files as they were left, beside the
 * generations. Files that someone changed elsewhere, with the disk in another machine, have other sums. */
#ifndef CONF_EDITED_H
#define CONF_EDITED_H

#include <stdbool.h>

#include "conf/files.h"
#include "crypto/key.h"

/* To be called before files are replaced, durably so: replaced has the new ones, NULL is one that stays. A power cut right
 * behind leaves files that are known, whichever they are. 0 or -errno; 0 and nothing where there are no generations. */
int edited_note(int dir_fd, const struct conf_text *const replaced[static CONF_FILES]);

bool edited_are(int dir_fd); /* the files are as the console left them, and no commit took them since */
/* A set of that sum was committed: forgotten, unless something was written since. */
void edited_commit(int dir_fd, const uint8_t sum[static KEY_LEN]);

#endif
