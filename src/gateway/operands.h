/* What stands behind a command on the operator's files: which of them, and --conf DIR. */
#ifndef GATEWAY_OPERANDS_H
#define GATEWAY_OPERANDS_H

#include <stdbool.h>

#include "conf/files.h"

/* Takes --conf DIR off the end of the words. */
const char *operand_dir(int *argc, char **argv);

/* The directory with the files: a descriptor that the caller closes, or -1, told as what verb says of it. */
int operand_open(const char *dir, const char *verb);

bool operand_file(const char *word, enum conf_file *file); /* false: none of them is called so */

/* Prints how the command is typed, words up to FILE's other options, and what FILE may be: the exit status. */
int operand_usage(const char *words);

#endif
