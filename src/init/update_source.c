#include "init/update_source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.h"
#include "base/text.h"
#include "init/tool.h"

#define STICK_FILE "::/update.bundle"

enum { LINK_LEN = 512, STICKS_MAX = 16, PART_LEN = 1 << 16 };

static bool has_bundle(const char *device)
{
	const char *const argv[] = { "mtools", "-c", "mdir", "-b", "-i", device, STICK_FILE, NULL };

	return tool_run(argv, true) == 0;
}

/* "/sys/class/block/sda1" leads through the USB port that the stick is in. */
static bool is_usb(const char *name)
{
	char path[LINK_LEN], target[LINK_LEN];
	ssize_t n;

	text_format(path, sizeof(path), "/sys/class/block/%s", name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	return strstr(target, "/usb") != NULL;
}

/* A partition of it, or all of it. */
static bool find_stick(struct update_source *source)
{
	DIR *dir = opendir("/sys/class/block");
	unsigned sticks = 0, found = 0;
	struct dirent *entry;
	char device[UPDATE_PLACE_LEN];

	while (dir && sticks < STICKS_MAX && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' || !is_usb(entry->d_name))
			continue;
		sticks++;
		text_format(device, sizeof(device), "/dev/%s", entry->d_name);
		if (has_bundle(device) && !found++)
			text_format(source->place, sizeof(source->place), "%s", device);
	}
	if (dir)
		closedir(dir);
	if (!sticks)
		printf("there is no USB stick\n");
	else if (!found)
		printf("no FAT file system on a USB stick has a file " UPDATE_FILE "\n");
	else if (found > 1)
		printf("%u USB sticks have a file " UPDATE_FILE ": leave one in\n", found);
	return found == 1;
}

bool update_source_find(struct update_source *source, const char *from)
{
	struct stat stat;

	*source = (struct update_source){ .fd = -1, .tool = -1, .fetched = -1 };
	source->is_stick = !strcmp(from, UPDATE_USB);
	if (source->is_stick)
		return find_stick(source);
	if (strchr(from, '/') || from[0] == '.' || strlen(from) + sizeof(DATA_DIR) + 1 > sizeof(source->place)) {
		printf("%s: the name of a file in " DATA_DIR ", or " UPDATE_USB "\n", from);
		return false;
	}
	text_format(source->place, sizeof(source->place), DATA_DIR "/%s", from);
	if (lstat(source->place, &stat) < 0 || !S_ISREG(stat.st_mode)) {
		printf("%s is no file\n", source->place);
		return false;
	}
	return true;
}

int update_source_open(struct update_source *source)
{
	const char *const argv[] = { "mtools", "-c", "mcopy", "-i", source->place, STICK_FILE, "-", NULL };
	int ends[2];

	if (source->fetched >= 0) {
		source->fd = fcntl(source->fetched, F_DUPFD_CLOEXEC, 0);
		return source->fd < 0 || lseek(source->fd, 0, SEEK_SET) < 0 ? -errno : 0;
	}
	if (!source->is_stick) {
		source->fd = open(source->place, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		return source->fd < 0 ? -errno : 0;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	source->tool = tool_start(argv, -1, ends[1], true);
	close(ends[1]);
	source->fd = ends[0];
	return source->tool < 0 ? (int)source->tool : 0;
}

int update_source_read(struct update_source *source, void *buf, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = read(source->fd, (char *)buf + at, len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		at += (size_t)n;
	}
	return 0;
}

int update_source_pass(struct update_source *source, uint64_t len, const uint8_t sha[static SHA256_LEN], int fd)
{
	static uint8_t part[PART_LEN];
	uint8_t is[SHA256_LEN];
	struct sha256_sum sum;

	sha256_begin(&sum);
	for (uint64_t at = 0; at < len;) {
		size_t want = len - at < sizeof(part) ? (size_t)(len - at) : sizeof(part);
		int err = update_source_read(source, part, want);

		if (err < 0)
			return err;
		sha256_add(&sum, part, want);
		for (size_t done = 0; fd >= 0 && done < want;) {
			ssize_t n = write(fd, part + done, want - done);

			if (n < 0)
				return -errno;
			done += (size_t)n;
		}
		at += want;
	}
	sha256_end(&sum, is);
	return memcmp(is, sha, sizeof(is)) != 0 ? -EBADMSG : 0;
}

void update_source_close(struct update_source *source)
{
	if (source->fd >= 0)
		close(source->fd);
	source->fd = -1;
	if (source->tool > 0)
		(void)tool_end(source->tool); /* what it did not read shows in the sum */
	source->tool = -1;
}
