/* The first thing that RECOVERY_FILE says: until all has stopped, or does not, consoles are as they were. */
#ifndef BASE_RECOVERY_H
#define BASE_RECOVERY_H

#define RECOVERY_BEGINS "recovery begins\n"

#endif
