#include "init/locate.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "init/disks.h"
#include "init/medium.h"
#include "init/modules.h"
#include "init/uevent.h"

enum { APPEAR_S = 10 };

bool locate_superblock(const char *name, uint8_t block[static SUPERBLOCK_LEN])
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

bool locate_has_name(const char *name, const char *label)
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

	if (locate_superblock(name, block) != with_file_system)
		return false;
	return (with_file_system && superblock_has_label(block, label)) || locate_has_name(name, label);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* By name; how many fit, of which no more than max are told. */
static size_t find(const char *label, bool with_file_system, char (*names)[LOCATE_NAME_LEN], size_t max)
{
	struct dirent *entry;
	size_t count = 0;
	DIR *dir = opendir("/sys/class/block");

	while (dir && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= LOCATE_NAME_LEN ||
		    !fits(entry->d_name, label, with_file_system))
			continue;
		if (count < max)
			text_format(names[count], LOCATE_NAME_LEN, "%s", entry->d_name);
		count++;
	}
	if (dir)
		closedir(dir);
	qsort(names, count < max ? count : max, LOCATE_NAME_LEN, by_name);
	return count;
}

/* The disk that the loader came from has what the one who installed it there meant. */
static bool is_on_own_disk(const char *name)
{
	static struct disk disks[DISKS_MAX];
	size_t count = disks_find(disks);
	char path[128];

	for (size_t i = 0; i < count; i++) {
		text_format(path, sizeof(path), "/sys/block/%s/%s", disks[i].name, name);
		if (access(path, F_OK) == 0)
			return medium_is_on(&disks[i]);
	}
	return false;
}

/* Puts that one in front, if there is any. */
static void prefer_own_disk(char (*names)[LOCATE_NAME_LEN], size_t count)
{
	char own[LOCATE_NAME_LEN];

	for (size_t i = 1; i < count; i++) {
		if (!is_on_own_disk(names[i]) || is_on_own_disk(names[0]))
			continue;
		memcpy(own, names[i], sizeof(own));
		memmove(names + 1, names, i * LOCATE_NAME_LEN);
		memcpy(names[0], own, sizeof(own));
	}
}

size_t locate_all(const char *label, char names[static LOCATE_MAX][LOCATE_NAME_LEN])
{
	size_t count = find(label, true, names, LOCATE_MAX);

	prefer_own_disk(names, count < LOCATE_MAX ? count : LOCATE_MAX);
	if (count < LOCATE_MAX)
		count += find(label, false, names + count, LOCATE_MAX - count);
	return count < LOCATE_MAX ? count : LOCATE_MAX;
}

size_t locate(const char *label, char name[static LOCATE_NAME_LEN])
{
	char names[LOCATE_MAX][LOCATE_NAME_LEN];
	size_t count = find(label, true, names, LOCATE_MAX);

	if (!count)
		count = find(label, false, names, LOCATE_MAX);
	prefer_own_disk(names, count < LOCATE_MAX ? count : LOCATE_MAX);
	if (count)
		text_format(name, LOCATE_NAME_LEN, "%s", names[0]);
	return count;
}

static bool own_disk_is_there(void)
{
	static struct disk disks[DISKS_MAX];
	size_t count = disks_find(disks);

	for (size_t i = 0; i < count; i++)
		if (medium_is_on(&disks[i]))
			return true;
	return !medium_is_known();
}

/* Disks appear when their drivers have found them: looks again whenever the kernel says that something came. One on another disk is
 * not taken before the own one could be looked at. */
size_t locate_in_time(const char *label, char name[static LOCATE_NAME_LEN])
{
	uint64_t deadline_ns = clock_now_ns() + APPEAR_S * NS_PER_S;
	int news_fd = uevent_open();
	size_t count;

	modules_coldplug();
	while ((!(count = locate(label, name)) || !own_disk_is_there()) && clock_now_ns() < deadline_ns) {
		(void)await_ready(news_fd, POLLIN, deadline_ns);
		uevent_plug(news_fd);
	}
	if (news_fd >= 0)
		close(news_fd);
	return count;
}
