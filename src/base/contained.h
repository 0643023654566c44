/* Whether this process is one of a container: its first, or one with the variable `container`, which systemd's container interface
 * names and our image sets. */
#ifndef BASE_CONTAINED_H
#define BASE_CONTAINED_H

#include <stdbool.h>

bool contained(void);

/* What its operator is to do about something that it lacks. */
#define COMPOSE_ADD(line) "add `" line "` to this service in docker-compose.yml"

#endif
