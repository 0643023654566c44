/* What this system keeps of itself on the partition (base/paths.h). */
#ifndef INIT_SYSTEM_DIR_H
#define INIT_SYSTEM_DIR_H

/* A descriptor of SYSTEM_DIR on what is mounted at DATA_DIR, made if there is none; -ENODEV: nothing is mounted there; or -errno. */
int system_dir_open(void);

#endif
