/* The names of .env that this process was handed in its own environment, as docker-compose hands them to a container: such a
 * value stands above the file's. Nobody's until environment_use: on the appliance and on a plain host the file alone counts. */
#ifndef CONF_ENVIRONMENT_H
#define CONF_ENVIRONMENT_H

/* What findings call it, in place of a file's name. */
#define ENVIRONMENT "environment"

void environment_use(char *const *environment); /* as environ(7) has it, borrowed for good; NULL: none */

/* NULL when it is not there, or empty: "" is the default, as in docker-compose's ${NAME:-default}. */
const char *environment_value(const char *name);

#endif
