/* Directories that are called by the numbers of generations. */
#ifndef CONFIG_NUMBERS_H
#define CONFIG_NUMBERS_H

/* A name that is a larger number is none of ours. */
enum { NUMBER_NAME_LEN = 16, NUMBER_MAX = 999999999 };

const char *number_name(unsigned number, char dst[static NUMBER_NAME_LEN]); /* dst */

/* Calls each with those in a directory, in no order; it may remove that one. 0; -errno when not all of them could be read. */
int numbers_each(int dir_fd, void (*each)(void *arg, unsigned number), void *arg);

#endif
