/* What the console calls this instance and its peers: a file in memory, by what the management path runs. */
#ifndef GATEWAY_NAMES_H
#define GATEWAY_NAMES_H

#include <stdbool.h>

#include "conf/set.h"

/* On the appliance the kernel gets the name too, or none when there is none any more. instead: something else than the files runs. */
void names_write(const struct conf_set *set, bool instead, const char *run_dir);

/* word is the name, as it stands in the file or as that file has it: one word of ASCII. */
bool names_fits(const char *name, const char *word);

#endif
