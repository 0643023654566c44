/* How commands are called where this process is, for words that name one: at an appliance's console by their names, elsewhere behind the
 * program's; of those that ask or change a service, `show` and `reconfigure`, our image for containers has the names too. */
#ifndef BASE_HERE_H
#define BASE_HERE_H

#include <stdbool.h>

/* Where there is no other root than the image's: only there are `boot`, `log`, `network`, `clock`. */
bool here_is_appliance(void);

const char *here_program(void); /* in front of a command: "" or "gateway " */
const char *here_service(const char *name); /* in front of `show` and `reconfigure`, of the service called name: "" or its name and a blank */
const char *here_reconfigure(void); /* what applies the files, all of it; a backtick stands before and behind it */

#endif
