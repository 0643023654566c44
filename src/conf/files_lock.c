#include "conf/files_lock.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>

#include "conf/swap.h"

int files_lock(int dir_fd, enum files_lock lock)
{
	if (flock(dir_fd, (lock == FILES_CHANGE ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	/* Else the next reader would move that over what is written now. Where it cannot be moved, nothing can be written. */
	if (lock == FILES_CHANGE)
		(void)swap_finish(dir_fd);
	return 0;
}

void files_unlock(int dir_fd)
{
	(void)flock(dir_fd, LOCK_UN);
}

const char *files_lock_words(int err)
{
	return err == -EBUSY ? FILES_BUSY : strerror(-err);
}
