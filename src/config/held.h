/* What is confirmed runs in place of the files: said loudly, and for as long as it is so. */
#ifndef CONFIG_HELD_H
#define CONFIG_HELD_H

#include <stdbool.h>

/* why: "were ...", of the files. */
void held_tell(int run_fd, unsigned confirmed, const char *why);

bool held_is(int run_fd);

#endif
