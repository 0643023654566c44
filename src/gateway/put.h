/* One of the four files replaced at the console. */
#ifndef GATEWAY_PUT_H
#define GATEWAY_PUT_H

#include "conf/files.h"

/* What is there keeps its mode, but no one else reads a private file. That it was written here is known before it is. was: what
 * the file is to be until then, NULL: anything. 0 or -errno, as file_replace; -ESTALE: it is not as it was; of files_lock. The
 * lock goes with dir_fd. */
int put_file(int dir_fd, enum conf_file file, const struct conf_text *was, const char *bytes, size_t len);

/* After an error: the new file is there all the same, and it is the directory that the disk did not take. */
bool put_is_there(int dir_fd, enum conf_file file, const char *bytes, size_t len);

/* What the file is after an error of that. */
const char *put_words(bool is_there);

#endif
