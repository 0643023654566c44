/* Names that the console knows: of this instance and its peers by what the management path tells of them (NAMES_FILE), of NICs. */
#ifndef CONSOLE_NAMES_H
#define CONSOLE_NAMES_H

#include <stddef.h>

#include "console/words.h"

/* Of this instance and what is special about it, as a prompt. */
void names_prompt(char *prompt, size_t cap);

/* The number-th name of that kind; NULL behind the last. Borrowed until the next call. */
const char *names_get(void *arg, enum word_kind kind, size_t number);

#endif
