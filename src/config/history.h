/* What there is to see of generations: a list, and what one has that another has not. */
#ifndef CONFIG_HISTORY_H
#define CONFIG_HISTORY_H

#include "config/owner.h"

int history_print(struct owner *owner); /* exit statuses */

/* number 0: of the files against what runs; other 0: of a generation against what runs. */
int history_diff(struct owner *owner, unsigned number, unsigned other);

#endif
