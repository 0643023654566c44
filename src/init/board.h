/* board.conf as the firmware reads it: NAME = words. */
#ifndef INIT_BOARD_H
#define INIT_BOARD_H

#include "base/text.h"

/* Reads the file once: 0 or -errno. Lines that are none of this form are left out: make reads the file too. */
int board_load(const char *path);

/* The words of a name, "" when it is not there. Borrowed for good. */
struct slice board_value(const char *name);

#endif
