#include "init/data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/paths.h"
#include "base/text.h"
#include "init/board.h"
#include "init/partition.h"
#include "init/superblock.h"
#include "init/tool.h"

/* In recovery, for as long as one command runs. The root file system cannot be written to. */
#define OWN_DIR RUN_DIR "/data"

enum { MOUNTS_LEN = 8192 };

struct data data;

static bool is_mounted(const char *device)
{
	static char text[MOUNTS_LEN];
	ssize_t n = file_read(AT_FDCWD, "/proc/self/mounts", text, sizeof(text));
	struct slice rest = { text, n > 0 ? (size_t)n : 0 }, line, word;

	while (slice_cut(&rest, '\n', &line))
		if (slice_word(&line, &word) && slice_equal(word, device))
			return true;
	return false;
}

void data_take(size_t number)
{
	text_format(data.name, sizeof(data.name), "%s", data.places[number]);
	text_format(data.path, sizeof(data.path), "/dev/%s", data.name);
	data.bytes = partition_bytes(data.path);
	data.in_use = is_mounted(data.path);
}

size_t data_find(void)
{
	size_t count;

	if (board_load(BOARD_FILE) < 0 || slice_copy(board_value("DATA_LABEL"), data.label, sizeof(data.label)) < 0 ||
	    !data.label[0]) {
		printf("%s does not say how the persistent partition is called\n", BOARD_FILE);
		return 0;
	}
	count = locate_all(data.label, data.places);
	if (count)
		data_take(0);
	else
		printf("no partition or disk is named or labelled %s: there is nothing to do. What is in memory goes by `reboot`\n",
		       data.label);
	return count;
}

int data_open(unsigned long flags, const char *options)
{
	int fd;

	if (!data.in_use) {
		if (mkdir(OWN_DIR, 0700) < 0 && errno != EEXIST)
			return -errno;
		interrupt_hear(); /* Ctrl-C leaves it mounted no more */
		if (mount(data.path, OWN_DIR, "ext4", MS_NODEV | MS_NOSUID | MS_NOEXEC | MS_NOATIME | flags, options) < 0)
			return -errno;
	}
	fd = open(data.in_use ? DATA_DIR : OWN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

void data_close(int fd)
{
	if (fd >= 0)
		close(fd);
	if (!data.in_use) {
		(void)umount(OWN_DIR);
		(void)rmdir(OWN_DIR);
		interrupt_unhear();
	}
}

int data_open_mended(void)
{
	const char *const mend[] = { "e2fsck", "-p", data.path, NULL };
	uint8_t block[SUPERBLOCK_LEN];

	if (!data.in_use && locate_superblock(data.name, block) && !superblock_is_clean(block))
		(void)tool_run(mend, false); /* it says what it did; the mount tells whether that was enough */
	return data_open(0, "errors=remount-ro");
}
