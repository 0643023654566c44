/* Reads the four files in a child process: a disk that hangs holds that child, and not the service's loop. What they say is for who has them. */
#ifndef WORKER_READER_H
#define WORKER_READER_H

#include "conf/set.h"
#include "worker/helper.h"

struct reader {
	struct helper helper;
	const char *dir;        /* borrowed for good */
	int passed_fd;          /* a directory to be read in place of it, -1: none */
	struct reading *shared; /* with the child, while there is one */
	/* 0 or -errno of opening dir; set, as conf_set_read leaves it, and diag are gone when it returns. */
	void (*done)(struct reader *reader, int err, const struct conf_set *set, const struct diag *diag);
};

/* 0; -EALREADY while the last child still waits for the disk, since the next one would too; or -errno. */
int reader_start(struct reader *reader, struct loop *loop, int passed_fd);
void reader_stop(struct reader *reader);

#endif
