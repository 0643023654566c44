/* The root file system that is handed over to: found, mended, mounted and looked at, each step in a process of its own, since a disk may
 * hold it. */
#ifndef INIT_NEXT_ROOT_H
#define INIT_NEXT_ROOT_H

#include <stddef.h>

#include "base/text.h"
#include "init/handover_judge.h"
#include "init/locate.h"

#define NEXT_ROOT_DIR "/next"
#define NEXT_ROOT_INIT "/sbin/init"

enum { NEXT_ROOT_FIND_S = 20, NEXT_ROOT_MOUNT_S = 30, NEXT_ROOT_LOOK_S = 30 };

/* In memory that PID 1 shares with who looks. */
struct next_root {
	char label[HANDOVER_LABEL_LEN];
	char name[LOCATE_NAME_LEN], path[64]; /* of the device */
	char words[HANDOVER_WORDS_LEN];       /* why a step failed */
};

/* PID 1: NULL when there is no memory. */
struct next_root *next_root_begin(const char *label);

/* PID 1, before the root file system is read-only: where it is mounted. */
void next_root_make_dir(void);

/* For child_begin: 0, or 1 with words. */
int next_root_find(void);
int next_root_mend(void);
int next_root_mount(void);
int next_root_look(void);

/* For child_call. 0: it is not mounted, or no more. */
int next_root_unmount(void);

/* What a file that is to be executed needs: interpreter is "" for one that needs none. -ENOEXEC: this machine executes no such file.
 * bytes: its beginning, as much as there is of NEXT_ROOT_HEAD_LEN. Pure. */
enum { NEXT_ROOT_HEAD_LEN = 4096, NEXT_ROOT_INTERPRETER_LEN = 256 };
int next_root_interpreter(struct slice bytes, char interpreter[static NEXT_ROOT_INTERPRETER_LEN]);

#endif
