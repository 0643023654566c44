/* The persistent partition, for one command at a console: where it is, and its files, mounted or not. */
#ifndef INIT_DATA_H
#define INIT_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "init/locate.h"

enum { DATA_LABEL_LEN = 64, DATA_PATH_LEN = 64 };

/* To be read. */
extern struct data {
	char label[DATA_LABEL_LEN];
	char places[LOCATE_MAX][LOCATE_NAME_LEN]; /* all that are called so */
	char name[LOCATE_NAME_LEN], path[DATA_PATH_LEN]; /* the one that is meant */
	uint64_t bytes;
	bool in_use; /* mounted, at DATA_DIR */
} data;

/* How many are called so, the one that a boot takes in front, which is meant; 0, and the words, when there is none. */
size_t data_find(void);
void data_take(size_t number); /* another is meant */

/* A descriptor of its directory, or -errno; mended before, as far as e2fsck does that without a question. data_close in any case. */
int data_open(unsigned long flags, const char *options);
int data_open_mended(void);
void data_close(int fd);

#endif
