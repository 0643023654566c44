#include "worker/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/container_of.h"

struct reading {
	int err;
	struct conf_set set;
	struct diag diag;
};

static void read_files(int fd, const void *arg)
{
	const struct reader *reader = arg;
	struct reading *reading = reader->shared;
	int dir_fd = reader->passed_fd >= 0 ? reader->passed_fd : open(reader->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	reading->err = dir_fd < 0 ? -errno : 0;
	if (dir_fd >= 0)
		conf_set_read(&reading->set, dir_fd, &reading->diag);
	if (write(fd, "", 1) < 0)
		_exit(1);
}

/* The child has ended, or will write to a mapping of its own. */
static void reading_free(struct reader *reader)
{
	conf_set_wipe(&reader->shared->set);
	munmap(reader->shared, sizeof(*reader->shared));
	reader->shared = NULL;
}

static void pipe_ready(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	struct reader *reader = container_of(source, struct reader, helper.source);
	char byte;
	bool whole = read(source->fd, &byte, 1) == 1;

	(void)events;
	(void)now_ns;
	helper_end(&reader->helper);
	reader->done(reader, whole ? reader->shared->err : -ECHILD, &reader->shared->set, &reader->shared->diag);
	reading_free(reader);
}

int reader_start(struct reader *reader, struct loop *loop, int passed_fd)
{
	void *shared;
	int err;

	if (reader->helper.child)
		return -EALREADY;
	shared = mmap(NULL, sizeof(struct reading), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -errno;
	reader->shared = shared;
	reader->passed_fd = passed_fd;
	err = helper_start(&reader->helper, loop, read_files, reader, passed_fd, pipe_ready);
	if (err < 0)
		reading_free(reader);
	return err;
}

void reader_stop(struct reader *reader)
{
	helper_kill(&reader->helper);
	if (reader->shared)
		reading_free(reader);
}
