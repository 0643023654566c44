/* An earlier generation put back: its files take the place of those on the partition, and it runs. */
#ifndef CONFIG_ROLLBACK_H
#define CONFIG_ROLLBACK_H

#include "config/owner.h"

int rollback_to(struct owner *owner, unsigned number); /* exit statuses */
int rollback_undo(struct owner *owner);                /* what was in force before the last change */

#endif
