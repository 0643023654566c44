/* The text files that depmod(8) makes of a directory of modules, and module options on the kernel command line: pure. */
#ifndef INIT_MODULE_INDEX_H
#define INIT_MODULE_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* "kernel/drivers/net/virtio_net.ko" -> "virtio_net" */
struct slice module_of_path(struct slice path);

/* modules.dep: where a module is, and the paths of what it depends on, the last to be loaded first. */
bool module_find(struct slice dep, struct slice name, struct slice *path, struct slice *dependencies);

/* modules.builtin */
bool module_is_builtin(struct slice builtin, struct slice name);

/* modules.softdep: what is wanted, not needed, "pre:" or "post:" a module. */
void module_soft_each(struct slice softdep, struct slice name, const char *when,
		      void (*each)(void *arg, struct slice wanted), void *arg);

/* modules.alias: each module one of whose patterns fits. */
void module_alias_each(struct slice alias, const char *modalias, void (*each)(void *arg, struct slice name), void *arg);

/* The "option=value"s of NAME.option=value on a command line, blanks between: 0, or -ENAMETOOLONG. */
int module_options(struct slice command_line, struct slice name, char *dst, size_t cap);

#endif
