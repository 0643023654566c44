/* All four files replaced at once: whoever reads them finds the old set or the new one, over a power cut too. */
#ifndef CONF_SWAP_H
#define CONF_SWAP_H

#include <sys/types.h>

#include "conf/files.h"

/* Where the new set stands below the directory until it counts: nobody reads it there. */
#define SWAP_NEW_DIR ".import.new"

/* Writes the new set to SWAP_NEW_DIR, durably: an fd of it, which the caller closes, or -errno. modes: of each file. */
int swap_prepare(int dir_fd, const struct conf_text texts[static CONF_FILES], const mode_t modes[static CONF_FILES]);

/* From here on the new set counts: 0 or -errno. counts says whether it does, after an error too. */
int swap_commit(int dir_fd, bool *counts);

/* Forgets what was prepared. */
void swap_drop(int dir_fd);

/* Moves a set that counts to where it belongs, if a power cut left one half way: 0 (also when there is none) or -errno. Who reads
 * the files calls it first (conf_set_load does). */
int swap_finish(int dir_fd);

#endif
