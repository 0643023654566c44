/* The service `network`: keeps the NICs as network.conf says, also those that come later. */
#ifndef NICS_SERVICE_H
#define NICS_SERVICE_H

#include "worker/worker.h"

extern const struct worker_verb nics_verbs[];

/* dhcp_client: the program (nics/dhcp.h). The process's exit status. */
int nics_run(const struct worker_options *options, const char *dhcp_client);

#endif
