/* What is wrong with a set of files, for who may have to go by network.conf alone. */
#ifndef NICS_SOUND_H
#define NICS_SOUND_H

#include "conf/diag.h"

void sound_tell(const struct diag *diag); /* all of it, in the log */
bool sound_network(const struct diag *diag); /* all that is wrong is known, and nothing of it is in network.conf */

#endif
