#include "console/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/kept.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"

enum { PAUSE_S = 60, GATHER_LEN = 64 << 10, US_PER_S = 1000000 };

static struct {
	char bytes[GATHER_LEN];
	size_t len;
	unsigned lost;  /* lines that found no room, since one was written */
	bool urgent;
	uint64_t due_ns; /* not before, unless it is urgent */
	bool failed;     /* the last time, and it was told */
} gathered;
static uint64_t next_sequence; /* what stands before it is kept */

/* ---- to the partition ---- */

/* A descriptor of SYSTEM_DIR, or -errno; -ENODEV where no partition is mounted. */
static int open_dir(void)
{
	int data_fd = open(DATA_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	struct stat data, root;

	if (data_fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	if (fstat(data_fd, &data) < 0 || stat("/", &root) < 0 || data.st_dev == root.st_dev)
		errno = ENODEV;
	else if (mkdirat(data_fd, SYSTEM_DIR, 0700) == 0 || errno == EEXIST)
		errno = 0;
	fd = errno ? -errno : openat(data_fd, SYSTEM_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		fd = -errno;
	close(data_fd);
	return fd;
}

/* The newer file, with room for so much: its descriptor, and what it holds; or -errno. */
static int open_file(int dir_fd, size_t len, off_t *size)
{
	const int flags = O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = openat(dir_fd, KEPT_FILE, flags, 0600);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size + (off_t)len < KEPT_FILE_MAX) { /* and the end of a torn line */
		*size = st.st_size;
		return fd;
	}
	close(fd);
	if (renameat(dir_fd, KEPT_FILE, dir_fd, KEPT_OLD_FILE) < 0)
		return -errno;
	*size = 0;
	fd = openat(dir_fd, KEPT_FILE, flags, 0600);
	return fd < 0 ? -errno : fd;
}

/* All of it or nothing: 0 or -errno. A line that a power cut tore ends first. */
static int append(int fd, off_t size, const char *bytes, size_t len)
{
	char last = '\n';
	ssize_t n = size && pread(fd, &last, 1, size - 1) != 1 ? -1 : 0;

	if (!n && last != '\n')
		n = write(fd, "\n", 1) == 1 ? 0 : -1;
	if (!n) {
		errno = ENOSPC; /* of a write that is short */
		n = write(fd, bytes, len) == (ssize_t)len ? 0 : -1;
	}
	if (!n && fdatasync(fd) == 0)
		return 0;
	n = -errno;
	(void)!ftruncate(fd, size);
	return (int)n;
}

static int keep(void)
{
	int dir_fd = open_dir(), fd = -1, err = dir_fd < 0 ? dir_fd : 0;
	off_t size = 0;

	if (!err)
		fd = open_file(dir_fd, gathered.len, &size);
	if (!err)
		err = fd < 0 ? fd : append(fd, size, gathered.bytes, gathered.len);
	if (fd >= 0)
		close(fd);
	if (dir_fd >= 0)
		close(dir_fd);
	return err;
}

static void flush(uint64_t now_ns)
{
	int err = gathered.len ? keep() : 0;

	gathered.due_ns = now_ns + PAUSE_S * NS_PER_S;
	gathered.urgent = false;
	if (err < 0) {
		/* Once. Where there is no partition, the boot has said so. */
		if (!gathered.failed && err != -ENODEV)
			log_err("the log is not kept on the partition: %s", strerror(-err));
		gathered.failed = true;
		return;
	}
	gathered.len = 0;
	if (gathered.failed || gathered.lost)
		log_info("the log is kept again, without %u line%s", gathered.lost, text_plural(gathered.lost));
	gathered.failed = false;
	gathered.lost = 0;
}

/* ---- from the kernel's buffer ---- */

/* A disk that takes nothing is not asked again for each line. */
static void gather(const char *line, size_t len)
{
	uint64_t now_ns = clock_now_ns();

	if (len > sizeof(gathered.bytes) - gathered.len && (!gathered.failed || now_ns >= gathered.due_ns))
		flush(now_ns);
	if (len > sizeof(gathered.bytes) - gathered.len) {
		gathered.lost++;
		return;
	}
	memcpy(gathered.bytes + gathered.len, line, len);
	gathered.len += len;
}

/* By the clock as it goes now. */
static time_t time_of(uint64_t at_us)
{
	struct timespec up;

	clock_gettime(CLOCK_MONOTONIC, &up);
	return time(NULL) - up.tv_sec + (time_t)(at_us / US_PER_S);
}

static void take_record(char *record)
{
	char line[KEPT_LINE_LEN];
	enum kept_urgency urgency;
	struct kmsg kmsg;

	if (!kmsg_parse(record, &kmsg) || kmsg.sequence < next_sequence || (urgency = kept_urgency(&kmsg)) == KEPT_NOT)
		return;
	gather(line, kept_line(line, time_of(kmsg.at_us), kmsg.sequence, kmsg.text));
	gathered.urgent = gathered.urgent || urgency == KEPT_NOW;
}

/* All that is there. */
static void drain(int fd)
{
	static char record[KMSG_RECORD_LEN];
	ssize_t n;

	while ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && (errno == EPIPE || errno == EINTR))) {
		/* EPIPE: the buffer was written over before we came. */
		if (n < 0) {
			gathered.lost += errno == EPIPE;
			continue;
		}
		record[n] = '\0';
		take_record(record);
	}
}

/* Takes up what an earlier recorder of this boot left, or begins with the boot. */
static void begin_boot(void)
{
	static char text[KEPT_FILE_MAX + 1];
	char id[KEPT_BOOT_ID_LEN + 1], line[KEPT_LINE_LEN];
	const char *const files[] = { KEPT_OLD_FILE, KEPT_FILE };
	bool is_this = false;

	kept_boot_id(id);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[64];
		ssize_t n = -1;
		struct slice rest;
		struct kept kept;
		int fd;

		text_format(path, sizeof(path), DATA_DIR "/" SYSTEM_DIR "/%s", files[i]);
		fd = kept_open(path);
		if (fd >= 0) {
			n = file_read_fd(fd, text, sizeof(text));
			close(fd);
		}
		rest = (struct slice){ text, n > 0 ? (size_t)n : 0 };
		while (kept_next(&rest, &kept)) {
			is_this = kept.is_boot ? slice_equal(kept.text, id) : is_this;
			if (is_this && !kept.is_boot)
				next_sequence = kept.sequence + 1;
		}
	}
	if (!is_this)
		gather(line, kept_boot_line(line, time_of(0), id));
}

/* Until there is something to do, or the time has come for what waits. */
static void wait_for(struct pollfd ready[static 2])
{
	uint64_t now_ns = clock_now_ns();
	uint64_t wait_ns = gathered.due_ns > now_ns ? gathered.due_ns - now_ns : 0;
	bool waits = gathered.len && !gathered.urgent;

	(void)poll(ready, 2, !gathered.len ? -1 : waits ? (int)(wait_ns / NS_PER_MS) + 1 : 0);
}

int recorder_main(void)
{
	struct pollfd ready[2] = { { .events = POLLIN }, { .events = POLLIN } };
	sigset_t ends;

	log_open("recorder");
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	ready[0].fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ready[1].fd = signalfd(-1, &ends, SFD_CLOEXEC);
	if (ready[0].fd < 0 || ready[1].fd < 0) {
		log_err("the log is not kept: %s", strerror(errno));
		return 1;
	}
	begin_boot();
	for (;;) {
		uint64_t now_ns;

		drain(ready[0].fd);
		now_ns = clock_now_ns();
		if (gathered.len && (gathered.urgent || now_ns >= gathered.due_ns || ready[1].revents))
			flush(now_ns);
		if (ready[1].revents)
			return 0;
		wait_for(ready);
	}
}
