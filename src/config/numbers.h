/* Directories that are called by the numbers of generations. */
#ifndef CONFIG_NUMBERS_H
#define CONFIG_NUMBERS_H

enum { NUMBER_NAME_LEN = 16 };

const char *number_name(unsigned number, char dst[static NUMBER_NAME_LEN]); /* dst */

/* Calls each with those in a directory, in no order; with none when it cannot be read. */
void numbers_each(int dir_fd, void (*each)(void *arg, unsigned number), void *arg);

#endif
