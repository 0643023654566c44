/* Where the inner interface of a path lives: a network namespace, or where the process is. */
#ifndef GATEWAY_PLACE_H
#define GATEWAY_PLACE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
/* The name stays, for whoever tells of it. file goes with what is removed; NULL: it is another place's. A namespace that was created goes too,
 * with our interface of that alias, unless there are others in it. */
void place_close(struct place *place, bool remove, const char *alias, const char *file);

/* What is in a namespace besides lo and what the kernel puts into each. */
struct place_links {
	uint32_t ours;        /* index, 0: none, */
	char name[IFNAMSIZ];  /* and name of the one with our alias */
	char other[IFNAMSIZ]; /* one that someone else put there: the namespace is not ours to remove; "": none */
};
int place_look(int netns_fd, const char *alias, struct place_links *links); /* 0 or -errno; netns_fd -1: where the process is */

#define PLACE_STAYS "the namespace %s stays, since %s is in it" /* a format, of its name and the other link's */

/* Into the file, which is there while there is a namespace. One that was made before a crash, as the file tells, is created again. */
void place_keep(struct place *place, const char *file);
/* The name that is kept, false when there is none. *created: the namespace that has that name now was made by who kept it. */
bool place_kept(const char *file, char netns[static PLACE_NETNS_LEN], bool *created);

/* A socket that tells of changes to links and addresses there, or -errno. */
int place_monitor(const struct place *place);

#endif
