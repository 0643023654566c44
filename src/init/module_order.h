/* Which modules a name means and in which order they go in, by depmod(8)'s files: pure. */
#ifndef INIT_MODULE_ORDER_H
#define INIT_MODULE_ORDER_H

#include "base/text.h"

/* The texts of modules.dep, modules.alias, modules.softdep and modules.builtin; borrowed, "" for one that is not there. */
struct module_texts {
	struct slice dep, alias, softdep, builtin;
};

/* Called for a module's file, below the modules directory; again for one that several depend on. 0 or -errno. */
typedef int module_insert_fn(void *arg, struct slice path);

/* Inserts what name (a module's, or an alias as soft dependencies have it) needs, then itself: 0, also when it is built
 * in; -ENOENT when the texts do not know it; what insert said of it or of what it needs. */
int module_load(const struct module_texts *texts, struct slice name, module_insert_fn *insert, void *arg);

#endif
