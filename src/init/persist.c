#include "init/persist.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "init/child.h"
#include "init/modules.h"
#include "init/partition.h"
#include "init/uevent.h"

#define FSCK "/sbin/e2fsck"

enum { APPEAR_S = 10, FSCK_S = 600, NAME_LEN = 32, WORTH_GROWING_BYTES = 1 << 20 };

enum {
	EXT_BLOCKS_AT = 0x04,
	EXT_BLOCK_SHIFT_AT = 0x18, /* of 1 KiB */
	EXT_MAGIC_AT = 0x38,
	EXT_STATE_AT = 0x3a,
	EXT_INCOMPAT_AT = 0x60,
	EXT_LABEL_AT = 0x78,
	EXT_BLOCKS_HIGH_AT = 0x150,
	EXT_LABEL_LEN = 16,
	EXT_MAGIC = 0xef53,
	EXT_STATE_VALID = 1,
	EXT_STATE_ERROR = 2,
	EXT_INCOMPAT_RECOVER = 4,
	EXT_INCOMPAT_64BIT = 0x80,
	EXT_BLOCK_SHIFT_MAX = 6,
	/* e2fsck(8): errors corrected; corrected and reboot; anything above is not mended */
	FSCK_MENDED = 1,
	FSCK_MENDED_REBOOT = 2,
};

bool superblock_is_ext(const uint8_t block[static SUPERBLOCK_LEN])
{
	return load_le16(block + EXT_MAGIC_AT) == EXT_MAGIC;
}

bool superblock_has_label(const uint8_t block[static SUPERBLOCK_LEN], const char *label)
{
	return !strncmp((const char *)block + EXT_LABEL_AT, label, EXT_LABEL_LEN);
}

uint64_t superblock_bytes(const uint8_t block[static SUPERBLOCK_LEN])
{
	uint64_t blocks = load_le32(block + EXT_BLOCKS_AT);
	uint32_t shift = load_le32(block + EXT_BLOCK_SHIFT_AT);

	if (load_le32(block + EXT_INCOMPAT_AT) & EXT_INCOMPAT_64BIT)
		blocks |= (uint64_t)load_le32(block + EXT_BLOCKS_HIGH_AT) << 32;
	return shift > EXT_BLOCK_SHIFT_MAX ? 0 : blocks * 1024 << shift;
}

bool superblock_is_clean(const uint8_t block[static SUPERBLOCK_LEN])
{
	uint16_t state = load_le16(block + EXT_STATE_AT);

	return (state & EXT_STATE_VALID) && !(state & EXT_STATE_ERROR) &&
	       !(load_le32(block + EXT_INCOMPAT_AT) & EXT_INCOMPAT_RECOVER);
}

static bool read_superblock(const char *name, uint8_t block[static SUPERBLOCK_LEN])
{
	char path[64];
	ssize_t n;
	int fd;

	text_format(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = pread(fd, block, SUPERBLOCK_LEN, SUPERBLOCK_OFFSET);
	close(fd);
	return n == SUPERBLOCK_LEN && superblock_is_ext(block);
}

static bool has_partition_name(const char *name, const char *label)
{
	char path[128], text[1024];
	struct slice rest = { text, 0 }, line, key;
	ssize_t n;

	text_format(path, sizeof(path), "/sys/class/block/%s/uevent", name);
	n = file_read(AT_FDCWD, path, text, sizeof(text));
	rest.len = n > 0 ? (size_t)n : 0;
	while (slice_cut(&rest, '\n', &line))
		if (slice_cut(&line, '=', &key) && slice_equal(key, "PARTNAME") && line.ptr && slice_equal(line, label))
			return true;
	return false;
}

/* A file system by its label or its partition's name; a partition by its name that holds no such file system. */
static bool fits(const char *name, const char *label, bool with_file_system)
{
	uint8_t block[SUPERBLOCK_LEN];

	if (read_superblock(name, block) != with_file_system)
		return false;
	return (with_file_system && superblock_has_label(block, label)) || has_partition_name(name, label);
}

/* The block device, first by name when several fit; how many fit. */
static size_t find(const char *label, bool with_file_system, char name[static NAME_LEN])
{
	struct dirent *entry;
	size_t count = 0;
	DIR *dir = opendir("/sys/class/block");

	while (dir && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= NAME_LEN ||
		    !fits(entry->d_name, label, with_file_system))
			continue;
		if (!count++ || strcmp(entry->d_name, name) < 0)
			text_format(name, NAME_LEN, "%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return count;
}

/* Disks appear when their drivers have found them: looks again whenever the kernel says that something came. */
static size_t find_in_time(const char *label, char name[static NAME_LEN])
{
	uint64_t deadline_ns = clock_now_ns() + APPEAR_S * NS_PER_S, now_ns;
	struct pollfd news = { .fd = uevent_open(), .events = POLLIN };
	size_t count;

	modules_coldplug();
	while (!(count = find(label, true, name)) && !(count = find(label, false, name)) && (now_ns = clock_now_ns()) < deadline_ns) {
		poll(&news, 1, (int)((deadline_ns - now_ns) / NS_PER_MS) + 1);
		uevent_plug(news.fd);
	}
	if (news.fd >= 0)
		close(news.fd);
	return count;
}

static int fsck(const char *path, const char *how)
{
	const char *const argv[] = { "e2fsck", how, path, NULL };
	/* The device is root's, and so is it: no capability. */
	const struct child_spec spec = { .argv = argv, .path = FSCK, .ready_fd = -1 };
	pid_t pid = child_start(&spec);
	int status = pid < 0 ? pid : child_wait(pid, FSCK_S * NS_PER_S);

	if (status < 0)
		return status;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

/* -p mends what cannot lose anything; -y all the rest, since no one stands beside the box to say yes. */
static bool mend(const char *path, char *words, size_t cap)
{
	static const char *const hows[] = { "-p", "-y" };

	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
		int status;

		/* At a console where nothing else moves: a power cut now would make it worse. */
		log_err("%s was not unmounted cleanly: e2fsck %s mends it, up to %d s; leave the power on", path, hows[i], FSCK_S);
		status = fsck(path, hows[i]);

		text_format(words, cap, "%s was not clean: e2fsck %s said %d", path, hows[i], status);
		if (status >= 0 && status <= FSCK_MENDED_REBOOT)
			return true;
		log_err("%s", words);
	}
	return false;
}

static bool is_write_protected(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), protected = 0;

	if (fd < 0)
		return false;
	if (ioctl(fd, BLKROGET, &protected) < 0)
		protected = 0;
	close(fd);
	return protected != 0;
}

/* From the best that can be had to the least: the files serve when they can be read at all. MS_NOATIME: reading a file would
 * write to the disk, and wait for one that hangs. */
static const struct {
	unsigned long flags;
	const char *options;
	const char *words; /* NULL: all is well */
} ways[] = {
	{ MS_NOATIME, "errors=remount-ro", NULL },
	{ MS_NOATIME | MS_RDONLY, "errors=remount-ro",
	  "is write-protected or could not be mended: mounted read-only, nothing can be kept" },
	{ MS_NOATIME | MS_RDONLY, "errors=remount-ro,noload",
	  "was not unmounted cleanly and cannot be written to: mounted read-only without its journal; what was written last may "
	  "be missing, and nothing can be kept" },
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]), WAY_READ_ONLY = 1 };

/* Which of ways did it, from first on, or -errno. */
static int mount_some_way(const char *path, int first)
{
	int err = 0;

	if (mkdir(DATA_DIR, 0700) < 0 && errno != EEXIST)
		return -errno;
	for (int i = first; i < WAYS; i++) {
		if (mount(path, DATA_DIR, "ext4", MS_NODEV | MS_NOSUID | MS_NOEXEC | ways[i].flags, ways[i].options) == 0)
			return i;
		err = -errno;
	}
	/* An empty directory would look like an instance without a cluster. */
	rmdir(DATA_DIR);
	return err;
}

static void sweep(void)
{
	int fd = open(DATA_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	file_sweep(fd);
	close(fd);
}

/* What an image without an operator's files has: what they may hold, as comments. */
static void copy_defaults(void)
{
	int from = open(DEFAULTS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int to = open(DATA_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = from < 0 ? NULL : fdopendir(from);
	struct dirent *entry;
	char text[4096];

	while (dir && to >= 0 && (entry = readdir(dir)) != NULL) {
		ssize_t n = entry->d_type == DT_REG ? file_read(from, entry->d_name, text, sizeof(text)) : 0;
		int err = n > 0 ? file_replace(to, entry->d_name, text, (size_t)n, 0644) : (int)n;

		if (err < 0)
			log_err("%s was not made: %s", entry->d_name, strerror(-err));
	}
	if (dir)
		closedir(dir);
	if (to >= 0)
		close(to);
}

/* A partition by its name that holds no file system of ours. */
static int make(const char *path, const char *label, char *words, size_t cap)
{
	int err;

	if (is_write_protected(path)) {
		text_format(words, cap, "%s is write-protected and holds no ext4 file system", path);
		return -EROFS;
	}
	if (!partition_is_blank(path)) {
		text_format(words, cap, "%s holds something that is no ext4 file system: nothing was changed on it", path);
		return -EMEDIUMTYPE;
	}
	log_err("%s holds nothing: a file system is made on it", path);
	err = partition_make(path, label);
	if (err < 0)
		text_format(words, cap, "no file system can be made on %s (%llu MiB)", path,
			    (unsigned long long)(partition_bytes(path) >> 20));
	return err;
}

/* Its disk may be larger than what was written on it. */
static void grow(const char *name, const char *path, uint64_t max_bytes, char *words, size_t cap)
{
	int err = partition_grow(name, max_bytes, words, cap);

	if (err < 0)
		log_err("the partition table of %s cannot be put right: %s", path, strerror(-err));
}

/* A medium that brings no partition, as a CD, or a box whose disk is gone: what is written or imported at the console serves for
 * as long as the machine runs. */
static int mount_memory(const char *label, char *words, size_t cap)
{
	text_format(words, cap, "no partition or disk is named or labelled %s: the files are IN MEMORY and gone after a reboot; "
		    "`install` puts the system on a disk", label);
	if (mkdir(DATA_DIR, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (mount("tmpfs", DATA_DIR, "tmpfs", MS_NODEV | MS_NOSUID | MS_NOEXEC, "mode=700,size=16m") < 0)
		return -errno;
	log_err("%s", words);
	copy_defaults();
	return 0;
}

int persist_mount(const char *label, uint64_t max_bytes, char *words, size_t cap)
{
	uint8_t block[SUPERBLOCK_LEN];
	char name[NAME_LEN], path[64], grown[96] = "";
	size_t count = find_in_time(label, name);
	bool protected, is_new, sound = true;
	int way, err = 0;

	if (!count)
		return mount_memory(label, words, cap);
	if (count > 1)
		log_err("%zu file systems are named or labelled %s: %s is taken", count, label, name);
	text_format(path, sizeof(path), "/dev/%s", name);
	text_format(words, cap, "%s", path);
	protected = is_write_protected(path);
	is_new = !read_superblock(name, block);
	if (!protected && has_partition_name(name, label) && (!is_new || partition_is_blank(path)))
		grow(name, path, max_bytes, grown, sizeof(grown));
	if (is_new)
		err = make(path, label, words, cap);
	else if (!protected && !superblock_is_clean(block))
		sound = mend(path, words, cap);
	if (err < 0)
		return err;
	way = mount_some_way(path, sound && !protected ? 0 : WAY_READ_ONLY);
	/* It was clean by its own word, and yet is not: a copy of its superblock may serve. */
	if (way < 0 && !is_new && !protected && superblock_is_clean(block)) {
		sound = mend(path, words, cap);
		way = mount_some_way(path, sound ? 0 : WAY_READ_ONLY);
	}
	if (way < 0) {
		text_format(words, cap, "%s cannot be mounted", path);
		return way;
	}
	if (ways[way].words) {
		text_format(words, cap, "%s %s", path, ways[way].words);
		log_err("%s", words);
		return 0;
	}
	sweep();
	if (is_new) {
		copy_defaults();
		text_format(words, cap, "%s made anew", path);
	} else if (partition_bytes(path) >= superblock_bytes(block) + WORTH_GROWING_BYTES) {
		err = partition_fill(path);
	}
	text_format(words + strlen(words), cap - strlen(words), "%s", grown);
	return err;
}

int persist_unmount(void)
{
	sync();
	if (umount(DATA_DIR) < 0 && errno == EBUSY)
		return mount(NULL, DATA_DIR, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0;
	return 0;
}
