/* The firmware's EFI variables: mounted read-only, and writable only for as long as a command at a console needs them. */
#ifndef INIT_VARIABLES_H
#define INIT_VARIABLES_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/loop.h"

#define VARIABLES_DIR "/sys/firmware/efi/efivars"

/* 0, also where the machine has none, or -errno. */
int variables_mount(void);

/* There are some that can be read. */
bool variables_exist(void);
bool variables_are_read_only(const char *dir);

/* PID 1: what is mounted there is to be lent. dir is borrowed for good. */
void variables_open(struct loop *loop, const char *dir);
/* PID 1, when it gets the signal variables_signal(): that process may write until it ends, however it ends. 0 or -errno. */
int variables_lend(pid_t pid);
int variables_signal(void);

/* A command at a console: waits until it may write. 0 or -errno; -EROFS where no one lets it. */
int variables_borrow(void);

#endif
