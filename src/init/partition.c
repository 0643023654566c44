#include "init/partition.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "init/child.h"
#include "init/confine.h"
#include "init/gpt.h"

enum { MAKE_S = 300, FILL_S = 3600, FILL_AWAITED_S = 20, END_LEN = 1 << 20, PATH_LEN = 512 };

uint64_t partition_bytes(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t bytes;

	if (fd < 0)
		return 0;
	bytes = lseek(fd, 0, SEEK_END);
	close(fd);
	return bytes > 0 ? (uint64_t)bytes : 0;
}

/* As partition_is_blank. */
static int is_zero(int fd, uint64_t from, uint64_t to)
{
	static uint8_t bytes[65536];

	while (from < to) {
		size_t len = to - from < sizeof(bytes) ? (size_t)(to - from) : sizeof(bytes);
		ssize_t n = pread(fd, bytes, len, (off_t)from);

		if (n != (ssize_t)len)
			return n < 0 ? -errno : -EIO;
		if (bytes[0] || memcmp(bytes, bytes + 1, len - 1) != 0)
			return 0;
		from += len;
	}
	return 1;
}

int partition_is_blank(const char *path)
{
	uint64_t bytes = partition_bytes(path), end = bytes < END_LEN ? bytes : END_LEN;
	int fd = open(path, O_RDONLY | O_CLOEXEC), blank;

	if (fd < 0)
		return -errno;
	blank = bytes ? is_zero(fd, 0, end) : -ENOMEDIUM;
	if (blank > 0)
		blank = is_zero(fd, bytes - end, bytes);
	close(fd);
	return blank;
}

/* "/sys/class/block/sda2" leads to ".../block/sda/sda2": the disk's name and the partition's number. */
static int disk_of(const char *name, char *disk, size_t cap, unsigned *number)
{
	char path[PATH_LEN], target[PATH_LEN], text[32], *end;
	uint64_t value;
	ssize_t n;

	text_format(path, sizeof(path), "/sys/class/block/%s/partition", name);
	n = file_read(AT_FDCWD, path, text, sizeof(text));
	if (n <= 0)
		return -ENOTBLK;
	text[strcspn(text, "\n")] = '\0';
	text_format(path, sizeof(path), "/sys/class/block/%s", name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0 || text_uint(slice_of(text), GPT_ENTRIES, &value) < 0)
		return -EINVAL;
	target[n] = '\0';
	end = strrchr(target, '/');
	if (!end)
		return -EINVAL;
	*end = '\0';
	end = strrchr(target, '/');
	text_format(disk, cap, "/dev/%s", end ? end + 1 : target);
	*number = (unsigned)value;
	return 0;
}

/* The kernel is told of one partition; the disk's others stay in use. */
static int tell_kernel(int fd, unsigned number, const struct gpt_partition *partition, uint32_t block_len)
{
	struct blkpg_partition place = { .start = (long long)(partition->first * block_len),
					 .length = (long long)((partition->last + 1 - partition->first) * block_len),
					 .pno = (int)number };
	struct blkpg_ioctl_arg arg = { .op = BLKPG_RESIZE_PARTITION, .datalen = sizeof(place), .data = &place };

	return ioctl(fd, BLKPG, &arg) < 0 ? -errno : 0;
}

static int read_table(int fd, struct gpt *gpt)
{
	off_t bytes = lseek(fd, 0, SEEK_END);
	int block_len;

	if (bytes < 0 || ioctl(fd, BLKSSZGET, &block_len) < 0)
		return -errno;
	if (block_len <= 0)
		return -EINVAL;
	return gpt_read(gpt, fd, (uint64_t)bytes / (unsigned)block_len, (unsigned)block_len);
}

static int grow(int fd, unsigned number, uint64_t max_bytes, bool (*may_change)(void), struct text *said)
{
	static struct gpt gpt;
	struct gpt_partition partition;
	int err = read_table(fd, &gpt);
	bool grew;

	if (err < 0)
		return err == -ENOMEDIUM ? 0 : err;
	grew = gpt_grow(&gpt, number, max_bytes / gpt.block_len);
	if (!grew && gpt.primary_whole && gpt.backup_whole)
		return 0;
	if (!may_change())
		return -ECANCELED;
	err = gpt_write(&gpt, fd);
	if (err < 0)
		return err;
	if (!gpt.primary_whole || (!gpt.backup_whole && !grew))
		text_add(said, ", %s partition table mended", gpt.primary_whole ? "backup" : "primary");
	if (!grew || !gpt_partition(&gpt, number, &partition))
		return 0;
	text_add(said, ", grown to %llu MiB",
		 (unsigned long long)((partition.last + 1 - partition.first) * gpt.block_len >> 20));
	return tell_kernel(fd, number, &partition, gpt.block_len);
}

int partition_grow(const char *name, uint64_t max_bytes, bool (*may_change)(void), char *words, size_t cap)
{
	char disk[PATH_LEN];
	struct text said;
	unsigned number;
	int fd, err = disk_of(name, disk, sizeof(disk), &number);
	size_t len = strlen(words);

	if (err < 0)
		return err == -ENOTBLK ? 0 : err;
	fd = open(disk, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES || errno == EROFS ? 0 : -errno; /* a disk that is write-protected stays as it is */
	text_init(&said, words + len, cap - len);
	err = grow(fd, number, max_bytes, may_change, &said);
	close(fd);
	return err;
}

/* A descriptor of its disk, whose table is read; -ENOMEDIUM where it has none of our kind. */
static int open_table(const char *name, int flags, struct gpt *gpt, unsigned *number)
{
	char disk[PATH_LEN];
	int fd, err = disk_of(name, disk, sizeof(disk), number);

	if (err < 0)
		return err == -ENOTBLK ? -ENOMEDIUM : err;
	fd = open(disk, flags | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = read_table(fd, gpt);
	if (!err)
		return fd;
	close(fd);
	return err == -ENOTSUP ? -ENOMEDIUM : err;
}

bool partition_is_begun(const char *name)
{
	static struct gpt gpt;
	unsigned number;
	int fd = open_table(name, O_RDONLY, &gpt, &number);
	bool begun = fd >= 0 && gpt_is_marked(&gpt, number);

	if (fd >= 0)
		close(fd);
	return begun;
}

int partition_set_begun(const char *name, bool begun)
{
	static struct gpt gpt;
	unsigned number;
	int fd = open_table(name, O_RDWR, &gpt, &number), err = 0;

	if (fd < 0)
		return fd == -ENOMEDIUM ? 0 : fd;
	if (gpt_mark(&gpt, number, begun))
		err = gpt_write(&gpt, fd);
	close(fd);
	return err;
}

/* One of e2fsprogs' tools, to its end: 0, or -errno with its status in the log. */
static int run_tool(const char *path, const char *const *argv, uint64_t capabilities, uint64_t timeout_ns)
{
	const struct child_spec spec = { .argv = argv, .path = path, .ready_fd = -1, .confinement = { capabilities, 0 } };
	pid_t pid = child_start(&spec);
	int status = pid < 0 ? pid : child_wait(pid, timeout_ns);

	if (status < 0)
		return status;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	log_err("%s ended with wait status %d", path, status);
	return -EIO;
}

void partition_make_words(const char *argv[static PARTITION_MAKE_WORDS], const char *path, const char *label)
{
	const char *const words[] = { "mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-L", label, path, NULL };

	static_assert(sizeof(words) / sizeof(words[0]) <= PARTITION_MAKE_WORDS, "they fit");
	memcpy(argv, words, sizeof(words));
}

int partition_make(const char *path, const char *label)
{
	const char *argv[PARTITION_MAKE_WORDS];

	partition_make_words(argv, path, label);
	return run_tool("/sbin/mke2fs", argv, 0, MAKE_S * NS_PER_S);
}

static char filled[64];
static bool (*may_fill)(void);

static int fill(void)
{
	const char *const argv[] = { "resize2fs", filled, NULL };
	/* EXT4_IOC_RESIZE_FS takes SYS_RESOURCE. */
	int err;

	if (!may_fill())
		return 0;
	err = run_tool("/sbin/resize2fs", argv, CONFINE_CAP(SYS_RESOURCE), FILL_S * NS_PER_S);
	if (err < 0)
		log_err("the file system on %s could not be grown: %s; it serves as it was", filled, strerror(-err));
	else
		log_info("the file system fills %s now", filled);
	return err < 0;
}

int partition_fill(const char *path, bool (*may_change)(void))
{
	int status;
	pid_t pid;

	may_fill = may_change;
	text_format(filled, sizeof(filled), "%s", path);
	pid = child_begin(fill);
	if (pid < 0) {
		log_err("the file system on %s is not grown: %s", path, strerror(-pid));
		return 0;
	}
	status = child_await(pid, FILL_AWAITED_S * NS_PER_S);
	return status > 0 ? -EIO : 0;
}
