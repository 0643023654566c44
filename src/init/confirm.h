/* What cannot be undone is done for someone who types back what it is done to. */
#ifndef INIT_CONFIRM_H
#define INIT_CONFIRM_H

#include <stdbool.h>

/* "Type its serial S5Y1NG0 to go on: ": true when that was typed; else it says that nothing was written. */
bool confirm_typed(const char *what, const char *wanted);

#endif
