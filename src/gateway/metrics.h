/* The metrics of both paths as one text, from their services. */
#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

#include <stdbool.h>
#include <stdio.h>

/* Of those services that are there: one that is meant to be and says nothing has mitigator_gateway_up 0. False: there is none. */
bool metrics_collect(const char *run_dir, FILE *out);

int metrics_main(const char *run_dir); /* the command: an exit status */

#endif
