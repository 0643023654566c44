/* What is mounted at boot besides the persistent partition, as a table. */
#ifndef INIT_MOUNTS_H
#define INIT_MOUNTS_H

int mounts_make(void);           /* 0, or -errno of the first that failed; the others are made all the same */
int mounts_root_read_only(void); /* 0 or -errno */
void mounts_open_run(void);      /* /run as another system expects it: of more memory, and for programs too */
void mounts_close_run(void);     /* and back */

#endif
