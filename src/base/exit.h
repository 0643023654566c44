/* Exit statuses that our own processes tell each other, beside 0, 1 (it failed) and 2 (usage). */
#ifndef BASE_EXIT_H
#define BASE_EXIT_H

enum {
	EXIT_REFUSED = 3, /* of reconfigure --dry-run: it would be refused */
	EXIT_IDLE = 5,    /* no one typed what was asked for */
	EXIT_ASKED = 4,   /* of reconfigure, whether dry or not: nothing was done, and --force would do it */
};

#endif
