/* Where the inner interface of a path lives: a network namespace, or where the process is. */
#ifndef GATEWAY_PLACE_H
#define GATEWAY_PLACE_H

#include <stdbool.h>
#include <stddef.h>

enum { PLACE_NETNS_LEN = 64 };

#define PLACE_HERE "none" /* said in place of a name: where the process is */

struct place {
	char netns[PLACE_NETNS_LEN]; /* "": where the process is */
	int netns_fd;                /* -1 then */
	bool created;                /* by us, now or before a crash: one that was there before is someone else's to remove */
	bool open;
};

/* The name of the namespace, "" for where the process is: as option says, or own where that is NULL. */
const char *place_name(const char *option, const char *own);

#define PLACE_END ".netns" /* behind the name of a service, in its run directory: where it is, for when it was killed */

/* The namespace of that name, made if there is none: 0 or -errno with words. */
int place_open(struct place *place, const char *netns, char *words, size_t cap);
/* The name stays, for whoever tells of it. file goes with what is removed; NULL: it is another place's. */
void place_close(struct place *place, bool remove, const char *file);

/* Into the file, which is there while there is a namespace. One that was made before a crash, as the file tells, is created again. */
void place_keep(struct place *place, const char *file);
/* The name that is kept, false when there is none. *created: the namespace that has that name now was made by who kept it. */
bool place_kept(const char *file, char netns[static PLACE_NETNS_LEN], bool *created);

/* A socket that tells of changes to links and addresses there, or -errno. */
int place_monitor(const struct place *place);

#endif
