/* What an operator types for a change that all instances make together, step by step. README.md carries exactly these texts. */
#ifndef GATEWAY_GUIDE_H
#define GATEWAY_GUIDE_H

#include <stdbool.h>

bool guide_print(const char *name); /* false: there is none of that name */

#endif
