/* Recovery at a console: offered for a moment at boot, and told of once it is on. */
#ifndef CONSOLE_RECOVERY_H
#define CONSOLE_RECOVERY_H

#include <stdbool.h>
#include <stddef.h>

bool recovery_print(void); /* what recovery says of itself; false when it is not on */
void recovery_print_offer(void);

/* A line that was typed in fed bytes, Enter among them: true when it was the answer to the offer. */
bool recovery_taken(const char *line, size_t fed);
bool recovery_is_late(const char *line); /* it was none, since the offer is over */

#endif
