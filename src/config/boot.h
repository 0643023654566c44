/* What a boot runs: the files, unless they are known not to be what was meant to run. */
#ifndef CONFIG_BOOT_H
#define CONFIG_BOOT_H

#include "config/owner.h"

int boot_decide(struct owner *owner); /* an exit status */

#endif
