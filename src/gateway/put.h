/* One of the four files replaced at the console. */
#ifndef GATEWAY_PUT_H
#define GATEWAY_PUT_H

#include "conf/files.h"

/* What is there keeps its mode, but no one else reads a private file. That it was written here is known before it is. was: what
 * the file is to be until then, NULL: anything. 0 or -errno, as file_replace; -ESTALE: it is not as it was; of files_lock, which is
 * held no longer than this takes. there: after an error, it is written all the same, and the disk may not keep it. */
int put_file(int dir_fd, enum conf_file file, const struct conf_text *was, const char *bytes, size_t len, bool *there);

const char *put_words(int err); /* why not */
const char *put_outcome(bool there); /* what the file is after an error */

#endif
