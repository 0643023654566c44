/* One of the four files replaced at the console. */
#ifndef GATEWAY_PUT_H
#define GATEWAY_PUT_H

#include "conf/files.h"

/* What is there keeps its mode, but no one else reads a private file. That it was written here is known before it is. 0 or
 * -errno, as file_replace. */
int put_file(int dir_fd, enum conf_file file, const char *bytes, size_t len);

/* After an error: the new file is there all the same, and it is the directory that the disk did not take. */
bool put_is_there(int dir_fd, enum conf_file file, const char *bytes, size_t len);

/* What the file is after an error of that. */
const char *put_words(bool is_there);

#endif
